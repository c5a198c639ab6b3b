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
from motfunnel.intake.files.members import Members, find_members
from motfunnel.intake.files.source import Place, Raw, Source, digest_of
from motfunnel.intake.links import Links
from motfunnel.intake.rejects import make_reject, open_rejects_file, write_rejects_file
from motfunnel.intake.rows import RowReader
from motfunnel.store.database.retry import ask, persist
from motfunnel.store.ledger.confirm import is_checkpoint
from motfunnel.store.ledger.imports import (
    OF_NAME,
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
        path: CSV, JSON lines or Parquet, also packed with gzip; a folder or a ZIP archive of them.
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
    run = _Import(tracker, Path(path).name, progress or (lambda _, __: None))
    form = (file_format, delimiter, encoding)
    members = find_members(Path(path), file_format)
    run.take_all(members, lambda name, place: _open(name, place, columns, like, form))
    imported = run.finish()
    if rejects is not None:
        write_rejects_file(tracker, Path(rejects), run.digests)
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


def row_reader(tracker: Tracker, columns: Columns) -> RowReader:
    """Read rows as a tracker takes events.

    Raises:
        ValueError: there is no such time zone, or no such form of instants.
    """
    taker = tracker.interpreter
    latest = taker.clock() + taker.tolerance
    return RowReader(tracker.funnel, columns, key=taker.key, latest=latest)


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
        """Under what to note how far its import has come: all that decides what is made of it.

        Begins with what its name gives, so that notes of what it was before can be found.
        """
        decisive = f"{self.digest} {self.columns} {self.form} {funnel.fingerprint}"
        name, rest = (
            hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
            for text in (self.name, decisive)
        )
        return name[:OF_NAME] + rest[OF_NAME:]


def _open(
    name: str,
    place: Place,
    given: Mapping[str, Any],
    like: str | None,
    form: Sequence[str | None],
) -> _File:
    source, columns = shaped(open_source(place, *form), given, like)
    return _File(
        name=name,
        digest=digest_of(place),
        columns=choose_columns(columns, source.names, name),
        source=source,
        form=" ".join(map(str, [*form, like, given.get("wide"), "counted by rows"])),
    )


@define
class _Import:
    """An import on its way, of a file or of many."""

    tracker: Tracker
    name: str
    progress: Progress
    rows: int = 0
    added: int = 0
    rejected: int = 0
    kept: int = 0
    not_kept: int = 0
    resumed_after: int = 0
    links: Links = field(factory=Links)
    reasons: list[tuple[int, str]] = field(factory=list)
    remarks: list[str] = field(factory=list)
    unread: list[SourceError] = field(factory=list)
    digests: list[str] = field(factory=list)
    readers: dict[Columns, RowReader] = field(factory=dict)
    keys: list[str] = field(factory=list)
    file: _File = field(init=False)
    reader: RowReader = field(init=False)
    read: int = field(init=False, default=0)
    line: int = field(init=False, default=0)
    part: int = field(init=False, default=0)

    def take_all(self, members: Members, open_file: Callable[[str, Place], _File]) -> None:
        """Take all files; of several, one that cannot be read does not stop the others."""
        self.remarks += members.remarks
        for name, place in members.places.items():
            try:
                self.take(open_file(name, place))
            except SourceError as error:
                if len(members.places) == 1:
                    raise
                self.unread.append(error)

    def take(self, file: _File) -> None:
        """Take all rows of a file; its contacts are folded when all files are in."""
        tracker = self.tracker
        self.file, self.reader = file, self._begin(file.columns)
        if not self.keys:
            tracker.keep_funnel()
            tracker.settle()  # handlers hear of late events that were tracked, not of these
        self.keys.append(file.key(tracker.funnel))
        self.digests.append(file.digest)
        done = self._find_checkpoint()
        for batch in self._batches(done.line):
            now = tracker.interpreter.clock()
            write = partial(self._write, batch=batch, done=evolve(done, line=self.read), now=now)
            before = done.rejected
            done, rejects = persist(tracker.database, write, confirm=self._is_written)
            self.kept += sum(len(reject.payload) for reject in rejects)
            self.not_kept += done.rejected - before - len(rejects)
            where = "" if file.name == self.name else f"{file.name}: "
            self.reasons += [(one.line, f"{where}{one.reason}") for one in rejects[:REASONS]]
            del self.reasons[REASONS:]
            self.progress("rows", self.rows + self.read)
        self.rows, self.added = self.rows + self.read, self.added + done.added
        self.rejected += done.rejected
        self.remarks += file.source.remarks

    def finish(self) -> Imported:
        """Merge and fold once all rows are in.

        Raises:
            SourceError: no file could be read; the first says why not.
        """
        tracker = self.tracker
        if self.unread and not self.keys:
            raise self.unread[0]
        self.links.apply(tracker)
        contacts = tracker.finish(progress=lambda count: self.progress("contacts", count))
        persist(tracker.database, self._forget_checkpoints)
        readers = self.readers.values()
        remarks = [*self.remarks, *self.links.remarks()]
        for reader in readers:
            remarks += [*reader.contacts.remarks(), *reader.conditions.remarks()]
        return Imported(
            source=self.name,
            rows=self.rows,
            added=self.added,
            duplicates=self.rows - self.added - self.rejected,
            rejected=self.rejected,
            contacts=contacts,
            resumed_after=self.resumed_after,
            reasons=tuple(self.reasons),
            unmapped=tuple(dict.fromkeys(name for one in readers for name in one.unmapped)),
            not_kept=self.not_kept,
            remarks=tuple(dict.fromkeys(remarks)),
            unread=tuple(map(str, self.unread)),
        )

    def _begin(self, columns: Columns) -> RowReader:
        """The reader of all files with these columns, at the beginning of one."""
        self.read = self.line = self.part = 0
        if columns not in self.readers:
            try:
                self.readers[columns] = row_reader(self.tracker, columns)
            except ValueError as error:
                raise SourceError(str(error)) from None
        self.readers[columns].begin_file()
        return self.readers[columns]

    def _batches(self, after: int) -> Iterator[Batch]:
        """Read the rows in batches; so many of the first are done with, and only counted."""
        rows = self.file.source.rows()
        while some := self._some(rows):
            batch = self._read(some)
            done = max(0, after - self.read)
            self.read += len(some)
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
        put_checkpoint(connection, tables, tracker.tenant, self.keys[-1], done, now)
        return done, rejects

    def _is_written(
        self, connection: Transaction, written: tuple[Checkpoint, list[Reject]]
    ) -> bool:
        """Whether a batch whose commit was not answered is written after all."""
        tracker = self.tracker
        tables, tenant = tracker.database.tables, tracker.tenant
        return is_checkpoint(connection, tables, tenant, self.keys[-1], written[0])

    def _find_checkpoint(self) -> Checkpoint:
        database = self.tracker.database

        def read() -> Checkpoint | None:
            with database.read() as connection:
                return read_checkpoint(
                    connection, database.tables, self.tracker.tenant, self.keys[-1]
                )

        return ask(database, read) or Checkpoint()

    def _forget_checkpoints(self, connection: Transaction) -> None:
        tables = self.tracker.database.tables
        for key in self.keys:
            drop_checkpoint(connection, tables, self.tracker.tenant, key)


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
        unread: of a folder or an archive, why files of it could not be read.
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
    unread: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether every row of every file was taken."""
        return not self.rejected and not self.unread

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
        lines += [f"  not read: {why}" for why in self.unread]
        return "\n".join([head, *lines, *(f"  {remark}" for remark in self.remarks)])
