"""Many processes write the same contacts at once: nothing is lost, nothing is told twice."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, delete
from sqlalchemy.exc import OperationalError

from motfunnel import Moment, Tracker
from motfunnel.domain.event import Event
from motfunnel.domain.journey import walk
from motfunnel.errors import ConflictError
from motfunnel.store.schema.tables import tables
from tests.faults.figures import Figures
from tests.faults.soak import size
from tests.tracking.fleet import (
    Place,
    Telling,
    create_tables,
    in_processes,
    in_threads,
    rebuild,
    sweep,
    track_batches,
    track_each,
)
from tests.tracking.scene import DAY, FUNNEL, NOON, day, row_counts, stored_events
from tests.tracking.trouble import around_statements

MORE = int(os.environ.get("MOTFUNNEL_SOAK", "1"))
"""By how much more is written than in an ordinary run."""

PROCESSES = 8
NAMES = ("saw", "bought", "left", "saw", "complained", "solved", "referred", "signed_up")


@pytest.fixture
def place(shared_engine: Engine, tenant: str) -> Place:
    """The database and the tenant, for other processes to find."""
    return Place(shared_engine.url.render_as_string(hide_password=False), tenant)


def check_replay(engine: Engine, place: Place) -> list[Event]:
    """Hold what is stored to a replay of the stored events; give these."""
    now = datetime.now(UTC)
    everything: list[Event] = []
    replayed: list[Moment] = []
    for contact, events in sorted(stored_events(engine, place.tenant).items()):
        everything += events
        journey = walk(contact, FUNNEL, events, as_of=now)
        replayed += journey.moments
    with place.tracker() as tracker:
        tracker.sweep(as_of=now)
        assert list(tracker.moments(as_of=now)) == replayed
        profile = tracker.contact(contact, as_of=now)
        assert profile.episodes == tuple(journey.episodes.values())
    return everything


def ids(events: Iterable[Event]) -> list[tuple[str, str]]:
    return sorted((event.contact, event.id) for event in events)


@pytest.mark.slow
@pytest.mark.parametrize("contacts", [1, size(3, 50)])
def test_no_write_is_lost(
    shared_engine: Engine, place: Place, contacts: int, figures: Figures
) -> None:
    """Eight processes that write one contact, or few: what was acknowledged is stored, once."""
    writes = size(25, 1_000)
    told: list[list[Telling]] = [
        [
            (f"contact {n % contacts}", NAMES[(n + process) % 8], f"{process}-{n}", None)
            for n in range(writes)
        ]
        for process in range(PROCESSES)
    ]
    answers = in_processes(*((track_each, place, events) for events in told))
    assert answers == [[False] * writes] * PROCESSES
    stored = check_replay(shared_engine, place)
    assert ids(stored) == sorted((contact, id) for one in told for contact, _, id, _ in one)
    figures.add(f"tracks by {PROCESSES} processes on contacts: {contacts}", len(stored))


@pytest.mark.slow
def test_late_events_of_many_contacts(shared_engine: Engine, place: Place) -> None:
    """Processes that each fold contacts of their own anew do not get into each other's way."""
    told: list[list[Telling]] = [
        [
            (f"contact {process + PROCESSES * (n % 3)}", NAMES[n % 8], str(n), day(-n))
            for n in range(20 * MORE)
        ]
        for process in range(PROCESSES)
    ]
    answers = in_processes(*((track_each, place, events) for events in told))
    assert not any(map(any, answers))
    assert len(check_replay(shared_engine, place)) == PROCESSES * 20 * MORE


def test_batches_that_cross(shared_engine: Engine, place: Place) -> None:
    """Batches that name the same contacts in opposite orders do not wait for each other forever."""
    batches: list[list[list[Telling]]] = [
        [
            [(f"contact {c}", NAMES[(n + c) % 8], f"{process}-{n}", day(-n)) for c in order]
            for n in range(8 * MORE)
        ]
        for process, order in enumerate([range(6), range(5, -1, -1)] * 2)
    ]
    answers = in_processes(*((track_batches, place, one) for one in batches))
    assert not any(map(any, answers))
    assert len(check_replay(shared_engine, place)) == 4 * 8 * 6 * MORE


def test_batches_that_repeat_each_other(shared_engine: Engine, place: Place) -> None:
    """Batches that hold the same events store each once, and the others say duplicate."""
    batch: list[Telling] = [
        (f"contact {c}", NAMES[n % 8], str(n), day(n)) for c in range(6) for n in range(4)
    ]
    rounds = [batch[n::6] + batch[: n * 2] for n in range(6)]
    answers = in_processes(*((track_batches, place, rounds) for _ in range(4)))
    stored = check_replay(shared_engine, place)
    assert len(stored) == len(batch)
    assert sum(not duplicate for one in answers for duplicate in one) == len(batch)


def test_the_first_event_of_new_contacts(
    shared_engine: Engine, place: Place, figures: Figures
) -> None:
    """Eight threads that all bring the first event of new contacts make each contact once."""
    contacts = size(50, 200)
    with place.tracker() as tracker:
        tracker.create_tables()

        def track(thread: int) -> None:
            for n in range(contacts):
                tracker.track(f"contact {n}", "saw", id=str(thread), occurred_at=NOON)

        in_threads(*((track, thread) for thread in range(8)))
    counts = row_counts(shared_engine, place.tenant)
    assert (counts["motfunnel_contacts"], counts["motfunnel_moments"]) == (contacts, contacts)
    assert len(check_replay(shared_engine, place)) == 8 * contacts
    figures.add("first events of new contacts, by 8 threads", 8 * contacts)


def test_calls_that_fail_harm_no_others(shared_engine: Engine, place: Place) -> None:
    """Of calls that bring new contacts at once, those that roll back make no other one fail."""
    with place.tracker() as tracker:
        tracker.track("zoe", "saw", id="taken", occurred_at=NOON)

        def track(thread: int) -> int:
            failed = 0
            for n in range(25 * MORE):
                said: dict[str, Any] = {"event": "saw", "id": str(thread), "occurred_at": NOON}
                conflict = {"contact": "zoe", "event": "left", "id": "taken"}
                try:
                    tracker.track_many(
                        [said | {"contact": f"contact {n}"}, *([conflict] * (thread % 2))]
                    )
                except ConflictError:
                    failed += 1
            return failed

        failed = in_threads(*((track, thread) for thread in range(8)))
    assert failed == [0, 25 * MORE] * 4
    assert len(check_replay(shared_engine, place)) == 1 + 4 * 25 * MORE


def test_the_same_event_at_once(shared_engine: Engine, place: Place) -> None:
    """Of four processes that send the same events, each event is new to exactly one."""
    events: list[Telling] = [
        (f"contact {n % 4}", NAMES[n % 8], str(n), day(n)) for n in range(40 * MORE)
    ]
    answers = in_processes(*((track_each, place, events) for _ in range(4)))
    assert [sorted(each) for each in zip(*answers, strict=True)] == [
        [False, True, True, True] for _ in events
    ]
    assert len(check_replay(shared_engine, place)) == len(events)


def test_two_sweeps_at_once(shared_engine: Engine, place: Place, tracker: Tracker) -> None:
    """Each departure is told by exactly one of two sweeps, however many contacts there are."""
    everybody = [f"contact {n:03}" for n in range(450)]
    tracker.track_many(
        {"contact": one, "event": "saw", "id": "1", "occurred_at": NOON} for one in everybody
    )
    told = in_processes(*((sweep, place, [day(30)]) for _ in range(4)))
    assert sorted(told[0] + told[1] + told[2] + told[3]) == [(one, 1) for one in everybody]
    check_replay(shared_engine, place)


def test_sweeps_while_contacts_return(shared_engine: Engine, place: Place) -> None:
    """Sweeps that run while the contacts come and go leave what a replay gives."""
    events: list[list[Telling]] = [
        [
            (f"contact {c}", "saw", f"{n}", day(-11 * n))
            for n in reversed(range(12 * MORE))
            for c in contacts
        ]
        for contacts in ([0, 1], [1, 2], [2, 3])
    ]
    sweeps = [day(-5.5 * n) for n in reversed(range(24 * MORE))]
    *_, told, also_told = in_processes(
        *((track_each, place, one) for one in events), *((sweep, place, sweeps) for _ in range(2))
    )
    assert len({*told, *also_told}) == len(told) + len(also_told)
    assert len(check_replay(shared_engine, place)) == 4 * 12 * MORE


def test_rebuilds_while_contacts_are_tracked(shared_engine: Engine, place: Place) -> None:
    """Rebuilds that run while events come lose none and double none."""
    events: list[list[Telling]] = [
        [(f"contact {n % 5}", NAMES[n % 8], f"{process}-{n}", None) for n in range(30 * MORE)]
        for process in range(3)
    ]
    in_processes(*((track_each, place, one) for one in events), (rebuild, place, 10 * MORE))
    assert len(check_replay(shared_engine, place)) == 90 * MORE


@pytest.mark.parametrize("task", [create_tables, track_each])
def test_an_empty_database_is_used_at_once(url: str, engine: Engine, task: object) -> None:
    """Processes that all find no tables make them once, and all go on."""
    place = Place(url, "default")
    arguments = [
        [] if task is create_tables else [[(f"contact {n}", "saw", str(n), NOON + n * DAY)]]
        for n in range(6)
    ]
    in_processes(*((task, place, *each) for each in arguments))
    with place.tracker() as tracker:
        tracker.track("ada", "saw", id="a", occurred_at=NOON)
    assert len(check_replay(engine, place)) == (1 if task is create_tables else 7)


@pytest.mark.every_database
@pytest.mark.parametrize("call", ["track", "merge"])
def test_a_row_that_comes_and_goes_while_it_is_made(
    make_tracker: Callable[..., Tracker], shared_engine: Engine, call: str
) -> None:
    """Somebody makes the contact as it is to be made here, and whoever made it takes it away."""
    tracker = make_tracker(budget=None)
    if tracker.database.is_sqlite:
        pytest.skip("one lock for all: there nothing comes in between")
    tracker.track("eve", "saw")  # so that the funnel is put down, which only one can do at a time
    other = create_engine(shared_engine.url, connect_args=_impatience(shared_engine))
    t = tables()
    hers = [t.contacts, t.moments, t.episodes, t.events]
    tries: list[str] = []

    def make(statement: str) -> None:
        if statement.startswith("INSERT INTO motfunnel_contacts") and not tries:
            tries.append("made")
            with Tracker(other, FUNNEL, tenant=tracker.tenant, spool=False) as another:
                another.track("ada", "saw", id="1", occurred_at=day(0))

    def take_away(statement: str) -> None:
        if statement.startswith("INSERT INTO motfunnel_contacts") and tries == ["made"]:
            tries.append("kept")  # for where it is locked already, this waits in vain
            with suppress(OperationalError), other.begin() as connection:
                for table in hers:
                    mine = (table.c.tenant == tracker.tenant) & (table.c.contact == "ada")
                    connection.execute(delete(table).where(mine))
                tries[-1] = "gone"

    with around_statements(shared_engine, make, take_away):
        if call == "track":
            tracker.track("ada", "bought", id="2", occurred_at=day(1))
        else:
            tracker.merge("ada", into="bob")
    other.dispose()
    assert tries in (["made", "kept"], ["made", "gone"])
    assert tracker.contact("ada").events == (tries[-1] == "kept") + (call == "track")
    assert tracker.check().is_sound


def _impatience(engine: Engine) -> dict[str, str]:
    """Options of a connection that waits for a lock for a second at most."""
    if engine.dialect.name == "postgresql":
        return {"options": "-c lock_timeout=1s"}
    return {"init_command": "SET innodb_lock_wait_timeout = 1"}
