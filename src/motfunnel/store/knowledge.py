"""When a tenant's events began to be recorded: what nobody could know before. Writes nothing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from motfunnel.store.tables import Tables


def first_recorded(
    connection: Connection, tables: Tables, tenant: str, known_by: datetime
) -> datetime | None:
    """When the first event was recorded, if none was by an instant; None: some were, or none is."""
    e = tables.events.c
    mine = e.tenant == tenant
    by_then = select(e.id).where(mine, e.recorded_at <= known_by).limit(1)
    if connection.execute(by_then).first() is not None:
        return None
    first = func.min(e.recorded_at, type_=e.recorded_at.type)
    return connection.execute(select(first).where(mine)).scalar()
