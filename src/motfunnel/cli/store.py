"""The store that a command works on: an application's, the one that ``--db`` names, or the host's.

A host that mounts the group puts a function that gives its tracker under ``HOST`` in the click
context's ``meta``; then only what is typed names another store, and no environment variable.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any, Final

import click
from click.core import ParameterSource

from motfunnel.cli.arguments import read_funnel
from motfunnel.cli.help import HOST
from motfunnel.cli.output import safe, showing_progress
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.errors import NoFunnelError, UrlError
from motfunnel.store.engine.urls import missing_file
from motfunnel.store.ledger.funnels import tenants
from motfunnel.trackers.asyncio import AsyncTracker
from motfunnel.trackers.tracker import Tracker

SECRET: Final = "MOTFUNNEL_TOMBSTONE_KEY"
"""The environment variable with the ``tombstone_key``: no option, which others see in ``ps``."""

_OF_DB: Final = ("funnel", "tenant", "schema")
_NO_STORE: Final = "see to the database's name and --schema; motfunnel import makes the tables"

_OBJECTS: Final = 100_000
"""In so many objects the garbage collector looks once while millions of rows go by: they are no
garbage that only it could find, and its looking took a third of an import."""
_lock = Lock()
_before: list[tuple[int, int, int]] = []
"""For each that is in here, what the setting was before the first of them came."""
_OF_STORES: Final = ("db", "app", "tenant", "schema")

Work = Callable[[Tracker], Any]


def with_tracker(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that name a store, and the tracker of it as first argument.

    A store in a file has to be there: what one asks of a mistyped path would be answered by an
    empty store, and leave a file behind.
    """
    return _with_options(command, must_exist=True)


def with_tracker_of_any(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a command that records: a store that is not there yet is made."""
    return _with_options(command, must_exist=False)


def with_tracker_or_files(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command a tracker as first argument, as ``with_tracker`` does; or classified files.

    Of a dump it is a tracker, too.
    """
    of_store = with_tracker(command)

    @click.option(
        "--files",
        metavar="FOLDER",
        type=click.Path(path_type=Path),
        help="Instead: a folder that motfunnel classify or dump wrote.",
    )
    @click.pass_context
    @wraps(of_store)
    def opened(ctx: click.Context, /, files: Path | None, **options: Any) -> Any:
        if files is None:
            return of_store(**options)
        for name in _OF_STORES:
            if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
                raise click.UsageError(f"--files names files, and --{name} a store; give one")
        rest = {name: value for name, value in options.items() if name not in _OF_STORES}
        with _opened(files, read_funnel(rest.pop("funnel"))) as source:
            return command(source, **rest)

    return opened


@contextmanager
def _opened(folder: Path, funnel: Funnel | str | None) -> Iterator[Any]:
    """What is asked of a folder: a tracker of a dump, or classified files."""
    from motfunnel.batch.manifest import Output
    from motfunnel.classified import Files
    from motfunnel.transfer import opened

    if not Output(folder).is_dump:
        with Files(folder, funnel) as files:
            yield files
        return
    with (
        rare_collections(),
        showing_progress() as progress,
        opened(folder, funnel, progress=lambda done: progress("rows", done)) as tracker,
    ):
        yield tracker


def _with_options(command: Callable[..., Any], *, must_exist: bool) -> Callable[..., Any]:
    @click.option(
        "--db", envvar="MOTFUNNEL_DB", metavar="URL", help="The database; or set MOTFUNNEL_DB."
    )
    @click.option(
        "--app",
        envvar="MOTFUNNEL_APP",
        metavar="MODULE:NAME",
        help="Instead: the application's own tracker, or a function that gives it.",
    )
    @click.option(
        "--funnel",
        metavar="FILE|PRESET",
        help="The funnel: a file, or ecommerce or saas; the stored one if not given.",
    )
    @click.option("--tenant", help="Whose contacts.")
    @click.option("--schema", help="The database schema of the tables.")
    @click.pass_context
    @wraps(command)
    def opened(ctx: click.Context, /, db: Any, app: Any, **options: Any) -> Any:
        of_db = {name: options.pop(name) for name in _OF_DB}
        store = _choose(ctx, db, app)
        with rare_collections():
            return _use(ctx, store, of_db, lambda on: command(on, **options), must_exist=must_exist)

    return opened


def _choose(ctx: click.Context, db: str | None, app: str | None) -> tuple[str, str] | None:
    """Which store is meant: what was typed goes before the host's, and that before the environment.

    Returns:
        An option and its value; None for the host's own store.
    """
    given = {"--app": app, "--db": db}
    sources = {"--app": ctx.get_parameter_source("app"), "--db": ctx.get_parameter_source("db")}
    typed = [name for name in given if sources[name] is ParameterSource.COMMANDLINE]
    if len(typed) > 1:
        raise click.UsageError("--app names a store, and --db another; give one of them")
    if not typed and HOST in ctx.meta:
        return None
    for name in (*typed, *given):
        if value := given[name]:
            return name, value
    raise click.UsageError(
        "name the database: --db URL (or the environment variable MOTFUNNEL_DB), "
        "e.g. --db sqlite:///crm.db; or the application: --app MODULE:NAME (MOTFUNNEL_APP)"
    )


def _use(
    ctx: click.Context,
    store: tuple[str, str] | None,
    of_db: dict[str, Any],
    work: Callable[[Tracker], Any],
    *,
    must_exist: bool,
) -> Any:
    name, value = store or (HOST, "")
    if name != "--db" and (wrong := [f"--{option}" for option in _OF_DB if of_db[option]]):
        raise click.UsageError(f"{wrong[0]} goes with --db; the application's tracker has its own")
    if name == HOST:
        return work(ctx.meta[HOST]())
    if name == "--app":
        return use_app(value, work)
    given = {option: value for option, value in of_db.items() if value is not None}
    given["funnel"] = read_funnel(of_db["funnel"])
    if secret := os.environ.get(SECRET):
        given["tombstone_key"] = secret
    if must_exist:
        _check_there(value)
    with Tracker(value, **given) as tracker:
        if must_exist and tracker.database.name:  # one in memory begins empty, as it must
            tracker.database.remedy = _NO_STORE
        try:
            return work(tracker)
        except NoFunnelError as error:
            with tracker.database.read() as connection:
                known = tenants(connection, tracker.database.tables)
            raise NoFunnelError(f"{error}{_or_of(known)}") from None


def _check_there(url: str) -> None:
    path = missing_file(url)
    if path is not None:
        raise UrlError(f"there is no database {safe(path)}; motfunnel import makes one")


def _or_of(known: list[str]) -> str:
    """Which tenants one could have meant."""
    return f"; there are the tenants: {safe(', '.join(known))} (--tenant)" if known else ""


def use_app(path: str, work: Work) -> Any:
    """Do a command's work with the tracker of an application.

    Raises:
        click.BadParameter: nothing of this name is a tracker, or gives one.
    """
    tracker = find_tracker(path)
    if isinstance(tracker, AsyncTracker):
        return asyncio.run(_use_asynchronously(tracker, work))
    with tracker:
        return work(tracker)


def find_tracker(path: str) -> Tracker | AsyncTracker:
    """Import what is named: a tracker, or a function that gives one.

    Raises:
        click.BadParameter: it is neither.
    """
    module, _, name = path.partition(":")
    if not (module and name):
        raise _refused(f"{path!r} names nothing in a module; write e.g. --app shop.crm:tracker")
    found = _look_up(module, name)
    if callable(found):
        found = found()
    if not isinstance(found, Tracker | AsyncTracker):
        raise _refused(
            f"{path} is not a tracker and gives none; its type is {type(found).__name__} "
            "(in Flask write flask motfunnel …, in Django manage.py motfunnel …)"
        )
    return found


def _look_up(module: str, name: str) -> Any:
    loaded = _load(module)
    try:
        return attrgetter(name)(loaded)
    except AttributeError:
        raise _refused(f"{module} has no {name!r}") from None


def _load(module: str) -> ModuleType:
    if os.getcwd() not in sys.path:  # a console script begins elsewhere
        sys.path.insert(0, os.getcwd())
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise  # it is there, and what it imports is not
        raise _refused(f"there is no module {error.name!r} here") from None


async def _use_asynchronously(tracker: AsyncTracker, work: Work) -> Any:
    """Do the work on an event loop that ends with it, and so do the connections made on it."""
    try:
        return await tracker.run(work)
    finally:
        await tracker.run(lambda tracker: tracker.database.engine.dispose())


def _refused(reason: str) -> click.BadParameter:
    return click.BadParameter(reason, param_hint="'--app'")


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let the collector look less often; only a command does so, whose process is its own.

    A collector that was switched off stays off. Of several threads that do so at once, the last to
    be done puts the setting back.
    """
    with _lock:
        _before.append(_before[0] if _before else gc.get_threshold())
        first, *others = gc.get_threshold()
        if 0 < first < _OBJECTS:
            gc.set_threshold(_OBJECTS, *others)
    try:
        yield
    finally:
        with _lock:
            before = _before.pop()
            if not _before:
                gc.set_threshold(*before)
