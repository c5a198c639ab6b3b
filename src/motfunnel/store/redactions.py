"""Redactions: which events of others named somebody who was erased, and what of them is gone.

By what is left such an event is known again when it comes once more, so that it counts once.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable

from attrs import frozen
from sqlalchemy import Connection, delete, select
from sqlalchemy import insert as sql_insert

from motfunnel.domain.event import Event, same_content, to_json
from motfunnel.domain.marker import Marker
from motfunnel.domain.scrubber import ERASED
from motfunnel.store.chunks import chunks
from motfunnel.store.rows import read_event
from motfunnel.store.tables import Tables

_NAME, _ID = "event", "id"


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
        rest = {name: value for name, value in left.properties.items() if name not in but}
        said = {name: value for name, value in event.properties.items() if name not in but}
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
