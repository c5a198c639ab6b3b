"""What a late event costs in a long history, as a multiple of one that comes in order.

One contact has 100,000 events, spread over a year. An event in order and one that is up to an hour
late are tracked in turn, so that a machine that slows down slows both down. Then one comes that is
a year late, whose fold is owed, and a sweep writes it. Meanwhile another process tracks another
contact all the time, and says how long its longest call took.

    python benchmarks/late_event.py [--events N] [URL ...]

Without URLs: SQLite in a temporary folder. On a server it works in tables of a tenant of its own.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from motfunnel import Funnel, Tracker, complain, purchase, reach, resolve, touch
from motfunnel.intake import import_file

FUNNEL = Funnel(
    stages=("visitor", "lead", "customer"),
    rules={
        "saw": touch(),
        "signed_up": reach("lead"),
        "bought": purchase(),
        "wrote": complain("ticket"),
        "solved": resolve("ticket"),
    },
)
YEAR = timedelta(days=365)
BUDGET = timedelta(seconds=1)
ROUNDS = 60
NAMES = ("saw",) * 17 + ("bought", "wrote", "solved")


def main() -> None:
    """Measure on each database, and print what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("urls", nargs="*", metavar="URL")
    parser.add_argument("--events", type=int, default=100_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for url in asked.urls or [f"sqlite:///{Path(folder) / 'late.db'}"]:
            print(measure(url, Path(folder), asked.events))


def measure(url: str, folder: Path, events: int) -> str:
    """Time all of it on one database."""
    with Tracker(url, FUNNEL, tenant=uuid4().hex, budget=BUDGET, spool=False) as tracker:
        began = datetime.now(UTC) - YEAR
        tracker.create_tables()
        history, columns = _history(folder, began, events), ("contact", "event", "at", "id")
        import_file(tracker, history, **{name: name for name in columns})
        tracker.track("crm", "saw")
        rng = random.Random(1)
        in_order, late = [], []
        for _ in range(ROUNDS):
            in_order.append(_time(lambda: tracker.track("crm", "saw")))
            at = datetime.now(UTC) - timedelta(seconds=rng.uniform(1, 3600))
            late.append(_time(lambda at=at: tracker.track("crm", "saw", occurred_at=at)))
        hour = statistics.median(late) / statistics.median(in_order)
        alone = _beside(url, tracker.tenant, lambda: time.sleep(3))[1]
        answers: list[Any] = []
        before = began - timedelta(hours=1)
        year, beside_year = _beside(
            url,
            tracker.tenant,
            lambda: answers.append(tracker.track("crm", "saw", occurred_at=before)),
        )
        swept, beside_sweep = _beside(url, tracker.tenant, tracker.sweep)
        assert answers[0].deferred
        assert tracker.health().owed == 0
        wrong = tracker.check().differences
        assert not wrong, wrong
        shifted, beside_shift = _shift(tracker, url, began)
        name = tracker.database.engine.dialect.name
    ordinary = statistics.median(in_order)
    return (
        f"{name}: up to an hour late costs {hour:.1f} times an event in order "
        f"({ordinary * 1e3:.1f} ms); a year late is stored within {year * 1e3:.0f} ms, and folded "
        f"by a sweep of {swept:.1f} s. Another process waited at most {beside_year * 1e3:.0f} ms, "
        f"and {beside_sweep * 1e3:.0f} ms beside the sweep ({alone * 1e3:.0f} ms with nobody "
        "beside it). A complaint a year late, behind which every moment moves on by a place: a "
        f"sweep of {shifted:.1f} s, {beside_shift * 1e3:.0f} ms beside it"
    )


def _shift(tracker: Tracker, url: str, began: datetime) -> tuple[float, float]:
    """A moment that comes before all others moves each of them on by a place."""
    assert tracker.track("crm", "wrote", occurred_at=began + timedelta(minutes=1)).deferred
    return _beside(url, tracker.tenant, tracker.sweep)


def _history(folder: Path, began: datetime, events: int) -> Path:
    rng, file = random.Random(0), folder / "history.csv"
    with file.open("w", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(["contact", "event", "at", "id", "ticket"])
        for number in range(events):
            at = began + (YEAR - timedelta(hours=1)) * (number / events)
            ticket = rng.randrange(20)
            writer.writerow(["crm", rng.choice(NAMES), at.isoformat(), f"{number:08}", ticket])
    return file


def _time(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _beside(url: str, tenant: str, call: Callable[[], object]) -> tuple[float, float]:
    """How long a call takes, and the longest that another process waited meanwhile."""
    with _other(url, tenant) as waits:
        seconds = _time(call)
    return seconds, waits[0]


@contextmanager
def _other(url: str, tenant: str) -> Iterator[list[float]]:
    """Have another process track another contact, again and again."""
    context = multiprocessing.get_context("spawn")
    ready, stop, told = context.Event(), context.Event(), context.Queue()
    other = context.Process(target=_track_on, args=(url, tenant, ready, stop, told))
    other.start()
    assert ready.wait(60), "the other process did not begin"
    waits: list[float] = []
    try:
        yield waits
    finally:
        stop.set()
        waits.append(told.get())
        other.join()


def _track_on(url: str, tenant: str, ready: Any, stop: Any, told: Any) -> None:
    with Tracker(url, FUNNEL, tenant=tenant, spool=False) as tracker:
        for _ in range(5):
            tracker.track("another", "saw")
        ready.set()
        longest = 0.0
        while not stop.is_set():
            longest = max(longest, _time(lambda: tracker.track("another", "saw")))
        told.put(longest)


if __name__ == "__main__":
    main()
