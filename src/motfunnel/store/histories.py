"""Reading the events of all contacts, contact by contact, as they were recorded."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from sqlalchemy import select

from motfunnel.domain.signal import Signal
from motfunnel.store.extent import Extent
from motfunnel.store.pointers import follow, known_pointers
from motfunnel.store.stored_event import StoredEvent, unread_columns

_AT_ONCE = 5000


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
    options = {"yield_per": _AT_ONCE}
    with extent.connection.execute(known, execution_options=options) as result:
        for contact, rows in groupby(result, itemgetter(0)):
            history = [StoredEvent._make(row) for row in rows]
            if contact in joined:
                held.setdefault(follow(into, contact), []).extend(history)
            elif contact not in tokens:
                yield contact, history
    yield from held.items()


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
