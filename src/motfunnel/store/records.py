"""Reading all that is recorded of some keys, as it was said: what an export hands out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, or_, select

from motfunnel.domain.instant import iso
from motfunnel.store.tables import Tables


def recorded_events(
    connection: Connection, tables: Tables, tenant: str, keys: Sequence[str]
) -> list[dict[str, Any]]:
    """Read the events of some keys, ready for JSON, in the order in which they happened."""
    e = tables.events.c
    mine = select(tables.events).where(e.tenant == tenant, e.contact.in_(keys))
    rows = connection.execute(mine.order_by(e.occurred_at, e.id)).all()
    return [
        {
            "event": row.event,
            "occurred_at": iso(row.occurred_at),
            "recorded_at": iso(row.recorded_at),
            "recorded_as": row.contact,
            "id": row.id,
            "signal": row.signal,
            "alive": bool(row.alive),
            "properties": row.properties,
        }
        for row in rows
    ]


def recorded_merges(
    connection: Connection, tables: Tables, tenant: str, keys: Sequence[str]
) -> list[dict[str, Any]]:
    """Read which of some keys were merged into which, ready for JSON, oldest first."""
    p = tables.aliases.c
    mine = select(tables.aliases).where(
        p.tenant == tenant, or_(p.alias.in_(keys), p.contact.in_(keys))
    )
    return [
        {
            "alias": row.alias,
            "contact": row.contact,
            "merged_at": iso(row.merged_at),
            "unmerged_at": None if row.unmerged_at is None else iso(row.unmerged_at),
        }
        for row in connection.execute(mine.order_by(p.merged_at, p.alias)).all()
    ]
