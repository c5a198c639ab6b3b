"""A host's side of a joined transaction: rows of its own, beside the events that it tracks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import Column, Connection, Engine, Integer, MetaData, String, Table, select
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from tests.tracking.scene import stored_events

ORDERS = Table(
    "host_orders",
    MetaData(),
    Column("tenant", String(64), nullable=False),
    Column("number", Integer, nullable=False),
)

Opener = Callable[[Engine], AbstractContextManager[Any]]
"""Opens what all hosts have in common: execute, begin_nested, commit, rollback, close."""


@contextmanager
def a_session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session


@contextmanager
def a_scoped_session(engine: Engine) -> Iterator[scoped_session[Session]]:
    session = scoped_session(sessionmaker(engine))
    yield session
    session.remove()


@contextmanager
def a_connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection


HOSTS: dict[str, Opener] = {
    "Session": a_session,
    "scoped_session": a_scoped_session,
    "Connection": a_connection,
}


def order(host: Any, tenant: str, number: int) -> None:
    """Write a row of the host's."""
    host.execute(ORDERS.insert().values(tenant=tenant, number=number))


def orders(engine: Engine, tenant: str) -> list[int]:
    """The host's rows that are there."""
    with engine.connect() as connection:
        found = connection.scalars(select(ORDERS.c.number).where(ORDERS.c.tenant == tenant))
        return sorted(found.all())


def event_ids(engine: Engine, tenant: str) -> list[str]:
    """The ids of the events that are there."""
    everything = stored_events(engine, tenant).values()
    return sorted(event.id for events in everything for event in events)
