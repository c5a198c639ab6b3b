"""What is kept so that an erasure lasts: tombstones and redactions.

A tombstone is a mark of who was erased, until when what comes of them is refused. A redaction says
which event of another contact named them, and what of it is gone. Neither holds a key.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime

from attrs import frozen
from sqlalchemy import Connection, delete, select
from sqlalchemy import insert as sql_insert

from motfunnel.domain.event import Event, given, same_content, to_json
from motfunnel.domain.instant import EPOCH
from motfunnel.domain.marker import Marker
from motfunnel.domain.scrubber import ERASED
from motfunnel.errors import TombstoneError
from motfunnel.store.ledger.rows import read_event
from motfunnel.store.schema.dialects import chunks, insert_or_keep, insert_or_update
from motfunnel.store.schema.tables import Tables

_NAME, _ID = "event", "id"


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


@frozen(kw_only=True)
class Redaction:
    """An event that no longer says all that it said.

    Attributes:
        event: what is left of it.
        parts: what is not as it was said: ``event``, ``id``, and properties behind a dot.
        mark: of the id that it had, where that was changed and there is a secret; else None.
        was: the id under which it was stored before; the same, where it was not changed now.
    """

    event: Event
    parts: frozenset[str]
    mark: str | None = None
    was: str = ""

    def is_of(
        self, event: Event, marker: Marker | None, *, is_dated: bool, ambient: Collection[str] = ()
    ) -> bool:
        """Whether this is what is left of an event that is said again."""
        left = self.event
        if _ID in self.parts:
            if self.mark is not None and marker is not None:
                is_it = self.mark == marker.mark(event.contact, event.id)
                is_then = not is_dated or left.occurred_at == event.occurred_at
                return is_it and is_then and self._has_the_rest(event, ambient)
        elif left.id != event.id:
            return False
        is_then = left.occurred_at == event.occurred_at or (not is_dated and left.id == event.id)
        return is_then and self._has_the_rest(event, ambient)

    def _has_the_rest(self, event: Event, ambient: Collection[str]) -> bool:
        left, gone = self.event, {part[1:] for part in self.parts if part.startswith(".")}
        but = gone | {*ambient}
        rest, said = given(left.properties, but), given(event.properties, but)
        if ERASED in gone:  # a property's name, whatever it was
            said = {name: value for name, value in said.items() if name in rest}
        is_there = gone - {ERASED} <= event.properties.keys()
        is_named = _NAME in self.parts or left.name == event.name
        return is_there and is_named and same_content(rest, said)


def redaction(stored: Event, cleaned: Event, marker: Marker | None) -> Redaction:
    """Say what of an event is not as it was."""
    parts = {_NAME} if stored.name != cleaned.name else set()
    parts |= {_ID} if stored.id != cleaned.id else set()
    before, after = stored.properties, cleaned.properties
    parts |= {f".{name}" for name in after if name not in before or before[name] != after[name]}
    mark = marker.mark(stored.contact, stored.id) if marker and _ID in parts else None
    return Redaction(event=cleaned, parts=frozenset(parts), mark=mark, was=stored.id)


def put_redactions(
    connection: Connection, tables: Tables, tenant: str, redactions: Iterable[Redaction]
) -> None:
    """Note which events are not as they were said; of one that was so before, all of it."""
    table, r = tables.redactions, tables.redactions.c
    for one in redactions:
        mine = (r.tenant == tenant) & (r.contact == one.event.contact) & (r.id == one.was)
        before = connection.execute(select(r.parts, r.mark).where(mine)).one_or_none()
        parts = {*one.parts, *(json.loads(before.parts) if before else ())}
        parts &= {_NAME, _ID, *(f".{name}" for name in one.event.properties)}
        connection.execute(delete(table).where(mine))
        row = {
            "tenant": tenant,
            "contact": one.event.contact,
            "id": one.event.id,
            "mark": before.mark if before and before.mark else one.mark,
            "parts": to_json(sorted(parts)),
        }
        connection.execute(sql_insert(table).values(row))


def find_redactions(
    connection: Connection, tables: Tables, tenant: str, contacts: Collection[str]
) -> dict[str, list[Redaction]]:
    """Find what is left of the events of some contacts that named somebody, by contact."""
    r, e = tables.redactions.c, tables.events.c
    same = (e.tenant == r.tenant) & (e.contact == r.contact) & (e.id == r.id)
    found: dict[str, list[Redaction]] = {}
    for some in chunks(contacts):
        mine = (
            select(*tables.events.columns, r.parts, r.mark)
            .join(tables.redactions, same)
            .where(r.tenant == tenant, r.contact.in_(some))
        )
        for row in connection.execute(mine).mappings():
            parts = frozenset(json.loads(row["parts"]))
            left = Redaction(event=read_event(dict(row)), parts=parts, mark=row["mark"])
            found.setdefault(left.event.contact, []).append(left)
    return found


def redacted_contacts(connection: Connection, tables: Tables, tenant: str) -> set[str]:
    """All keys under which there is such an event."""
    r = tables.redactions.c
    return {*connection.scalars(select(r.contact).where(r.tenant == tenant).distinct())}
