"""The load: a dump's rows into a database that has none of the tenant yet, all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from motfunnel.batch.classification import MEMORY, read_memory
from motfunnel.batch.database import check_installed, connect_to_read, count, files_in, name, text
from motfunnel.batch.manifest import Noted, Output, Whole, telling_all
from motfunnel.errors import SourceError
from motfunnel.store.copies.rows import CopiedTable, Kind, Rows, copied_tables, offset
from motfunnel.store.database.retry import persist
from motfunnel.store.kept.changes import end_answers
from motfunnel.store.schema.dialects import tell_sizes
from motfunnel.trackers.tracker import Tracker
from motfunnel.transfer.dump import DUMPED, Dumped, Progress, read_dump

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from sqlalchemy import Connection

_AT_ONCE: Final = 10_000


def load(tracker: Tracker, folder: str | Path, *, progress: Progress = lambda rows: None) -> Dumped:
    """Put a dump into the tracker's database, as contacts of the tracker's tenant.

    All of it in one transaction, which nobody else sees before its end: on SQLite others wait
    meanwhile to write. The tenant has to have nothing there yet, and nothing is to be tracked of
    it meanwhile. Handlers are told of nothing.

    Args:
        tracker: where, and whose the contacts are to be.
        folder: what ``dump`` wrote.
        progress: is called with the number of rows put in so far.

    Returns:
        What the dump holds.

    Raises:
        SourceError: the folder holds no whole dump, one of another version's tables, or a file
            that is not as it was dumped; or there is something of the tenant already.
        MissingExtraError: DuckDB or numpy is not installed.
        StoreError: the database is not there, or did not take it; nothing was stored.
    """
    check_installed()
    found, database = read_dump(folder), tracker.database
    _check_whole(found)
    tables = copied_tables(database.tables)
    with closing(connect_to_read(read_memory(MEMORY))) as duckdb:
        _check_counts(duckdb, found, tables)

        def put(connection: Connection) -> None:
            _check_empty(connection, tables, tracker.tenant)
            done = 0
            for table, rows in _read_all(duckdb, found, tables, offset(connection)):
                table.put(connection, tracker.tenant, rows)
                done += len(rows)
                progress(done)
            end_answers(connection, database.tables, tracker.tenant)

        persist(database, put)
    persist(database, lambda connection: tell_sizes(connection, database.tables))
    return found


def _check_empty(connection: Connection, tables: list[CopiedTable], tenant: str) -> None:
    for table in tables:
        if not table.is_empty(connection, tenant):
            raise SourceError(
                f"tenant {tenant!r} has {table.name} there already; load into a database or a "
                "tenant that has nothing"
            )


def _check_whole(dump: Dumped) -> None:
    """Make sure that each file is as it was dumped, and none came to them."""
    whole = Whole(dump.folder, dump.files, DUMPED)
    whole.check_names()
    whole.check()


def _check_counts(connection: DuckDBPyConnection, dump: Dumped, tables: list[CopiedTable]) -> None:
    """Make sure that the manifest counts the rows that are there."""
    with telling_all(dump.folder):
        rows = {
            one.name: count(connection, f"SELECT count(*) {_files(dump.folder / one.name)}")
            for one in tables
        }
    if rows != dump.rows:
        Noted(Output(dump.folder).manifest, {}).refuse("counts")


def _read_all(
    connection: DuckDBPyConnection, dump: Dumped, tables: list[CopiedTable], zone: str
) -> Iterator[tuple[CopiedTable, Rows]]:
    """Give the rows of a dump, table by table, so many at a time."""
    for table in tables:
        folder = dump.folder / table.name
        wanted = ", ".join(_value(*column, zone) for column in table.columns.items())
        with telling_all(folder), connection.cursor() as cursor:
            cursor.execute(f"SELECT {wanted} {_files(folder)}")
            while rows := cursor.fetchmany(_AT_ONCE):
                yield table, rows


def _files(folder: Path) -> str:
    return f"FROM read_parquet({files_in(folder)})"


def _value(column: str, kind: Kind, zone: str) -> str:
    if kind is not Kind.INSTANT:
        return name(column)
    form = text(f"%Y-%m-%d %H:%M:%S.%f{zone}")
    return f"strftime(make_timestamp(epoch_us({name(column)})), {form})"
