"""What a spool costs by its length: a `track` and a `health` beside it, and its delivery.

A spool of so many lines is laid down as an outage would leave it. Then one call of each kind is
timed under a budget of a second, and a `health` that finds no note of how long the spool is. The
delivery is timed in turn with that of a spool of a hundred lines, in calls for each second of the
processor's time, so that a machine that slows down slows both down.

    python benchmarks/spool_length.py [--lengths 100 10000 100000 1000000] [URL]

Without a URL: SQLite in a temporary folder.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from uuid import uuid4

from motfunnel import Funnel, Tracker, reach, touch
from motfunnel.errors import StoreError
from motfunnel.store.engine.deadline import within
from motfunnel.tracking.recording.call import Call
from motfunnel.tracking.recording.entry import SetAside, set_aside
from motfunnel.tracking.spool.spool import Spool

FUNNEL = Funnel(
    stages=("visitor", "lead", "customer"), rules={"saw": touch(), "signed_up": reach("lead")}
)
LENGTHS = (100, 10_000, 100_000, 1_000_000)
BUDGET = timedelta(seconds=1)
ROUNDS = 7
SHORT = 100
CONTACTS = 1_000


def main() -> None:
    """Measure at each length, and print a line for it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("url", nargs="?", metavar="URL")
    parser.add_argument("--lengths", nargs="+", type=int, default=LENGTHS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = given.url or f"sqlite:///{Path(folder) / 'spool.db'}"
        print("lines      MiB  track s  health s  first look s  delivered/s  of a short one's")
        for length in given.lengths:
            print(measure(url, Path(folder) / str(length), length))


def measure(url: str, folder: Path, length: int) -> str:
    """Lay a spool down, and time what there is to be done beside it and with it."""
    options = {"tenant": uuid4().hex, "budget": BUDGET, "on_error": "log"}
    with (
        Tracker(url, FUNNEL, spool=folder / "spool", **options) as long,  # type: ignore[arg-type]
        Tracker(url, FUNNEL, spool=folder / "short", **options) as short,  # type: ignore[arg-type]
    ):
        assert long.spool is not None
        assert short.spool is not None
        long.track("ada", "saw")
        fill(long.spool, 0, length)
        size = long.spool.status().bytes / (1 << 20)
        track = max(clocked(lambda: long.track("ada", "saw")) for _ in range(ROUNDS))
        health = max(clocked(long.health) for _ in range(ROUNDS))
        (folder / "spool.state").unlink(missing_ok=True)
        look = clocked(long.health)
        ours: list[float] = []
        theirs: list[float] = []
        for number in range(ROUNDS):
            if not long.spool.exists():
                fill(long.spool, (number + 2) * length, length)
            ours.append(rate(long))
            fill(short.spool, (number + 20) * length, SHORT)
            theirs.append(rate(short))
    return (
        f"{length:9,} {size:6.1f} {track:7.3f} {health:9.3f} {look:13.3f} "
        f"{median(ours):12,.0f} {median(ours) / median(theirs):18.2f}"
    )


def fill(spool: Spool, first: int, length: int) -> None:
    """Put calls in, of ever later instants, as an outage does."""
    down, now = StoreError("the database cannot be reached"), datetime.now(UTC)

    def aside(number: int) -> SetAside:
        at = now - timedelta(days=30) + timedelta(microseconds=number)
        call = Call(
            verb="track",
            contact=f"contact {number % CONTACTS}",
            event="saw",
            properties={"page": f"/products/{number}"},
            occurred_at=at,
            id=str(number),
        )
        return set_aside(call, down, now, is_refused=False)

    for start in range(first, first + length, 1_000):
        spool.append(*map(aside, range(start, min(start + 1_000, first + length))))


def rate(tracker: Tracker) -> float:
    """Calls delivered in a second of the processor's time, for a while or until nothing waits."""
    spool = tracker.spool
    assert spool is not None
    before, began = len(spool), time.process_time()
    with within(0.5):
        tracker.deliver()
    return (before - len(spool)) / (time.process_time() - began)


def clocked(call: Callable[[], object]) -> float:
    """How many seconds it takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
