"""Several processes, or threads, that do a thing at the same time, and the things they do.

The processes are real ones, each with a tracker and connections of its own.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any

from attrs import frozen

from motfunnel import MomentKind, Tracker
from tests.faults.soak import size
from tests.tracking.scene import FUNNEL

PATIENCE = size(30, 1_800)
_ways = multiprocessing.get_all_start_methods()
context: Any = multiprocessing.get_context("forkserver" if "forkserver" in _ways else "spawn")
if "forkserver" in _ways:
    # What takes long to load is loaded once, before anything is connected to.
    context.set_forkserver_preload(
        ["motfunnel", "psycopg", "pymysql", "pytest", "tests.faults.victim"]
    )
_barrier: Any = None


@frozen
class Place:
    """Where a process finds the data.

    Attributes:
        url: the database.
        tenant: whose contacts.
    """

    url: str
    tenant: str

    def tracker(self) -> Tracker:
        """A tracker of this process's own; what is measured here is not time."""
        return Tracker(self.url, funnel=FUNNEL, tenant=self.tenant, budget=None)


def in_processes(*calls: tuple[Any, ...]) -> list[Any]:
    """Make each call in a process of its own, all starting together; give their answers."""
    barrier = context.Barrier(len(calls))
    with ProcessPoolExecutor(
        len(calls), mp_context=context, initializer=_meet_at, initargs=(barrier,)
    ) as pool:
        running = [pool.submit(_start, *call) for call in calls]
        return [one.result(2 * PATIENCE) for one in running]


def in_threads(*calls: tuple[Any, ...]) -> list[Any]:
    """Make each call in a thread of its own, all starting together; give their answers."""
    barrier = Barrier(len(calls))

    def start(task: Callable[..., Any], *arguments: Any) -> Any:
        barrier.wait(PATIENCE)
        return task(*arguments)

    with ThreadPoolExecutor(len(calls)) as pool:
        return [one.result() for one in [pool.submit(start, *call) for call in calls]]


def _meet_at(barrier: Any) -> None:
    global _barrier  # noqa: PLW0603 - a process has one, given to it as it starts
    _barrier = barrier


def _start(task: Callable[..., Any], *arguments: Any) -> Any:
    _barrier.wait(PATIENCE)
    return task(*arguments)


# What they do.

Telling = tuple[str, str, str, datetime | None]
"""A contact, an event, an id, and when."""


def track_each(place: Place, events: Sequence[Telling]) -> list[bool]:
    """Track events one by one; of each, whether it was a duplicate."""
    with place.tracker() as tracker:
        return [
            tracker.track(contact, event, id=id, occurred_at=at).duplicate
            for contact, event, id, at in events
        ]


def track_batches(place: Place, batches: Sequence[Sequence[Telling]]) -> list[bool]:
    """Track events, some at once; of each, whether it was a duplicate."""
    with place.tracker() as tracker:
        return [
            tracked.duplicate
            for batch in batches
            for tracked in tracker.track_many(
                {"contact": contact, "event": event, "id": id, "occurred_at": at}
                for contact, event, id, at in batch
            )
        ]


def sweep(place: Place, instants: Sequence[datetime | None]) -> list[tuple[str, int | None]]:
    """Sweep as of each instant; give the departures that this process was told of."""
    told: list[tuple[str, int | None]] = []
    with place.tracker() as tracker:
        tracker.on(MomentKind.DEPART, lambda moment: told.append((moment.contact, moment.episode)))
        count = sum(tracker.sweep(as_of=instant) for instant in instants)
    assert count == len(told)
    return told


def rebuild(place: Place, times: int) -> list[int]:
    """Rebuild several times."""
    with place.tracker() as tracker:
        return [tracker.rebuild() for _ in range(times)]


def create_tables(place: Place) -> None:
    """Make the tables."""
    with place.tracker() as tracker:
        tracker.create_tables()
