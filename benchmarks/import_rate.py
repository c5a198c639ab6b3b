"""How an import compares with the least that can be done: the same rows by plain executemany.

Imports a history, reads back what then lies in the tables of events, contacts, moments and
episodes, empties them, and inserts those very rows through the driver, table by table, the events
in the order of time as an application would have written them, each table in one transaction. The
ratio of the two rates is the share of the driver's speed that an import reaches, with reading the
file, checking, classifying and being able to resume.

    python benchmarks/import_rate.py --db sqlite:///bench.db --rows 250000

Empties the motfunnel tables of the database that it is given.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import platform
import re
import tempfile
from collections.abc import Iterator
from contextlib import closing
from importlib import resources
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import Table, insert, select
from sqlalchemy.engine import Connection, Engine

from motfunnel import Funnel, Tracker
from motfunnel.intake import import_file

TABLES = ("events", "contacts", "moments", "episodes")
_NAMED = re.compile(r"%\(\w+\)s")


def main() -> None:
    """Measure some rounds, and print each."""
    arguments = _arguments()
    demo = resources.files("motfunnel.demo")
    with tempfile.TemporaryDirectory() as directory:
        history = Path(directory) / "history.csv"
        columns = _write_history(demo / "git_history.csv.gz", history, arguments.rows)
        funnel = Funnel.from_toml(str(demo / "git.toml"))
        print(f"{platform.python_implementation()} {platform.python_version()}, {arguments.db}")
        for _ in range(arguments.rounds):
            with Tracker(arguments.db, funnel) as tracker:
                _measure(tracker, history, columns)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Plain)
    parser.add_argument("--db", default="sqlite:////tmp/motfunnel-benchmark.db")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


class _Plain(argparse.RawDescriptionHelpFormatter):
    """Shows the description as it is written."""


def _write_history(packed: Any, history: Path, rows: int) -> dict[str, str]:
    """Write so many rows of the bundled history; say which columns they have."""
    with packed.open("rb") as file, gzip.open(file, "rt", newline="") as unpacked:
        history.write_text("".join(islice(unpacked, rows + 1)))
    with history.open() as file:
        at, contact, event, *_ = next(csv.reader(file))
    return {"at": at, "contact": contact, "event": event}


def _measure(tracker: Tracker, history: Path, columns: dict[str, Any]) -> None:
    engine = tracker.database.engine
    tables = [getattr(tracker.database.tables, name) for name in TABLES]
    tracker.create_tables()
    _empty(engine, [*tables, tracker.database.tables.checkpoints])
    began = perf_counter()
    imported = import_file(tracker, history, at_format="unix", **columns)
    ours = perf_counter() - began
    with engine.connect() as connection:
        rows = {table: list(_bound(connection, table)) for table in tables}
    _empty(engine, [*tables, tracker.database.tables.checkpoints])
    theirs = sum(_insert_plainly(engine, table, rows[table]) for table in tables)
    counts = ", ".join(
        f"{len(rows[table]):,} {name}" for table, name in zip(tables, TABLES, strict=True)
    )
    print(
        f"import {ours:6.2f} s ({imported.rows / ours:,.0f} rows/s), "
        f"executemany {theirs:6.2f} s ({imported.rows / theirs:,.0f} rows/s): "
        f"{theirs / ours:.2f} of its rate  [{counts}]"
    )


def _empty(engine: Engine, tables: list[Table]) -> None:
    with engine.begin() as connection:
        for table in tables:
            connection.execute(table.delete())
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            free = connection.execution_options(isolation_level="AUTOCOMMIT")
            free.exec_driver_sql("VACUUM")


def _bound(connection: Connection, table: Table) -> Iterator[tuple[Any, ...]]:
    """Read a table's rows as the driver takes them, so that binding costs the insert nothing."""
    wanted = select(table)
    if "occurred_at" in table.c and "signal" in table.c:
        wanted = wanted.order_by(table.c.occurred_at)
    kinds = [column.type.dialect_impl(connection.dialect) for column in table.columns]
    binders = [kind.bind_processor(connection.dialect) for kind in kinds]
    for row in connection.execute(wanted):
        yield tuple(
            value if bind is None or value is None else bind(value)
            for bind, value in zip(binders, row, strict=True)
        )


def _insert_plainly(engine: Engine, table: Table, rows: list[tuple[Any, ...]]) -> float:
    compiled = insert(table).values({c.name: None for c in table.columns}).compile(engine)
    statement = _NAMED.sub("%s", str(compiled))
    with closing(engine.raw_connection()) as connection:
        began = perf_counter()
        with closing(connection.cursor()) as cursor:
            if rows:
                cursor.executemany(statement, rows)
        connection.commit()
        return perf_counter() - began


if __name__ == "__main__":
    main()
