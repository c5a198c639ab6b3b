"""Trying rejects again, after the funnel was mended or the form of the instants was told.

A row or a call that is taken now leaves the table of rejects in the same transaction. A row whose
content is recorded already, under the id that it would get, is that event, and leaves too. Tells no
handlers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from attrs import define, evolve, field

from motfunnel.errors import ErasedError, EventError, SourceError, StoreError
from motfunnel.intake.batch import Batch, Refused, Taken, check_tombstone_key, write_events
from motfunnel.intake.files.columns import Columns
from motfunnel.intake.files.source import Raw
from motfunnel.intake.importer import REASONS, Imported, Progress, row_reader
from motfunnel.intake.links import Links
from motfunnel.intake.rejects import PREFIX
from motfunnel.intake.rows import RowReader
from motfunnel.store.database.retry import ask, persist
from motfunnel.store.ledger.confirm import are_gone
from motfunnel.store.ledger.imports import Transaction
from motfunnel.store.ledger.rejects import (
    COLUMNS,
    ROW,
    Reject,
    drop_rejects,
    find_changed,
    put_reasons,
    read_rejects,
    replace_reject,
)
from motfunnel.tracking.recording.call import Outcome, Tracked
from motfunnel.tracking.recording.entry import MARK, SOURCE, SetAside, reason_of
from motfunnel.tracking.recording.refusal import is_refusal, refused

if TYPE_CHECKING:
    from motfunnel.trackers.tracker import Tracker
    from motfunnel.tracking.recording.recorder import Said

_AT_ONCE: Final = 5_000


def retry_rejects(
    tracker: Tracker,
    *,
    source: str | None = None,
    progress: Callable[[str, int], object] | None = None,
    **mended: str | None,
) -> Imported:
    """Take the rejects again that can be taken now; the others stay, with their new reasons.

    Args:
        tracker: whose store, and by which funnel.
        source: only those of files with this name.
        progress: is called with ``rows`` or ``contacts`` and how many are done.
        mended: what is to be understood otherwise than when they were rejected: contact, event,
            at, id, timezone, at_format.

    Raises:
        SourceError: there is no such zone or form of instants.
    """
    check_tombstone_key(tracker)
    tracker.keep_funnel()
    changes = {name: value for name, value in mended.items() if value is not None}
    retry = _Retry(tracker, source, changes, progress or (lambda _, __: None))
    return retry.run()


@define
class _Retry:
    """A retry on its way."""

    tracker: Tracker
    source: str | None
    changes: dict[str, Any]
    progress: Progress
    readers: dict[tuple[str, Columns], RowReader] = field(factory=dict)
    links: Links = field(factory=Links)
    reasons: list[tuple[int, str]] = field(factory=list)

    def run(self) -> Imported:
        """Try all rejects, some at a time, then fold."""
        rows = added = rejected = 0
        after = ""
        while some := self._some(after):
            after = some[-1].id
            new, left = self._retry(some)
            if len(self.reasons) < REASONS:
                self.reasons += [(one.line, one.reason) for one in left[:REASONS]]
            rows, added, rejected = rows + len(some), added + new, rejected + len(left)
            self.progress("rows", rows)
        self.links.apply(self.tracker)
        contacts = self.tracker.finish(progress=lambda count: self.progress("contacts", count))
        return Imported(
            source=self.source or "rejects",
            rows=rows,
            added=added,
            duplicates=rows - added - rejected,
            rejected=rejected,
            contacts=contacts,
            reasons=tuple(self.reasons[:REASONS]),
            remarks=tuple(self.links.remarks()),
            unmapped=tuple(dict.fromkeys(n for r in self.readers.values() for n in r.unmapped)),
        )

    def _retry(self, some: Sequence[Reject]) -> tuple[int, list[Reject]]:
        """Try some rejects; how many came, and which stay."""
        new, said_left, rows = _retry_calls(self.tracker, some)
        batch, stay = self._read(rows)
        now = self.tracker.interpreter.clock()
        confirm = partial(self._is_written, some=rows)
        while True:
            write = partial(self._write, some=rows, batch=batch, stay=stay, now=now)
            try:
                added, left = persist(self.tracker.database, write, confirm=confirm)
            except _Changed as meanwhile:
                batch.taken = [one for one in batch.taken if _id_of(one) not in meanwhile.ids]
                stay |= dict.fromkeys(meanwhile.ids, "it has changed or gone meanwhile")
            else:
                for reader in self.readers.values():
                    self.links.take(reader.links, self.tracker)
                return new + added, sorted([*said_left, *left], key=attrgetter("id"))

    def _is_written(
        self,
        connection: Transaction,
        written: tuple[int, list[Reject]],
        some: Sequence[Reject],
    ) -> bool:
        """Whether what left the rejects, as far as we were answered, is gone."""
        stays = {reject.id for reject in written[1]}
        gone = [reject.id for reject in some if reject.id not in stays]
        tables, tenant = self.tracker.database.tables, self.tracker.tenant
        return bool(gone) and are_gone(connection, tables, tenant, gone)

    def _some(self, after: str) -> list[Reject]:
        database = self.tracker.database

        def read() -> list[Reject]:
            with database.read() as connection:
                return read_rejects(
                    connection,
                    database.tables,
                    self.tracker.tenant,
                    after=after,
                    source=self.source,
                    most=_AT_ONCE,
                )

        return ask(database, read)

    def _read(self, some: Sequence[Reject]) -> tuple[Batch, dict[str, str]]:
        """Read rejects anew: the batch of those that can be, and the reasons of the others."""
        batch, stay = Batch(has_ids=True), {}
        for reject in some:
            kept = json.loads(reject.payload)
            if ROW not in kept:
                stay[reject.id] = reject.reason
                continue
            try:
                reader = self._reader(reject, kept[COLUMNS])
                row = reader.read(kept[ROW])
                raw = Raw(reject.line, {"reject": reject.id})
                batch.taken.append(Taken(raw, row, reader.is_state))
            except ValueError as error:
                stay[reject.id] = getattr(error, "reason", str(error))
        return batch, stay

    def _reader(self, reject: Reject, written: dict[str, Any]) -> RowReader:
        """The reader of the reject's file: identical rows are counted file by file."""
        columns = Columns.from_dict(written | self.changes)
        key = (reject.id[:PREFIX], columns)
        if key not in self.readers:
            try:
                self.readers[key] = row_reader(self.tracker, columns)
            except ValueError as error:
                raise SourceError(str(error)) from None
        return self.readers[key]

    def _write(
        self,
        connection: Transaction,
        some: Sequence[Reject],
        batch: Batch,
        stay: dict[str, str],
        now: datetime,
    ) -> tuple[int, list[Reject]]:
        """Write what can be taken, and let it leave the rejects; how many came, how many stay."""
        tracker, tables = self.tracker, self.tracker.database.tables
        added, refused = write_events(connection, tracker, batch, now)
        reasons = stay | {_id_of(one): one.reason for one in refused}
        left = [evolve(one, reason=reasons[one.id]) for one in some if one.id in reasons]
        taken = [one for one in some if one.id not in reasons]
        # The contacts are locked by now, as an erasure locks them first, and rejects after them.
        if changed := find_changed(connection, tables, tracker.tenant, taken):
            raise _Changed(changed)
        put_reasons(connection, tables, tracker.tenant, left, now)
        erased = {_id_of(one) for one in refused if one.is_erased}
        for one in left:
            if one.id in erased:
                empty = evolve(one, contact=None, event=None, payload="{}")
                replace_reject(connection, tables, tracker.tenant, one.id, empty)
        drop_rejects(connection, tables, tracker.tenant, [one.id for one in taken])
        return added, left


class _Changed(Exception):
    """Rejects have changed, or gone, since they were read."""

    def __init__(self, ids: Collection[str]) -> None:
        super().__init__(len(ids))
        self.ids = ids


def _id_of(row: Taken | Refused) -> str:
    return str(row.raw.cells["reject"])


def _retry_calls(
    tracker: Tracker, rejects: Sequence[Reject]
) -> tuple[int, list[Reject], list[Reject]]:
    """Take again those rejects that were calls.

    Returns:
        How many were new, which of them stay, and the rejects that are rows of files.
    """
    added = 0
    left: list[Reject] = []
    rows: list[Reject] = []
    for reject in rejects:
        aside = _read_call(reject)
        if aside is None:
            rows.append(reject)
            continue
        outcome = _retake(tracker, aside, reject)
        if isinstance(outcome, Tracked):
            added += not outcome.duplicate
        elif isinstance(outcome, ErasedError):
            left.append(_emptied(tracker, aside, reject, outcome))
        else:
            left.append(evolve(reject, reason=reason_of(outcome)))
    if left:
        tables, tenant, now = tracker.database.tables, tracker.tenant, tracker.clock()
        persist(tracker.database, lambda on: put_reasons(on, tables, tenant, left, now))
    return added, left, rows


def _emptied(tracker: Tracker, aside: SetAside, reject: Reject, error: Exception) -> Reject:
    """Leave of a reject only that there was one."""
    empty = evolve(aside.emptied(reason_of(error)).to_reject(), id=reject.id)
    where = (tracker.database.tables, tracker.tenant, reject.id)
    persist(tracker.database, lambda on: replace_reject(on, *where, empty))
    return empty


def _read_call(reject: Reject) -> SetAside | None:
    if reject.source != SOURCE:
        return None
    kept = json.loads(reject.payload)
    return SetAside.from_json(json.dumps(kept[MARK])) if MARK in kept else None


def _retake(tracker: Tracker, aside: SetAside, reject: Reject) -> Outcome:
    said = None
    try:
        said = tracker.interpreter.take_again(tracker.funnel, aside)
        now = tracker.clock()
        work = partial(_take_again, tracker=tracker, said=said, now=now, reject=reject)
        answer: Tracked = persist(
            tracker.database,
            work,
            confirm=lambda on, earlier: tracker._is_recorded(on, [earlier], [said], now),
        )
        return answer
    except Exception as error:
        if isinstance(error, StoreError) and not is_refusal(error):
            raise
        return refused(error, said) if said is not None and is_refusal(error) else error


def _take_again(
    connection: Transaction, tracker: Tracker, said: Said, now: datetime, reject: Reject
) -> Tracked:
    answer: Tracked = tracker._record_on(connection, [said], now)[0]
    where = (connection, tracker.database.tables, tracker.tenant)
    if find_changed(*where, [reject]):  # its contact is locked: an erasure was before us
        raise EventError("the reject has changed or gone meanwhile", contact=said.event.contact)
    drop_rejects(*where, [reject.id])
    return answer
