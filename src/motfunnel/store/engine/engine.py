"""Engines of our own, made from a URL: with the drivers of our extras, tuned for small writes.

Says what to install where there is no driver, and what to write for what is not a database. A
host's engine is never prepared here; on its connections only the form of dates is seen to.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import ArgumentError, DisconnectionError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import AsyncAdaptedQueuePool

from motfunnel.errors import MissingExtraError, UrlError, install
from motfunnel.store.engine.deadline import write_ahead
from motfunnel.store.engine.timeouts import POOL_TIMEOUT, BoundedPool, keep_deadlines
from motfunnel.store.engine.urls import is_in_memory, read_url, take_options, with_driver

WRITING: Final = "READ COMMITTED"
"""How transactions that write are isolated, where the database has levels."""

SUPPORTED: Final = ("sqlite", "postgresql", "mysql", "mariadb")
"""The dialects of SQLAlchemy whose databases can hold the tables."""

_UNPREPARED: Final[dict[str, dict[str, Any]]] = {
    "psycopg": {"prepare_threshold": None},
    "psycopg_async": {"prepare_threshold": None},
    "asyncpg": {
        "statement_cache_size": 0,
        "prepared_statement_cache_size": 0,
        "prepared_statement_name_func": lambda: f"motfunnel_{uuid4().hex}",
    },
}
"""What keeps a driver from preparing statements, by its name.

A pooler lends a session for one transaction: the next finds the statements of another there. What
a URL says goes before this.
"""

IDLE_SECONDS: Final = 30
"""After how long a connection in a pool of ours is asked whether it lives, before it is used."""

_IDLE_SINCE: Final = "motfunnel_idle_since"

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
    url, given = take_options(with_driver(read_url(url), is_async=is_async))
    synchronous = given.pop("synchronous", "full")
    check_dialect(url.get_backend_name())
    bounded = {"poolclass": BoundedPool, "pool_timeout": POOL_TIMEOUT}
    options: dict[str, Any] = {"poolclass": AsyncAdaptedQueuePool} if is_async else bounded
    if url.get_backend_name() == "sqlite":
        given = {"timeout": 0, "check_same_thread": False}
        if is_in_memory(url):
            # One connection holds the data; a pool of one lends it to one thread at a time.
            options |= {"pool_size": 1, "max_overflow": 0}
    else:
        options["isolation_level"] = WRITING
    try:
        if url.get_dialect().is_async != is_async:
            kind, other = ("", "Tracker") if is_async else ("a", "AsyncTracker")
            raise TypeError(f"{url.drivername} is {kind}synchronous; give this URL to {other}")
        arguments = _UNPREPARED.get(url.get_driver_name(), {}) | given
        engine = create_engine(url, connect_args=arguments, hide_parameters=True, **options)
    except NoSuchModuleError:
        raise _no_driver(url) from None
    except ImportError:
        raise _missing_driver(url) from None
    except ArgumentError:  # which may quote the URL
        raise UrlError(f"this is no URL of a {url.get_backend_name()} database") from None
    return _prepared(engine, pause, synchronous)


def _prepared(engine: Engine, pause: Callable[[float], object], synchronous: str) -> Engine:
    if not engine.dialect.is_async:
        keep_deadlines(engine)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda driver, _: write_ahead(driver, pause, synchronous))
        event.listen(engine, "invalidate", roll_back)
    else:
        ping_idle(engine)
    return engine


def close_pool(engine: Engine) -> None:
    """Close an engine's connections: the idle ones now, those in use as soon as they come back.

    Into a pool that was disposed of a connection would come back to be lost, and still open.
    """
    pool = engine.pool
    engine.dispose()
    if not engine.dialect.is_async:
        event.listen(pool, "checkin", lambda _, entry: entry.close())


def ping_idle(engine: Engine) -> None:
    """Have a connection that was idle for long asked whether it lives, before it is used.

    Firewalls and servers drop such connections; to ask each time would cost a round trip a call.
    """

    @event.listens_for(engine, "checkin")
    def note(_: object, record: Any) -> None:
        record.info[_IDLE_SINCE] = monotonic()

    @event.listens_for(engine, "checkout")
    def ping(driver: Any, record: Any, _: object) -> None:
        since = record.info.pop(_IDLE_SINCE, None)
        if since is None or monotonic() - since < IDLE_SECONDS:
            return
        try:
            is_alive = engine.dialect.do_ping(driver)
        except engine.dialect.loaded_dbapi.Error:
            is_alive = False
        if not is_alive:
            raise DisconnectionError("it was idle, and is lost")


def roll_back(connection: Any, *_: object) -> None:
    """Undo what a cancelled call left: SQLite closes nothing that a cursor still refers to."""
    with suppress(Exception):
        connection.rollback()


def check_dialect(name: str) -> None:
    """Make sure that the tables can be in a database of this dialect.

    Raises:
        UrlError: they cannot.
    """
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
        return TypeError(f"{kind} is not a database URL; write f'sqlite:///{{path}}'")
    if hasattr(given, "sync_engine"):
        return TypeError(f"{kind} is asynchronous; give it to an AsyncTracker")
    if isinstance(given, Engine):
        return TypeError(f"{kind} is synchronous; give it to a Tracker")
    if hasattr(given, "begin_nested") or kind.endswith("sessionmaker"):
        return TypeError(
            f"{kind} holds a transaction, and is not a database: make one {tracker}(engine) for "
            "the application, and say tracker.track(…, bind=session)"
        )
    if hasattr(type(given), "engine"):
        return TypeError(f"{kind} is not an engine; give its engine")
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


@contextmanager
def iso_dates(connection: Connection) -> Iterator[None]:
    """Have instants written in ISO; costs two statements where they are not, and else nothing."""
    usual = _date_style(connection)
    if usual is None or usual.startswith("ISO"):
        yield
        return
    _set(connection, "ISO")
    try:
        yield
    finally:
        if not (connection.closed or connection.invalidated):
            with suppress(SQLAlchemyError):  # a transaction that failed takes it back by itself
                _set(connection, usual)


def _date_style(connection: Connection) -> str | None:
    """What the server last told the driver; None of a driver that reads no text."""
    if connection.dialect.name != "postgresql":
        return None
    driver: Any = connection.connection.driver_connection
    info = getattr(driver, "info", None)  # psycopg and psycopg2 have it alike, asyncpg has none
    style: str | None = None if info is None else info.parameter_status("DateStyle")
    return style


def _set(connection: Connection, style: str) -> None:
    connection.exec_driver_sql(f"SELECT set_config('datestyle', '{style}', false)")
