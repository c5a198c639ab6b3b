"""An erasure and whatever else is done of the same people come one after the other.

One of the two is held before each of its statements in turn, while the other does all that it can.
What is stored at the end is what is stored where one is begun when the other is done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import pytest
from attrs import define, field
from sqlalchemy import Engine

from motfunnel import Tracker
from motfunnel.errors import StoreError
from motfunnel.intake import import_file, retry_rejects
from motfunnel.store.database.database import Database
from motfunnel.tracking.recording.call import Call
from motfunnel.tracking.recording.entry import set_aside
from tests.faults.boundary import before_each
from tests.faults.erasure_fleet import COLUMNS, DAY_FIRST, SECRET
from tests.faults.figures import Figures
from tests.faults.operations import said
from tests.faults.snapshot import copy_tenant, snapshot
from tests.faults.soak import size
from tests.tracking.scene import FUNNEL, Clock, day

pytestmark = pytest.mark.slow

ADA, OLD = "ada-5d1e77c0@example.com", "old-5d1e77c0@example.com"
STILL = 0.25
"""Seconds without a statement after which the other is taken to wait for the one that is held."""

STEP = size(17, 1)
RANDOM = ("token", "mark")
"""Columns that two runs fill otherwise."""

Act = Callable[[Tracker, Path], object]


@define
class Hold:
    """Holds whoever comes to the n-th statement, until it is let go.

    What SQLite is asked while one waits for its write lock, again and again, is not counted.
    """

    at: int
    count: int = 0
    has_come: Event = field(factory=Event)
    go: Event = field(factory=Event)

    def __call__(self, statement: str) -> None:
        if statement.startswith(("BEGIN", "PRAGMA")):
            return
        self.count += 1
        if self.count == self.at:
            self.has_come.set()
            self.go.wait(60)


def _forget(tracker: Tracker, _: Path) -> None:
    tracker.forget(ADA)


def _merge(tracker: Tracker, _: Path) -> None:
    tracker.merge(OLD, into=ADA)


def _unmerge(tracker: Tracker, _: Path) -> None:
    tracker.unmerge("later")


def _retry(tracker: Tracker, _: Path) -> None:
    retry_rejects(tracker, at_format=DAY_FIRST)


def _deliver(tracker: Tracker, _: Path) -> None:
    tracker.deliver()


def _import(tracker: Tracker, directory: Path) -> None:
    import_file(tracker, directory / "new.csv", id="id", **COLUMNS)


def _import_again(tracker: Tracker, directory: Path) -> None:
    import_file(tracker, directory / "good.csv", id="id", **COLUMNS)


ACTS: dict[str, Act] = {
    "merge": _merge,
    "unmerge": _unmerge,
    "retry": _retry,
    "delivery": _deliver,
    "import": _import,
    "import again": _import_again,
}


def prepare(tracker: Tracker, directory: Path) -> None:
    """Have her, and what names her, in all the places that the acts are about."""
    tracker.track_many(
        [
            said(ADA, "saw", "1", 0),
            said(ADA, "left", "2", 1, reason="price"),
            said(OLD, "saw", "1", 0),
            said("later", "saw", "1", 2),
            said("bob", "referred", "1", 0, friend=ADA),
            said("bob", "bought", "2", 1),
        ]
    )
    tracker.merge("later", into=ADA)
    head = "id,who,what,when,friend\n"
    good = f"g1,{ADA},saw,2024-06-04,\ng2,bob,referred,2024-06-05,{ADA}\n"
    (directory / "good.csv").write_text(head + good)
    new = f"n1,{ADA},bought,2024-06-06,\nn2,bob,bought,2024-06-07,\n"
    (directory / "new.csv").write_text(head + new)
    bad = f"b1,{ADA},bought,08|06|2024 00:00:00,\nb2,bob,bought,09|06|2024 00:00:00,\n"
    (directory / "bad.csv").write_text(head + bad)
    import_file(tracker, directory / "good.csv", id="id", **COLUMNS)
    import_file(tracker, directory / "bad.csv", id="id", **COLUMNS)


def wait_in_spool(tracker: Tracker) -> None:
    """Have calls of hers, and of one who names her, wait."""
    assert tracker.spool is not None
    for who, n in ((ADA, 8), ("bob", 9), ("cyd", 10)):
        call = Call(
            verb="track",
            contact=who,
            event="bought",
            id=f"s{n}",
            occurred_at=day(n),
            properties={"for": "cyd" if who == "cyd" else ADA},
        )
        error = StoreError("down")
        tracker.spool.append(set_aside(call, error, datetime.now(UTC), is_refused=False))


@define
class Stage:
    """Where the same is prepared again and again."""

    engine: Engine
    directory: Path
    prepared: str = field(factory=lambda: uuid4().hex)

    def tracker(self, tenant: str) -> Tracker:
        """A tracker of one who does one thing."""
        return Tracker(
            self.engine.url,
            FUNNEL,
            tenant=tenant,
            clock=Clock(),
            budget=None,
            spool=self.directory / f"spool {tenant}",
            tombstone_key=SECRET,
        )

    def again(self) -> str:
        """Prepare all in a new tenant."""
        tenant = uuid4().hex
        copy_tenant(self.engine, self.prepared, tenant)
        with self.tracker(tenant) as tracker:
            wait_in_spool(tracker)
        return tenant

    def outcome(self, tenant: str) -> Any:
        """What there is at the end, once nothing waits."""
        with self.tracker(tenant) as tracker:
            tracker.deliver()
            assert tracker.check().is_sound
            assert tracker.spool is not None
            waits = [(one.contact, one.properties) for one in tracker.spool.entries()]
        return snapshot(self.engine, tenant, without=RANDOM), waits

    def one_after_the_other(self, acts: Sequence[Act]) -> Any:
        """What there is at the end where nothing is done at once."""
        tenant = self.again()
        with self.tracker(tenant) as tracker:
            for act in acts:
                act(tracker, self.directory)
        return self.outcome(tenant)

    def at_once(self, held: Act, other: Act, at: int) -> tuple[bool, Any]:
        """Hold one before a statement; whether it came there, and what there is at the end."""
        tenant, hold, steps = self.again(), Hold(at), Hold(0)
        with (
            self.tracker(tenant) as one,
            self.tracker(tenant) as two,
            ThreadPoolExecutor(2) as threads,
        ):
            before_each(one.database.engine, hold)
            before_each(two.database.engine, steps)
            first = threads.submit(held, one, self.directory)
            while not hold.has_come.wait(0.01) and not first.done():
                pass
            second = threads.submit(other, two, self.directory)
            before = -1
            while not second.done() and before < steps.count:
                before = steps.count
                wait([second], STILL)
            hold.go.set()
            for run in (first, second):
                run.result(60)
        return hold.has_come.is_set(), self.outcome(tenant)


def differences(outcome: Any, other: Any) -> list[Any]:
    """What two outcomes do not share."""
    tables, waits = outcome
    found = {
        name: {*map(repr, rows)} ^ {*map(repr, other[0][name])} for name, rows in tables.items()
    }
    return [*(one for one in found.items() if one[1]), (waits, other[1])]


@pytest.fixture
def stage(shared_engine: Engine, tmp_path: Path) -> Stage:
    """The same people, prepared once."""
    Database(shared_engine).create_tables()
    stage = Stage(shared_engine, tmp_path)
    with stage.tracker(stage.prepared) as tracker:
        prepare(tracker, tmp_path)
    return stage


@pytest.mark.parametrize("is_erasure_held", [False, True], ids=["held", "against one held"])
@pytest.mark.parametrize("name", ACTS)
def test_one_after_the_other(
    stage: Stage, name: str, is_erasure_held: bool, figures: Figures
) -> None:
    """Whatever statement one has come to, it is as if the other came before it or after it."""
    act, holds, at = ACTS[name], 0, 1
    allowed = [stage.one_after_the_other(two) for two in ((_forget, act), (act, _forget))]
    held, other = (_forget, act) if is_erasure_held else (act, _forget)
    while True:
        was_held, outcome = stage.at_once(held, other, at)
        assert outcome in allowed, (at, [differences(outcome, one) for one in allowed])
        if not was_held:
            break
        holds += 1
        at += STEP
    assert holds
    figures.add("statements before which an erasure or another act was held", holds)
