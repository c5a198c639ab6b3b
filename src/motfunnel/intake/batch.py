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

from motfunnel.domain.event import IDENTIFY, Event, EventRow
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import instant_text
from motfunnel.domain.journey import make_entry
from motfunnel.domain.marker import Marker
from motfunnel.errors import ErasedError, TombstoneError
from motfunnel.intake.files.source import Raw
from motfunnel.intake.rows import CONFLICT
from motfunnel.store.engine.faults import FAULTS, Fault, fault_of, name_of
from motfunnel.store.hosts.transaction import savepoint
from motfunnel.store.ledger.imports import (
    Transaction,
    add_event_rows,
    find_same,
    stored_events,
)
from motfunnel.store.ledger.ledger import Ledger
from motfunnel.store.ledger.statements import SOME
from motfunnel.store.ledger.tombstones import (
    check_marker,
    find_redactions,
    find_tombstones,
    has_tombstones,
    redacted_contacts,
)
from motfunnel.store.schema.dialects import chunks
from motfunnel.store.schema.types import read_instant

if TYPE_CHECKING:
    from motfunnel.trackers.tracker import Tracker


class Taken(NamedTuple):
    """A row that has become an event.

    Attributes:
        raw: the row.
        row: the event.
        is_state: whether the row says how things stand, so that what else it says may change, and
            the first that was taken stays.
    """

    raw: Raw
    row: EventRow
    is_state: bool = False


class Refused(NamedTuple):
    """A row that cannot be taken, and why; of one whose contact was erased nothing is kept.

    Attributes:
        raw: the row.
        reason: why.
        is_erased: whether its contact was erased.
        contact: whose it is, of one that says so, but cannot be read; else None.
    """

    raw: Raw
    reason: str
    is_erased: bool = False
    contact: str | None = None


class _NothingNew(Exception):
    """Undoes a savepoint: no event of it is new, and so no contact needs a fold."""


class _ErasedMeanwhile(Exception):
    """Somebody was erased between the look and the lock."""


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
            if not stay or one.is_state or _event(stay[0].row).same_as(_event(one.row)):
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
    refusals = _emptied(ledger, tracker, refusals)
    while True:
        refused_here: list[Refused] = []
        taken, erased = _part_erased(ledger, tracker.marker, settled)
        taken = _without_redacted(ledger, tracker.marker, taken)
        try:
            with savepoint(connection):
                added = _write(ledger, tracker, taken, recorded_at, refused_here)
                gone = {id(one.raw) for one in refused_here}
                kept = [one for one in taken if id(one.raw) not in gone]
                contradicted: list[Refused] = []
                if added < len(kept):
                    same = find_same(connection, tables, tenant, [one.row for one in kept])
                    kept = [one for one in kept if one.row[:2] not in same]
                    stored = stored_events(connection, tables, tenant, [o.row[:2] for o in kept])
                    contradicted = _contradicted(kept, stored)
        except _ErasedMeanwhile:
            continue
        return added, [*refusals, *erased, *contradicted, *refused_here]


def _write(
    ledger: Ledger,
    tracker: Tracker,
    some: Sequence[Taken],
    recorded_at: datetime,
    refused: list[Refused],
) -> int:
    """Write rows, and count the new; where the database refuses one, halve them until it is alone.

    Args:
        ledger: whose contacts, and where.
        tracker: whose funnel contacts that are new get.
        some: the rows.
        recorded_at: when.
        refused: takes those that are refused.
    """
    try:
        with savepoint(ledger.connection):
            ledger.mark_contacts({one.row.contact for one in some}, tracker.funnel)
            if _is_changed(ledger, tracker.marker, some):
                raise _ErasedMeanwhile
            if added := _add(ledger, [one.row for one in some], recorded_at):
                return added
            raise _NothingNew
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
        _write(ledger, tracker, part, recorded_at, refused) for part in (some[:half], some[half:])
    )


def _add(ledger: Ledger, rows: Sequence[EventRow], recorded_at: datetime) -> int:
    """Add events, and the traits that the new ones of them say; how many were new."""
    connection, tables, tenant = ledger.connection, ledger.tables, ledger.tenant
    said = {(row.contact, row.id): row for row in rows if row.event == IDENTIFY}
    for event in stored_events(connection, tables, tenant, [*said]):
        del said[event.contact, event.id]
    added = add_event_rows(connection, tables, tenant, rows, recorded_at)
    if said:
        owners = ledger.find_aliases(sorted({contact for contact, _ in said}))
        for row in said.values():
            ledger.add_traits(owners.get(row.contact, row.contact), _event(row), recorded_at)
    return added


def check_tombstone_key(tracker: Tracker) -> None:
    """Make sure that whoever was erased can be known.

    Raises:
        TombstoneError: there are tombstones, and the tracker has no key, or another.
    """
    with tracker.database.read() as connection:
        where = (connection, tracker.database.tables, tracker.tenant)
        if tracker.marker is not None:
            check_marker(*where, tracker.marker)
        elif has_tombstones(*where):
            raise TombstoneError(
                "contacts were erased with a tombstone_key; give the tracker the same, so that "
                "nothing brings them back (on the command line: MOTFUNNEL_TOMBSTONE_KEY)"
            )


def _part_erased(
    ledger: Ledger, marker: Marker | None, settled: Sequence[Taken]
) -> tuple[Sequence[Taken], list[Refused]]:
    """Refuse the rows from before the erasure of their contacts."""
    if marker is None:
        return settled, []
    marks = {contact: marker.mark(contact) for contact in {one.row.contact for one in settled}}
    stones = find_tombstones(ledger.connection, ledger.tables, ledger.tenant, marks.values())
    until = {key: instant_text(stones[mark]) for key, mark in marks.items() if mark in stones}
    if not until:
        return settled, []
    taken: list[Taken] = []
    erased: list[Refused] = []
    for one in settled:
        if one.row.contact in until and one.row.occurred_at <= until[one.row.contact]:
            erased.append(Refused(one.raw, ErasedError().reason, is_erased=True))
        else:
            taken.append(one)
    return taken, erased


def _emptied(ledger: Ledger, tracker: Tracker, refused: list[Refused]) -> list[Refused]:
    """Have nothing kept of rows that cannot be read of contacts that were erased.

    Locks those that are there, so that an erasure comes before this or finds what is kept.
    """
    marker, keys = tracker.marker, sorted({one.contact for one in refused if one.contact})
    if marker is None or not keys:
        return refused
    for some in chunks(keys, SOME):
        ledger.lock_contacts(some, tracker.funnel)
    marks = {key: marker.mark(key) for key in keys}
    stones = find_tombstones(ledger.connection, ledger.tables, ledger.tenant, marks.values())
    gone = {key for key, mark in marks.items() if mark in stones}
    return [one._replace(is_erased=True) if one.contact in gone else one for one in refused]


def _without_redacted(
    ledger: Ledger, marker: Marker | None, taken: Sequence[Taken]
) -> Sequence[Taken]:
    """Leave out the rows of which an erasure has left something: they were taken before."""
    where = (ledger.connection, ledger.tables, ledger.tenant)
    contacts = redacted_contacts(*where) & {one.row.contact for one in taken}
    if not contacts:
        return taken
    found = find_redactions(*where, contacts)

    def is_known(one: Taken) -> bool:
        left = found.get(one.row.contact, ())
        return bool(left) and any(
            each.is_of(_event(one.row), marker, is_dated=True) for each in left
        )

    return [one for one in taken if not is_known(one)]


def _is_changed(ledger: Ledger, marker: Marker | None, some: Sequence[Taken]) -> bool:
    """Whether an erasure has come before the lock: what it left is known only now."""
    if _part_erased(ledger, marker, some)[1]:
        return True
    return len(_without_redacted(ledger, marker, some)) < len(some)


def _contradicted(settled: Sequence[Taken], stored: Iterable[Event]) -> list[Refused]:
    by_key = {(event.contact, event.id): event for event in stored}
    refused: list[Refused] = []
    for one in settled:
        event = by_key.get((one.row.contact, one.row.id))
        if event is None:  # nothing of it was new, so its contact is not locked any more
            raise _ErasedMeanwhile
        if not one.is_state and not _event(one.row).same_as(event):
            refused.append(Refused(one.raw, CONFLICT.format(one.row.id)))
    return refused


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
