"""A rehearsal: work that is really done in the database, and then undone, so that nothing is left.

What only a write can show, it shows: that the database is read-only or a standby, that a user may
not write, that a lock is held, that the disk is full.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection

from motfunnel.errors import TransactionError
from motfunnel.store.database.database import Database
from motfunnel.store.database.retry import persist
from motfunnel.store.hosts.transaction import has_begun, host_connection

ROOM: Final = 64 * 1024
"""How many bytes are written to see whether the disk has room: about what a large call takes."""

_SMALL_CACHE: Final = -16  # KiB
_SPILL: Final = ROOM // 16  # rows of PostgreSQL, of at least so many bytes each


class _Undo(Exception):
    """Ends a rehearsal that went well."""


def rehearse(database: Database, work: Callable[[Connection], object]) -> bool:
    """Do work and undo it, in a transaction of our own, or a savepoint of the host's if it has one.

    In a transaction of the host's on SQLite nothing is rehearsed: it would keep the write lock, and
    lose the host's own work where the disk is full.

    Returns:
        Whether it was done.

    Raises:
        StoreError: the database did not take it.
        DBAPIError: likewise, in the host's transaction.
    """
    if database.is_sqlite and database.is_joining:
        return False

    def undone(connection: Connection) -> None:
        with _spilling(connection):
            work(connection)
        raise _Undo

    host = database.host()
    try:
        if host is not None and has_begun(host) and not database.is_sqlite:
            with database.join(host_connection(host)) as connection:
                undone(connection)
        else:
            persist(database, undone)
    except _Undo:
        return True
    except TransactionError:
        return False
    return True


@contextmanager
def _spilling(connection: Connection) -> Iterator[None]:
    """Have what is written reach the disk before any commit.

    SQLite writes what no longer fits into its cache, which is made small for a while. PostgreSQL
    keeps rows in memory, but not the result of a function that is too large: that is a file which
    goes with the statement. (Large rows would be left to be vacuumed.)
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT set_config('work_mem', '64kB', true)")
        connection.exec_driver_sql(f"SELECT count(*) FROM generate_series(1, {_SPILL})")
    if connection.dialect.name != "sqlite":
        yield
        return
    usual = connection.exec_driver_sql("PRAGMA cache_size").scalar_one()
    connection.exec_driver_sql(f"PRAGMA cache_size = {_SMALL_CACHE}")
    try:
        yield
    finally:
        if not connection.invalidated:
            connection.exec_driver_sql(f"PRAGMA cache_size = {usual}")
