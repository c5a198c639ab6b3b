"""Errors of the database at every statement: recorded exactly once, or a typed error, or kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from motfunnel import MomentKind, Tracker
from motfunnel.errors import StoreError
from motfunnel.intake.importer import import_file
from tests.tracking.scene import FUNNEL, day, row_counts, told_kinds
from tests.tracking.trouble import (
    Fault,
    Injector,
    disconnecting,
    final_faults,
    passing_faults,
    raising,
)

MOST_STATEMENTS = 60


@pytest.fixture
def troubled(url: str, tmp_path: Path) -> Iterator[Tracker]:
    """A tracker on a database of its own, whose contacts have a history."""
    budget = timedelta(seconds=30)  # so that a slow machine is not taken for a dead server
    with Tracker(url, funnel=FUNNEL, budget=budget, spool=tmp_path / "spool") as tracker:
        tracker.create_tables()
        tracker.close()
        yield tracker


@pytest.fixture
def injector(troubled: Tracker) -> Injector:
    """Brings trouble to it."""
    return Injector(troubled.database.engine)


def faults(engine: Engine, url: str) -> list[Fault]:
    passing = [raising(error) for error in passing_faults(engine.dialect.name).values()]
    return passing if engine.dialect.name == "sqlite" else [*passing, disconnecting(url)]


def departed(tracker: Tracker, contact: str) -> None:
    """Give a contact a history, so that its next event has much to write."""
    tracker.track(contact, "bought", id="a", occurred_at=day(0))
    tracker.track(contact, "left", id="b", occurred_at=day(1))


def come_back(tracker: Tracker, contact: str) -> Any:
    return tracker.track(contact, "bought", id="c", occurred_at=day(2))


def test_what_passes_is_tried_again(
    troubled: Tracker, injector: Injector, engine: Engine, url: str
) -> None:
    """A lock, a deadlock, a serialization failure or a disconnect, wherever it comes: one row."""
    told = told_kinds(troubled, MomentKind.RECIDIVISM)
    tried = 0
    for fault in faults(engine, url):
        for at in count(1):
            assert at < MOST_STATEMENTS
            contact, tried = f"contact {tried}", tried + 1
            departed(troubled, contact)
            injector.bring(fault, at)
            tracked = come_back(troubled, contact)
            was_hit = injector.has_come
            injector.mend()
            assert not tracked.duplicate
            assert [m.kind for m in tracked.moments] == [
                MomentKind.RECIDIVISM,
                MomentKind.LOYALIST,
            ]
            if not was_hit:
                break
    assert [moment.contact for moment in told] == [f"contact {n}" for n in range(tried)]
    assert row_counts(engine, "default")["motfunnel_events"] == 3 * tried
    assert tried > 8


def test_what_stays_is_a_typed_error(troubled: Tracker, injector: Injector, engine: Engine) -> None:
    """A full disk or a read-only database is a StoreError at once, and nothing is written."""
    departed(troubled, "ada")
    before = row_counts(engine, "default")
    for error in final_faults(engine.dialect.name).values():
        for at in count(1):
            injector.bring(raising(error), at)
            try:
                come_back(troubled, "ada")
            except StoreError as caught:
                assert caught.__cause__ is error
                assert (caught.contact, caught.event, caught.id) == ("ada", "bought", "c")
                assert "refused the write" in str(caught)
                assert "ada" not in str(caught)
                assert row_counts(engine, "default") == before
            else:
                break
        injector.mend()
        assert come_back(troubled, "ada").duplicate
        troubled.database.engine.dispose()
        _forget_last(engine)
    assert at > 4


def _forget_last(engine: Engine) -> None:
    from sqlalchemy import text

    with engine.begin() as connection:
        for table in ("events", "moments", "episodes", "contacts"):
            connection.execute(text(f"DELETE FROM motfunnel_{table}"))
    with Tracker(engine, funnel=FUNNEL) as tracker:
        departed(tracker, "ada")


def test_attempts_are_bounded(troubled: Tracker, injector: Injector, engine: Engine) -> None:
    """What never passes is given up after a few attempts, and the cause is the driver's error."""
    # Who finds SQLite's one lock taken asks for it until the budget is spent.
    ends = "tried 5 times"
    if engine.dialect.name == "sqlite":
        troubled.budget, ends = timedelta(seconds=2), "within the budget"
    for error in passing_faults(engine.dialect.name).values():
        injector.bring(raising(error), 5, always=True)
        with pytest.raises(StoreError, match=ends) as caught:
            troubled.track("ada", "saw", id="1")
        assert caught.value.__cause__ is error
        injector.mend()
    assert not troubled.track("ada", "saw", id="1").duplicate


def test_what_stays_is_kept(troubled: Tracker, injector: Injector, engine: Engine) -> None:
    """Where errors are only logged, the event waits in the spool, and is recorded once later."""
    troubled.on_error = "log"
    assert troubled.spool is not None
    told = told_kinds(troubled, MomentKind.OPENING)
    for number, error in enumerate(final_faults(engine.dialect.name).values()):
        for at in (2, 3, 4):
            injector.bring(raising(error), at, always=True)
            tracked = troubled.track("ada", "saw", id=f"{number}-{at}")
            assert isinstance(tracked.error, StoreError)
            assert tracked.moments == ()
            injector.mend()
    assert len(troubled.spool) == 6
    assert troubled.track("bob", "saw", id="1").error is None
    assert not troubled.spool.exists()
    assert [moment.contact for moment in told] == ["bob", "ada"]
    assert row_counts(engine, "default")["motfunnel_events"] == 7


def test_an_import_counts_each_row_once(
    troubled: Tracker, injector: Injector, engine: Engine, url: str, tmp_path: Path
) -> None:
    """An import goes on over what passes, and its counts are those of an undisturbed one."""
    file = tmp_path / "events.csv"
    file.write_text("contact,event,at\nada,saw,2024-01-01\nbob,,2024-01-01\ncyd,saw,2024-01-02\n")
    for number, fault in enumerate(faults(engine, url)):
        for at in range(1, 40, 3):
            tenant = f"{number} {at}"
            with Tracker(url, funnel=FUNNEL, tenant=tenant) as tracker:
                fresh = Injector(tracker.database.engine)
                tracker.create_tables()
                fresh.bring(fault, at)
                try:
                    imported = import_file(tracker, file, contact="contact", event="event", at="at")
                except Exception:
                    if fresh.count - at > 3:  # reads are not tried again
                        raise
                    fresh.mend()
                    continue
                assert (imported.added, imported.duplicates, imported.rejected) == (2, 0, 1)
                assert len(imported.reasons) == 1
