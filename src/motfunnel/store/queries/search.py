"""Looking for contacts by a part of their keys."""

from __future__ import annotations

from sqlalchemy import Connection, case, func, select

from motfunnel.store.schema.tables import Tables


def find_contacts(
    connection: Connection, tables: Tables, tenant: str, part: str, limit: int
) -> list[str]:
    """Keys that have a text in them, in capitals or not: first the key itself, then beginnings.

    Keys that were merged into others are among them; who was erased is not.
    """
    c = tables.contacts.c
    key, sought = func.lower(c.contact), part.lower()
    rank = case((c.contact == part, 0), (key.startswith(sought, autoescape=True), 1), else_=2)
    found = (
        select(c.contact)
        .where(c.tenant == tenant, c.erased_at.is_(None), key.contains(sought, autoescape=True))
        .order_by(rank, c.contact)
        .limit(limit)
    )
    return list(connection.execute(found).scalars())
