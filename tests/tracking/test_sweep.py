"""Sweeps share the work, write many contacts at once, and tell of each departure at most once."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import Engine, create_engine, event, update

from motfunnel import Moment, Tracker
from motfunnel.intake.importer import import_file
from motfunnel.store.ledger.ledger import Ledger
from motfunnel.store.schema.tables import tables
from motfunnel.tracking.upkeep.sweep import BATCH, sweep_in_batches
from tests.faults.figures import Figures
from tests.faults.soak import size
from tests.tracking.fleet import PATIENCE, Place, context, in_processes, sweep
from tests.tracking.scene import DAY, FUNNEL, NOON, Clock, day, rows_of, told_kinds

Make = Callable[..., Tracker]


@pytest.fixture
def place(shared_engine: Engine, tenant: str) -> Place:
    """The database and the tenant, for other processes to find."""
    return Place(shared_engine.url.render_as_string(hide_password=False), tenant)


def bring(tracker: Tracker, count: int, name: str = "contact") -> list[str]:
    """Have so many contacts come, who are never heard of again; give their keys."""
    keys = [f"{name} {n:05}" for n in range(count)]
    with NamedTemporaryFile("w", suffix=".csv") as file:
        file.write("contact,event,at\n")
        file.writelines(f"{key},saw,{NOON.isoformat()}\n" for key in keys)
        file.flush()
        import_file(tracker, file.name, contact="contact", event="event", at="at")
    tracker.track("somebody", "synced")  # as a store is that not only histories came into
    return keys


@pytest.mark.every_database
def test_many_are_written_by_few_statements(make_tracker: Make, shared_engine: Engine) -> None:
    """Ten contacts and two hundred take as many statements: none is written by itself."""
    tracker, counts, statements = make_tracker(budget=None), [], []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        statements.append(statement)

    for count in (10, 200):
        bring(tracker, count, f"of {count}")
        statements.clear()
        event.listen(shared_engine, "before_cursor_execute", note)
        try:
            assert tracker.sweep() == count
        finally:
            event.remove(shared_engine, "before_cursor_execute", note)
        counts.append(len(statements))
    assert counts[0] == counts[1]


@pytest.mark.every_database
def test_what_another_holds_is_left_to_it(make_tracker: Make, clock: Clock) -> None:
    """A sweep does not wait for whom another has locked; it takes the others, and ends."""
    tracker = make_tracker(budget=None)
    if tracker.database.is_sqlite:
        pytest.skip("one lock for all: there they take turns")
    keys, told = bring(tracker, BATCH + 20), told_kinds(tracker)
    with tracker.database.engine.connect() as other:
        ledger = Ledger(other, None, tracker.tenant)
        held, _ = ledger.lock_overdue(clock.now, NOON, 30, FUNNEL)
        assert len(held) == 30
        assert tracker.sweep() == BATCH - 10
        assert tracker.health().overdue == 30
    assert tracker.sweep() == 30
    assert sorted(moment.contact for moment in told) == keys


@pytest.mark.every_database
def test_one_that_is_let_go_in_between_is_taken(make_tracker: Make, clock: Clock) -> None:
    """Whom another held as the sweep came by, and holds no more, it takes in the end."""
    tracker = make_tracker(budget=None)
    if tracker.database.is_sqlite:
        pytest.skip("one lock for all: there they take turns")
    bring(tracker, BATCH + 1)
    with tracker.database.engine.connect() as other:
        other.begin()
        Ledger(other, None, tracker.tenant).lock_overdue(clock.now, NOON, 1, FUNNEL)
        tracker.on("depart", lambda _: other.rollback())
        assert tracker.sweep() == BATCH + 1


@pytest.mark.slow
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_slow_machine_keeps_nobody_waiting_for_longer(engine: Engine) -> None:
    """Where nobody else can write meanwhile, fewer are written at once."""
    tracker = Tracker(engine, FUNNEL, spool=False)
    keys = bring(tracker, 3 * BATCH)
    count = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 4000)"
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER slow AFTER UPDATE ON motfunnel_contacts "
            f"BEGIN SELECT max(x) FROM ({count} SELECT x FROM c); END"
        )
    overdue = sweep_in_batches(tracker.database, tracker.tenant, tracker.funnel, day(900))
    sizes = [len(departed) for departed in overdue]
    assert sizes[0] == BATCH
    assert all(0 < one < BATCH for one in sizes[1:-2])
    assert sum(sizes) == len(keys)


def test_a_funnel_that_changed(make_tracker: Make, clock: Clock) -> None:
    """More than are folded together: all are folded first, and depart by the new patience."""
    keys = bring(make_tracker(budget=None), 450)
    patient = make_tracker(funnel=evolve(FUNNEL, patience={"default": 600 * DAY}), budget=None)
    told = told_kinds(patient)
    assert patient.sweep(as_of=day(500)) == 0
    assert patient.sweep() == 450
    assert {moment.occurred_at for moment in told} == {day(600)}
    assert sorted(moment.contact for moment in told) == keys
    assert patient.check().differences == ()
    clock.now += DAY
    assert patient.sweep() == 0


def test_a_deadline_that_nothing_bears_out(tracker: Tracker, shared_engine: Engine) -> None:
    """A row that was damaged is put right, and does not keep the sweep for ever."""
    tracker.track("ada", "saw", id="1", occurred_at=day(995))
    contacts = tables().contacts
    with shared_engine.begin() as connection:
        mine = update(contacts).where(contacts.c.tenant == tracker.tenant)
        connection.execute(mine.values(deadline_at=day(3)))
    assert tracker.sweep() == 0
    assert tracker.check().is_sound


@pytest.mark.every_database
def test_rows_written_together_are_those_written_alone(
    tracker: Tracker, shared_engine: Engine
) -> None:
    """Whatever a text holds, and what is absent: many at once are stored as each by itself is."""
    for n, source in enumerate(['"', "\\", "null", "é😀", "{}", " ", "a\nb\t", "1", None]):
        key = f"contact {n} {source}"
        tracker.track(key, "saw", id="1", occurred_at=day(0), properties={"source": source})
        tracker.track(key, "complained", id="2", occurred_at=day(1), properties={"ticket": source})
        tracker.track(key, "bought", id="3", occurred_at=day(60))
        tracker.track(key, "mailed", id="4", occurred_at=day(90))
        tracker.track(key, "left", id="5", occurred_at=day(90 + n), properties={"reason": source})
        tracker.track(key, "bought", id="6", occurred_at=day(95 + n))
    before = rows_of(shared_engine, tracker.tenant)
    tracker.rebuild()
    assert rows_of(shared_engine, tracker.tenant) == before
    assert tracker.sweep() == 9
    assert tracker.check().is_sound


def test_sweepers_share_what_is_due(tracker: Tracker, place: Place) -> None:
    """Of two on a server each does a part; each departure is told by exactly one of them."""
    keys = bring(tracker, 8 * BATCH)
    told = in_processes(*((sweep, place, [None]) for _ in range(2)))
    assert sorted(contact for one in told for contact, _ in one) == keys
    if not tracker.database.is_sqlite:
        assert all(told)
    assert tracker.check(sample=100).is_sound


def test_sweepers_that_are_killed(
    tracker: Tracker, place: Place, tmp_path: Path, figures: Figures
) -> None:
    """Two at once, killed at any time: each departure is written once, and told at most once."""
    keys, kills = bring(tracker, 6 * BATCH), 0
    for turn in range(size(4, 40)):
        files = [tmp_path / f"{turn} {n}" for n in range(2)]
        sweepers = [context.Process(target=sweep_aloud, args=(place, file)) for file in files]
        for one in sweepers:
            one.start()
        until = time.monotonic() + PATIENCE
        while not any(file.exists() and file.stat().st_size for file in files):
            if time.monotonic() > until or not any(one.is_alive() for one in sweepers):
                break
            time.sleep(0.002)
        for one in sweepers:
            if one.is_alive():
                os.kill(one.pid, signal.SIGKILL)
                kills += 1
            one.join()
    left = tracker.sweep()
    told = [line for file in tmp_path.iterdir() for line in file.read_text().splitlines()]
    assert len(set(told)) == len(told)
    assert len(told) + left <= len(keys)
    departed = [moment.contact for moment in tracker.moments(kind="depart")]
    assert departed == keys
    assert tracker.check().is_sound
    assert tracker.health().overdue == 0
    figures.add("sweepers killed, of two at once", kills)


def sweep_aloud(place: Place, file: Path) -> None:
    """Sweep, and write down of whom one is told, as one is."""
    with place.tracker() as tracker, file.open("ab", buffering=0) as lines:

        def write(moment: Moment) -> None:
            lines.write(f"{moment.contact}\n".encode())

        tracker.on("depart", write)
        tracker.sweep()


def test_who_waits_gets_in_between(url: str, tmp_path: Path) -> None:
    """On SQLite, too, calls beside a sweep of many contacts get their turn before it is over."""
    place = Place(url, "default")
    with place.tracker() as tracker:
        bring(tracker, 10 * BATCH)
        file = tmp_path / "told"
        sweeper = context.Process(target=sweep_aloud, args=(place, file))
        sweeper.start()
        while not (file.exists() and file.stat().st_size):
            assert sweeper.is_alive()
            time.sleep(0.002)
        answered = 0
        while sweeper.is_alive():
            tracker.track("zoe", "saw")
            answered += 1
        sweeper.join()
    assert answered >= 3
    engine = create_engine(url)
    assert len(rows_of(engine, "default")["motfunnel_episodes"]) == 10 * BATCH
    engine.dispose()
