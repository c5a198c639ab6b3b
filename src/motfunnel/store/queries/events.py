"""Reading events as of an instant, each under the contact that owns it now; and counting names.

For what no moment keeps (purchases of which none followed, scores, activity), and for what is
walked anew: whole histories. What an event means beside its signal is the funnel's to say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    cast,
    func,
    or_,
    select,
)

from motfunnel.domain.columns import Codes, Column
from motfunnel.domain.signal import Signal
from motfunnel.store.ledger.identity import follow, known_pointers
from motfunnel.store.ledger.rows import (
    StoredEvent,
    unread_columns,
)
from motfunnel.store.queries.columns import micros, raw, read_columns, read_rows
from motfunnel.store.queries.scope import Bounds, Extent, between
from motfunnel.store.schema.dialects import position
from motfunnel.store.schema.tables import Tables


def read_active(extent: Extent, people: Codes, period: Bounds) -> Column:
    """Read the contacts with an event in the period that kept them alive."""
    e = extent.tables.events.c
    owner, active = _owned(extent)
    alive = active.where(e.alive, *between(e.occurred_at, period))
    (contacts,) = read_columns(extent.connection, alive.distinct().order_by(owner), [people])
    return contacts


def read_scored(
    extent: Extent, period: Bounds, *, naming: str | None = None
) -> Iterator[list[tuple[str, int, str, str, Any]]]:
    """Read the ratings of a period, and the events in whose properties a name occurs.

    Each as its key, its instant in microseconds, its name, its id, and what is stored of its
    properties; so many at a time, in no order.

    Args:
        extent: of whom, and up to when.
        period: from when to when.
        naming: the name of a property; None: the ratings alone.
    """
    e, dialect = extent.tables.events.c, extent.connection.dialect
    scored = e.signal == Signal.RATING.label
    if naming is not None:
        scored = or_(scored, position(cast(e.properties, Text), f'"{naming}"', dialect) > 0)
    at, properties = micros(e.occurred_at, dialect), raw(e.properties, dialect)
    events = (
        select(e.contact, at, e.event, e.id, properties)
        .where(e.tenant == extent.tenant, e.occurred_at <= extent.as_of, scored)
        .where(*between(e.occurred_at, period))
    )
    return read_rows(extent.connection, extent.within(events, e.contact))


def read_histories(
    extent: Extent,
    *,
    known_by: datetime | None = None,
    signals: Collection[Signal] | None = None,
) -> Iterator[tuple[str, list[StoredEvent]]]:
    """Read each contact's events up to the instant, in no order; holds one contact at a time.

    Of contacts that were merged it holds all until the end. Of one that was erased nothing is
    read: its events no longer say what they said.

    Args:
        extent: of whom, and up to when.
        known_by: only what had been recorded by this instant, events and merges alike.
        signals: only events that meant one of these when they were stored.
    """
    e = extent.tables.events.c
    into = _pointers(extent, known_by)
    joined, tokens = {*into, *into.values()}, _tokens(extent)
    known = (
        select(*unread_columns(extent.tables.events, extent.connection.dialect))
        .where(e.tenant == extent.tenant, e.occurred_at <= extent.as_of)
        .order_by(e.contact)  # as the primary key has them: nothing is sorted
    )
    if known_by is not None:
        known = known.where(e.recorded_at <= known_by)
    if signals is not None:
        known = known.where(e.signal.in_([signal.label for signal in signals]))
    held: dict[str, list[StoredEvent]] = {}
    found = chain.from_iterable(read_rows(extent.connection, known))
    for contact, rows in groupby(found, itemgetter(0)):
        history = [*map(StoredEvent._make, rows)]
        if contact in joined:
            held.setdefault(follow(into, contact), []).extend(history)
        elif contact not in tokens:
            yield contact, history
    yield from held.items()


def count_names(
    connection: Connection, tables: Tables, tenant: str, most: int
) -> list[tuple[str, int]]:
    """Count events by their name, and no more of them than that, in the order of the key."""
    e = tables.events.c
    some = select(e.event).where(e.tenant == tenant).order_by(e.contact, e.id).limit(most)
    names = some.subquery().c.event
    counted = select(names, func.count()).group_by(names)
    return [(name, count) for name, count in connection.execute(counted)]


def _owned(extent: Extent, *columns: Any) -> tuple[ColumnElement[Any], Select[Any]]:
    """The contact that an event belongs to now, and the events up to an instant with it."""
    e = extent.tables.events.c
    owner, owned = extent.owned(extent.tables.events, e.contact)
    events = (
        select(owner.label("owner"), *columns)
        .select_from(owned)
        .where(e.tenant == extent.tenant, e.occurred_at <= extent.as_of)
    )
    return owner, extent.within(events, owner)


def _pointers(extent: Extent, known_by: datetime | None) -> dict[str, str]:
    """To which contact each key that was merged belongs."""
    connection, tables, tenant = extent.connection, extent.tables, extent.tenant
    if known_by is not None:
        return known_pointers(connection, tables, tenant, known_by)
    c = tables.contacts.c
    merged = select(c.contact, c.merged_into).where(c.tenant == tenant, c.merged_into.is_not(None))
    return {row.contact: row.merged_into for row in connection.execute(merged)}


def _tokens(extent: Extent) -> set[str]:
    """What stands in the place of the contacts that were erased."""
    c = extent.tables.contacts.c
    erased = select(c.contact).where(c.tenant == extent.tenant, c.erased_at.is_not(None))
    return set(extent.connection.scalars(erased))
