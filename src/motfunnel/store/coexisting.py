"""Beside a transaction of the host's that is open: what of ours would commit, undo or await it.

Refuses that, before anything is touched. Never ends the host's transaction itself.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.pool import SingletonThreadPool, StaticPool

from motfunnel.errors import TransactionError
from motfunnel.store.host import Host, has_begun, has_joined, host_connection


def is_shared(engine: Engine) -> bool:
    """Whether one connection serves everybody, as for a SQLite database in memory."""
    return isinstance(engine.pool, StaticPool | SingletonThreadPool)


def check_nothing_is_shared(engine: Engine) -> None:
    """Make sure that a connection of our own is not the one on which somebody's work is open.

    Ours would commit it, or roll it back as it is given back.

    Raises:
        TransactionError: it is that one.
    """
    pool: Any = engine.pool
    if isinstance(pool, StaticPool):
        is_open = getattr(pool.connection.driver_connection, "in_transaction", False)
    elif isinstance(pool, SingletonThreadPool):
        with engine.connect() as connection:  # the very one, if the thread has it already
            is_open = _is_open(connection)
    else:
        return
    if is_open:
        raise TransactionError("its database has one connection for everybody")


def check_not_amid(host: Host | None) -> None:
    """Make sure that a transaction of our own will not wait for the host's, which waits for us.

    Raises:
        TransactionError: the host's holds what ours would need.
    """
    if host is None or not has_begun(host):
        return
    connection = host_connection(host)
    if connection.dialect.name == "sqlite" and _is_open(connection):
        raise TransactionError("it holds the lock of the database")
    if has_joined(connection):
        raise TransactionError("it holds the contacts that it has tracked")


def _is_open(connection: Connection) -> bool:
    return bool(getattr(connection.connection.driver_connection, "in_transaction", False))
