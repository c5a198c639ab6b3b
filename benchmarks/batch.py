"""How long classifying a shuffled file takes beside DuckDB's own reading, sorting and writing it.

``python benchmarks/batch.py [EVENTS …]``: for each size a made-up history of text contacts, heavy
tailed and in random order, is written as Parquet (seeded); then each way runs in a process of its
own. Prints processor time per event, the ratio, and the peak of memory, as the system counts them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

HISTORY = """
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
SORT = """
import duckdb
connection = duckdb.connect()
connection.execute("SET threads = 1; SET memory_limit = '1GiB'")
connection.execute("SET temp_directory = '{folder}/spill'")
connection.execute(
    "COPY (FROM read_parquet('{file}') ORDER BY contact, occurred_at) "
    "TO '{folder}/sorted.parquet' (FORMAT parquet, COMPRESSION zstd)"
)
"""
CLASSIFY = """
from motfunnel import Funnel, complain, leave, purchase, rating, reach, resolve, touch
from motfunnel.batch import classify

funnel = Funnel(
    stages=("visitor", "lead", "customer"),
    rules={{
        "page_viewed": touch(), "signed_up": reach("lead"), "order_placed": purchase(),
        "rated": rating("score"), "ticket_opened": complain("ticket"),
        "ticket_closed": resolve("ticket"), "unsubscribed": leave(),
    }},
)
print(classify("{file}", "{folder}/{events}", funnel, threads=1, events={events}))
"""


def processor_time(code: str) -> tuple[float, float]:
    """Run a program of its own; its processor time in seconds, and its peak of memory in GB."""
    program = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(program.pid, 0)
    if status:
        raise SystemExit(f"it ended with {status}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6


def main(sizes: list[int]) -> None:
    """Measure each size."""
    import duckdb

    print(f"{'events':>12} {'way':<26} {'µs/event':>9} {'ratio':>6} {'GB':>5}")
    for events in sizes:
        with TemporaryDirectory() as folder, duckdb.connect() as connection:
            file = Path(folder) / "history.parquet"
            connection.execute("SET threads = 1; SELECT setseed(0.5)")
            connection.execute(HISTORY.format(events=events, contacts=events // 15, file=file))
            ways = {
                "read, sort and write": SORT.format(file=file, folder=folder),
                "classify, without events": CLASSIFY.format(file=file, folder=folder, events=False),
                "classify": CLASSIFY.format(file=file, folder=folder, events=True),
            }
            least = 0.0
            for way, code in ways.items():
                seconds, gigabytes = processor_time(code)
                least = least or seconds
                print(
                    f"{events:>12,} {way:<26} {seconds / events * 1e6:>9.2f} "
                    f"{seconds / least:>6.2f} {gigabytes:>5.2f}",
                    flush=True,
                )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [1_000_000])
