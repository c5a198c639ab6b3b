"""Connections that a host lends: its own framework's, through which our statements run.

The lender opens, commits and closes; nothing here does. SQLAlchemy is shown an adapter in place of
a driver's connection, and errors by the classes that the lender raises.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

from sqlalchemy import Connection

ERRORS: Final = (
    "Warning",
    "Error",
    "InterfaceError",
    "DatabaseError",
    "DataError",
    "OperationalError",
    "IntegrityError",
    "InternalError",
    "ProgrammingError",
    "NotSupportedError",
)
"""The names of a driver's errors, which those of a lender share."""


class Lender(Protocol):
    """Whoever has a connection to a database, for the thread that asks.

    Attributes:
        vendor: the kind of database: ``sqlite``, ``postgresql`` or ``mysql``.
        driver: the driver's module.
        errors: what holds the classes of errors that the lender raises.
        remedy: what makes the tables, where they are missing.
    """

    vendor: str
    driver: Any
    errors: Any
    remedy: str

    def name(self, schema: str) -> str:
        """What tells the database from others, as ``Database.name`` does."""

    def cursor(self) -> Any:
        """A cursor of the lender's own, which logs and counts as it always does."""

    def raw(self) -> Any:
        """The driver's own connection, opened where it is not."""

    def revive(self) -> None:
        """Part with a connection that is of no use any more; the host is in no transaction."""

    def version(self) -> tuple[int, ...]:
        """The version of the server, found out without a statement."""

    def is_in_transaction(self) -> bool:
        """Whether the host is in a transaction; connects to nothing."""

    def is_broken(self) -> bool:
        """Whether all that the host has done in its transaction is lost already."""

    def has_undone(self, error: BaseException) -> bool:
        """Whether with this error of ours the host's transaction came to be lost."""

    def transaction(self, *, to_write: bool) -> AbstractContextManager[None]:
        """A savepoint in the host's transaction, or else a transaction that commits."""

    def after_commit(self, callback: Callable[[], object]) -> None:
        """Call back once the host's transaction is committed; never, if it is rolled back."""


class Borrowed:
    """A driver's module, but for its errors: those are the lender's."""

    def __init__(self, lender: Lender) -> None:
        self._driver = lender.driver
        self.__name__: str = lender.driver.__name__
        for name in ERRORS:
            setattr(self, name, getattr(lender.errors, name, Exception))

    def __getattr__(self, name: str) -> Any:
        """What the driver has."""
        return getattr(self._driver, name)


class LentConnection:
    """What SQLAlchemy takes for a driver's connection."""

    def __init__(self, lender: Lender) -> None:
        self._lender = lender

    def cursor(self) -> Any:
        """A cursor of the lender's."""
        return self._lender.cursor()

    def __getattr__(self, name: str) -> Any:
        """What the driver's connection has."""
        return getattr(self._lender.raw(), name)


def lender_of(connection: Connection) -> Lender | None:
    """Who lends this connection, if anybody does."""
    lender: Lender | None = getattr(connection.dialect, "lender", None)
    return lender
