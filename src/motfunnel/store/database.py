"""The database: its engine, its transactions, and its tables once they are needed.

An engine that was handed in is used as it is: never configured, never closed. One that is made
here from a URL is tuned for small writes by many workers.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import AsyncAdaptedQueuePool, QueuePool

from motfunnel.errors import MissingExtraError, SchemaError, UrlError
from motfunnel.store.fork_gate import ForkGate
from motfunnel.store.tables import Tables, tables

VERSION: Final = 1
"""The version of the tables that this code reads and writes."""

_ATTEMPTS: Final = 15  # more than there are tables: each that fails has found one more
_BUSY_SECONDS: Final = 30
_READING: Final = "REPEATABLE READ"
_WRITING: Final = "READ COMMITTED"
_EXTRAS: Final = {"postgresql": "postgres", "mysql": "mysql", "mariadb": "mysql"}
_DRIVERS: Final = {"postgresql": "psycopg", "mysql": "pymysql", "mariadb": "pymysql"}
_ASYNC_DRIVERS: Final = {
    "sqlite": "aiosqlite",
    "postgresql": "psycopg_async",
    "postgresql+psycopg": "psycopg_async",
    "mysql": "aiomysql",
    "mariadb": "aiomysql",
}


class Database:
    """An engine and the tables of one schema in it.

    Constructing one connects to nothing.

    Args:
        bind: a URL, or the host's own Engine.
        schema: the schema of the tables; None for the database's default.
    """

    def __init__(self, bind: str | URL | Engine, schema: str | None = None) -> None:
        if hasattr(bind, "sync_engine"):
            raise TypeError("an AsyncEngine is asynchronous; give it to an AsyncTracker")
        self._owned = not isinstance(bind, Engine)
        self.engine = bind if isinstance(bind, Engine) else make_engine(bind)
        self.tables: Tables = tables(schema)
        self._is_ready = False
        self._process = os.getpid()
        self._gate = self._make_gate()

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file that one writer at a time locks as a whole."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction of our own, committed at the end, on tables that are there.

        On SQLite it takes the write lock at once: one that reads first and writes later is
        thrown out as soon as another has written in between, whatever the time-out. Elsewhere it
        sees what others commit while it waits for a contact; and on MariaDB it leaves the gaps
        between rows unlocked, over which writers of different contacts would deadlock.
        """
        self.create_tables()
        with self._connect() as connection:
            if not (self.is_sqlite or self._owned):
                connection.execution_options(isolation_level=_WRITING)
            with connection.begin():
                if self.is_sqlite:
                    _begin(connection, "BEGIN IMMEDIATE")
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database throughout, and changes nothing."""
        self.create_tables()
        with self._connect() as connection:
            if self.is_sqlite:
                _begin(connection, "BEGIN")
                yield connection
            else:
                yield connection.execution_options(isolation_level=_READING)

    def create_tables(self) -> None:
        """Make the tables that are missing, and refuse those of another version.

        Raises:
            SchemaError: the tables were made by a newer version of this library.
        """
        if self._is_ready:
            return
        for attempt in range(_ATTEMPTS):
            try:
                with self._connect() as connection, connection.begin():
                    self._make_missing(connection)
                break
            except DBAPIError:  # another process is making them, and got in between
                if attempt == _ATTEMPTS - 1:
                    raise
        self._is_ready = True

    def pause(self, seconds: float) -> None:
        """Wait for a while, before a transaction is tried again."""
        time.sleep(seconds)

    def dispose(self) -> None:
        """Close the connections of an engine that was made here."""
        if self._owned:
            self.engine.dispose()

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        if self._process != os.getpid():
            # A connection that two processes share gives wrong answers; the parent keeps it.
            self._process = os.getpid()
            if self._owned:
                self.engine.dispose(close=False)
        with self._gate(), self.engine.connect() as connection:
            yield connection

    def _make_gate(self) -> Callable[[], AbstractContextManager[None]]:
        if not self.is_sqlite or self.engine.dialect.is_async or _is_in_memory(self.engine.url):
            return nullcontext
        return ForkGate(self._close_idle).passing

    def _close_idle(self) -> None:
        if self._owned:
            self.engine.dispose(close=self._process == os.getpid())

    def _make_missing(self, connection: Connection) -> None:
        version = self.tables.version
        # The table of the version comes last, so that where it is, all are.
        if not inspect(connection).has_table(version.name, schema=version.schema):
            others = [table for table in self.tables.metadata.sorted_tables if table is not version]
            self.tables.metadata.create_all(connection, others)
            self.tables.metadata.create_all(connection, [version])
        found = connection.scalar(select(version.c.version))
        if found is None:
            connection.execute(version.insert().values(version=VERSION, recorded_at=_now()))
        elif found != VERSION:
            raise SchemaError(
                f"the tables are of version {found}, and this motfunnel knows version {VERSION}; "
                "install the motfunnel that made them, or a newer one"
            )


def make_engine(url: str | URL, *, is_async: bool = False) -> Engine:
    """Make an engine of our own, whose driver is one of asyncio or is not.

    Raises:
        UrlError: it is no URL of a database.
        MissingExtraError: the driver is not installed.
        TypeError: the driver is of the other kind.
    """
    try:
        url = make_url(url)
    except ArgumentError:
        raise UrlError(f"{url!r} is no database URL; write e.g. sqlite:///crm.db") from None
    drivers, options = _ASYNC_DRIVERS if is_async else _DRIVERS, dict[str, Any]()
    if url.drivername in drivers:
        url = url.set(drivername=f"{url.get_backend_name()}+{drivers[url.drivername]}")
    if url.get_backend_name() == "sqlite":
        options["connect_args"] = {"timeout": _BUSY_SECONDS, "check_same_thread": False}
        if _is_in_memory(url):
            # One connection holds the data; a pool of one lends it to one thread at a time.
            pool = AsyncAdaptedQueuePool if is_async else QueuePool
            options |= {"poolclass": pool, "pool_size": 1, "max_overflow": 0}
    else:
        options["isolation_level"] = _WRITING
    try:
        if url.get_dialect().is_async != is_async:
            kind, other = ("", "Tracker") if is_async else ("a", "AsyncTracker")
            raise TypeError(f"{url.drivername} is {kind}synchronous; give this URL to {other}")
        engine = create_engine(url, **options)
    except (ImportError, NoSuchModuleError) as error:
        raise _missing_driver(url, error, is_async) from None
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "invalidate", roll_back)
    return engine


def _is_in_memory(url: URL) -> bool:
    return not url.database or ":memory:" in url.database


def _missing_driver(url: URL, error: Exception, is_async: bool) -> Exception:
    backend = url.get_backend_name()
    extras = [_EXTRAS[backend]] if backend in _EXTRAS else []
    if not extras and not (is_async and backend == "sqlite"):
        return UrlError(f"{url.drivername} is no database that SQLAlchemy knows: {error}")
    wanted = ",".join([*extras, *(["async"] if is_async else [])])
    return MissingExtraError(f"{url.drivername} needs a driver: pip install 'motfunnel[{wanted}]'")


def _prepare_sqlite(connection: Any, _: object) -> None:
    # Readers and the writer do not wait for each other; survives a crash of the process.
    connection.execute("PRAGMA journal_mode = WAL")


def roll_back(connection: Any, *_: object) -> None:
    """Undo what a cancelled call left: SQLite closes nothing that a cursor still refers to."""
    with suppress(Exception):
        connection.rollback()


def _begin(connection: Connection, statement: str) -> None:
    driver = connection.connection.driver_connection
    if driver is not None and not driver.in_transaction:
        connection.exec_driver_sql(statement)


def _now() -> datetime:
    return datetime.now(UTC)
