"""Joined to the host's transaction: an event, and what is told of it, shares the host's fate."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError

from motfunnel import Moment, MomentKind, Tracker
from motfunnel.errors import ConflictError, EventError, SchemaError
from motfunnel.tracking.upkeep.check import check_contacts
from tests.tracking.fleet import in_threads
from tests.tracking.host import HOSTS, ORDERS, Opener, event_ids, order, orders
from tests.tracking.scene import FUNNEL, NOON, Clock

pytestmark = pytest.mark.every_database

RUNS = 100


@pytest.fixture(params=list(HOSTS.values()), ids=list(HOSTS))
def opened(request: pytest.FixtureRequest) -> Opener:
    """A host with a Session, a scoped_session or a Connection."""
    opener: Opener = request.param
    return opener


@pytest.fixture
def tracker(make_tracker: Callable[..., Tracker], shared_engine: Engine) -> Tracker:
    """A tracker beside whose tables the host has its own."""
    ORDERS.create(shared_engine, checkfirst=True)
    return make_tracker()


@pytest.fixture
def told(tracker: Tracker) -> list[str]:
    """The contacts whose opening was told of; each event here is its contact's first."""
    heard: list[str] = []

    @tracker.on(MomentKind.OPENING)
    def hear(moment: Moment) -> None:
        heard.append(moment.contact)

    return heard


def track(tracker: Tracker, host: Any, number: object) -> None:
    tracker.track(f"contact {number}", "saw", id=str(number), occurred_at=NOON, bind=host)


def check(engine: Engine, tracker: Tracker, told: list[str], kept: list[int]) -> None:
    """Exactly these rows and events are there, whole, and exactly these were told of, in order."""
    assert orders(engine, tracker.tenant) == sorted(kept)
    assert event_ids(engine, tracker.tenant) == sorted(map(str, kept))
    assert told == [f"contact {number}" for number in kept]
    assert check_contacts(tracker).is_sound


def test_commit_and_rollback(
    shared_engine: Engine, tracker: Tracker, told: list[str], opened: Opener
) -> None:
    """What the host commits is there and told of, what it rolls back or leaves open is not."""
    for number in range(RUNS):
        with opened(shared_engine) as host:
            if number % 2:
                order(host, tracker.tenant, number)
            track(tracker, host, number)
            if not number % 2:
                order(host, tracker.tenant, number)
            assert len(told) == number // 4 + bool(number % 4)
            [host.commit, host.rollback, host.close, host.rollback][number % 4]()
    check(shared_engine, tracker, told, [*range(0, RUNS, 4)])


def test_savepoints(
    shared_engine: Engine, tracker: Tracker, told: list[str], opened: Opener
) -> None:
    """A savepoint that is rolled back takes its events with it; what is around it stays."""
    kept = []
    for number in range(0, RUNS * 3, 3):
        with opened(shared_engine) as host:
            track(tracker, host, number)  # on SQLite nothing has begun the transaction before
            order(host, tracker.tenant, number)
            savepoint = host.begin_nested()
            order(host, tracker.tenant, number + 1)
            track(tracker, host, number + 1)
            savepoint.rollback() if number % 2 else savepoint.commit()
            track(tracker, host, number + 2)
            order(host, tracker.tenant, number + 2)
            host.commit() if number % 4 else host.rollback()
        if number % 4:
            kept += [number, *([] if number % 2 else [number + 1]), number + 2]
    check(shared_engine, tracker, told, kept)


@pytest.mark.parametrize("fault", ["conflict", "refused", "no tables"])
def test_a_swallowed_error(
    shared_engine: Engine,
    tracker: Tracker,
    make_tracker: Callable[..., Tracker],
    told: list[str],
    opened: Opener,
    fault: str,
) -> None:
    """A call that fails, be it in the database, leaves the host's transaction as it was."""
    elsewhere = make_tracker(schema="nowhere")
    tracker.track("zoe", "left", id="taken", occurred_at=NOON)
    for number in range(RUNS):
        with opened(shared_engine) as host:
            if number % 2:
                order(host, tracker.tenant, number)
            with pytest.raises((EventError, SchemaError)):
                if fault == "conflict":
                    track(tracker, host, number) if number % 3 else None
                    tracker.track("zoe", "saw", id="taken", occurred_at=NOON, bind=host)
                elif fault == "refused":
                    tracker.track("zoe", "saw", id="\x00", bind=host)
                else:
                    track(elsewhere, host, number)
            if fault != "conflict" or not number % 3:
                track(tracker, host, number)
            if not number % 2:
                order(host, tracker.tenant, number)
            host.commit()
    assert "taken" in event_ids(shared_engine, tracker.tenant)
    assert orders(shared_engine, tracker.tenant) == [*range(RUNS)]
    assert told == [f"contact {number}" for number in range(RUNS)]
    assert check_contacts(tracker).is_sound


def test_an_error_of_the_hosts_own(
    shared_engine: Engine, tracker: Tracker, told: list[str], opened: Opener
) -> None:
    """A host that swallows its own error keeps what its database then commits, and hears of it.

    PostgreSQL commits nothing after an error, and reports success.
    """
    with opened(shared_engine) as host:
        order(host, tracker.tenant, 1)
        track(tracker, host, 1)
        with pytest.raises(DBAPIError):
            host.execute(text("SELECT * FROM nowhere"))
        host.commit()
    check(shared_engine, tracker, told, [] if shared_engine.name == "postgresql" else [1])
    with opened(shared_engine) as host:
        order(host, tracker.tenant, 2)
        track(tracker, host, 2)
        with pytest.raises(DBAPIError), host.begin_nested():
            track(tracker, host, 3)
            host.execute(text("SELECT * FROM nowhere"))
        host.commit()
    assert told[-1] == "contact 2"


def test_a_commit_that_fails(url: str, opened: Opener, clock: Clock) -> None:
    """Nobody is told of what a host tried to commit in vain."""
    engine = create_engine(url)
    if engine.name == "sqlite":
        event.listen(engine, "connect", lambda one, _: one.execute("PRAGMA foreign_keys = ON"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE parents (id INTEGER PRIMARY KEY)"))
        deferred = "" if engine.name == "mysql" else " DEFERRABLE INITIALLY DEFERRED"
        connection.execute(
            text(f"CREATE TABLE children (parent INTEGER REFERENCES parents (id){deferred})")
        )
    told: list[object] = []
    tracker = Tracker(engine, FUNNEL, clock=clock)
    tracker.on("opening", told.append)
    tracker.create_tables()
    with opened(engine) as host:
        track(tracker, host, 1)
        if engine.name == "mysql":
            own = host.execute(text("SELECT connection_id()")).scalar()
            with create_engine(url).connect() as other:
                other.execute(text(f"KILL {own}"))
            other.engine.dispose()
        else:
            host.execute(text("INSERT INTO children VALUES (1)"))
        with pytest.raises(DBAPIError):
            host.commit()
        host.rollback()
        track(tracker, host, 2)
        host.rollback()
        track(tracker, host, 3)
        host.commit()
    assert event_ids(engine, "default") == ["3"]
    assert len(told) == 1
    engine.dispose()


@pytest.mark.parametrize("shared_engine", ["postgresql", "mariadb"], indirect=True)
def test_a_deadlock_reaches_the_host(
    shared_engine: Engine, tracker: Tracker, told: list[str], opened: Opener
) -> None:
    """The host sees a deadlock as such, and nobody is told of what the database rolled back."""
    for n in range(2):
        tracker.track(str(n), "saw", occurred_at=NOON)
    del told[:]
    meeting = Barrier(2)

    def host_of(mine: int) -> str:
        with opened(shared_engine) as host:
            order(host, tracker.tenant, mine)
            track(tracker, host, mine)
            tracker.track(str(mine), "saw", id=f"{mine} a", bind=host)
            meeting.wait(10)
            outcome = "went through"
            try:
                tracker.track(str(1 - mine), "saw", id=f"{mine} b", bind=host)
            except OperationalError as error:
                outcome = type(error.orig).__name__ + str(error.orig).lower()
            host.commit()  # a host that swallows it
        return outcome

    outcomes = in_threads((host_of, 0), (host_of, 1))
    lost = [n for n, outcome in enumerate(outcomes) if "deadlock" in outcome]
    assert len(lost) == 1
    assert outcomes.count("went through") == 1
    kept = [n for n in range(2) if shared_engine.name == "postgresql" or n not in lost]
    assert orders(shared_engine, tracker.tenant) == kept
    assert sorted(told) == [f"contact {n}" for n in kept]
    ids = event_ids(shared_engine, tracker.tenant)
    assert [n for n in range(2) if f"{n} a" in ids] == kept
    assert check_contacts(tracker).is_sound


STEPS = st.sampled_from(
    ("track", "order", "conflict", "nest", "nest", "release", "undo", "commit", "rollback", "close")
)


class Model:
    """What a host's transaction holds: a list for itself, and one for each open savepoint."""

    def __init__(self) -> None:
        self.open: list[list[int]] = []
        self.kept: list[int] = []

    def end(self, *, commit: bool) -> None:
        self.kept += [number for level in self.open for number in level if commit]
        self.open = []


@pytest.mark.parametrize("kind", ["Session", "Connection"])
@given(steps=st.lists(st.tuples(STEPS, st.integers(0, 3)), max_size=25))
def test_savepoints_in_any_order(
    shared_engine: Engine, kind: str, steps: list[tuple[str, int]]
) -> None:
    """Whatever a host nests, releases and rolls back: rows, events and tellings agree with it."""
    ORDERS.create(shared_engine, checkfirst=True)
    tracker = Tracker(shared_engine, FUNNEL, tenant=uuid4().hex)
    tracker.track("zoe", "left", id="taken", occurred_at=NOON)
    told: list[str] = []
    tracker.on("opening", lambda moment: told.append(moment.contact))
    model, savepoints = Model(), list[Any]()
    with HOSTS[kind](shared_engine) as host:
        for number, (step, depth) in enumerate(steps, 1):
            if not model.open:  # pysqlite's transaction is begun by a row, as hosts' are
                savepoints = []
                order(host, tracker.tenant, -number)
                model.open = [[-number]]
                track(tracker, host, -number)
            if step == "track":
                track(tracker, host, number)
                order(host, tracker.tenant, number)
                model.open[-1].append(number)
            elif step == "conflict":
                with pytest.raises(ConflictError):
                    tracker.track("zoe", "saw", id="taken", occurred_at=NOON, bind=host)
            elif step == "nest":
                savepoints.append(host.begin_nested())
                model.open.append([])
            elif step in ("release", "undo") and savepoints:
                # A Session ends what lies within; a Connection asks for the innermost first.
                at = max(0, len(savepoints) - 1 - (depth if kind == "Session" else 0))
                savepoint = savepoints[at]
                savepoint.commit() if step == "release" else savepoint.rollback()
                within = [number for level in model.open[at + 1 :] for number in level]
                del savepoints[at:], model.open[at + 1 :]
                model.open[-1] += within if step == "release" else []
            elif step in ("commit", "rollback"):
                getattr(host, step)()
                model.end(commit=step == "commit")
            elif step == "close" and kind == "Session":
                host.close()
                model.end(commit=False)
            assert set(told) <= {f"contact {number}" for number in model.kept}
    kept = model.kept
    assert orders(shared_engine, tracker.tenant) == sorted(kept)
    assert event_ids(shared_engine, tracker.tenant) == sorted(["taken", *map(str, kept)])
    assert told == [f"contact {number}" for number in kept]
