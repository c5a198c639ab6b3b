"""Work that goes into the host's transaction where there is one, else into one of our own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from motfunnel.store.database import Database
from motfunnel.store.host import Host, host_connection
from motfunnel.store.retrying import persist

Result = TypeVar("Result")


def transact(database: Database, work: Callable[[Connection], Result], bind: Host | None) -> Result:
    """Do work in a savepoint of the host's transaction, or else in a transaction that commits."""
    host = database.host() if bind is None else bind
    if host is None:
        return persist(database, work)
    with database.join(host_connection(host)) as connection:
        return work(connection)
