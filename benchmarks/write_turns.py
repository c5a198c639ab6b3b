"""How evenly SQLite's one write lock is shared by processes that all want it all the time.

Each process tracks for so many seconds; printed are its calls, the longest of them, and how unequal
the processes fared: calls of the busiest over those of the idlest. Run it on two checkouts, one
after the other, to compare.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from motfunnel import Funnel, Tracker


def write(url: str, number: int, seconds: float, barrier: Any, answers: Any) -> None:
    """Track as often as the lock allows; answer how often that was, and the longest call."""
    calls, failed, longest = 0, 0, 0.0
    budget = timedelta(seconds=5)
    with Tracker(url, funnel=Funnel.saas(), budget=budget, spool=False) as tracker:
        barrier.wait()
        until = monotonic() + seconds
        while (began := monotonic()) < until:
            try:
                tracker.track(f"contact {number}", "Signed In")
                calls += 1
            except Exception:
                failed += 1
            longest = max(longest, monotonic() - began)
    answers.put((calls, failed, longest))


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=10.0)
    given = parser.parse_args()
    context: Any = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as place:
        url = f"sqlite:///{Path(place) / 'turns.db'}"
        with Tracker(url, funnel=Funnel.saas(), spool=False) as tracker:
            tracker.track("first", "Signed Up")
        barrier, answers = context.Barrier(given.processes), context.Queue()
        running = [
            context.Process(target=write, args=(url, n, given.seconds, barrier, answers))
            for n in range(given.processes)
        ]
        for one in running:
            one.start()
        found = [answers.get() for _ in running]
        for one in running:
            one.join()
    calls = [one[0] for one in found]
    print(
        f"{given.processes} processes: {sum(calls) / given.seconds:,.0f} calls a second, "
        f"{sum(one[1] for one in found)} failed, busiest over idlest "
        f"{max(calls)}/{min(calls)} = {max(calls) / max(1, min(calls)):.1f}, "
        f"longest call {max(one[2] for one in found):.3f} s"
    )


if __name__ == "__main__":
    main()
