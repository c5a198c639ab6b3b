"""How a store's way through files compares with PostgreSQL's own COPY of the same rows.

Dumps the demo's history out of SQLite, loads it into PostgreSQL, and then has PostgreSQL write its
tables to its own files and copy those back into tables made anew, keys and indexes and all: the
least that anybody could do. Prints seconds, and ratios of the rates; 1.00 would be as quick.

    python benchmarks/transfer.py --db postgresql://postgres@127.0.0.1/bench

Empties the motfunnel tables of the database that it is given.
"""

from __future__ import annotations

import argparse
import io
import platform
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from filling import fill, make_tracker
from rich.console import Console

from motfunnel import Tracker
from motfunnel.demo import run
from motfunnel.store.copies.rows import copied_tables
from motfunnel.transfer import dump, load


def main() -> None:
    """Measure some rounds, and print each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Plain)
    parser.add_argument("--db", required=True)
    parser.add_argument("--events", type=int, help="made up, instead of the demo's")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with _filled(f"sqlite:///{place}/old.db", arguments.events) as old:
            print(f"CPython {platform.python_version()}, {arguments.db}")
            for _ in range(arguments.rounds):
                _round(old, arguments.db, place)


def _filled(url: str, events: int | None) -> Tracker:
    """The tracker of a store with the demo's history, or one that is made up."""
    if events is None:
        run(Console(file=io.StringIO()), url)
        return Tracker(url, tenant="demo", spool=False)
    print(fill(url, events))
    return make_tracker(url, events)


def _round(old: Tracker, url: str, place: Path) -> None:
    out = place / "out"
    shutil.rmtree(out, ignore_errors=True)
    with Tracker(url, spool=False) as new:
        _make_anew(new)
        dumped, dumping = _timed(lambda: dump(old, out))
        _, loading = _timed(lambda: load(new, out))
        copies = _copies(new)
        _make_anew(new)
        _, copying = _timed(lambda: _copy_back(new, copies))
    rows = sum(dumped.rows.values())
    both = dumping + loading
    print(
        f"{rows:,} rows: dump {dumping:.2f} s, load {loading:.2f} s, COPY {copying:.2f} s; "
        f"load {copying / loading:.2f}, dump and load {copying / both:.2f} of COPY's rate"
    )


def _make_anew(tracker: Tracker) -> None:
    tracker.database.tables.metadata.drop_all(tracker.database.engine)
    tracker.database.tables.metadata.create_all(tracker.database.engine)


def _copies(tracker: Tracker) -> dict[str, bytes]:
    """Each table as PostgreSQL writes it."""
    found = {}
    with tracker.database.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        for table in (f"motfunnel_{one.name}" for one in copied_tables(tracker.database.tables)):
            with driver.cursor() as cursor, cursor.copy(f"COPY {table} TO STDOUT") as copy:
                found[table] = b"".join(copy)
    return found


def _copy_back(tracker: Tracker, copies: dict[str, bytes]) -> None:
    with tracker.database.engine.begin() as connection:
        driver: Any = connection.connection.driver_connection
        for table, text in copies.items():
            with driver.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
                copy.write(text)


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = perf_counter()
    return work(), perf_counter() - began


class _Plain(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    pass


if __name__ == "__main__":
    main()
