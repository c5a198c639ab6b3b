"""The dump: one state of a tenant's rows, table by table, as Parquet.

Also says what a dump is: a folder for each table, and a manifest that is written last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

from motfunnel.batch.classification import MEMORY, read_memory
from motfunnel.batch.database import check_installed, connect_to_read, lend, name, write_parquet
from motfunnel.batch.manifest import (
    DUMP,
    Noted,
    Output,
    digests,
    is_number,
    telling_all,
    telling_path,
)
from motfunnel.domain.columns import NEVER
from motfunnel.domain.instant import iso
from motfunnel.errors import NoFunnelError, SourceError
from motfunnel.store.copies.rows import CopiedTable, Kind, Rows, copied_tables
from motfunnel.store.database.retry import asking
from motfunnel.store.schema.versions import VERSION
from motfunnel.text import counted
from motfunnel.trackers.options import check_tenant
from motfunnel.trackers.tracker import Tracker

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from sqlalchemy import Connection

TYPES: Final = {
    Kind.INSTANT: "TIMESTAMP WITH TIME ZONE",
    Kind.FLAG: "BOOLEAN",
    Kind.NUMBER: "BIGINT",
    Kind.TEXT: "VARCHAR",
}
"""What each kind of value is in Parquet, as DuckDB calls it."""

DUMPED: Final = "dumped"
"""What was done with the files."""

_OWNER_ALONE: Final = 0o700
_OF_A_FILE: Final = 0o600
_IN_A_FILE: Final = 100_000

Progress = Callable[[int], object]


@frozen(kw_only=True)
class Dumped:
    """What a dump holds.

    Attributes:
        folder: where it is.
        tenant: whose contacts they were.
        dumped_at: when it was made, by the tracker's clock.
        rows: how many rows it has of each table.
        files: the SHA-256 of each of its files.
    """

    folder: Path
    tenant: str
    dumped_at: datetime
    rows: dict[str, int]
    files: dict[str, str] = field(repr=False)

    def __str__(self) -> str:
        """What it holds, on a line."""
        contacts, events = (self.rows[one] for one in ("contacts", "events"))
        rows = counted(sum(self.rows.values()), "row")
        return (
            f"{counted(contacts, 'contact')} and {counted(events, 'event')}; "
            f"{rows} of {counted(len(self.rows), 'table')} in {self.folder}"
        )


def dump(tracker: Tracker, folder: str | Path, *, progress: Progress = lambda rows: None) -> Dumped:
    """Write all that is stored of the tracker's tenant into a folder, as Parquet.

    One state of the database is read, so others may write meanwhile. Has also what no fold could
    make again: erasures, tombstones, rejects, messages that wait, and the moments of those whose
    counts alone were kept. Only its owner can look into the files. Costs one read of all rows,
    and the memory of 100,000.

    Args:
        tracker: whose contacts.
        folder: where to write; new, empty, or what a dump that was broken off has left.
        progress: is called with the number of rows written so far.

    Raises:
        SourceError: the folder holds other files, or cannot be written to.
        NoFunnelError: nothing is stored of such a tenant.
        MissingExtraError: DuckDB or numpy is not installed.
        StoreError: the database is not there.
    """
    check_installed()
    tables = copied_tables(tracker.database.tables)
    place = Output(Path(folder), [one.name for one in tables])
    now, rows = tracker.clock(), dict[str, int]()
    with (
        asking(tracker.database),
        tracker.database.read(lazily=True, widely=True) as connection,
        closing(connect_to_read(read_memory(MEMORY))) as duckdb,
    ):
        _check_something(connection, tables, tracker.tenant)
        with place.alone(_OWNER_ALONE):
            _make_room(place)
            for table in tables:
                done, read = sum(rows.values()), table.read(connection, tracker.tenant)
                for written in _write(duckdb, table, read, place.work / table.name):
                    rows[table.name] = written
                    progress(done + written)
            return _finish(place, tracker.tenant, now, rows)


def read_dump(folder: str | Path) -> Dumped:
    """Read what a dump says of itself.

    Raises:
        SourceError: it is none, or one that this version cannot load.
    """
    place = Path(folder)
    about = Output(place).about()
    if about is None or about.said["key"] != DUMP:
        raise SourceError(f"{place} holds no whole dump; motfunnel dump writes one")
    _check_version(about, place)
    counts = about.numbers("counts")
    if not {"contacts", "events"} <= {*counts}:
        about.refuse("counts")
    return Dumped(
        folder=place,
        tenant=_tenant(about),
        dumped_at=about.instant("dumped_at"),
        rows=counts,
        files=about.texts("files"),
    )


def _check_version(about: Noted, place: Path) -> None:
    if not is_number(tables := about.said.get("tables")):
        about.refuse("tables")
    if tables != VERSION:
        raise SourceError(
            f"{place} was dumped from tables of version {tables}, and this motfunnel works with "
            f"version {VERSION}; load it with motfunnel {about.text('motfunnel')}, and then run: "
            "motfunnel migrate"
        )
    if "files" not in about.said:
        raise SourceError(f"an earlier version dumped {place}; dump it again")


def _tenant(about: Noted) -> str:
    try:
        return check_tenant(about.text("tenant"))
    except SourceError:
        raise
    except ValueError:
        about.refuse("tenant")


def _finish(place: Output, tenant: str, now: datetime, rows: dict[str, int]) -> Dumped:
    with telling_path(place.folder):
        files = digests(place.work)
        done = Dumped(folder=place.folder, tenant=tenant, dumped_at=now, rows=rows, files=files)
        place.finish(DUMP, _about(done), rows)
        place.manifest.chmod(_OF_A_FILE)
    return done


def _check_something(connection: Connection, tables: list[CopiedTable], tenant: str) -> None:
    if all(table.is_empty(connection, tenant) for table in tables):
        raise NoFunnelError(f"nothing is stored of tenant {tenant!r}")


def _about(dumped: Dumped) -> dict[str, Any]:
    return {
        "motfunnel": version("motfunnel"),
        "tables": VERSION,
        "tenant": dumped.tenant,
        "dumped_at": iso(dumped.dumped_at),
        "files": dumped.files,
    }


def _gathered(read: Iterator[Rows]) -> Iterator[Rows]:
    """As many rows at a time as a file gets; once none, where there are none."""
    waiting, is_first = list[tuple[Any, ...]](), True
    for some in read:
        waiting += some
        if len(waiting) >= _IN_A_FILE:
            yield waiting
            waiting, is_first = [], False
    if waiting or is_first:
        yield waiting


def _write(
    connection: DuckDBPyConnection, table: CopiedTable, read: Iterator[Rows], folder: Path
) -> Iterator[int]:
    """Write the files of a table; give how many rows are written, after each."""
    with telling_path(folder):
        folder.mkdir(mode=_OWNER_ALONE)
    wanted, written = ", ".join(_value(*column) for column in table.columns.items()), 0
    for number, rows in enumerate(_gathered(read)):
        values = zip(*rows, strict=True) if rows else ([] for _ in table.columns)
        columns = zip(table.columns.items(), values, strict=True)
        lend(connection, "made", {key: _array(kind, given) for (key, kind), given in columns})
        path = folder / f"{number:05}.parquet"
        with telling_all(path):
            write_parquet(connection, f"SELECT {wanted} FROM made", path)
            path.chmod(_OF_A_FILE)
        written += len(rows)
        yield written


def _value(column: str, kind: Kind) -> str:
    given = name(column)
    made = f"make_timestamptz(nullif({given}, {NEVER}))" if kind is Kind.INSTANT else given
    return f"{made}::{TYPES[kind]} AS {given}"


def _array(kind: Kind, values: Sequence[Any]) -> Any:
    import numpy as np

    if kind is Kind.INSTANT:
        return np.array(values, np.int64)
    return np.array(values, np.bool_) if kind is Kind.FLAG else list(values)


def _make_room(output: Output) -> None:
    """Take away what a dump that was broken off has left in the folder."""
    if output.about() is not None:
        raise SourceError(f"{output.folder} is in use; name a folder that is new or empty")
    with telling_path(output.folder):
        output.begin()
        output.work.chmod(_OWNER_ALONE)
