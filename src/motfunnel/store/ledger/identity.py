"""Whose key each is: pointers from a merged key to its contact, and when each was in force.

A pointer is never deleted when it is lifted, so that an earlier knowledge can be asked for. Moves
no events: they stay under the key that they were recorded under. Locks nothing; the caller has.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, or_, select, update

from motfunnel.store.schema.dialects import chunks
from motfunnel.store.schema.tables import Tables
from motfunnel.store.schema.types import MARIADB


def pointers(
    connection: Connection, tables: Tables, tenant: str, keys: Collection[str]
) -> dict[str, str]:
    """Read the pointers in force of some keys: from each the key that it was merged into."""
    p = tables.aliases.c
    found: dict[str, str] = {}
    for some in chunks(keys):
        in_force = select(p.alias, p.contact).where(
            p.tenant == tenant, p.alias.in_(some), p.unmerged_at.is_(None)
        )
        found |= {row.alias: row.contact for row in connection.execute(_now(connection, in_force))}
    return found


def lifted_pointers(
    connection: Connection, tables: Tables, tenant: str, keys: Collection[str]
) -> set[tuple[str, str]]:
    """Read the pointers of some keys that were lifted: the key, and what it had pointed to."""
    p = tables.aliases.c
    found: set[tuple[str, str]] = set()
    for some in chunks(keys):
        lifted = select(p.alias, p.contact).where(
            p.tenant == tenant, p.alias.in_(some), p.unmerged_at.is_not(None)
        )
        found |= {(row.alias, row.contact) for row in connection.execute(lifted)}
    return found


def put_pointer(
    connection: Connection, tables: Tables, tenant: str, alias: str, contact: str, at: datetime
) -> None:
    """Point a key to the one that it is merged into."""
    p = tables.aliases.c
    last = select(func.max(p.ordinal)).where(p.tenant == tenant, p.alias == alias)
    found = connection.scalar(_now(connection, last))
    row = {"tenant": tenant, "alias": alias, "contact": contact, "merged_at": at}
    connection.execute(
        insert(tables.aliases).values(row | {"ordinal": 1 if found is None else found + 1})
    )


def lift_pointer(
    connection: Connection, tables: Tables, tenant: str, alias: str, at: datetime
) -> None:
    """Say that a key points nowhere any more."""
    p = tables.aliases.c
    connection.execute(
        update(tables.aliases)
        .where(p.tenant == tenant, p.alias == alias, p.unmerged_at.is_(None))
        .values(unmerged_at=at)
    )


def set_owner(
    connection: Connection, tables: Tables, tenant: str, keys: Collection[str], owner: str | None
) -> None:
    """Say to which contact some keys belong; None: each is a contact of its own."""
    c = tables.contacts.c
    for some in chunks(keys):
        connection.execute(
            update(tables.contacts)
            .where(c.tenant == tenant, c.contact.in_(some))
            .values(merged_into=owner)
        )


def move_traits(
    connection: Connection, tables: Tables, tenant: str, keys: Collection[str], to: str
) -> None:
    """Give a contact the traits that were recorded under some keys."""
    t = tables.traits.c
    for some in chunks(keys):
        connection.execute(
            update(tables.traits).where(t.tenant == tenant, t.contact.in_(some)).values(owner=to)
        )


def known_pointers(
    connection: Connection, tables: Tables, tenant: str, known_by: datetime
) -> dict[str, str]:
    """Read the pointers that were in force, by what had been recorded at an instant."""
    p = tables.aliases.c
    then = select(p.alias, p.contact).where(
        p.tenant == tenant,
        p.merged_at <= known_by,
        or_(p.unmerged_at.is_(None), p.unmerged_at > known_by),
    )
    return {row.alias: row.contact for row in connection.execute(then)}


def follow(pointers: Mapping[str, str], key: str) -> str:
    """Give the key at the end of the pointers.

    >>> follow({"a": "b", "b": "c"}, "a")
    'c'
    """
    seen = {key}
    while key in pointers and pointers[key] not in seen:  # clocks that disagree may make a circle
        key = pointers[key]
        seen.add(key)
    return key


def _now(connection: Connection, statement: Select[Any]) -> Select[Any]:
    """Read what others have committed, even where a host's transaction on MariaDB began before."""
    if connection.dialect.name in MARIADB:
        return statement.with_for_update(read=True)
    return statement
