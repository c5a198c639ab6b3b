"""What a subscription costs a `track`, as a multiple of the same call where nobody subscribed.

Three tenants on one database in turn, so that a machine that slows down slows all of them down:
without a subscription, with one that asks for what happens, and with one that asks for something
else. Of calls that make a moment each, and of calls that make none.

    python benchmarks/subscription_cost.py [URL ...]

Without URLs: SQLite in a temporary folder.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from motfunnel import Funnel, Tracker, leave, touch
from motfunnel.domain.moment import MomentName

FUNNEL = Funnel(
    stages=("visitor", "customer"),
    rules={"saw": touch(), "left": leave()},
    patience={"default": None},
)
SINCE = datetime(2024, 1, 1, tzinfo=UTC)
CALLS = 100
CONTACTS = 20
ASKED: dict[str, tuple[MomentName, ...] | None] = {
    "none": None,
    "one that is told": ("depart", "recidivism"),
    "one that is not": ("loyalist",),
}


def main() -> None:
    """Measure on each database, and print the ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("urls", nargs="*", metavar="URL")
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for url in given.urls or [f"sqlite:///{Path(folder) / 'cost.db'}"]:
            print(measure(url, given.rounds), flush=True)


def measure(url: str, rounds: int) -> str:
    """Time all of them in turn."""
    with ExitStack() as stack:
        trackers = {
            name: stack.enter_context(Tracker(url, FUNNEL, tenant=uuid4().hex, spool=False))
            for name in ASKED
        }
        for name, kinds in ASKED.items():
            trackers[name].create_tables()
            if kinds is not None:
                trackers[name].subscribe("crm", kinds=kinds)
        dialect = trackers["none"].database.engine.name
        said = [_ratios(trackers, steps, rounds) for steps in (("left", "saw"), ("saw", "saw"))]
    return f"{dialect}: a moment each: {said[0]}; none: {said[1]}"


def _ratios(trackers: dict[str, Tracker], events: tuple[str, str], rounds: int) -> str:
    turns = []
    for number in range(rounds + 1):
        times = {name: _time(one, events, number) for name, one in trackers.items()}
        turns.append({name: each / times["none"] for name, each in times.items()})
        micros = times["none"] * 1e6 / CALLS
    told = [
        f"{name} {statistics.median(one[name] for one in turns[1:]):.2f} times"
        for name in list(ASKED)[1:]
    ]
    return f"{', '.join(told)} ({micros:,.0f} µs without)"


def _time(tracker: Tracker, events: tuple[str, str], number: int) -> float:
    """One of the two events of each contact in turn, over and over."""
    began = time.perf_counter()
    for call in range(CALLS):
        step = number * CALLS // CONTACTS + call // CONTACTS
        tracker.track(
            f"contact {call % CONTACTS}",
            events[step % 2],
            occurred_at=SINCE + timedelta(seconds=step),
            id=f"{events[0]} {step}",
        )
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
