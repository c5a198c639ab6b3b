"""Classifying files: rows parted by contact, then one part after another walked and written.

Memory is bounded by the largest part. A run that is killed goes on with the part that it was at.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from errno import ENOSPC
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import asdict, define, field, fields_dict, frozen

from motfunnel.batch.database import (
    check_installed,
    connect,
    count,
    files_in,
    literal,
    write_parquet,
)
from motfunnel.batch.kernel import COMPILED_FROM
from motfunnel.batch.manifest import (
    OUTPUTS,
    Noted,
    Output,
    Whole,
    digest,
    is_number,
    read_json,
    remove,
    write_json,
)
from motfunnel.batch.outputs import (
    write_contacts,
    write_episodes,
    write_events,
    write_moments,
    write_traits,
)
from motfunnel.batch.part import Conflict, classify_part
from motfunnel.batch.parts import FILE, Parting, Reading, write_rejects
from motfunnel.batch.source import Form, Given, find_sources
from motfunnel.domain.funnel.funnel import Funnel, read_funnel
from motfunnel.domain.instant import TOLERANCE, from_micros, iso, to_micros, utc
from motfunnel.errors import QuestionError, SourceError
from motfunnel.text import counted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

MEMORY: Final = "2GiB"
"""The memory that is taken where nothing else is said."""

CLASSIFIED: Final = "classified"
"""What was done with the files."""

_PART: Final = 600_000
_ROW_BYTES: Final = 300
_UNITS: Final = {"": 1, "k": 10, "m": 20, "g": 30}
_MEMORY: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmg]?)i?b?", re.IGNORECASE)
_LEAST: Final = 1 << 28
_CONFLICTS: Final = "conflicts"
_ROWS: Final = ("events", "duplicates", "rejected", "later")
_ANEW: Final = "delete it, and the same call begins anew"

Progress = Callable[[str, int], object]
"""Is called with what is counted, and how many are done."""


@frozen(kw_only=True)
class Classified:
    """The outcome of a classification; ``rows`` is the sum of the next four.

    Attributes:
        out: the folder with the outputs.
        as_of: the instant as of which they are so.
        rows: how many rows the sources have.
        events: how many events they hold.
        duplicates: how many rows are the same event once more.
        rejected: how many could not be taken; they are among the outputs.
        later: how many rows are later than ``as_of``.
        contacts: whose events.
        moments: how many were made.
        episodes: how many departures there are.
        parts: into how many parts the rows went.
        unmapped: names of events that no rule of the funnel names, as far as seen.
        remarks: how unusual files were read.
    """

    out: Path
    as_of: datetime
    rows: int
    events: int
    duplicates: int
    rejected: int
    later: int
    contacts: int
    moments: int
    episodes: int
    parts: int
    unmapped: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line, and one for each remark."""
        head = (
            f"{counted(self.rows, 'row')}: {counted(self.events, 'event')} of "
            f"{counted(self.contacts, 'contact')}, {self.duplicates:,} there twice, "
            f"{self.rejected:,} rejected, {self.later:,} later; {counted(self.moments, 'moment')}, "
            f"{counted(self.episodes, 'episode')}, as of {iso(self.as_of)}"
        )
        return "\n".join([head, *(f"  {remark}" for remark in self.remarks)])


def classify(
    sources: Any,
    out: str | Path,
    funnel: Funnel | str,
    *,
    as_of: datetime | None = None,
    memory: str | int = MEMORY,
    events: bool = True,
    threads: int | None = None,
    progress: Progress | None = None,
    **reading: Any,
) -> Classified:
    """Classify whole histories in files, without a database; write a folder of Parquet.

    Of one id with two contents the first in the order of events is taken, not the first to come.

    Args:
        sources: files of Parquet, CSV or JSON lines, folders, patterns, Arrow tables; or one.
        out: the folder to write to; what an earlier run has written there is replaced.
        funnel: what events mean; or the name of a preset.
        as_of: the instant of the question; by default the newest of the rows.
        memory: how much to use, such as ``2GiB``.
        events: whether to write the events too.
        threads: how many may be used; by default one for each processor.
        progress: is called with ``rows`` or ``parts`` and how many are done.
        reading: how files are read, by the names that ``import_file`` has for it.

    Raises:
        SourceError: a source cannot be read, or the outputs cannot be written; another run writes
            there.
        QuestionError: ``as_of`` is not an instant.
        MissingExtraError: DuckDB or numpy is not installed.
    """
    check_installed()
    asked = (read_how(funnel, reading), read_instant(as_of), read_memory(memory))
    run = _Run(find_sources(sources), Output(Path(out)), *asked, events, progress or silently)
    with _telling_faults(run.output), run.output.alone():
        return run.classify(threads)


def silently(_: str, __: int) -> None:
    """Nobody wants to know how far it has come."""


def read_how(funnel: Funnel | str, said: dict[str, Any]) -> Reading:
    """Read by which funnel, and how, rows are to be read.

    Raises:
        SourceError: there is no funnel.
    """
    chosen = read_funnel(funnel)
    if chosen is None:
        raise SourceError("name the funnel to classify by")
    return Reading(
        funnel=chosen,
        given={name: value for name, value in said.items() if name not in fields_dict(Form)},
        form=Form(**{name: value for name, value in said.items() if name in fields_dict(Form)}),
        latest=datetime.now(UTC) + TOLERANCE,
    )


@define
class _Run:
    """A classification on its way."""

    sources: list[Given]
    output: Output
    reading: Reading
    as_of: datetime | None
    memory: int
    has_events: bool
    progress: Progress
    connection: Connection = field(init=False)
    parts: int = field(init=False, default=1)

    def classify(self, threads: int | None) -> Classified:
        """Part the rows, then take the parts, unless an earlier run has done so."""
        self.output.work.mkdir(parents=True, exist_ok=True)
        self.connection = connect(self.output.work, self.memory // 2, threads)
        about = sum(one.rows_about(self.connection, self.reading.form) for one in self.sources)
        most = min(_PART, max(1, self.memory // 2 // _ROW_BYTES))
        self.parts = max(1, -(-about // most))
        decisive = self._decisive()
        key = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()
        counts = None if decisive["sources"] is None else self._finished(key)
        if counts is None:
            counts = self._classify(key)
        self.connection.close()
        return self._told(counts)

    def _finished(self, key: str) -> dict[str, Any] | None:
        """What a finished run of the same has counted, if all of its files are as they were."""
        noted = self.output.about()
        if noted is None or noted.said["key"] != key:
            return None
        try:
            counts, files = _counts(noted), noted.texts("files")
            whole = Whole(self.output.folder, files, CLASSIFIED)
            whole.check_names()
            whole.check()
        except SourceError:  # damaged, so all of it is made anew
            return None
        self.output.clear()
        self.output.note(key, self._about(counts, files), counts)
        return counts

    def _classify(self, key: str) -> dict[str, Any]:
        begun, counts = self.output.begun(key), None
        with suppress(SourceError):
            counts = None if begun is None else _counts(begun)
        if counts is None:
            self.output.begin()
            counts = self._part()
            self.output.note_parted(key, counts)
        files: dict[str, str] = {}
        for number in range(self.parts):
            taken = self._taken(number) or self._take(number, counts)
            for name, more in taken.numbers("counts").items():
                counts[name] = counts.get(name, 0) + more
            files |= taken.texts("files")
            self.progress("parts", number + 1)
        if counts["rows"] != sum(counts.get(name, 0) for name in _ROWS):
            raise SourceError(f"{self.output.work} is damaged: {_ANEW}")
        rejects = self._gather_rejects().relative_to(self.output.work).as_posix()
        files[rejects] = digest(self.output.work / rejects)
        files = {name: files[name] for name in sorted(files) if not name.startswith(_CONFLICTS)}
        self.output.finish(key, self._about(counts, files), counts)
        return counts

    def _about(self, counts: dict[str, Any], files: dict[str, str]) -> dict[str, Any]:
        """What is said of the outputs to those who read them."""
        funnel = self.reading.funnel
        return {
            "as_of": counts["as_of"],
            "fingerprint": funnel.fingerprint,
            "definition": json.dumps(funnel.to_dict(), ensure_ascii=False),
            "files": files,
        }

    def _decisive(self) -> dict[str, Any]:
        """All that decides about the bytes of the outputs."""
        digests = [(one.name, one.digest()) for one in self.sources]
        return {
            "sources": None if any(digest is None for _, digest in digests) else digests,
            "funnel": self.reading.funnel.fingerprint,
            "columns": sorted((name, repr(said)) for name, said in self.reading.given.items()),
            "form": asdict(self.reading.form),
            "as_of": None if self.as_of is None else iso(self.as_of),
            "parts": self.parts,
            "events": self.has_events,
            "versions": [version("motfunnel"), version("duckdb"), version("numpy")],
        }

    def _part(self) -> dict[str, Any]:
        """Read all rows into their parts."""
        work = self.output.work
        parting = Parting(self.connection, work, self.parts, self.reading)
        for number, one in enumerate(self.sources):
            parting.take(number, one, self.progress)
        parting.finish()
        self._check_parts()
        until = self.as_of or self._newest()
        return {
            "as_of": iso(until),
            "rows": parting.rows,
            "rejected": parting.rejected,
            "unmapped": [*parting.unmapped],
            "remarks": parting.remarks,
        }

    def _part_of(self, number: int) -> Path:
        return self.output.work / "parts" / f"part={number}"

    def _all_parts(self) -> str:
        return files_in(self.output.work, "parts/*/*.parquet")

    def _done(self, number: int) -> Path:
        return self.output.work / "done" / f"{number:06}.json"

    def _check_parts(self) -> None:
        """Make sure, before the first part is begun, that each will fit.

        Raises:
            SourceError: one will not.
        """
        rows = count(
            self.connection,
            "SELECT max(rows) FROM (SELECT sum(num_rows) AS rows FROM "
            f"parquet_file_metadata({self._all_parts()}) GROUP BY parse_dirpath(file_name))",
        )
        if rows * _ROW_BYTES > self.memory // 2:
            needed = rows * _ROW_BYTES * 2 // 2**20 + 1
            raise SourceError(
                f"a part of {rows:,} rows does not fit into the memory; give at least "
                f"{needed:,}MiB (a contact cannot be divided)"
            )

    def _newest(self) -> datetime:
        query = f"SELECT max(micros) FROM read_parquet({self._all_parts()})"
        return from_micros(count(self.connection, query))

    def _taken(self, number: int) -> Noted | None:
        """What an earlier run has noted of a part, if all of its files are as they were."""
        path = self._done(number)
        try:
            found = Noted(path, {"taken": read_json(path)}).of("taken")
            found.numbers("counts")
            Whole(self.output.work, found.texts("files"), CLASSIFIED).check()
        except SourceError:  # nothing is, or it is damaged
            return None
        return found

    def _take(self, number: int, counts: dict[str, Any]) -> Noted:
        """Classify one part; what it counts, and the files that it made."""
        work, file, made = self.output.work, f"{number:06}.parquet", {}
        places = [f"{name}/{file}" for name in (*OUTPUTS, _CONFLICTS)]
        for one in (self._done(number), *(work / place for place in places)):
            remove(one)
        if self._part_of(number).exists():
            made = self._write(number, counts)
        files = {one: digest(work / one) for one in places if (work / one).exists()}
        taken = {"counts": made, "files": files}
        write_json(self._done(number), taken)
        return Noted(self._done(number), taken)

    def _write(self, number: int, counts: dict[str, Any]) -> dict[str, int]:
        """Write the files of a part; what they hold."""
        work, file = self.output.work, f"{number:06}.parquet"
        until = to_micros(datetime.fromisoformat(counts["as_of"]))
        is_compiled = int(counts["rows"]) >= COMPILED_FROM
        files = f"{literal(self._part_of(number))}/*.parquet"
        part = classify_part(
            self.connection, files, self.reading.funnel, until=until, is_compiled=is_compiled
        )
        self._keep(part.conflicts, number)
        return {
            "moments": write_moments(part, work / "moments" / file),
            "episodes": write_episodes(part, work / "episodes" / file),
            "contacts": write_contacts(part, work / "contacts" / file),
            "traits": write_traits(part, work / "traits" / file),
            "events": self._write_events(part, work / "events" / file),
            "duplicates": part.duplicates,
            "rejected": len(part.conflicts),
            "later": part.later,
        }

    def _write_events(self, part: Any, path: Path) -> int:
        return write_events(part, path) if self.has_events else len(part.places)

    def _keep(self, conflicts: list[Conflict], number: int) -> None:
        names = [one.name for one in self.sources]
        rejects = [
            (names[one.row >> FILE], one.row & (1 << FILE) - 1, one.contact, one.id, one.reason,
             one.payload)
            for one in conflicts
        ]  # fmt: skip
        if rejects:
            write_rejects(self.connection, rejects, self.output.work / _CONFLICTS, number)

    def _gather_rejects(self) -> Path:
        """Write all rejects, by source and row; where to."""
        work = self.output.work
        nothing = (
            "SELECT '' AS source, 0::BIGINT AS row, '' AS contact, '' AS id, '' AS reason, "
            "'' AS payload WHERE false"
        )
        found = [work / name for name in ("refused", _CONFLICTS) if (work / name).exists()]
        parts = [f"FROM read_parquet({files_in(folder)})" for folder in found]
        query = " UNION ALL ".join([nothing, *parts])
        path = work / "rejects" / "000000.parquet"
        write_parquet(self.connection, f"FROM ({query}) ORDER BY ALL", path)
        return path

    def _told(self, counts: dict[str, Any]) -> Classified:
        numbers = ["events", "duplicates", "rejected", "later", "contacts", "moments", "episodes"]
        return Classified(
            out=self.output.folder,
            as_of=datetime.fromisoformat(counts["as_of"]),
            rows=counts["rows"],
            parts=self.parts,
            unmapped=tuple(counts["unmapped"]),
            remarks=tuple(counts["remarks"]),
            **{name: counts.get(name, 0) for name in numbers},
        )


def read_memory(given: str | int) -> int:
    """Read how much memory may be used, in bytes.

    >>> read_memory("2GiB"), read_memory("512 MiB")
    (2147483648, 536870912)

    Raises:
        SourceError: it is no such number, or too small for anything.
    """
    match = _MEMORY.fullmatch(str(given).strip())
    if match is None:
        raise SourceError(f"{given!r} is not an amount of memory; write e.g. 2GiB")
    read = int(float(match[1]) * (1 << (_UNITS[match[2].lower()] or 0)))
    if read < _LEAST:
        raise SourceError(f"{given!r} is too little memory; the least is 256MiB")
    return read


def read_instant(as_of: datetime | None) -> datetime | None:
    """Read an instant of a question, if there is one.

    Raises:
        QuestionError: it is not an instant.
    """
    try:
        return None if as_of is None else utc(as_of)
    except ValueError as error:
        raise QuestionError(f"as_of: {error}") from None


def _counts(noted: Noted) -> dict[str, Any]:
    """What a run had counted, or has.

    Raises:
        SourceError: it is not what a run notes.
    """
    counts = noted.of("counts")
    counts.instant("as_of")
    for name in ("unmapped", "remarks"):
        found = counts.said.get(name)
        if not (isinstance(found, list) and all(isinstance(one, str) for one in found)):
            counts.refuse(name)
    others = {*counts.said} - {"as_of", "unmapped", "remarks"}
    for name in {"rows", "rejected"} | others:
        if not is_number(counts.said.get(name)):
            counts.refuse(name)
    return {**counts.said}


@contextmanager
def _telling_faults(output: Output) -> Iterator[None]:
    """Say what DuckDB or the disk says, and how the work goes on."""
    from duckdb import Error, IOException, OutOfMemoryException

    try:
        yield
    except OutOfMemoryException as error:
        said = str(error).splitlines()[0]
        raise SourceError(f"the memory does not suffice: {said}; give more of it") from error
    except (Error, OSError) as error:
        said = str(error).splitlines()[0]
        if os.strerror(ENOSPC) in said:
            said = "no space is left on the disk"
        how = "the same call goes on where this one ended"
        if not isinstance(error, (IOException, OSError)):
            how = f"if {output.work} is there, {_ANEW}"
        raise SourceError(f"{output.folder} is not whole: {said}; {how}") from error
