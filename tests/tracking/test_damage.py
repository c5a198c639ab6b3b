"""What nothing of ours wrote: one contact's damaged rows are its own trouble, and nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, delete, text, update

from motfunnel import Tracker
from motfunnel.errors import InconsistencyError
from motfunnel.store.database.pace import Pace
from motfunnel.store.schema.tables import tables
from motfunnel.tracking.upkeep.sweep import BATCH
from tests.tracking.scene import DAY, FUNNEL, Clock, day, rows_of, told_kinds

Make = Callable[..., Tracker]
ROWS: dict[str, dict[str, Any]] = {
    "open cases of no form": {"open_cases": "torn"},
    "open cases of another form": {"open_cases": '{"a": 1}'},
    "a presence that there is not": {"presence": "asleep"},
    "a departure at no instant": {"presence": "departed", "departed_at": None},
    "a last event without a place": {"last_signal": None},
    "a funnel that nobody knows": {"fingerprint": "another"},
}
"""Damages of a contact's row, by column."""


def harm(engine: Engine, tracker: Tracker, contact: str, **columns: Any) -> None:
    """Change a contact's row behind our back."""
    contacts = tables().contacts
    mine = (contacts.c.tenant == tracker.tenant) & (contacts.c.contact == contact)
    with engine.begin() as connection:
        assert connection.execute(update(contacts).where(mine).values(**columns)).rowcount == 1


def harm_opening(engine: Engine, tracker: Tracker, contact: str) -> None:
    """Have the event that opened a contact hold what no fold can read."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE motfunnel_events SET properties = '[1]' "
                "WHERE tenant = :tenant AND contact = :contact AND id = 'first'"
            ),
            {"tenant": tracker.tenant, "contact": contact},
        )


def bring(tracker: Tracker, *contacts: str) -> None:
    """Have contacts come, who are never heard of again."""
    tracker.track_many(
        {"contact": contact, "event": "saw", "id": id, "occurred_at": day(number)}
        for contact in contacts
        for number, id in enumerate(("first", "second"))
    )


@pytest.mark.parametrize("damage", ROWS)
def test_a_sweep_takes_all_the_same(
    tracker: Tracker, shared_engine: Engine, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The damaged one is folded anew from its events, with a line in the log; the others depart."""
    told = told_kinds(tracker)
    bring(tracker, "ada", "bob", "cyd")
    before = rows_of(shared_engine, tracker.tenant)
    told.clear()
    harm(shared_engine, tracker, "bob", **ROWS[damage])
    assert tracker.sweep() == 3
    assert sorted(moment.contact for moment in told) == ["ada", "bob", "cyd"]
    assert len(caplog.records) == (damage != "a funnel that nobody knows")
    assert "bob" not in caplog.text
    assert tracker.check().is_sound
    assert rows_of(shared_engine, tracker.tenant)["motfunnel_events"] == before["motfunnel_events"]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "column",
    ["last_touch_at", "opened_at", "last_at", "owed_since", "purchases", "aliases", "gaps"],
)
def test_columns_that_take_anything(engine: Engine, column: str) -> None:
    """On SQLite an instant and a count may be any text."""
    with Tracker(engine, FUNNEL, spool=False, clock=Clock()) as tracker:
        bring(tracker, "ada", "bob", "cyd")
        with engine.begin() as connection:
            connection.exec_driver_sql(
                f"UPDATE motfunnel_contacts SET {column} = 'torn' WHERE contact = 'bob'"
            )
        assert {one.contact for one in tracker.check().differences} == {"bob"}
        assert tracker.sweep() == 3
        assert tracker.check().is_sound


@pytest.mark.parametrize("damage", ROWS)
@pytest.mark.parametrize("mend", ["track", "check", "rebuild", "sweep"])
def test_it_is_found_and_mended(
    make_tracker: Make, shared_engine: Engine, damage: str, mend: str
) -> None:
    """The check names it; whatever folds it next puts it right."""
    tracker = make_tracker()
    bring(tracker, "ada", "bob")
    harm(shared_engine, tracker, "bob", **ROWS[damage])
    found = tracker.check()
    assert not found.is_sound
    if damage == "a funnel that nobody knows":
        assert (found.outdated, found.differences) == (1, ())
    else:
        assert [(one.contact, one.what) for one in found.differences] == [("bob", "contact")]
    if mend == "track":
        tracker.track("bob", "saw", id="third", occurred_at=day(2))
    elif mend == "check" and not found.outdated:
        assert tracker.check(repair=True).is_sound
    elif mend == "sweep":
        tracker.sweep()
    else:
        tracker.rebuild()
    assert tracker.check().is_sound


def test_one_that_cannot_be_mended_is_left_out(
    tracker: Tracker,
    shared_engine: Engine,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where its events are damaged too: it stays as it is, and all others of the batch depart."""
    names = [f"contact {number:02}" for number in range(20)]
    bring(tracker, *names)
    torn = [names[0], names[7], names[19]]
    for name in torn:
        harm(shared_engine, tracker, name, open_cases="torn")
        harm_opening(shared_engine, tracker, name)
    monkeypatch.setattr("motfunnel.tracking.upkeep.sweep.BATCH", min(BATCH, 5))
    told = told_kinds(tracker)
    assert tracker.sweep() == 17
    assert sorted(moment.contact for moment in told) == sorted({*names} - {*torn})
    assert "left out of the sweep" in caplog.text
    assert "contact 0" not in caplog.text
    assert tracker.health().overdue == 3
    assert tracker.sweep() == 0
    assert {one.contact for one in tracker.check(repair=True).differences} == {*torn}
    for name in torn:
        tracker.forget(name)
    assert tracker.check().is_sound


def test_rows_that_a_departure_runs_into(tracker: Tracker, shared_engine: Engine) -> None:
    """Where the database refuses what the sweep has to write of one, that one is left out."""
    bring(tracker, "ada", "bob", "cyd")
    tracker.track("bob", "left", id="third", occurred_at=day(2))
    tracker.track("bob", "saw", id="fourth", occurred_at=day(3))
    harm(shared_engine, tracker, "bob", episodes=0)
    replaces = shared_engine.dialect.name == "postgresql"
    assert tracker.sweep() == (3 if replaces else 2)
    assert tracker.check(repair=True).is_sound
    assert tracker.sweep() == 1


@pytest.mark.parametrize("damage", [*ROWS, "a checkpoint that is gone", "one of no form"])
def test_one_whose_fold_is_owed(
    make_tracker: Make, shared_engine: Engine, clock: Clock, damage: str
) -> None:
    """Questions fold it from its events in memory; so does the sweep, which tells of it once."""
    tracker = owing(make_tracker, clock)
    told = told_kinds(tracker)
    sound = tracker.moments()
    checkpoints = tables().checkpoints
    if damage in ROWS:
        harm(shared_engine, tracker, "bob", **ROWS[damage])
    with shared_engine.begin() as connection:
        if damage == "a checkpoint that is gone":
            connection.execute(delete(checkpoints).where(checkpoints.c.tenant == tracker.tenant))
        elif damage == "one of no form":
            torn = update(checkpoints).where(checkpoints.c.tenant == tracker.tenant)
            connection.execute(torn.values(state="[[1], []]"))
    if damage != "a funnel that nobody knows":
        assert tracker.moments() == sound
    tracker.sweep(as_of=day(8))
    assert tracker.health().owed == 0
    assert [moment.kind.value for moment in told] == ["depart", "recidivism"]
    assert tracker.moments() == sound
    assert tracker.check().is_sound


def owing(make_tracker: Make, clock: Clock) -> Tracker:
    """A tracker with two contacts, one of whom a fold is owed."""
    clock.now = day(9)
    tracker = make_tracker(budget=None)
    tracker.database.pace = Pace(every=2, most=0)
    bring(tracker, "ada", "bob")
    for number in range(2, 8):
        tracker.track("bob", "saw", id=f"{number}", occurred_at=day(number))
    clock.now = day(9.5)
    with tracker.database.engine.begin() as host:
        late = tracker.track("bob", "left", id="late", occurred_at=day(4.5), bind=host)
    assert late.deferred
    return tracker


def test_a_check_says_whose_events_cannot_be_read(tracker: Tracker, shared_engine: Engine) -> None:
    """And repairs the others."""
    bring(tracker, "ada", "bob", "cyd")
    harm_opening(shared_engine, tracker, "bob")
    harm(shared_engine, tracker, "cyd", stage="customer")
    found = tracker.check(repair=True)
    assert ("bob", "events") in {(one.contact, one.what) for one in found.differences}
    assert (found.repaired, found.is_sound) == (1, False)


def test_a_question_names_one_that_cannot_be_folded(
    make_tracker: Make, shared_engine: Engine, clock: Clock
) -> None:
    """By a typed error, with whose rows they are; so does the sweep, behind all its other work."""
    tracker = owing(make_tracker, clock)
    harm(shared_engine, tracker, "bob", open_cases="torn")
    harm_opening(shared_engine, tracker, "bob")
    with pytest.raises(InconsistencyError, match="contact 'bob'"):
        tracker.moments()
    clock.now += 100 * DAY
    told = told_kinds(tracker)
    with pytest.raises(InconsistencyError):
        tracker.sweep()
    assert [moment.contact for moment in told] == ["ada"]
