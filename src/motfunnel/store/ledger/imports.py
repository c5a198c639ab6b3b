"""What an import writes and looks up: events by the thousand, and how far a file has come.

Rows are checked and their properties written as JSON before they come here. Decides nothing about
what is kept; each function is a statement or two on the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from attrs import frozen
from sqlalchemy import (
    Connection,
    Text,
    and_,
    bindparam,
    delete,
    func,
    select,
    tuple_,
    type_coerce,
)

from motfunnel.domain.event import Event, EventRow, to_json
from motfunnel.domain.instant import instant_text
from motfunnel.store.ledger.rows import ALIVE_IF_HERE, read_event
from motfunnel.store.ledger.statements import SOME, statements
from motfunnel.store.schema.dialects import insert_or_update
from motfunnel.store.schema.tables import Tables

_AT_ONCE: Final = 5_000

OF_NAME: Final = 16
"""How many characters of what an import is noted under are of its file's name."""

Transaction: TypeAlias = Connection
"""What work is done on; the rooms above know it by this name only."""


@frozen(kw_only=True)
class Checkpoint:
    """How far the import of a file has come.

    Attributes:
        line: how many rows are done with, of which many may begin on one line.
        added: how many events were new.
        rejected: how many rows were rejected.
    """

    line: int = 0
    added: int = 0
    rejected: int = 0


def add_event_rows(
    connection: Connection,
    tables: Tables,
    tenant: str,
    rows: Sequence[EventRow],
    recorded_at: datetime,
) -> int:
    """Insert events, leave those whose contact and id are there, and count the new ones.

    In the order of the key: rows that lie together are written together.
    """
    if not rows:
        return 0
    columns: dict[str, Sequence[Any]] = dict(
        zip(EventRow._fields, zip(*sorted(rows), strict=True), strict=True)
    )
    columns["alive"] = [ALIVE_IF_HERE[signal] for signal in columns["signal"]]
    fixed = {"tenant": tenant, "recorded_at": instant_text(recorded_at)}
    run = statements(tables.schema)
    if connection.dialect.name == "postgresql":  # reads a text without an offset in its own zone
        columns["occurred_at"] = [f"{instant}Z" for instant in columns["occurred_at"]]
        fixed["recorded_at"] += "Z"
        arrays = {name: to_json(values) for name, values in columns.items()}
        return run.add_event_arrays.execute(connection, fixed | arrays)
    return run.add_written_events.execute_columns(connection, columns, fixed)


def stored_events(
    connection: Connection, tables: Tables, tenant: str, keys: Sequence[tuple[str, str]]
) -> Iterator[Event]:
    """Read the events that have these contacts and ids.

    SQLite searches no index for pairs in a list, and reads one row at a time fast enough.
    """
    events = tables.events
    if connection.dialect.name == "sqlite":
        read = statements(tables.schema).read_event
        for contact, id in keys:
            one = {"tenant": tenant, "contact": contact, "id": id}
            yield from map(read_event, read.fetch(connection, one))
        return
    for start in range(0, len(keys), SOME):
        some = keys[start : start + SOME]
        found = select(events).where(
            events.c.tenant == tenant, tuple_(events.c.contact, events.c.id).in_(some)
        )
        for row in connection.execute(found).mappings():
            yield read_event(dict(row))


def find_same(
    connection: Connection, tables: Tables, tenant: str, rows: Sequence[EventRow]
) -> set[tuple[str, str]]:
    """Find those of some events that are stored letter for letter, by contact and id.

    Of SQLite only, where events are texts, and many small questions are dear; elsewhere none.
    """
    if connection.dialect.name != "sqlite":
        return set()
    e = tables.events.c
    wanted = func.json_each(bindparam("keys")).table_valued("value")
    key = (func.json_extract(wanted.c.value, f"$[{place}]") for place in range(2))
    texts = (type_coerce(column, Text) for column in (e.occurred_at, e.properties))
    mine = and_(e.tenant == tenant, e.contact == next(key), e.id == next(key))
    # An outer join, so that the keys come first: SQLite takes them for few and would scan events.
    find = select(e.contact, e.id, e.event, *texts).select_from(
        wanted.join(tables.events, mine, isouter=True)
    )
    same: set[tuple[str, str]] = set()
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        keys = to_json([[row.contact, row.id] for row in some])
        stored = {tuple(row) for row in connection.execute(find, {"keys": keys})}
        same |= {row[:2] for row in some if (*row[:4], row.properties) in stored}
    return same


def read_checkpoint(
    connection: Connection, tables: Tables, tenant: str, source: str
) -> Checkpoint | None:
    """Read how far the import of a file has come; None where none is unfinished."""
    imports = tables.imports
    found = connection.execute(
        select(imports).where(imports.c.tenant == tenant, imports.c.source == source)
    ).one_or_none()
    if found is None:
        return None
    return Checkpoint(line=found.line, added=found.added, rejected=found.rejected)


def put_checkpoint(
    connection: Connection,
    tables: Tables,
    tenant: str,
    source: str,
    checkpoint: Checkpoint,
    recorded_at: datetime,
) -> None:
    """Write how far the import of a file has come."""
    names = ["line", "added", "rejected", "recorded_at"]
    statement = insert_or_update(tables.imports, connection.dialect, names)
    row = {
        "tenant": tenant,
        "source": source,
        "line": checkpoint.line,
        "added": checkpoint.added,
        "rejected": checkpoint.rejected,
        "recorded_at": recorded_at,
    }
    connection.execute(statement, row)


def count_unfinished(connection: Connection, tables: Tables, tenant: str) -> int:
    """Count the rows that are in of imports that were broken off."""
    imports = tables.imports
    rows = select(func.sum(imports.c.line)).where(imports.c.tenant == tenant)
    return int(connection.scalar(rows) or 0)


def drop_checkpoint(connection: Connection, tables: Tables, tenant: str, source: str) -> None:
    """Forget how far the imports of a file of this name had come: one is finished."""
    imports = tables.imports
    named = imports.c.source.startswith(source[:OF_NAME], autoescape=True)
    connection.execute(delete(imports).where(imports.c.tenant == tenant, named))
