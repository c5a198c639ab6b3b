"""Engines of our own, made from a URL: with the drivers of our extras, tuned for small writes.

Says which driver a URL gets and what to install where there is none. An engine of the host's never
comes here.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import AsyncAdaptedQueuePool

from motfunnel.errors import MissingExtraError, UrlError
from motfunnel.store.impatience import ImpatientPool, make_impatient
from motfunnel.store.waiting import write_ahead

WRITING: Final = "READ COMMITTED"
"""How transactions that write are isolated, where the database has levels."""

_EXTRAS: Final = {"postgresql": "postgres", "mysql": "mysql", "mariadb": "mysql"}
_DRIVERS: Final = {"postgresql": "psycopg", "mysql": "pymysql", "mariadb": "pymysql"}
_ASYNC_DRIVERS: Final = {
    "sqlite": "aiosqlite",
    "postgresql": "psycopg_async",
    "postgresql+psycopg": "psycopg_async",
    "mysql": "aiomysql",
    "mariadb": "aiomysql",
}


def make_engine(
    url: str | URL, pause: Callable[[float], object], *, is_async: bool = False
) -> Engine:
    """Make an engine of our own, whose driver is one of asyncio or is not.

    Args:
        url: of which database.
        pause: lets others go first, while SQLite's file is being made ready.
        is_async: whether the driver must be one of asyncio.

    Raises:
        UrlError: it is no URL of a database.
        MissingExtraError: the driver is not installed.
        TypeError: the driver is of the other kind.
    """
    url = _read_url(url)
    drivers = _ASYNC_DRIVERS if is_async else _DRIVERS
    if url.drivername in drivers:
        url = url.set(drivername=f"{url.get_backend_name()}+{drivers[url.drivername]}")
    pool = AsyncAdaptedQueuePool if is_async else ImpatientPool
    options: dict[str, Any] = {"poolclass": pool, "hide_parameters": True}
    if url.get_backend_name() == "sqlite":
        options["connect_args"] = {"timeout": 0, "check_same_thread": False}
        if is_in_memory(url):
            # One connection holds the data; a pool of one lends it to one thread at a time.
            options |= {"pool_size": 1, "max_overflow": 0}
    else:
        options["isolation_level"] = WRITING
    try:
        if url.get_dialect().is_async != is_async:
            kind, other = ("", "Tracker") if is_async else ("a", "AsyncTracker")
            raise TypeError(f"{url.drivername} is {kind}synchronous; give this URL to {other}")
        engine = create_engine(url, **options)
    except (ImportError, NoSuchModuleError) as error:
        raise _missing_driver(url, error, is_async) from None
    return _prepared(engine, pause)


def _prepared(engine: Engine, pause: Callable[[float], object]) -> Engine:
    if not engine.dialect.is_async:
        make_impatient(engine)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda driver, _: write_ahead(driver, pause))
        event.listen(engine, "invalidate", roll_back)
    return engine


def roll_back(connection: Any, *_: object) -> None:
    """Undo what a cancelled call left: SQLite closes nothing that a cursor still refers to."""
    with suppress(Exception):
        connection.rollback()


def is_in_memory(url: URL) -> bool:
    """Whether it is a SQLite database that lives and dies with its connection."""
    return url.get_backend_name() == "sqlite" and (not url.database or ":memory:" in url.database)


def missing_file(url: str | URL) -> str | None:
    """The path of the SQLite file that a URL names, if it is not there; None for any other URL.

    Raises:
        UrlError: it is no URL of a database.
    """
    read = _read_url(url)
    path = read.database
    if read.get_backend_name() != "sqlite" or path is None or is_in_memory(read):
        return None
    return None if path.startswith("file:") or os.path.exists(path) else path


def _missing_driver(url: URL, error: Exception, is_async: bool) -> Exception:
    backend = url.get_backend_name()
    extras = [_EXTRAS[backend]] if backend in _EXTRAS else []
    if not extras and not (is_async and backend == "sqlite"):
        return UrlError(f"{url.drivername} is no database that SQLAlchemy knows: {error}")
    wanted = ",".join([*extras, *(["async"] if is_async else [])])
    return MissingExtraError(f"{url.drivername} needs a driver: pip install 'motfunnel[{wanted}]'")


def _read_url(url: str | URL) -> URL:
    try:
        return make_url(url)
    except ArgumentError:
        raise UrlError(f"{url!r} is no database URL; write e.g. sqlite:///crm.db") from None
