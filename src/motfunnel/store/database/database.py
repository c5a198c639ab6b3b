"""The database: its engine, its transactions, and its tables once they are needed.

An engine that was handed in is used as it is: never configured, never closed. One that is made
here from a URL is tuned for small writes by many workers.
"""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

from sqlalchemy import URL, Connection, Engine, inspect
from sqlalchemy.exc import DBAPIError

from motfunnel.store.database.pace import PACE, Pace
from motfunnel.store.engine.compiled import tell_pool
from motfunnel.store.engine.deadline import allow_waiting, begin_immediate, bounded, is_over
from motfunnel.store.engine.engine import (
    WRITING,
    check_dialect,
    close_pool,
    iso_dates,
    make_engine,
    no_database,
)
from motfunnel.store.engine.faults import Fault, fault_of
from motfunnel.store.engine.fork import ForkGate
from motfunnel.store.engine.pipeline import pipelined, pipelined_transaction
from motfunnel.store.engine.urls import is_in_memory, shown
from motfunnel.store.hosts.transaction import (
    Host,
    check_not_amid,
    check_nothing_is_shared,
    has_begun,
    host_connection,
    is_shared,
    joined,
    keep_writers_out,
)
from motfunnel.store.schema.dialects import plan_plainly
from motfunnel.store.schema.tables import Tables, tables
from motfunnel.store.schema.types import MARIADB
from motfunnel.store.schema.versions import CREATE, has_version, put_version, teaching

_ATTEMPTS: Final = 15  # more than there are tables: each that fails has found one more
_HOPELESS: Final = (Fault.LOST, Fault.UNREACHABLE)
_READING: Final = "REPEATABLE READ"


class Database:
    """An engine and the tables of one schema in it.

    Constructing one connects to nothing.

    Args:
        bind: a URL, or the host's own Engine.
        schema: the schema of the tables; None for the database's default.
        host: gives what holds the host's transaction, where there is one to join.

    Attributes:
        remedy: where the host's migrations make the tables, what is to be run if they are missing;
            None: they are made here when they are needed.
        pace: how often a history keeps a checkpoint, and how long a fold a call waits for.
    """

    remedy: str | None = None
    pace: Pace = PACE

    def __init__(
        self,
        bind: str | URL | Engine,
        schema: str | None = None,
        host: Callable[[], Host | None] = lambda: None,
    ) -> None:
        if isinstance(bind, Engine):
            check_dialect(bind.dialect.name)
        elif not isinstance(bind, str | URL):
            raise no_database(bind, "Tracker")
        self._owned = not isinstance(bind, Engine)
        self.engine: Engine = bind if isinstance(bind, Engine) else self._make_engine(bind)
        self.tables: Tables = tables(schema)
        self.host = host
        self._is_ready = self._is_seen = False
        self._process = os.getpid()
        self._gate = self._make_gate()

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file that one writer at a time locks as a whole."""
        return self.engine.dialect.name == "sqlite"

    @property
    def name(self) -> str:
        """What tells it from other databases, without a password; empty for one in memory."""
        url, schema = self.engine.url, self.tables.schema or ""
        if is_in_memory(url):
            return ""
        backend = url.get_backend_name()
        if backend == "sqlite":
            return f"sqlite {os.path.realpath(url.database or '')} {schema}"
        backend = "mysql" if backend in MARIADB else backend
        place = url.host or url.query.get("host") or url.query.get("unix_socket") or ""
        return f"{backend} {place} {url.port or ''} {url.database or ''} {schema}"

    def __repr__(self) -> str:
        """Where it is, without a password."""
        where = shown(self.engine.url)
        return where if self.tables.schema is None else f"{where} schema={self.tables.schema!r}"

    @property
    def is_joining(self) -> bool:
        """Whether even a transaction of our own would be part of the host's."""
        return False

    def is_in_host(self) -> bool:
        """Whether what is asked now is asked in the host's transaction."""
        host = self.host()
        return host is not None and (has_begun(host) or is_shared(self.engine))

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What else than SQLAlchemy's errors says that the database is at fault."""
        return ()

    @contextmanager
    def write(self, *, is_pipelined: bool = False) -> Iterator[Connection]:
        """A transaction of our own, committed at the end, on tables that are there.

        On SQLite it takes the write lock at once: one that reads first and writes later is
        thrown out as soon as another has written in between, whatever the time-out. Elsewhere it
        sees what others commit while it waits for a contact; and on MariaDB it leaves the gaps
        between rows unlocked, over which writers of different contacts would deadlock.

        Args:
            is_pipelined: whether what is done minds the pipeline, where there is one.

        Raises:
            TransactionError: the host's open transaction would be in its way.
        """
        check_not_amid(self.host())
        self._expect_tables()
        with self.connect() as connection:
            if not (self.is_sqlite or self._owned):
                isolate(connection, WRITING)
            with connection.begin():
                if self.is_sqlite:
                    self.begin_writing(connection)
                    yield connection
                    return
                with (
                    self._pipelined(connection) if is_pipelined else nullcontext(),
                    bounded(connection, is_ours=self._owned),
                    iso_dates(connection),
                ):
                    yield connection

    @contextmanager
    def read(self, *, lazily: bool = False, widely: bool = False) -> Iterator[Connection]:
        """A transaction that sees one state of the database throughout, and changes nothing.

        Within the host's own transaction it is that one: what the host has just written is seen.
        So it is where they could only share a connection, as in memory.

        Args:
            lazily: whether rows are read as somebody asks for them, who may do other things in
                between; a connection that is the host's own is then in no transaction of ours.
            widely: whether whole tables are read, in a transaction that is not the host's.
        """
        host = self.host()
        if host is not None and self.is_in_host():
            connection = host_connection(host)
            self._check_in_host(connection)
            with iso_dates(connection):
                yield connection
            return
        self._expect_tables()
        with self.connect() as connection:
            if self.is_sqlite:
                if self._owned:
                    allow_waiting(connection)
                if not is_shared(self.engine):  # what is tracked meanwhile would be in this one
                    _begin(connection)
                yield connection
            else:
                isolate(connection, _READING)
                if widely:
                    plan_plainly(connection)
                with iso_dates(connection):
                    yield connection

    @contextmanager
    def join(self, connection: Connection, *, is_pipelined: bool = False) -> Iterator[Connection]:
        """A savepoint in a transaction of the host's, in which no tables are made.

        Args:
            connection: the host's.
            is_pipelined: whether what is done minds the pipeline, where there is one.

        Raises:
            SchemaError: the tables are missing there.
        """
        with (
            teaching(self.remedy or CREATE),
            joined(connection, is_pipelined=is_pipelined),
            iso_dates(connection),
        ):
            if self.is_sqlite:
                keep_writers_out(connection, self.tables.contacts)
            yield connection

    @contextmanager
    def unbound(self) -> Iterator[Connection]:
        """A connection on which each statement commits itself, for what needs no transaction."""
        check_not_amid(self.host())
        with self.connect() as connection:
            isolate(connection, "AUTOCOMMIT")
            if self.is_sqlite and self._owned:
                allow_waiting(connection)
            yield connection

    def create_tables(self) -> None:
        """Make the tables that are missing, and refuse those of another version.

        Raises:
            SchemaError: the tables were made by a newer version of this library.
        """
        self._prepare(self._make_missing)

    def _expect_tables(self) -> None:
        self._prepare(self._make_missing if self.remedy is None else self._put_version)

    def _prepare(self, prepare: Callable[[Connection], None]) -> None:
        if self._is_ready:
            return
        for attempt in range(_ATTEMPTS):
            try:
                with self.connect() as connection, connection.begin():
                    prepare(connection)
                break
            except DBAPIError as error:  # another process is making them, and got in between
                if attempt == _ATTEMPTS - 1 or is_over() or fault_of(error) in _HOPELESS:
                    raise
        self._is_ready = True

    def after(self, callback: Callable[[], object]) -> None:
        """Call back once what was done in a transaction of our own is committed: it is."""
        callback()

    def native(self, error: Exception) -> Exception:
        """The error as the host's own layer of the database would raise it."""
        return error

    def natively(self) -> AbstractContextManager[None]:
        """Raise errors as the host's own layer of the database would."""
        return nullcontext()

    def pause(self, seconds: float) -> None:
        """Let others go first for so long; all waiting that we do ourselves is done here."""
        time.sleep(seconds)

    def dispose(self) -> None:
        """Close the connections of an engine that was made here."""
        if self._owned:
            close_pool(self.engine)
            self.forget_memory()

    def forget_memory(self) -> None:
        """Know no more of tables that went with their connection."""
        self._is_ready = self._is_ready and not is_in_memory(self.engine.url)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection, and no transaction yet; never one that a parent process has open."""
        process = os.getpid()
        if self._process != process:
            # A connection that two processes share gives wrong answers; the parent keeps it. No
            # thread of the child gets past here before the pool is a new one.
            if self._owned:
                self.engine.dispose(close=False)
                self.forget_memory()
            self._process = process
        check_nothing_is_shared(self.engine)
        with self._gate(), self.engine.connect() as connection:
            yield connection

    def _make_engine(self, url: str | URL) -> Engine:
        """An engine of our own, whose connections are closed when nobody has this any more.

        So it refers to this weakly. Of a forked process they are not closed: they are its parent's.
        """
        me = weakref.ref(self)

        def pause(seconds: float) -> None:
            # As it is by then: who runs us on an event loop replaces it.
            (time.sleep if (database := me()) is None else database.pause)(seconds)

        engine = make_engine(url, pause)
        weakref.finalize(self, _close, engine, os.getpid())
        return engine

    def begin_writing(self, connection: Connection) -> None:
        """On SQLite, begin a transaction that may write, once nobody else writes."""
        driver = connection.connection.driver_connection
        if driver is not None and not driver.in_transaction:
            begin_immediate(connection, self.pause, is_ours=self._owned)

    def _pipelined(self, connection: Connection) -> AbstractContextManager[object]:
        return pipelined_transaction(connection) if self._owned else pipelined(connection)

    def _make_gate(self) -> Callable[[], AbstractContextManager[None]]:
        if not self.is_sqlite or self.engine.dialect.is_async or is_in_memory(self.engine.url):
            return nullcontext
        return ForkGate(self._close_idle).passing

    def _close_idle(self) -> None:
        if self._owned and self._process == os.getpid():
            close_pool(self.engine)
        elif self._owned:
            self.engine.dispose(close=False)

    def _make_missing(self, connection: Connection) -> None:
        version = self.tables.version
        # The table of the version comes last, so that where it is, all are.
        if not inspect(connection).has_table(version.name, schema=version.schema):
            if self.is_sqlite:
                self.begin_writing(connection)
            others = [table for table in self.tables.metadata.sorted_tables if table is not version]
            self.tables.metadata.create_all(connection, others)
            self.tables.metadata.create_all(connection, [version])
        self._put_version(connection)

    def _put_version(self, connection: Connection) -> None:
        put_version(connection, self.tables, self.remedy or CREATE)

    def _check_in_host(self, connection: Connection) -> None:
        """Look once for the tables before a question: in vain, it would break a transaction."""
        if not (self._is_ready or self._is_seen):
            has_version(connection, self.tables, self.remedy or CREATE)
            self._is_seen = True


def _close(engine: Engine, process: int) -> None:
    if os.getpid() == process:
        close_pool(engine)


def isolate(connection: Connection, level: str) -> None:
    """Choose how the next transaction is isolated; for some drivers that is a statement."""
    dialect = connection.dialect
    try:
        connection.execution_options(isolation_level=level)
    except dialect.loaded_dbapi.Error as error:
        tell_pool(connection)
        raise DBAPIError.instance(
            None, None, error, dialect.loaded_dbapi.Error, dialect=dialect
        ) from error


def _begin(connection: Connection) -> None:
    driver = connection.connection.driver_connection
    if driver is not None and not driver.in_transaction:
        connection.exec_driver_sql("BEGIN")
