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
from motfunnel.store.faults import FAULTS, Fault, fault_of, name_of
from motfunnel.store.host import savepoint
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


class _NothingNew(Exception):
    """Undoes a savepoint: no event of it is new, and so no contact needs a fold."""


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
    tables, tenant = tracker.database.tables, tracker.tenant
    ledger = Ledger(connection, tables.schema, tenant)
    refused_here: list[Refused] = []
    added = _write(ledger, tracker.funnel, settled, recorded_at, refused_here)
    if refused_here:
        gone = {id(one.raw) for one in refused_here}
        settled = [one for one in settled if id(one.raw) not in gone]
    if added < len(settled):
        keys = [(one.row.contact, one.row.id) for one in settled]
        stored = stored_events(connection, tables, tenant, keys)
        refusals += _contradicted(settled, stored)
    return added, refusals + refused_here


def _write(
    ledger: Ledger,
    funnel: Funnel,
    some: Sequence[Taken],
    recorded_at: datetime,
    refused: list[Refused],
) -> int:
    """Write rows, and count the new; where the database refuses one, halve them until it is alone.

    Args:
        ledger: whose contacts, and where.
        funnel: of contacts that are new.
        some: the rows.
        recorded_at: when.
        refused: takes those that are refused.
    """
    connection, tables = ledger.connection, ledger.tables
    try:
        with savepoint(connection):
            ledger.mark_contacts({one.row.contact for one in some}, funnel)
            rows = [one.row for one in some]
            added = add_event_rows(connection, tables, ledger.tenant, rows, recorded_at)
            if not added:
                raise _NothingNew
            return added
    except _NothingNew:
        return 0
    except FAULTS as error:
        if fault_of(error) is not Fault.REFUSED:
            raise
        if len(some) == 1:
            refused.append(Refused(some[0].raw, f"the database refuses it ({name_of(error)})"))
            return 0
    half = len(some) // 2
    return sum(
        _write(ledger, funnel, part, recorded_at, refused) for part in (some[:half], some[half:])
    )


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
