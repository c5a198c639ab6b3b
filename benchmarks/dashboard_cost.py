"""How soon the dashboard's first page is there, on a store of so many made-up events.

Asks in this process, by a request and a response, as a framework would: the page without its
sections (the shell), the page with the answers that a refresh has kept, each of its sections asked
for the first time, and what a browser loads at a first visit, compressed. Each quick one is asked
ten times, and the median told.

    createdb motfunnel_dashboard
    python benchmarks/dashboard_cost.py --db postgresql://localhost/motfunnel_dashboard

Leaves the database as a next run can use it; drop it when done.
"""

from __future__ import annotations

import argparse
import gzip
from collections.abc import Callable
from statistics import median
from time import perf_counter

from filling import fill, make_tracker

from motfunnel.dashboard import Dashboard, Request, refresh
from motfunnel.dashboard.assets import served
from motfunnel.dashboard.pages import OVERVIEW
from motfunnel.store.database.retry import persist
from motfunnel.store.kept.changes import end_answers

TIMES = 10


def main() -> None:
    """Fill, refresh, ask, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--db", required=True, metavar="URL")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--page", action="append", help="refresh only this page")
    arguments = parser.parse_args()
    print(fill(arguments.db, arguments.events), flush=True)
    with make_tracker(arguments.db, arguments.events) as tracker:
        dashboard = Dashboard(tracker, authorize=lambda _: True, patience=None)

        def get(path: str) -> bytes:
            response = dashboard.respond(Request(method="GET", path=path))
            assert response.line == "200 OK", response.body
            return response.body

        persist(
            tracker.database, lambda on: end_answers(on, tracker.database.tables, tracker.tenant)
        )
        say("the shell, first asked for", took(lambda: get("/")))
        say("the shell", middle(lambda: get("/")))
        for section in OVERVIEW.sections:
            say(f"section {section.slug}", took(lambda s=section: get(f"/overview/{s.slug}")))
        began = perf_counter()
        print(refresh(tracker, pages=arguments.page))
        say("a refresh", perf_counter() - began)
        say("the page with kept answers", middle(lambda: get("/")))
        page = get("/")
        files = sum(
            len(one.packed) for name, one in served().items() if name.endswith((".css", ".js"))
        )
        sent = len(gzip.compress(page)) + files
        print(f"{'a first visit':32} {sent / 1_000:8.1f} kB")


def say(what: str, seconds: float) -> None:
    """Print how long something took."""
    print(f"{what:32} {seconds * 1_000:8,.0f} ms", flush=True)


def took(work: Callable[[], object]) -> float:
    """How long it takes."""
    began = perf_counter()
    work()
    return perf_counter() - began


def middle(work: Callable[[], object]) -> float:
    """How long it takes, in the middle of some times."""
    return median(took(work) for _ in range(TIMES))


if __name__ == "__main__":
    main()
