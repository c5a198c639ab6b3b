"""Importing a file: batch after batch, each one transaction, and then the fold.

With each batch goes a note of how far it has come, so that a run that is killed goes on exactly
where it was. The note goes when the import is done: importing again then reads the file again,
and the ids see to it that nothing is added.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import define, evolve, field, frozen

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.errors import SourceError
from motfunnel.intake.batch import Batch, Refused, Taken, check_tombstone_key, write_events
from motfunnel.intake.exports.profiles import shaped
from motfunnel.intake.files.columns import Columns, choose_columns
from motfunnel.intake.files.forms import open_source
from motfunnel.intake.files.source import Raw, Source, digest_of
from motfunnel.intake.links import Links
from motfunnel.intake.rejects import make_reject, open_rejects_file, write_rejects_file
from motfunnel.intake.rows import RowReader
from motfunnel.store.database.retry import ask, persist
from motfunnel.store.ledger.confirm import is_checkpoint
from motfunnel.store.ledger.imports import (
    Checkpoint,
    Transaction,
    drop_checkpoint,
    put_checkpoint,
    read_checkpoint,
)
from motfunnel.store.ledger.rejects import Reject, put_rejects
from motfunnel.text import counted

if TYPE_CHECKING:
    from motfunnel.trackers.tracker import Tracker

AT_ONCE: Final = 20_000
"""Rows of one transaction: fewer cost more writes of the same pages, more cost more memory."""

MOST_AT_ONCE: Final = 1 << 21
"""Characters of one transaction's rows, so that long rows take no more memory than short ones."""

MOST_REJECTS: Final = 100_000
"""How many rejects of an import are kept; more are only counted."""

MOST_KEPT: Final = 1 << 27
"""How many characters of rejects one run keeps; what comes after is only counted."""

REASONS: Final = 3
"""How many rejects are told of, each with its reason."""

Progress = Callable[[str, int], object]
"""Is called with what is counted, and how many are done."""


def import_file(
    tracker: Tracker,
    path: str | Path,
    *,
    file_format: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    like: str | None = None,
    rejects: str | Path | None = None,
    progress: Progress | None = None,
    **columns: Any,
) -> Imported:
    """Take the events of a file; a row that cannot be taken goes to the rejects.

    Args:
        tracker: whose store and funnel.
        path: CSV, JSON lines or Parquet, the first two also packed with gzip.
        file_format: csv, jsonl or parquet, where the file's name does not say.
        delimiter: what stands between the cells of CSV; recognised where it is not given.
        encoding: the encoding of CSV, where it is neither UTF-8 nor marked as UTF-16.
        like: a profile's name, such as ``mixpanel``: the shape of another program's export.
        rejects: a file to write the rejects to, as CSV.
        progress: is called with ``rows`` or ``contacts`` and how many are done.
        columns: contact, event, at and what else ``Columns`` says; own names need not be named.

    Raises:
        SourceError: the file is missing, malformed, or lacks a column.
        TombstoneError: there are tombstones, and the tracker has no ``tombstone_key``.
        MissingExtraError: reading Parquet needs pyarrow.
    """
    _check(tracker, rejects, Path(path))
    file = _open(Path(path), columns, like, (file_format, delimiter, encoding))
    try:
        reader = RowReader(tracker.interpreter, tracker.funnel, file.columns)
    except ValueError as error:
        raise SourceError(str(error)) from None
    imported = _Import(tracker, file, reader, progress or (lambda _, __: None)).run()
    if rejects is not None:
        write_rejects_file(tracker, Path(rejects), file.digest)
    return imported


def _check(tracker: Tracker, given: str | Path | None, source: Path) -> None:
    """Make sure, before any row is taken, that all can be, and the rejects written beside it."""
    check_tombstone_key(tracker)
    if given is None:
        return
    rejects = Path(given)
    if not rejects.parent.is_dir():
        raise SourceError(f"there is no folder {rejects.parent} to write the rejects to")
    if rejects.exists() and source.exists() and rejects.samefile(source):
        raise SourceError(f"the rejects would overwrite {source} itself; name another file")
    if os.path.lexists(rejects):
        open_rejects_file(rejects).close()


@frozen(kw_only=True)
class _File:
    """A file to import.

    Attributes:
        name: what it is called.
        digest: of its content.
        columns: how it is to be understood.
        source: its rows.
        form: how its rows are read.
    """

    name: str
    digest: str
    columns: Columns
    source: Source
    form: str

    def key(self, funnel: Funnel) -> str:
        """Under what to note how far its import has come: all that decides what is made of it."""
        decisive = f"{self.digest} {self.columns} {self.form} {funnel.fingerprint}"
        return hashlib.sha256(decisive.encode()).hexdigest()


def _open(
    path: Path, given: Mapping[str, Any], like: str | None, form: Sequence[str | None]
) -> _File:
    source, columns = shaped(open_source(path, *form), given, like)
    return _File(
        name=path.name,
        digest=digest_of(path),
        columns=choose_columns(columns, source.names, path.name),
        source=source,
        form=" ".join(map(str, [*form, like, given.get("wide"), "counted by rows"])),
    )


@define
class _Import:
    """An import on its way."""

    tracker: Tracker
    file: _File
    reader: RowReader
    progress: Progress
    rows: int = 0
    links: Links = field(factory=Links)
    reasons: list[tuple[int, str]] = field(factory=list)
    key: str = field(init=False, default="")
    kept: int = field(init=False, default=0)
    not_kept: int = field(init=False, default=0)
    line: int = field(init=False, default=0)
    part: int = field(init=False, default=0)
    resumed_after: int = field(init=False, default=0)

    def run(self) -> Imported:
        """Take all rows, then fold."""
        tracker = self.tracker
        self.key = self.file.key(tracker.funnel)
        tracker.keep_funnel()
        tracker.settle()  # handlers hear of late events that were tracked, not of what is imported
        done = self._find_checkpoint()
        for batch in self._batches(done.line):
            now = tracker.interpreter.clock()
            write = partial(self._write, batch=batch, done=evolve(done, line=self.rows), now=now)
            before = done.rejected
            done, rejects = persist(tracker.database, write, confirm=self._is_written)
            self.kept += sum(len(reject.payload) for reject in rejects)
            self.not_kept += done.rejected - before - len(rejects)
            if len(self.reasons) < REASONS:
                self.reasons += [(reject.line, reject.reason) for reject in rejects[:REASONS]]
            self.progress("rows", self.rows)
        self.links.apply(tracker)
        contacts = tracker.finish(progress=lambda count: self.progress("contacts", count))
        persist(tracker.database, self._forget_checkpoint)
        return Imported(
            source=self.file.name,
            rows=self.rows,
            added=done.added,
            duplicates=self.rows - done.added - done.rejected,
            rejected=done.rejected,
            contacts=contacts,
            resumed_after=self.resumed_after,
            reasons=tuple(self.reasons[:REASONS]),
            unmapped=tuple(self.reader.unmapped),
            not_kept=self.not_kept,
            remarks=(
                *self.file.source.remarks,
                *self.links.remarks(),
                *self.reader.contacts.remarks(),
                *self.reader.conditions.remarks(),
            ),
        )

    def _batches(self, after: int) -> Iterator[Batch]:
        """Read the rows in batches; so many of the first are done with, and only counted."""
        rows = self.file.source.rows()
        while some := self._some(rows):
            batch = self._read(some)
            done = max(0, after - self.rows)
            self.rows += len(some)
            self.links.take(self.reader.links, self.tracker)
            if done:
                self.resumed_after = some[:done][-1].line
                left = {id(raw) for raw in some[done:]}
                batch.taken = [one for one in batch.taken if id(one.raw) in left]
                batch.refused = [one for one in batch.refused if id(one.raw) in left]
            if done < len(some):
                yield batch

    def _some(self, rows: Iterator[Raw]) -> list[Raw]:
        """The next rows, as many as memory allows."""
        source, some = self.file.source, []
        most = source.consumed + MOST_AT_ONCE
        for raw in rows:
            self.part = self.part + 1 if raw.line == self.line else 0
            self.line = raw.line
            some.append(raw._replace(part=self.part) if self.part else raw)
            if len(some) == AT_ONCE or source.consumed >= most:
                break
        return some

    def _read(self, some: list[Raw]) -> Batch:
        batch = Batch(has_ids=self.file.columns.id is not None)
        read, take = self.reader.read, batch.taken.append
        is_state = self.reader.is_state
        for raw in some:
            if raw.fault is not None:
                batch.refused.append(Refused(raw, raw.fault))
                continue
            try:
                take(Taken(raw, read(raw.cells), is_state))
            except ValueError as error:
                reason, contact = (
                    getattr(error, "reason", str(error)),
                    self.reader.contact(raw.cells),
                )
                batch.refused.append(Refused(raw, reason, contact=contact))
        return batch

    def _write(
        self, connection: Transaction, batch: Batch, done: Checkpoint, now: datetime
    ) -> tuple[Checkpoint, list[Reject]]:
        """Write a batch, and how far that brings the import."""
        tracker, tables = self.tracker, self.tracker.database.tables
        added, refused = write_events(connection, tracker, batch, now)
        room = max(0, MOST_REJECTS - done.rejected) if self.kept < MOST_KEPT else 0
        rejects = [
            make_reject(one, self.file.name, self.file.digest, self.file.columns)
            for one in sorted(refused, key=lambda one: (one.raw.line, one.raw.part))[:room]
        ]
        put_rejects(connection, tables, tracker.tenant, rejects, now)
        done = evolve(done, added=done.added + added, rejected=done.rejected + len(refused))
        put_checkpoint(connection, tables, tracker.tenant, self.key, done, now)
        return done, rejects

    def _is_written(
        self, connection: Transaction, written: tuple[Checkpoint, list[Reject]]
    ) -> bool:
        """Whether a batch whose commit was not answered is written after all."""
        tracker = self.tracker
        tables, tenant = tracker.database.tables, tracker.tenant
        return is_checkpoint(connection, tables, tenant, self.key, written[0])

    def _find_checkpoint(self) -> Checkpoint:
        database = self.tracker.database

        def read() -> Checkpoint | None:
            with database.read() as connection:
                return read_checkpoint(connection, database.tables, self.tracker.tenant, self.key)

        return ask(database, read) or Checkpoint()

    def _forget_checkpoint(self, connection: Transaction) -> None:
        tables = self.tracker.database.tables
        drop_checkpoint(connection, tables, self.tracker.tenant, self.key)


@frozen(kw_only=True)
class Imported:
    """The outcome of an import; ``rows`` is the sum of ``added``, ``duplicates``, ``rejected``.

    Attributes:
        source: the name of the file.
        rows: how many rows it has.
        added: how many were new events.
        duplicates: how many had been taken before, as the same event.
        rejected: how many could not be taken; they are in the table of rejects.
        contacts: how many contacts were folded because of it.
        resumed_after: the line up to which an earlier run that was broken off had come; 0: none.
        reasons: the first few rejects of this run, each a line and a reason.
        unmapped: names of events that no rule of the funnel names, as far as seen.
        not_kept: how many of the rejected are only counted, because there were too many.
        remarks: how an unusual file was read, contacts that look like one, conditions of rules that
            held in no row, and values that they could not read.
    """

    source: str
    rows: int
    added: int
    duplicates: int
    rejected: int
    contacts: int
    resumed_after: int = 0
    reasons: tuple[tuple[int, str], ...] = ()
    unmapped: tuple[str, ...] = ()
    not_kept: int = 0
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line, and one for each of the first rejects and each remark."""
        head = (
            f"{self.source}: {counted(self.rows, 'row')}, {self.added:,} added, "
            f"{self.duplicates:,} there before, {self.rejected:,} rejected; "
            f"{counted(self.contacts, 'contact')} folded"
        )
        lines = [f"  line {line}: {reason}" for line, reason in self.reasons]
        more = self.rejected - len(self.reasons)
        lines += [f"  and {more:,} more"] if lines and more > 0 else []
        if self.not_kept:
            counted_only = f"{counted(self.not_kept, 'row')} of them only counted, not kept"
            lines.append(f"  {counted_only}: mend the file, and import it again")
        return "\n".join([head, *lines, *(f"  {remark}" for remark in self.remarks)])
