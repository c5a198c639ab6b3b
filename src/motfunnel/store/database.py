"""The database: its engine, its transactions, and its tables once they are needed.

An engine that was handed in is used as it is: never configured, never closed. One that is made
here from a URL is tuned for small writes by many workers.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import QueuePool

from motfunnel.errors import MissingExtraError, SchemaError, UrlError
from motfunnel.store.tables import Tables, tables

VERSION: Final = 2
"""The version of the tables that this code reads and writes."""

_ATTEMPTS: Final = 15  # more than there are tables: each that fails has found one more
_BUSY_SECONDS: Final = 30
_READING: Final = "REPEATABLE READ"
_WRITING: Final = "READ COMMITTED"
_EXTRAS: Final = {"postgresql": "postgres", "mysql": "mysql", "mariadb": "mysql"}
_DRIVERS: Final = {"postgresql": "psycopg", "mysql": "pymysql", "mariadb": "pymysql"}


class Database:
    """An engine and the tables of one schema in it.

    Constructing one connects to nothing.

    Args:
        bind: a URL, or the host's own Engine.
        schema: the schema of the tables; None for the database's default.
    """

    def __init__(self, bind: str | URL | Engine, schema: str | None = None) -> None:
        self._owned = not isinstance(bind, Engine)
        self.engine = bind if isinstance(bind, Engine) else _make_engine(bind)
        self.tables: Tables = tables(schema)
        self._is_ready = False
        self._process = os.getpid()

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
        """Wait a little, before trying again."""
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
        with self.engine.connect() as connection:
            yield connection

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
        elif found > VERSION:
            raise SchemaError(
                f"the tables are of version {found}, and this motfunnel knows version {VERSION}; "
                "install the motfunnel that made them, or a newer one"
            )
        elif found < VERSION:
            raise SchemaError(
                f"the tables are of version {found}, and this motfunnel works with version "
                f"{VERSION}; stop what writes to them and run: motfunnel migrate"
            )


def _make_engine(url: str | URL) -> Engine:
    try:
        url = make_url(url)
    except ArgumentError:
        raise UrlError(f"{url!r} is no database URL; write e.g. sqlite:///crm.db") from None
    options: dict[str, Any] = {}
    if url.get_backend_name() == "sqlite":
        options["connect_args"] = {"timeout": _BUSY_SECONDS, "check_same_thread": False}
        if url.database in (None, "", ":memory:"):
            # One connection holds the data; a pool of one lends it to one thread at a time.
            options |= {"poolclass": QueuePool, "pool_size": 1, "max_overflow": 0}
    else:
        options["isolation_level"] = _WRITING
    try:
        engine = create_engine(_with_driver(url), **options)
    except (ImportError, NoSuchModuleError) as error:
        raise _missing_driver(url, error) from None
    if engine.dialect.is_async:
        raise TypeError(f"{url.drivername} is an asynchronous driver; name a synchronous one here")
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _with_driver(url: URL) -> URL:
    """Choose the driver that our extras bring, where the URL names none."""
    driver = _DRIVERS.get(url.drivername)
    return url if driver is None else url.set(drivername=f"{url.drivername}+{driver}")


def _missing_driver(url: URL, error: Exception) -> Exception:
    extra = _EXTRAS.get(url.get_backend_name())
    if extra is None:
        return UrlError(f"{url.drivername} is no database that SQLAlchemy knows: {error}")
    return MissingExtraError(f"{url.drivername} needs a driver: pip install 'motfunnel[{extra}]'")


def _prepare_sqlite(connection: Any, _: object) -> None:
    # Readers and the writer do not wait for each other; survives a crash of the process.
    connection.execute("PRAGMA journal_mode = WAL")


def _begin(connection: Connection, statement: str) -> None:
    driver = connection.connection.driver_connection
    if driver is not None and not driver.in_transaction:
        connection.exec_driver_sql(statement)


def _now() -> datetime:
    return datetime.now(UTC)
