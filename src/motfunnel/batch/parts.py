"""Parts: rows read and checked, and parted by a hash of their contact, each part small enough.

A contact lies in one part whole. What cannot be taken goes to the rejects, with its row and reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field, frozen

from motfunnel.batch.database import count, lend, text, write_parquet
from motfunnel.batch.meaning import NOTHING, asked, looked_at
from motfunnel.batch.plain import Plain, plain_rows
from motfunnel.batch.relation import Relation
from motfunnel.batch.source import Form, Given, naming
from motfunnel.domain.event import storable
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.errors import SourceError
from motfunnel.intake.exports.profiles import shaped
from motfunnel.intake.files.columns import Columns, choose_columns
from motfunnel.intake.files.source import NO_UTF8, Raw, Source
from motfunnel.intake.rows import RowReader
from motfunnel.text import counted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

COLUMNS: Final = ("contact", "id", "event", "micros", "row", "asked", "properties")
"""The columns of a part: an event, its row, and of its properties those that rules look at."""

FILE: Final = 40
"""The bits of a row's number; above them stands the number of its file."""

REJECTS: Final = ("source", "row", "contact", "id", "reason", "payload")
"""The columns of the rejects."""

_AT_ONCE: Final = 200_000
_MOST_AT_ONCE: Final = 1 << 25
_MOST_SHOWN: Final = 255
_MOST_PAYLOAD: Final = 1 << 20
_LINKED: Final = "say that another key is their contact too"
_MISREAD: Final = (
    "the row is not UTF-8; name the file's encoding, such as --encoding cp1252, and classify it "
    "again"
)


@frozen(kw_only=True)
class Reading:
    """How rows are read.

    Attributes:
        funnel: what events mean.
        given: what is said of the columns.
        form: how the files are written.
        latest: the last instant that is not in the future.
    """

    funnel: Funnel
    given: dict[str, Any]
    form: Form
    latest: datetime

    def open(self, connection: Connection, one: Given) -> tuple[Source, Columns]:
        """Open a source, and say how its columns are to be understood.

        Raises:
            SourceError: it cannot be read, or lacks a column.
        """
        source, said = shaped(one.open(connection, self.form), self.given, self.form.like)
        columns = choose_columns(said, source.names, one.name)
        if columns.is_state:
            raise SourceError(
                f"{one.name} says how things stand, and not what happened one after another; "
                "motfunnel import takes it"
            )
        return source, columns


@define
class Parting:
    """Rows on their way into parts.

    Attributes:
        connection: writes them.
        folder: where to.
        parts: into how many.
        reading: how rows are read.
        rows: how many have been read.
        rejected: how many of them could not be taken.
        unmapped: names of events that no rule names.
        remarks: what is not usual about the files.
        linked: how often a row says that another key is its contact too.
    """

    connection: Connection
    folder: Path
    parts: int
    reading: Reading
    rows: int = 0
    rejected: int = 0
    unmapped: dict[str, None] = field(factory=dict)
    remarks: list[str] = field(factory=list)
    linked: int = 0
    _files: int = 0

    def take(self, number: int, one: Given, progress: Any) -> None:
        """Take the rows of a source.

        Raises:
            SourceError: it cannot be read, or lacks a column.
        """
        with naming(one.name):
            self._take(number, one, progress)

    def _take(self, number: int, one: Given, progress: Any) -> None:
        source, columns = self.reading.open(self.connection, one)
        funnel, latest = self.reading.funnel, self.reading.latest
        try:
            reader = RowReader(funnel, columns, key=_as_it_is, latest=latest)
        except ValueError as error:
            raise SourceError(str(error)) from None
        rows = source.rows()
        if isinstance(source, Relation):
            plain = plain_rows(source.types, columns, funnel, latest)
            if plain is not None:
                taken = self._copy(source, plain, number)
                self.rows += taken
                progress("rows", self.rows)
                left = "false" if taken == len(source) else f"NOT {plain.is_plain}"
                rows = source.rows_where(left)
        looked = _Rows(reader, columns, one.name, number << FILE)
        for some in _chunks(rows, source):
            events, rejects = looked.read(some)
            self._write(events)
            self._keep(rejects)
            self.rows += len(some)
            self.linked += sum(map(len, reader.links.values()))
            reader.links.clear()
            progress("rows", self.rows)
        self.unmapped |= reader.unmapped
        self.remarks += source.remarks
        self.remarks += [*reader.contacts.remarks(), *reader.conditions.remarks()]

    def finish(self) -> None:
        """See to it that there is a part, even where no row could be taken."""
        if self.linked:
            said = "says that another key is its contact too" if self.linked == 1 else _LINKED
            self.remarks.append(f"{counted(self.linked, 'row')} {said}; all keys stay apart here")
        folder = self.folder / "parts"
        if not any(folder.glob("*/*.parquet")):
            kinds = {"micros": "0::BIGINT", "row": "0::BIGINT"}
            wanted = ", ".join(f"{kinds.get(column, text(''))} AS {column}" for column in COLUMNS)
            nothing = f"SELECT {wanted} WHERE false"
            write_parquet(self.connection, nothing, folder / "part=0" / "rows.parquet")

    def _copy(self, source: Relation, plain: Plain, number: int) -> int:
        """Let DuckDB take the plain rows; how many there are."""
        taken = {**plain.columns, "row": f"{source.number} + {number << FILE}"}
        wanted = ", ".join(f"{taken[column]} AS {column}" for column in COLUMNS)
        return self._part(f"SELECT {wanted} FROM {source.table} WHERE {plain.is_plain}")

    def _write(self, events: dict[str, list[Any]]) -> None:
        """Write the rows that Python has read."""
        if not events["contact"]:
            return
        lend(self.connection, "read", events)
        wanted = {column: f"{column}::VARCHAR AS {column}" for column in COLUMNS} | {
            "micros": "epoch_us(occurred_at::TIMESTAMP) AS micros",
            "row": "row::BIGINT AS row",
        }
        self._part(f"SELECT {', '.join(wanted.values())} FROM read")
        self.connection.unregister("read")

    def _part(self, query: str) -> int:
        self._files += 1
        return count(
            self.connection,
            f"COPY (SELECT *, (hash(contact) % {self.parts})::INTEGER AS part FROM ({query})) "
            f"TO {text(self.folder / 'parts')} (FORMAT parquet, PARTITION_BY (part), "
            f"OVERWRITE_OR_IGNORE, FILENAME_PATTERN 'rows{self._files}_{{i}}')",
        )

    def _keep(self, rejects: list[tuple[Any, ...]]) -> None:
        if rejects:
            self.rejected += len(rejects)
            write_rejects(self.connection, rejects, self.folder / "refused", self._files)
            self._files += 1


@define
class _Rows:
    """Rows of one file that Python reads."""

    reader: RowReader
    columns: Columns
    name: str
    first: int
    looked: dict[str, frozenset[str]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.looked = looked_at(self.reader.funnel)

    def read(self, some: list[Raw]) -> tuple[dict[str, list[Any]], list[tuple[Any, ...]]]:
        """Read rows into columns, and those that cannot be taken into rejects."""
        taken: list[tuple[Any, ...]] = []
        rejects: list[tuple[Any, ...]] = []
        for raw in some:
            try:
                if raw.fault is not None:
                    raise ValueError(raw.fault)
                row = self.reader.read(raw.cells)
            except ValueError as error:
                reason = getattr(error, "reason", str(error))
                rejects.append(make_reject(self.name, raw, self.columns, reason))
                continue
            names = self.looked.get(row.event)
            seen = NOTHING if names is None else asked(json.loads(row.properties), names)
            number = self.first + raw.line
            taken.append(
                (row.contact, row.id, row.event, row.occurred_at, number, seen, row.properties)
            )
        wanted = ("contact", "id", "event", "occurred_at", "row", "asked", "properties")
        columns = zip(*taken, strict=True) if taken else ((),) * len(wanted)
        return {key: [*values] for key, values in zip(wanted, columns, strict=True)}, rejects


def make_reject(source: str, raw: Raw, columns: Columns, reason: str) -> tuple[Any, ...]:
    """Keep a row that cannot be taken."""
    if any(isinstance(cell, str) and NO_UTF8.search(cell) for cell in raw.cells.values()):
        reason = _MISREAD
    payload = json.dumps(dict(raw.cells), ensure_ascii=True, separators=(",", ":"), default=_show)
    keys = (_shown(raw, columns.contact), _shown(raw, columns.id))
    return source, raw.line, *keys, storable(reason), payload[:_MOST_PAYLOAD]


def write_rejects(
    connection: Connection, rejects: list[tuple[Any, ...]], folder: Path, number: int
) -> None:
    """Write rejects to a file of their own."""
    columns = dict(zip(REJECTS, map(list, zip(*rejects, strict=True)), strict=True))
    lend(connection, "refused", columns)
    wanted = (f"{key}::{'BIGINT' if key == 'row' else 'VARCHAR'} AS {key}" for key in REJECTS)
    query = f"SELECT {', '.join(wanted)} FROM refused"
    write_parquet(connection, query, folder / f"{number:06}.parquet")
    connection.unregister("refused")


def _chunks(rows: Iterator[Raw], source: Source) -> Iterator[list[Raw]]:
    """Some rows at a time, as many as memory allows."""
    some: list[Raw] = []
    most = source.consumed + _MOST_AT_ONCE
    for raw in rows:
        some.append(raw)
        if len(some) == _AT_ONCE or source.consumed >= most:
            yield some
            some, most = [], source.consumed + _MOST_AT_ONCE
    if some:
        yield some


def _shown(raw: Raw, column: str | None) -> str | None:
    cell = None if column is None or raw.fault is not None else raw.cells.get(column)
    return None if cell is None else storable(str(cell)[:_MOST_SHOWN])


def _show(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _as_it_is(contact: Any) -> object:
    return contact
