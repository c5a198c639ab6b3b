"""How often each name occurs among a tenant's events, or among some of them."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from motfunnel.store.tables import Tables


def count_names(
    connection: Connection, tables: Tables, tenant: str, most: int
) -> list[tuple[str, int]]:
    """Count events by their name, and no more of them than that, in the order of the key."""
    e = tables.events.c
    some = select(e.event).where(e.tenant == tenant).order_by(e.contact, e.id).limit(most)
    names = some.subquery().c.event
    counted = select(names, func.count()).group_by(names)
    return [(name, count) for name, count in connection.execute(counted)]
