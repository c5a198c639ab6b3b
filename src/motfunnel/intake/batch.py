"""A batch: some thousand rows that are written in one transaction, or not at all.

Settles what one id with two contents means: of rows in one batch the first in the order of events
stays, and what was written before stays in any case; the others are rejected.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from attrs import define, field

from motfunnel.domain.event import Event
from motfunnel.domain.funnel import Funnel
from motfunnel.domain.journey import make_entry
from motfunnel.intake.source import Raw
from motfunnel.store.imports import EventRow, Transaction, add_event_rows, stored_events
from motfunnel.store.ledger import Ledger
from motfunnel.store.types import read_instant

if TYPE_CHECKING:
    from motfunnel.tracking.tracker import Tracker

CONFLICT = "the id {!r} is taken by an event with other content, which stays as it was"


class Taken(NamedTuple):
    """A row that has become an event."""

    raw: Raw
    row: EventRow


class Refused(NamedTuple):
    """A row that cannot be taken, and why."""

    raw: Raw
    reason: str


@define
class Batch:
    """Rows on their way into the store.

    Attributes:
        taken: those that can be taken.
        refused: those that cannot.
        has_ids: whether the file brings ids, so that two contents may share one.
    """

    has_ids: bool
    taken: list[Taken] = field(factory=list)
    refused: list[Refused] = field(factory=list)

    def settle(self, funnel: Funnel) -> list[Taken]:
        """Give one row for each id; refuse those that another contradicts."""
        if not self.has_ids:
            return self.taken
        alike: dict[tuple[str, str], list[Taken]] = {}
        for one in self.taken:
            key = (one.row.contact, one.row.id)
            stay, go = alike.setdefault(key, []), [one]
            if not stay or _event(stay[0].row).same_as(_event(one.row)):
                stay.append(one)
                continue
            if _place(one.row, funnel) < _place(stay[0].row, funnel):
                alike[key], go = go, stay
            self.refused += [Refused(other.raw, CONFLICT.format(one.row.id)) for other in go]
        return [same[0] for same in alike.values()]


def write_events(
    connection: Transaction, tracker: Tracker, batch: Batch, recorded_at: datetime
) -> tuple[int, list[Refused]]:
    """Write a batch's events, with their contacts locked.

    Returns:
        How many were new, and which rows cannot be taken after all.
    """
    refused = len(batch.refused)
    settled = batch.settle(tracker.funnel)
    refusals = [*batch.refused]
    del batch.refused[refused:]  # so that the batch can be written anew
    rows = [one.row for one in settled]
    tables, tenant = tracker.database.tables, tracker.tenant
    ledger = Ledger(connection, tables.schema, tenant)
    with connection.begin_nested() as writing:
        ledger.mark_contacts({row.contact for row in rows}, tracker.funnel)
        added = add_event_rows(connection, tables, tenant, rows, recorded_at)
        if not added:
            writing.rollback()  # and no contact needs a fold
    if added < len(rows):
        keys = [(row.contact, row.id) for row in rows]
        stored = stored_events(connection, tables, tenant, keys)
        refusals += _contradicted(settled, stored)
    return added, refusals


def _contradicted(settled: Sequence[Taken], stored: Iterable[Event]) -> list[Refused]:
    by_key = {(event.contact, event.id): event for event in stored}
    return [
        Refused(one.raw, CONFLICT.format(one.row.id))
        for one in settled
        if not _event(one.row).same_as(by_key[one.row.contact, one.row.id])
    ]


def _event(row: EventRow) -> Event:
    properties: dict[str, Any] = json.loads(row.properties)
    return Event(
        contact=row.contact,
        name=row.event,
        occurred_at=read_instant(row.occurred_at),
        id=row.id,
        properties=properties,
    )


def _place(row: EventRow, funnel: Funnel) -> tuple[Any, ...]:
    event = _event(row)
    return make_entry(event, funnel.read_stored(event.name, event.properties)).place
