"""Filling a store with made-up histories, by the library's own import.

Each size is a tenant of its own, and on PostgreSQL has tables of its own, so that no report reads
past what is another's. A size that is there already is left as it is. Beyond a million events, what
was imported is copied by the database under other names: an import would take ten minutes and more.
"""

from __future__ import annotations

import json
import tempfile
from itertools import islice
from pathlib import Path
from time import perf_counter

from made_up import FUNNEL, SINCE, UNTIL, rows, traits
from sqlalchemy import func, literal, select

from motfunnel import Tracker
from motfunnel.intake import import_file

IN_ONE_TRANSACTION = 2000
MOST_IMPORTED = 1_000_000
_COPIED = ("contacts", "events", "moments", "episodes", "checkpoints", "traits")
_NAMES = ("contact", "owner", "recorded_as")


def make_tracker(url: str, size: int) -> Tracker:
    """The tracker of the store that has so many events: on PostgreSQL in a schema of its own."""
    if not url.startswith("postgresql"):
        return Tracker(url, FUNNEL, tenant=f"{size} events")
    return Tracker(url, FUNNEL, tenant=f"{size} events", schema=schema_of(size))


def schema_of(size: int) -> str:
    """The schema of so many events."""
    return f"events_{size}"


def fill(url: str, size: int) -> str:
    """Make a tenant of so many events where there is none; say how long that took."""
    with make_tracker(url, size) as tracker:
        _make_schema(tracker, size)
        tracker.create_tables()
        if _count(tracker, "contacts"):
            return f"{size:,} events: there already, {_count(tracker, 'contacts'):,} contacts"
        began = perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "history.jsonl"
            contacts = _write(file, min(size, MOST_IMPORTED))
            written = perf_counter()
            _identify(tracker, contacts)
            identified = perf_counter()
            imported = import_file(
                tracker, file, contact="contact", event="event", at="at", id="id"
            )
        ended = perf_counter()
        swept = tracker.sweep(as_of=UNTIL)
        written_down = perf_counter()
        for number in range(1, -(-size // MOST_IMPORTED)):
            _copy(tracker, f"{number}-")
        copied = perf_counter()
        _analyse(tracker)
    known = -(-contacts // 10)
    return (
        f"{imported.added:,} events of {imported.contacts:,} contacts: made up in "
        f"{written - began:,.0f} s, {known:,} identified in {identified - written:,.0f} s, "
        f"imported in {ended - identified:,.0f} s "
        f"({imported.rows / (ended - identified):,.0f} rows/s), "
        f"{swept:,} swept in {written_down - ended:,.0f} s, "
        f"copied in {copied - written_down:,.0f} s"
    )


def _write(file: Path, size: int) -> int:
    """Write the histories as JSON lines; give how many contacts they have."""
    last = ""
    with file.open("w") as lines:
        for row in rows(size):
            lines.write(json.dumps(row) + "\n")
            last = row["contact"]
    return int(last.rpartition("-")[2]) + 1


def _identify(tracker: Tracker, contacts: int) -> None:
    said = traits(contacts)
    while some := list(islice(said, IN_ONE_TRANSACTION)):
        with tracker.database.engine.begin() as connection:
            for contact, known in some:
                tracker.identify(contact, known, occurred_at=SINCE, bind=connection)


def _copy(tracker: Tracker, prefix: str) -> None:
    """Copy what was imported, with names that begin so; properties name whom they named before."""
    with tracker.database.engine.begin() as connection:
        for name in _COPIED:
            table = getattr(tracker.database.tables, name)
            named = [literal(prefix) + c if c.name in _NAMES else c for c in table.c]
            mine = select(*named).where(
                table.c.tenant == tracker.tenant, table.c.contact.like("contact-%")
            )
            connection.execute(table.insert().from_select([c.name for c in table.c], mine))


def _make_schema(tracker: Tracker, size: int) -> None:
    if tracker.database.engine.name == "postgresql":
        with tracker.database.engine.begin() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {schema_of(size)}")


def _count(tracker: Tracker, name: str) -> int:
    table = getattr(tracker.database.tables, name)
    with tracker.database.engine.connect() as connection:
        mine = select(func.count()).select_from(table).where(table.c.tenant == tracker.tenant)
        return int(connection.scalar(mine) or 0)


def _analyse(tracker: Tracker) -> None:
    """Let the planner know what lies in the tables, as a server does by itself after a while."""
    how = {"postgresql": "VACUUM ANALYZE", "sqlite": "ANALYZE"}.get(tracker.database.engine.name)
    if how is not None:
        with tracker.database.engine.connect() as connection:
            free = connection.execution_options(isolation_level="AUTOCOMMIT")
            free.exec_driver_sql(how)
