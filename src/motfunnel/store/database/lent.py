"""A database on the connection of a host's framework, and in its transaction if it is in one.

Makes no tables: they are the framework's. Where the host is in a transaction, what would otherwise
commit by itself is a savepoint in that; where it is in none, a transaction is begun and committed
by the framework's own means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import NoReturn

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from motfunnel.errors import SchemaError
from motfunnel.store.database.database import Database
from motfunnel.store.engine.deadline import FILES, begin_in_turn, bounded
from motfunnel.store.engine.engine import iso_dates
from motfunnel.store.engine.faults import is_of_missing_table
from motfunnel.store.hosts.dialects import lent_engine
from motfunnel.store.hosts.lent import Lender
from motfunnel.store.hosts.transaction import joined, keep_writers_out


class LentDatabase(Database):
    """What a lender's connection reaches.

    Args:
        lender: whose connection.
    """

    def __init__(self, lender: Lender) -> None:
        self.lender = lender
        super().__init__(lent_engine(lender), None, self._lend)
        self.remedy: str | None = lender.remedy
        self._gate = nullcontext  # it is open before and after us, fork or no fork

    @property
    def name(self) -> str:
        """What tells it from other databases, without a password; empty for one in memory."""
        return self.lender.name("")

    @property
    def is_joining(self) -> bool:
        """Whether the host is in a transaction, which all that is done now is part of."""
        return self.lender.is_in_transaction()

    def is_in_host(self) -> bool:
        """Whether what is asked now is asked in the host's transaction."""
        return self.is_joining

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What the lender raises, where a transaction of our own is at fault."""
        return () if self.is_joining else (self.lender.errors.Error,)

    @contextmanager
    def write(self, *, is_pipelined: bool = False) -> Iterator[Connection]:
        """A transaction of our own, or a savepoint in the host's if there is one."""
        if self.is_joining:
            with (
                self.natively(),
                self.connect() as connection,
                joined(connection),
                iso_dates(connection),
            ):
                if self.is_sqlite:
                    keep_writers_out(connection, self.tables.contacts)
                yield connection
            return
        self.lender.revive()
        with (
            self._by_our_names(),
            self._begun(),
            self.connect() as connection,
            bounded(connection, is_ours=False),
            iso_dates(connection),
        ):
            yield connection

    @contextmanager
    def read(self, *, lazily: bool = False, widely: bool = False) -> Iterator[Connection]:
        """A transaction that sees one state of the database, or the host's if there is one."""
        with ExitStack() as stack:
            stack.enter_context(self.natively())
            if not (lazily or self.is_joining):
                self.lender.revive()
                stack.enter_context(self.lender.transaction(to_write=False))
            connection = stack.enter_context(self.connect())
            stack.enter_context(iso_dates(connection))
            yield connection

    @contextmanager
    def unbound(self) -> Iterator[Connection]:
        """A connection on which each statement commits itself, if the host is in no transaction."""
        with self._by_our_names(), self.connect() as connection:
            yield connection

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """The lender's connection."""
        with self.engine.connect() as connection:
            yield connection

    def create_tables(self) -> None:
        """Refuse.

        Raises:
            SchemaError: always; it says what makes the tables.
        """
        raise SchemaError(f"the tables are made by: {self.lender.remedy}")

    def after(self, callback: Callable[[], object]) -> None:
        """Call back after the host's commit, or now if it is in no transaction."""
        if self.is_joining:
            self.lender.after_commit(callback)
        else:
            callback()

    def native(self, error: Exception) -> Exception:
        """The error as the lender raises it, or that tables are missing."""
        if not isinstance(error, DBAPIError) or not isinstance(error.orig, Exception):
            return error
        return self._missing_tables() if is_of_missing_table(error) else error.orig

    @contextmanager
    def natively(self) -> Iterator[None]:
        """Raise the errors of the database as the lender raises them."""
        try:
            yield
        except DBAPIError as error:
            self._raise(self.native(error), error)

    def _raise(self, native: Exception, error: DBAPIError) -> NoReturn:
        if isinstance(native, SchemaError):
            raise native from error.orig
        raise native from native.__cause__

    def _missing_tables(self) -> SchemaError:
        return SchemaError(f"the tables are missing; make them with: {self.lender.remedy}")

    def _lend(self) -> Connection | None:
        return self.engine.connect() if self.is_joining else None

    @contextmanager
    def _by_our_names(self) -> Iterator[None]:
        """Raise the errors of the lender's own statements as SQLAlchemy raises those of ours."""
        try:
            yield
        except DBAPIError as error:
            if is_of_missing_table(error):
                raise self._missing_tables() from error.orig
            raise
        except self.lender.errors.Error as error:
            base, dialect = self.lender.errors.Error, self.engine.dialect
            raise DBAPIError.instance(None, None, error, base, dialect=dialect) from error

    @contextmanager
    def _begun(self) -> Iterator[None]:
        with ExitStack() as stack:

            def begin() -> None:
                stack.enter_context(self.lender.transaction(to_write=True))

            if self.is_sqlite:
                with self._at_once():
                    path = self.lender.raw().execute(FILES).fetchone()[2] or ""
                    begin_in_turn(begin, self.pause, path)
            else:
                begin()
            yield

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        """Have SQLite not wait; told to the driver, since the host asked for none of it."""
        raw = self.lender.raw()
        usual = raw.execute("PRAGMA busy_timeout").fetchone()[0]
        raw.execute("PRAGMA busy_timeout = 0")
        try:
            yield
        finally:
            raw.execute(f"PRAGMA busy_timeout = {usual}")
