"""What a sweep costs, and what it costs those beside it.

Four questions, each a ratio or a figure of one run: how much dearer it is to write contact by
contact (each departure in a transaction of its own, by the same statements); how much faster two
processes are than one; how long another process's calls take beside a sweep, against alone; and by
how much the memory grows from a tenth of the contacts to all of them.

    python benchmarks/sweep.py [--contacts N] [URL ...]

Without URLs: SQLite in a temporary folder. On a server it works in tables of tenants of its own.
Two processes need two processors, beside the server's own: what the machine has is printed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from motfunnel import Funnel, Tracker, purchase, reach, touch
from motfunnel.intake import import_file
from motfunnel.tracking.upkeep import sweep as sweeping

FUNNEL = Funnel(
    stages=("visitor", "lead", "customer"),
    rules={"saw": touch(), "signed_up": reach("lead"), "bought": purchase()},
)
CONTACTS = 20_000
SINCE = datetime(2020, 1, 1, tzinfo=UTC)
PROCESSES: Any = multiprocessing.get_context("spawn")


def main() -> None:
    """Measure on each database, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("urls", nargs="*", metavar="URL")
    parser.add_argument("--contacts", type=int, default=CONTACTS)
    given = parser.parse_args()
    print(f"{os.cpu_count()} processors, {given.contacts:,} contacts overdue")
    with tempfile.TemporaryDirectory() as folder:
        for url in given.urls or [f"sqlite:///{Path(folder) / 'sweep.db'}"]:
            for line in measure(url, given.contacts):
                print(line, flush=True)


def measure(url: str, contacts: int) -> list[str]:
    """Answer the four questions of one database."""
    name = Tracker(url, spool=False).database.engine.dialect.name
    few = max(sweeping.BATCH, contacts // 10)
    alone = in_process(sweep, url, fill(url, contacts))
    small = in_process(sweep, url, fill(url, few))
    one_by_one = in_process(sweep, url, fill(url, few), 1)
    together = two_at_once(url, fill(url, contacts))
    tenant = fill(url, contacts)
    quiet = in_process(track_for, url, tenant, 2.0)
    beside = track_beside(url, tenant)
    return [
        f"{name}: {alone.micros:,.0f} µs a contact, "
        f"{one_by_one.micros / small.micros:.1f} times that one by one",
        f"{name}: two at once are {alone.seconds / together:.2f} times as fast as one, which uses "
        f"{alone.processor / alone.seconds:.0%} of a processor itself",
        f"{name}: another's track takes {beside[0]:,.1f} ms beside it in the median and "
        f"{beside[1]:,.0f} ms at most, alone {quiet[0]:,.1f} ms and {quiet[1]:,.0f} ms",
        f"{name}: {alone.memory - small.memory:+,.1f} MiB from {few:,} contacts to {contacts:,}",
    ]


def fill(url: str, contacts: int) -> str:
    """Make a tenant whose contacts are all overdue; give its name."""
    tenant = uuid4().hex
    with Tracker(url, FUNNEL, tenant=tenant) as tracker, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "history.jsonl"
        with file.open("w") as lines:
            for n in range(contacts):
                at = (SINCE + timedelta(seconds=n)).isoformat()
                row = {"contact": f"contact {n}", "event": "saw", "at": at, "id": "1"}
                lines.write(json.dumps(row) + "\n")
        import_file(tracker, file, contact="contact", event="event", at="at", id="id")
        tracker.track("somebody", "saw")
    return tenant


class Swept:
    """What one sweep took: seconds, seconds of the processor, and the most memory in MiB."""

    def __init__(self, contacts: int, began: float, processor: float) -> None:
        self.began, self.ended = began, time.perf_counter()
        self.seconds = self.ended - began
        self.processor = time.process_time() - processor
        self.micros = self.seconds * 1e6 / max(contacts, 1)  # the other may have swept all
        self.memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def sweep(url: str, tenant: str, batch: int = sweeping.BATCH) -> Swept:
    """Sweep a tenant, so many contacts in a transaction."""
    sweeping.BATCH = batch  # type: ignore[misc]
    with Tracker(url, FUNNEL, tenant=tenant, spool=False) as tracker:
        tracker.health()  # connects
        began, processor = time.perf_counter(), time.process_time()
        return Swept(tracker.sweep(), began, processor)


def two_at_once(url: str, tenant: str) -> float:
    """Sweep in two processes; give the seconds from the first one's begin to the last one's end."""
    with ProcessPoolExecutor(2, mp_context=PROCESSES) as pool:
        list(pool.map(wait, [0.5, 0.5]))  # both are there, and have loaded the library
        both = [one.result() for one in [pool.submit(sweep, url, tenant) for _ in range(2)]]
    return max(one.ended for one in both) - min(one.began for one in both)


def track_for(url: str, tenant: str, seconds: float) -> tuple[float, float]:
    """Track contacts of one's own for a while; give the median and the longest call, in ms."""
    took: list[float] = []
    until = time.perf_counter() + seconds
    with Tracker(url, FUNNEL, tenant=tenant, spool=False) as tracker:
        tracker.track("beside", "saw")
        while (began := time.perf_counter()) < until:
            tracker.track(f"beside {len(took) % 50}", "saw")
            took.append((time.perf_counter() - began) * 1000)
            time.sleep(0.005)
    return sorted(took)[len(took) // 2], max(took)


def track_beside(url: str, tenant: str) -> tuple[float, float]:
    """The same while another process sweeps."""
    with ProcessPoolExecutor(2, mp_context=PROCESSES) as pool:
        list(pool.map(wait, [0.5, 0.5]))
        sweeper = pool.submit(sweep, url, tenant)
        found = pool.submit(track_for, url, tenant, 2.0)
        sweeper.result()
        return found.result()


def wait(seconds: float) -> None:
    """Sleep, in a process that has loaded this file."""
    time.sleep(seconds)


def in_process(call: Callable[..., Any], *arguments: Any) -> Any:
    """Call something in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=PROCESSES) as pool:
        return pool.submit(call, *arguments).result()


if __name__ == "__main__":
    main()
