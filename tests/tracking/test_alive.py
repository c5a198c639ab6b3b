"""Whether an event kept its contact alive is stored with it, and follows whatever changes that."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import Engine

from motfunnel import Tracker, touch
from motfunnel.store.database.pace import Pace
from tests.tracking.scene import FUNNEL, day, rows_of

pytestmark = pytest.mark.every_database


def alive(engine: Engine, tracker: Tracker) -> dict[str, bool]:
    """What is stored, by the ids of the events."""
    rows = rows_of(engine, tracker.tenant)["motfunnel_events"]
    return {row["id"]: row["alive"] for row in rows}


def tell(tracker: Tracker, *told: tuple[str, float], contact: str = "ada", **how: Any) -> None:
    """Track events by name and day; the name is the id."""
    for name, at in told:
        tracker.track(contact, name, id=name, occurred_at=day(at), **how)


def test_who_is_away_is_not_kept_alive(shared_engine: Engine, tracker: Tracker) -> None:
    """A rating and a complaint keep alive who is here, and nobody who left, or was silent."""
    tell(tracker, ("saw", 0), ("rated", 1), ("left", 2), ("complained", 3), ("synced", 3))
    assert alive(shared_engine, tracker) == {
        "saw": True,
        "rated": True,
        "left": False,
        "complained": False,
        "synced": False,
    }
    tell(tracker, ("praised", 50), ("rated", 99), contact="bob")
    assert alive(shared_engine, tracker)["rated"] is False


def test_what_comes_late_changes_it(shared_engine: Engine, tracker: Tracker) -> None:
    """A return before it, a departure before it, a merge, its undoing, another funnel."""
    tell(tracker, ("saw", 0), ("left", 2), ("complained", 3))
    tell(tracker, ("bought", 2.5))
    assert alive(shared_engine, tracker)["complained"] is True
    tell(tracker, ("rated", 4), contact="bob")
    assert alive(shared_engine, tracker)["rated"] is True
    tracker.track("ada", "left", id="again", occurred_at=day(3.5))
    tracker.merge("bob", into="ada")
    assert alive(shared_engine, tracker)["rated"] is False
    tracker.unmerge("bob")
    assert alive(shared_engine, tracker)["rated"] is True
    rules: dict[str, Any] = {**FUNNEL.rules, "left": touch()}
    other = Tracker(shared_engine, evolve(FUNNEL, rules=rules), tenant=tracker.tenant)
    other.rebuild()
    assert all(alive(shared_engine, tracker).values())


def test_a_fold_that_is_owed_is_asked_as_if_it_were_written(
    shared_engine: Engine, tracker: Tracker
) -> None:
    """Before it is written a report counts who will have been kept alive, and nobody else."""
    tell(tracker, ("saw", 0), ("left", 2), ("complained", 32), ("rated", 64))
    tracker.database.pace = Pace(every=3, most=0)
    with shared_engine.begin() as host:
        tell(tracker, ("praised", 31), bind=host)
    assert tracker.health().owed == 1

    def asked() -> list[Any]:
        report = tracker.report(as_of=day(100))
        lifecycle = report.lifecycle(period="month", since=day(0), until=day(100))
        retention = report.retention(period="month", since=day(0), until=day(100))
        return [lifecycle.to_dict(), retention.to_dict()]

    stored, owed = alive(shared_engine, tracker), asked()
    assert stored["complained"] is False
    tracker.sweep(as_of=day(0) + timedelta(days=31))
    assert alive(shared_engine, tracker)["complained"] is True
    assert owed == asked()
