"""Whether anything of a tenant had been recorded by an instant. Writes nothing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from motfunnel.store.tables import Tables


def is_anything_known(
    connection: Connection, tables: Tables, tenant: str, known_by: datetime
) -> bool:
    """Whether any event had been recorded by an instant."""
    e = tables.events.c
    one = select(e.id).where(e.tenant == tenant, e.recorded_at <= known_by).limit(1)
    return connection.execute(one).first() is not None
