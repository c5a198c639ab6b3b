"""Values to rows and back: events (also unread), moments, episodes, traits. Runs no SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Dialect, Result, Table, Text, cast, type_coerce
from sqlalchemy.types import NullType

from motfunnel.domain.event import Event, trait_text
from motfunnel.domain.moment import Episode, Moment, MomentKind
from motfunnel.domain.signal import KEEPS_ALIVE, Signal
from motfunnel.store.schema.types import read_instant, read_properties

Row = dict[str, Any]
MOMENT_COLUMNS: Final = (
    "contact",
    "ordinal",
    "moment",
    "occurred_at",
    "event_id",
    "from_stage",
    "to_stage",
    "reason",
    "episode",
    "referred",
    "recorded_as",
)
_moment_cells = itemgetter(*MOMENT_COLUMNS)
_KINDS = {kind.value: kind for kind in MomentKind}
ALIVE_IF_HERE = {signal.label: KEEPS_ALIVE[signal] for signal in Signal}
"""What is stored of an event until it is folded: as if its contact were here."""


def named_rows(result: Result[Any]) -> Iterator[Row]:
    """Give each row of a result by column name; several times as fast as its ``mappings``."""
    names = tuple(result.keys())
    return (dict(zip(names, row, strict=True)) for row in result)


def event_row(
    event: Event, signal: str, value: int | None, recorded_at: datetime, tenant: str
) -> Row:
    """The row of an event, with the name of its signal and what it was worth."""
    return {
        "tenant": tenant,
        "contact": event.contact,
        "id": event.id,
        "event": event.name,
        "occurred_at": event.occurred_at,
        "recorded_at": recorded_at,
        "signal": signal,
        "properties": event.properties,
        "alive": ALIVE_IF_HERE[signal],
        "value": value,
    }


def read_event(row: Mapping[str, Any]) -> Event:
    """The event of a row; what is stored has been checked when it came."""
    return Event(
        contact=row["contact"],
        name=row["event"],
        occurred_at=row["occurred_at"],
        id=row["id"],
        properties=row["properties"],
    )


def moment_row(moment: Moment, ordinal: int, tenant: str) -> Row:
    """The row of a moment, with its place among its contact's."""
    return {
        "tenant": tenant,
        "contact": moment.contact,
        "ordinal": ordinal,
        "moment": moment.kind.value,
        "occurred_at": moment.occurred_at,
        "event_id": moment.event_id,
        "from_stage": moment.from_stage,
        "to_stage": moment.to_stage,
        "reason": moment.reason,
        "episode": moment.episode,
        "referred": moment.referred,
        "recorded_as": moment.recorded_as,
    }


def read_moment(row: Mapping[str, Any]) -> Moment:
    """The moment of a row."""
    return moment_of(_moment_cells(row))


def moment_of(cells: Sequence[Any]) -> Moment:
    """The moment of a row's cells, in the order of ``MOMENT_COLUMNS``: there may be millions."""
    contact, _, kind, at, event_id, from_stage, to_stage, reason, episode, referred, key = cells
    return Moment(
        contact=contact,
        kind=_KINDS[kind],
        occurred_at=at,
        event_id=event_id,
        from_stage=from_stage,
        to_stage=to_stage,
        reason=reason,
        episode=episode,
        referred=referred,
        recorded_as=key,
    )


def episode_row(episode: Episode, tenant: str) -> Row:
    """The row of an episode."""
    return {
        "tenant": tenant,
        "contact": episode.contact,
        "episode": episode.number,
        "departed_at": episode.departed_at,
        "reason": episode.reason,
        "stage": episode.stage,
        "customer": episode.customer,
        "first_outreach_at": episode.first_outreach_at,
        "outreaches": episode.outreaches,
        "returned_at": episode.returned_at,
        "return_event_id": episode.return_event_id,
    }


def read_episode(row: Mapping[str, Any]) -> Episode:
    """The episode of a row."""
    return Episode(
        contact=row["contact"],
        number=row["episode"],
        departed_at=row["departed_at"],
        reason=row["reason"],
        stage=row["stage"],
        customer=bool(row["customer"]),
        first_outreach_at=row["first_outreach_at"],
        outreaches=row["outreaches"],
        returned_at=row["returned_at"],
        return_event_id=row["return_event_id"],
    )


def trait_rows(owner: str, event: Event, recorded_at: datetime, tenant: str) -> list[Row]:
    """The rows of the traits that an ``identify`` gives a contact, as texts to group by."""
    return [
        {
            "tenant": tenant,
            "contact": event.contact,
            "event_id": event.id,
            "ordinal": ordinal,
            "trait": trait,
            "value": trait_text(value),
            "occurred_at": event.occurred_at,
            "recorded_at": recorded_at,
            "owner": owner,
        }
        for ordinal, (trait, value) in enumerate(event.properties.items())
    ]


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
        value: what is stored of its worth, in millionths.
    """

    contact: str
    id: str
    event: str
    occurred_at: Any
    signal: str
    properties: Any
    alive: Any
    value: int | None


class Meant(NamedTuple):
    """What an event means to its contact.

    Attributes:
        contact: by the key under which it was recorded.
        id: of the event.
        signal: the name of its signal.
        alive: whether it kept the contact alive.
        value: what it was worth, in millionths; None where nothing was said.
    """

    contact: str
    id: str
    signal: str
    alive: bool
    value: int | None


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
