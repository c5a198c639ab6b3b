"""An event as it is read by the million: as the driver gives it, most of it not even looked at.

Who needs the event itself makes it of this. Runs no SQL.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Dialect, Table, Text, cast, type_coerce
from sqlalchemy.types import NullType

from motfunnel.domain.event import Event
from motfunnel.store.types import read_instant, read_properties


class StoredEvent(NamedTuple):
    """An event, unread.

    Attributes:
        contact: whose event, by the key under which it was recorded.
        id: unique among the contact's events.
        event: what happened.
        occurred_at: when; ``types.read_micros`` reads it.
        signal: the name of what it meant when it was stored.
        properties: what else was said; ``types.read_properties`` reads it.
        alive: whether it is stored that it kept its contact alive.
    """

    contact: str
    id: str
    event: str
    occurred_at: Any
    signal: str
    properties: Any
    alive: Any


class Meant(NamedTuple):
    """What an event means to its contact.

    Attributes:
        contact: by the key under which it was recorded.
        id: of the event.
        signal: the name of its signal.
        alive: whether it kept the contact alive.
    """

    contact: str
    id: str
    signal: str
    alive: bool


def unread_columns(events: Table, dialect: Dialect) -> list[ColumnElement[Any]]:
    """What to select of the table of events, so that each row makes a ``StoredEvent``."""
    instant = type_coerce(events.c.occurred_at, NullType())
    properties: ColumnElement[Any] = type_coerce(events.c.properties, NullType())
    if dialect.name == "postgresql":  # or the driver reads JSON that nobody may look at
        properties = cast(events.c.properties, Text)
    unread = {"occurred_at": instant, "properties": properties}
    return [
        unread[name].label(name) if name in unread else events.c[name]
        for name in StoredEvent._fields
    ]


def event_of(stored: StoredEvent) -> Event:
    """Read an event; what is stored has been checked when it came."""
    return Event(
        contact=stored.contact,
        name=stored.event,
        occurred_at=read_instant(stored.occurred_at),
        id=stored.id,
        properties=read_properties(stored.properties),
    )
