"""The store that a command works on: an application's, the one that ``--db`` names, or the host's.

A host that mounts the group puts a function that gives its tracker under ``HOST`` in the click
context's ``meta``; then only what is typed names another store, and no environment variable.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

import click
from click.core import ParameterSource

from motfunnel.cli.words import read_funnel
from motfunnel.tracking.tracker import Tracker

HOST: Final = "motfunnel.host"
_OF_DB: Final = ("funnel", "tenant", "schema")


def with_tracker(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that name a store, and the tracker of it as first argument."""

    @click.option("--db", envvar="MOTFUNNEL_DB", metavar="URL", help="The database.")
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
        return _use(ctx, _choose(ctx, db, app), of_db, lambda on: command(on, **options))

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
) -> Any:
    name, value = store or (HOST, "")
    if name != "--db" and (wrong := [f"--{option}" for option in _OF_DB if of_db[option]]):
        raise click.UsageError(f"{wrong[0]} goes with --db; the application's tracker has its own")
    if name == HOST:
        return work(ctx.meta[HOST]())
    if name == "--app":
        from motfunnel.cli.app import use_app

        return use_app(value, work)
    given = {option: value for option, value in of_db.items() if value is not None}
    given["funnel"] = read_funnel(of_db["funnel"])
    with Tracker(value, **given) as tracker:
        return work(tracker)
