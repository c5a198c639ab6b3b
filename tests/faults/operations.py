"""What is killed at each of its statements: a preparation, and then one act of a tracker.

All of it is said with instants and ids of its own and under a clock that stands still, so that
two runs of an operation store the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from motfunnel import Tracker
from motfunnel.intake import import_file
from motfunnel.store.database.pace import Pace
from tests.faults.soak import LONG
from tests.tracking.scene import FUNNEL, Clock, day

HAS_IDENTITY = hasattr(Tracker, "merge")
"""Whether this library knows merge, unmerge and forget."""

OTHER_FUNNEL = evolve(FUNNEL, loyal_after=3)
HUNDREDS = 203
"""One chunk of contacts and a few more."""

Act = Callable[[Any, Path], object]
"""Takes an open tracker, and a directory for files."""


@frozen
class Operation:
    """An act, and what is there before it."""

    prepare: Act
    act: Act


def open_tracker(database: Any, tenant: str) -> Tracker:
    """A tracker under a clock that stands still."""
    return Tracker(database, funnel=FUNNEL, tenant=tenant, clock=Clock())


def said(contact: str, event: str, id: str, at: float, **properties: object) -> dict[str, Any]:
    """An event as ``track_many`` takes it."""
    return {
        "contact": contact,
        "event": event,
        "id": id,
        "occurred_at": day(at),
        "properties": properties,
    }


def _nothing(tracker: Tracker, _: Path) -> None:
    tracker.create_tables()


def _prepare(tracker: Tracker, _: Path) -> None:
    tracker.track_many(
        [
            said("ada", "saw", "a1", 0, source="fair"),
            said("ada", "bought", "a2", 4),
            said("ada", "complained", "a3", 5, ticket="t1"),
            said("ada", "bought", "a4", 6),
            said("bob", "saw", "b1", 1),
            said("bob", "left", "b2", 2, reason="price"),
            said("bob", "mailed", "b3", 3),
            said("cyd", "referred", "c1", 0, friend="dan"),
        ]
    )
    tracker.identify("cyd", {"plan": "free"}, occurred_at=day(1), id="c2")


def _track(contact: str, event: str, id: str, at: float, **properties: object) -> Act:
    return lambda tracker, _: tracker.track_many([said(contact, event, id, at, **properties)])


def _track_many(tracker: Tracker, _: Path) -> None:
    tracker.track_many(
        [
            said("new", "saw", "n1", 2),
            said("ada", "bought", "a9", 7),
            said("cyd", "saw", "c9", -3),
            said("ada", "bought", "a2", 4),
            said("bob", "bought", "b9", 8),
        ]
    )


def _identify(tracker: Tracker, _: Path) -> None:
    traits = {"plan": "pro", "seats": 7, "city": "Łódź"}
    tracker.identify("ada", traits, occurred_at=day(7), id="a9")


def _sweep(tracker: Tracker, _: Path) -> None:
    tracker.sweep()


def _prepare_hundreds(tracker: Tracker, _: Path) -> None:
    contacts = [f"contact {n:03}" for n in range(HUNDREDS)]
    tracker.track_many(said(one, "saw", "1", 0) for one in contacts)


def _rebuild(tracker: Tracker, _: Path) -> None:
    tracker.rebuild()


def _by_another_funnel(prepare: Act) -> Act:
    def prepare_it(tracker: Tracker, directory: Path) -> None:
        other = Tracker(
            tracker.database.engine, OTHER_FUNNEL, tenant=tracker.tenant, clock=tracker.clock
        )
        prepare(other, directory)

    return prepare_it


def _import(tracker: Tracker, directory: Path) -> None:
    path = directory / "events.csv"
    rows = [
        "who,what,when,id,reason",
        *(f"ada,{what},2024-06-{n + 10}T12:00:00Z,i{n}," for n, what in enumerate(["saw"] * 3)),
        "ada,bought,2024-06-01T11:00:00Z,i3,",  # before all
        "bob,left,2024-06-20T12:00:00Z,i4,dear",
        "bob,saw,2024-06-02T12:00:00Z,b1,",  # there already
        "bob,bought,2024-06-02T12:00:00Z,b1,",  # of other content
        "eve,saw,yesterday,i5,",  # no instant
        "eve,saw,2024-06-03T12:00:00Z,i6,",
    ]
    path.write_text("\n".join(rows), encoding="utf-8")
    import_file(tracker, path, contact="who", event="what", at="when", id="id")


def _merge(tracker: Any, _: Path) -> None:
    tracker.merge("bob", into="ada")


def _unmerge(tracker: Any, _: Path) -> None:
    tracker.unmerge("bob")


def _forget(tracker: Any, _: Path) -> None:
    tracker.forget("ada")


def _forget_and_keep(tracker: Any, _: Path) -> None:
    tracker.forget("ada", keep_counts=True)


def _prepare_merged(tracker: Any, directory: Path) -> None:
    _prepare(tracker, directory)
    _merge(tracker, directory)
    tracker.track_many([said("bob", "bought", "b9", 8)])


def _prepare_owed(tracker: Tracker, directory: Path) -> None:
    """As before, and late events of two contacts whose fold is owed."""
    _prepare(tracker, directory)
    tracker.database.pace = Pace(every=2, most=0)
    tracker.track_many(
        [said("ada", "left", "a5", 4.5, reason="price"), said("bob", "bought", "b4", 1.5)]
    )


def _track_and_sweep(tracker: Tracker, directory: Path) -> None:
    _track("ada", "bought", "a9", 7)(tracker, directory)
    tracker.sweep()


def _all() -> Iterator[tuple[str, Operation]]:
    yield "track a new contact", Operation(_nothing, _track("ada", "saw", "1", 0))
    yield "track a step", Operation(_prepare, _track("ada", "bought", "a9", 7))
    yield "track a return", Operation(_prepare, _track("ada", "bought", "a9", 90))
    yield "track a late event", Operation(_prepare, _track("ada", "left", "a9", 4.5))
    yield "track many", Operation(_prepare, _track_many)
    yield "identify", Operation(_prepare, _identify)
    yield "sweep", Operation(_prepare, _sweep)
    yield "sweep what is owed", Operation(_prepare_owed, _sweep)
    yield "track who is owed a fold", Operation(_prepare_owed, _track_and_sweep)
    yield "import", Operation(_prepare, _import)
    yield "rebuild", Operation(_by_another_funnel(_prepare), _rebuild)
    if LONG:
        yield "sweep hundreds", Operation(_prepare_hundreds, _sweep)
        yield "rebuild hundreds", Operation(_by_another_funnel(_prepare_hundreds), _rebuild)
    if HAS_IDENTITY:
        yield "merge", Operation(_prepare, _merge)
        yield "unmerge", Operation(_prepare_merged, _unmerge)
        yield "merge who is owed a fold", Operation(_prepare_owed, _merge)
        yield "forget", Operation(_prepare, _forget)
        yield "forget a merged contact", Operation(_prepare_merged, _forget)


OPERATIONS = dict(_all())
RANDOM = {"forget, keep counts": Operation(_prepare_merged, _forget_and_keep)}
"""What stores something random, so that two runs do not store the same."""

OPERATIONS |= RANDOM
