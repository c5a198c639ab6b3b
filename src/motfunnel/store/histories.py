"""Reading the events of all contacts, contact by contact, as far as they were recorded by then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection, select

from motfunnel.domain.event import Event
from motfunnel.store.pointers import follow, known_pointers
from motfunnel.store.rows import named_rows, read_event
from motfunnel.store.tables import Tables

_AT_ONCE = 5000


def read_histories(
    connection: Connection, tables: Tables, tenant: str, known_by: datetime
) -> Iterator[tuple[str, list[Event]]]:
    """Read each contact's events that were recorded by an instant; holds one contact at a time.

    Of contacts that were merged by then it holds all until the end. Of one that was erased nothing
    is read: its events no longer say what they said.
    """
    events, erased = tables.events, tables.contacts.c
    into = known_pointers(connection, tables, tenant, known_by)
    tokens = set(
        connection.scalars(
            select(erased.contact).where(erased.tenant == tenant, erased.erased_at.is_not(None))
        )
    )
    joined = {*into, *into.values()}
    held: dict[str, list[Event]] = {}
    known = (
        select(events)
        .where(events.c.tenant == tenant, events.c.recorded_at <= known_by)
        .order_by(events.c.contact)
    )
    with connection.execute(known, execution_options={"yield_per": _AT_ONCE}) as result:
        rows = map(read_event, named_rows(result))
        for contact, history in groupby(rows, lambda event: event.contact):
            if contact in joined:
                held.setdefault(follow(into, contact), []).extend(history)
            elif contact not in tokens:
                yield contact, list(history)
    yield from held.items()
