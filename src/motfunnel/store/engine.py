"""Engines of our own, made from a URL: with the drivers of our extras, tuned for small writes.

Says which driver a URL gets and what to install where there is none. An engine of the host's never
comes here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import AsyncAdaptedQueuePool

from motfunnel.errors import MissingExtraError, UrlError, install
from motfunnel.store.impatience import ImpatientPool, make_impatient
from motfunnel.store.waiting import write_ahead

WRITING: Final = "READ COMMITTED"
"""How transactions that write are isolated, where the database has levels."""

SUPPORTED: Final = ("sqlite", "postgresql", "mysql", "mariadb")
"""The dialects of SQLAlchemy whose databases can hold the tables."""

_DRIVERS: Final = {"postgresql": "psycopg", "mysql": "pymysql", "mariadb": "pymysql"}
_ASYNC_DRIVERS: Final = {
    "sqlite": "aiosqlite",
    "postgresql": "psycopg_async",
    "postgresql+psycopg": "psycopg_async",
    "mysql": "aiomysql",
    "mariadb": "aiomysql",
}


_INSTALL: Final = {
    "psycopg": install("postgres"),
    "psycopg_async": install("postgres", "async"),
    "pymysql": install("mysql"),
    "aiomysql": install("mysql", "async"),
    "aiosqlite": install("async"),
    "psycopg2": "pip install psycopg2-binary",
    "mysqldb": "pip install mysqlclient",
    "mysqlconnector": "pip install mysql-connector-python",
    "mariadbconnector": "pip install mariadb",
}
"""What brings a driver whose package has another name, or that an extra of ours brings."""


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
    check_dialect(url.get_backend_name())
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
    except NoSuchModuleError:
        raise _no_driver(url) from None
    except ImportError:
        raise _missing_driver(url) from None
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


def check_dialect(name: str) -> None:
    """Make sure that the tables can be in a database of this dialect.

    Raises:
        UrlError: they cannot.
    """
    if name == "postgres":
        raise UrlError("SQLAlchemy calls this database postgresql: write postgresql://…")
    if name not in SUPPORTED:
        raise UrlError(
            f"the tables can be in SQLite, PostgreSQL and MariaDB, and not in {name}; "
            "write e.g. sqlite:///crm.db"
        )


def no_database(given: object, tracker: str) -> TypeError:
    """The error for what was given as the database, and is none; it says what to write.

    Args:
        given: what was given.
        tracker: the name of the class that was to be made.
    """
    kind = type(given).__name__
    if given is None:
        return TypeError(f"the database is None; write {tracker}('sqlite:///crm.db'), or an engine")
    if callable(getattr(given, "from_toml", None)):
        return TypeError(f"the database comes first: {tracker}(database, funnel)")
    if isinstance(given, os.PathLike):
        return TypeError(f"{kind} is no database URL; write f'sqlite:///{{path}}'")
    if hasattr(given, "sync_engine"):
        return TypeError(f"{kind} is asynchronous; give it to an AsyncTracker")
    if isinstance(given, Engine):
        return TypeError(f"{kind} is synchronous; give it to a Tracker")
    if hasattr(given, "begin_nested") or kind.endswith("sessionmaker"):
        return TypeError(
            f"{kind} holds a transaction, and is no database: make one {tracker}(engine) for the "
            "application, and say tracker.track(…, bind=session)"
        )
    if hasattr(type(given), "engine"):
        return TypeError(f"{kind} is no engine; give its engine")
    return TypeError(f"a database is a URL or an engine of SQLAlchemy, and not {kind}")


def _no_driver(url: URL) -> Exception:
    backend = url.get_backend_name()
    return UrlError(
        f"SQLAlchemy knows no driver {url.get_driver_name()!r} of {backend}; "
        f"write {backend}://…, and the usual one is taken"
    )


def _missing_driver(url: URL) -> Exception:
    driver = url.get_driver_name()
    remedy = _INSTALL.get(driver, f"pip install {driver}")
    return MissingExtraError(f"{url.drivername} needs a driver: {remedy}")


def _read_url(url: str | URL) -> URL:
    try:
        return make_url(url)
    except ArgumentError:
        shown = re.sub(r"[^/]*@", "…@", str(url))  # a password is nobody's to read
        raise UrlError(f"{shown!r} is no database URL; write e.g. sqlite:///crm.db") from None
