"""Tombstones: of who was erased a mark, and until when what comes of them is refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from attrs import frozen
from sqlalchemy import Connection, select

from motfunnel.domain.instant import EPOCH
from motfunnel.domain.marker import Marker
from motfunnel.errors import TombstoneError
from motfunnel.store.chunks import chunks
from motfunnel.store.tables import Tables
from motfunnel.store.upsert import insert_or_keep, insert_or_update


@frozen
class Tombstone:
    """That somebody was erased.

    Attributes:
        mark: a keyed hash of one of its keys.
        erased_at: when; what it did until then is not taken again.
    """

    mark: str
    erased_at: datetime


def put_tombstones(
    connection: Connection, tables: Tables, tenant: str, tombstones: Iterable[Tombstone]
) -> None:
    """Put tombstones down; of two of one mark the later stays."""
    new = {one.mark: one.erased_at for one in tombstones}
    stood = find_tombstones(connection, tables, tenant, new)
    rows = [
        {"tenant": tenant, "mark": mark, "erased_at": at}
        for mark, at in new.items()
        if mark not in stood or stood[mark] < at
    ]
    if rows:
        put = insert_or_update(tables.tombstones, connection.dialect, ["erased_at"])
        connection.execute(put, rows)


def find_tombstones(
    connection: Connection, tables: Tables, tenant: str, marks: Collection[str]
) -> dict[str, datetime]:
    """Find which of some marks stand, and since when."""
    t = tables.tombstones.c
    found: dict[str, datetime] = {}
    for some in chunks(marks):
        mine = select(t.mark, t.erased_at).where(t.tenant == tenant, t.mark.in_(some))
        found |= {row.mark: row.erased_at for row in connection.execute(mine)}
    return found


def all_tombstones(connection: Connection, tables: Tables, tenant: str) -> list[Tombstone]:
    """Read all tombstones of a tenant."""
    t = tables.tombstones.c
    mine = select(t.mark, t.erased_at).where(t.tenant == tenant, t.erased_at > EPOCH)
    found = connection.execute(mine.order_by(t.mark))
    return [Tombstone(row.mark, row.erased_at) for row in found]


def has_tombstones(connection: Connection, tables: Tables, tenant: str) -> bool:
    """Whether anybody has one."""
    t = tables.tombstones.c
    mine = select(t.mark).where(t.tenant == tenant, t.erased_at > EPOCH)
    return connection.scalar(mine.limit(1)) is not None


def check_marker(connection: Connection, tables: Tables, tenant: str, marker: Marker) -> bool:
    """Make sure that the secret is the one that tombstones were made with; whether it is known.

    Raises:
        TombstoneError: they were made with another.
    """
    t = tables.tombstones.c
    known = select(t.mark).where(t.tenant == tenant, t.erased_at == EPOCH)
    found = connection.scalars(known).all()
    if found and marker.check not in found:
        raise TombstoneError("contacts were erased with another tombstone_key; give it that one")
    return bool(found)


def keep_marker(connection: Connection, tables: Tables, tenant: str, marker: Marker) -> None:
    """Put down by what the secret is known, as what was erased at the epoch, where nothing is.

    Raises:
        TombstoneError: tombstones were made with another.
    """
    if not check_marker(connection, tables, tenant, marker):
        row = {"tenant": tenant, "mark": marker.check, "erased_at": EPOCH}
        connection.execute(insert_or_keep(tables.tombstones, connection.dialect), row)
