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

from motfunnel.domain.event import Event
from motfunnel.domain.moment import MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.store.ledger.identity import follow, known_pointers
from motfunnel.store.ledger.rows import (
    StoredEvent,
    event_of,
    unread_columns,
)
from motfunnel.store.queries.columns import read_rows
from motfunnel.store.queries.scope import AT_ONCE, Bounds, Extent, between
from motfunnel.store.schema.tables import Tables


def read_active(extent: Extent, period: Bounds) -> Iterator[str]:
    """Read the contacts with an event in the period that kept them alive, in their order."""
    e = extent.tables.events.c
    owner, active = _owned(extent)
    alive = active.where(e.alive, *between(e.occurred_at, period))
    yield from extent.connection.scalars(alive.distinct().order_by(owner))


def read_moment_properties(
    extent: Extent, kinds: Collection[MomentKind]
) -> Iterator[tuple[tuple[str, Any], dict[str, Any]]]:
    """Read the properties of the events that made some moments.

    Each under its contact and the number of its episode, or where it has none, its event.
    """
    m, e = extent.tables.moments.c, extent.tables.events.c
    key = func.coalesce(m.recorded_as, m.contact)
    made = (e.tenant == m.tenant) & (e.contact == key) & (e.id == m.event_id)
    wanted = (
        select(m.contact, m.episode, m.event_id, key.label("key"), e.properties)
        .select_from(extent.tables.moments.join(extent.tables.events, made))
        .where(m.tenant == extent.tenant, m.occurred_at <= extent.as_of)
        .where(m.moment.in_([kind.value for kind in kinds]))
    )
    with extent.connection.execute(wanted, execution_options={"yield_per": AT_ONCE}) as result:
        for row in result:
            start = (row.key, row.event_id) if row.episode is None else row.episode
            yield (row.contact, start), row.properties


def read_scored(
    extent: Extent, period: Bounds, *, naming: str | None = None
) -> Iterator[tuple[str, Event]]:
    """Read the ratings of a period, and the events in whose properties a name occurs.

    Args:
        extent: of whom, and up to when.
        period: from when to when.
        naming: the name of a property; None: the ratings alone.
    """
    e, dialect = extent.tables.events.c, extent.connection.dialect
    scored = e.signal == Signal.RATING.label
    if naming is not None:
        find = func.strpos if dialect.name == "postgresql" else func.instr
        scored = or_(scored, find(cast(e.properties, Text), f'"{naming}"') > 0)
    events = (
        select(*unread_columns(extent.tables.events, dialect))
        .where(e.tenant == extent.tenant, e.occurred_at <= extent.as_of, scored)
        .where(*between(e.occurred_at, period))
    )
    into, wanted = _pointers(extent, None), extent.within(events, e.contact)
    for row in chain.from_iterable(read_rows(extent.connection, wanted)):
        event = event_of(StoredEvent._make(row))
        yield into.get(event.contact, event.contact), event


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
