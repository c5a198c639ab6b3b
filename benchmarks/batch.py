"""How the batch engine stands beside what else one could run over the same file.

``python benchmarks/batch.py [EVENTS …] [--write docs/benchmarks.md]``: for each size a made-up
history of text contacts, heavy tailed and in random order, is written as Parquet (seeded); then
each way runs in a process of its own, with one thread. Prints processor time per event, the ratio
to DuckDB's own reading, sorting and writing, and the peak of memory, as the system counts them.
Only ``classify`` knows stages, returns, conditions and conflicts; the others do a part of it.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from attrs import frozen

HISTORY: Final = """
COPY (
    SELECT 'contact-' || (pow(random(), 3) * {contacts})::BIGINT AS contact,
        ['page_viewed', 'page_viewed', 'page_viewed', 'signed_up', 'order_placed', 'rated',
            'ticket_opened', 'ticket_closed', 'unsubscribed'][1 + (random() * 9)::INTEGER % 9]
            AS event,
        TIMESTAMP '2020-01-01' + to_seconds((random() * 100000000)::BIGINT) AS occurred_at,
        'e' || n AS id,
        (random() * 10)::INTEGER AS score,
        't' || (random() * 5)::INTEGER AS ticket
    FROM range({events}) AS numbers(n)
) TO '{file}' (FORMAT parquet)
"""
DUCKDB: Final = """
import duckdb
connection = duckdb.connect()
connection.execute("SET threads = 1; SET memory_limit = '1GiB'")
connection.execute("SET temp_directory = '{folder}/spill'")
query = '''{query}'''
made = "TO '{folder}/made.parquet' (FORMAT parquet, COMPRESSION zstd)"
connection.execute("COPY (" + query + ") " + made)
"""
SORTED: Final = "FROM read_parquet('{file}') ORDER BY contact, occurred_at"
WINDOWS: Final = """
WITH gaps AS (
    SELECT contact, occurred_at,
        lag(occurred_at) OVER one AS before, lead(occurred_at) OVER one AS after
    FROM read_parquet('{file}')
    WINDOW one AS (PARTITION BY contact ORDER BY occurred_at)
)
SELECT contact, occurred_at, 'open' AS moment FROM gaps WHERE before IS NULL
UNION ALL
SELECT contact, occurred_at, 'return' FROM gaps WHERE occurred_at - before >= INTERVAL 90 DAY
UNION ALL
SELECT contact, occurred_at + INTERVAL 90 DAY, 'depart' FROM gaps
WHERE coalesce(after, TIMESTAMP '2023-03-03 09:46:40') - occurred_at >= INTERVAL 90 DAY
"""
TRANSITIONS: Final = """
SELECT event, next, count(*) AS times FROM (
    SELECT event, lead(event) OVER (PARTITION BY contact ORDER BY occurred_at) AS next
    FROM read_parquet('{file}')
) WHERE next IS NOT NULL GROUP BY ALL
"""
POLARS: Final = """
import os
os.environ["POLARS_MAX_THREADS"] = "1"
import polars
polars.read_parquet("{file}").sort("contact", "occurred_at").write_parquet(
    "{folder}/made.parquet", compression="zstd"
)
"""
FUNNEL: Final = """
from motfunnel import Funnel, complain, leave, purchase, rating, reach, resolve, touch

funnel = Funnel(
    stages=("visitor", "lead", "customer"),
    rules={{
        "page_viewed": touch(), "signed_up": reach("lead"), "order_placed": purchase(),
        "rated": rating("score"), "ticket_opened": complain("ticket"),
        "ticket_closed": resolve("ticket"), "unsubscribed": leave(),
    }},
)
"""
CLASSIFY: Final = (
    FUNNEL
    + """
from motfunnel.batch import classify
classify("{file}", "{folder}/classified {events}", funnel, threads=1, events={events})
"""
)
IMPORT: Final = (
    FUNNEL
    + """
from motfunnel import Tracker
from motfunnel.intake import import_file
with Tracker("sqlite:///{folder}/crm.db", funnel, spool=False) as tracker:
    import_file(tracker, "{some}")
"""
)
TENTH: Final = "motfunnel import into SQLite"
WAYS: Final = {
    "DuckDB: read, sort, write": DUCKDB.replace("{query}", SORTED),
    "polars: read, sort, write": POLARS,
    "DuckDB: windows, three kinds of moments by one patience": DUCKDB.replace("{query}", WINDOWS),
    "DuckDB: a window, counts of what follows what": DUCKDB.replace("{query}", TRANSITIONS),
    "classify, without events": CLASSIFY.replace("{events}", "False"),
    "classify": CLASSIFY.replace("{events}", "True"),
    TENTH: IMPORT,
}
"""What is run, by what it is called; the first is what the others are compared with."""

_PLACE: Final = re.compile("(<!-- batch: begin -->\n).*(<!-- batch: end -->)", re.DOTALL)


@frozen(kw_only=True)
class Measured:
    """What a way took.

    Attributes:
        way: what it is called.
        events: how many.
        micros: the processor time per event, in microseconds.
        ratio: that, to the first way's.
        gigabytes: the peak of memory of its process.
    """

    way: str
    events: int
    micros: float
    ratio: float
    gigabytes: float

    def __str__(self) -> str:
        """As a line of a table."""
        return (
            f"| {self.events:,} | {self.way} | {self.micros:.2f} | {self.ratio:.2f} | "
            f"{self.gigabytes:.2f} |"
        )


def measure(sizes: list[int]) -> Iterator[Measured]:
    """Run each way on each size."""
    import duckdb

    for events in sizes:
        with TemporaryDirectory() as folder, duckdb.connect() as connection:
            file, some = Path(folder) / "history.parquet", Path(folder) / "some.parquet"
            connection.execute("SET threads = 1; SELECT setseed(0.5)")
            for number, path in ((events, file), (events // 10, some)):
                query = HISTORY.format(events=number, contacts=number // 15, file=path)
                connection.execute(query)
            least = 0.0
            for way, code in WAYS.items():
                run = code.format(file=file, some=some, folder=folder)
                seconds, gigabytes = processor_time(run)
                micros = seconds / (events // 10 if way == TENTH else events) * 1e6
                least = least or micros
                yield Measured(
                    way=way, events=events, micros=micros, ratio=micros / least, gigabytes=gigabytes
                )


def processor_time(code: str) -> tuple[float, float]:
    """Run a program of its own; its processor time in seconds, and its peak of memory in GB."""
    program = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(program.pid, 0)
    if status:
        raise SystemExit(f"it ended with {status}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6


def table(found: list[Measured]) -> str:
    """All of it, with the machine and the versions."""
    packages = ", ".join(f"{one} {version(one)}" for one in ("duckdb", "polars", "numba", "numpy"))
    return "\n".join(
        [
            f"CPython {platform.python_version()}, {packages}; {platform.machine()} with "
            f"{os.cpu_count()} processors, of which one is used.",
            "",
            "| events | | µs of the processor an event | ratio | peak, GB |",
            "|--:|---|--:|--:|--:|",
            *map(str, found),
            "",
        ]
    )


def main() -> None:
    """Measure, print, and write into a page where one is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", nargs="*", type=int, default=[1_000_000])
    parser.add_argument("--write", type=Path, metavar="PAGE")
    arguments = parser.parse_args()
    found = []
    for one in measure(arguments.events):
        print(one, flush=True)
        found.append(one)
    if arguments.write is not None:
        page = arguments.write.read_text("utf-8")
        told = table(found)
        arguments.write.write_text(
            _PLACE.sub(lambda match: f"{match[1]}{told}{match[2]}", page), "utf-8"
        )


if __name__ == "__main__":
    main()
