"""The table of traits, held against the events that said them; each function a statement or two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, insert, select

from motfunnel.domain.event import IDENTIFY
from motfunnel.store.rows import read_event, trait_rows
from motfunnel.store.tables import Tables


def stored_traits(
    connection: Connection, tables: Tables, tenant: str, contacts: Sequence[str]
) -> dict[str, list[tuple[str, str, str]]]:
    """Read the traits of some contacts: of each the event, the trait and the value, sorted."""
    t = tables.traits.c
    mine = select(t.owner, t.event_id, t.trait, t.value).where(
        t.tenant == tenant, t.owner.in_(contacts)
    )
    found: dict[str, list[tuple[str, str, str]]] = {}
    for owner, *said in connection.execute(mine).all():
        found.setdefault(owner, []).append((said[0], said[1], said[2]))
    return {owner: sorted(said) for owner, said in found.items()}


def remake_traits(
    connection: Connection, tables: Tables, tenant: str, owners: Mapping[str, str]
) -> None:
    """Write the traits of some keys anew from their events, each for its owner."""
    t, e = tables.traits.c, tables.events.c
    keys = sorted(owners)
    connection.execute(delete(tables.traits).where(t.tenant == tenant, t.contact.in_(keys)))
    said = select(tables.events).where(e.tenant == tenant, e.contact.in_(keys), e.event == IDENTIFY)
    rows = [
        row
        for found in connection.execute(said).mappings().all()
        for row in trait_rows(
            owners[found["contact"]], read_event(dict(found)), found["recorded_at"], tenant
        )
    ]
    if rows:
        connection.execute(insert(tables.traits), rows)
