"""Connections that died in the pool: every kind of call succeeds all the same."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from motfunnel import AsyncTracker, Tracker
from motfunnel.store.engine import engine as engines
from motfunnel.store.engine.deadline import within
from motfunnel.store.engine.engine import make_engine
from tests.tracking.asynchronous import DRIVERS
from tests.tracking.calls import EVERY, READS, WRITES, Call
from tests.tracking.scene import FUNNEL, day

POOLED = 5
PIDS = {
    "postgresql": "SELECT pid FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mysql": "SELECT id FROM information_schema.processlist"
    " WHERE db = DATABASE() AND id <> CONNECTION_ID()",
}
KILLS = {"postgresql": "SELECT pg_terminate_backend({})", "mysql": "KILL {}"}

pytestmark = [
    pytest.mark.parametrize("url", ["postgresql", "mariadb"], indirect=True),
    # psycopg says so of a cursor on the server, whose connection was killed.
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in.*ServerCursor:pytest.PytestUnraisableExceptionWarning"
    ),
]


def fill(tracker: Tracker) -> None:
    """Record a little of everything."""
    for n, name in enumerate(("saw", "bought", "complained", "left", "saw")):
        tracker.track("ada", name, occurred_at=day(n), properties={"ticket": "1"})
        tracker.track("zoe", name, occurred_at=day(n), properties={"ticket": "1"})


def fill_pool(tracker: Tracker) -> None:
    """Have as many connections in the pool as it keeps, and all of them idle."""
    for budget in (None, 5.0):
        with ExitStack() as stack, within(budget):
            for _ in range(POOLED):
                stack.enter_context(tracker.database.connect()).execute(text("SELECT 1"))


class Killer:
    """Has a server end all sessions in a database, but for those that were there before."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        self._spared: set[int] = set()
        self._spared = {*self._sessions()}

    def kill(self) -> int:
        """End them, and wait until they are gone; how many there were."""
        killed = self._sessions()
        with self._engine.connect() as connection:
            for number in killed:
                connection.execute(text(KILLS[self._engine.dialect.name].format(number)))
        while self._sessions():
            time.sleep(0.01)
        return len(killed)

    def _sessions(self) -> list[int]:
        with self._engine.connect() as connection:
            found = connection.scalars(text(PIDS[self._engine.dialect.name])).all()
        return [number for number in found if number not in self._spared]


@pytest.fixture
def killer(url: str) -> Killer:
    """What ends the sessions that a test begins."""
    return Killer(url)


@pytest.fixture(params=["of our own", "of the host's"])
def tracker(
    request: pytest.FixtureRequest, url: str, killer: Killer, tmp_path: Path
) -> Iterator[Tracker]:
    """A tracker on an engine, with something to ask about."""
    engine = create_engine(url) if request.param == "of the host's" else url
    with Tracker(engine, funnel=FUNNEL, spool=tmp_path / "spool") as tracker:
        fill(tracker)
        yield tracker
    if isinstance(engine, Engine):
        engine.dispose()


def test_every_call_after_they_died(tracker: Tracker, killer: Killer) -> None:
    """Each kind of call in turn is the first to learn of it."""
    for name, call in EVERY.items():
        fill_pool(tracker)
        assert killer.kill() >= POOLED, name
        call(tracker)


def test_a_call_that_is_under_way(tracker: Tracker, killer: Killer) -> None:
    """A connection that dies between two statements of a question: it is put once more."""
    asked: list[int] = []

    def kill_once(*_: object) -> None:
        asked.append(1)
        if len(asked) == 3:
            killer.kill()

    event.listen(tracker.database.engine, "before_cursor_execute", kill_once)
    assert tracker.report().recidivism(within=day(9) - day(0)).rows
    assert len(asked) > 3


def test_moments_are_read_as_they_are_asked_for(tracker: Tracker, killer: Killer) -> None:
    """A reading that nobody has begun yet loses nothing."""
    fill_pool(tracker)
    moments = tracker.iter_moments()
    assert killer.kill()
    assert len(list(moments)) == len(list(tracker.iter_moments())) > 0


def test_in_the_hosts_transaction_nothing_is_asked_again(
    url: str, killer: Killer, tmp_path: Path
) -> None:
    """The host has lost its work, and has to hear of it."""
    engine = create_engine(url)
    host: list[Session] = []
    where = tmp_path / "spool"
    tracker = Tracker(engine, funnel=FUNNEL, host=lambda: host[0] if host else None, spool=where)
    fill(tracker)
    with Session(engine) as session:
        session.execute(text("SELECT 1"))
        host.append(session)
        killer.kill()
        with pytest.raises(DBAPIError):
            tracker.contact("ada")
        host.clear()
    engine.dispose()


@pytest.mark.parametrize("kind", ["of our own", "of the host's"])
def test_under_asyncio(url: str, killer: Killer, kind: str, tmp_path: Path) -> None:
    """The same with drivers of asyncio, each call in turn the first."""

    async def story() -> None:
        backend = create_engine(url).dialect.name
        named = url.replace(url.partition(":")[0], f"{backend}+{DRIVERS[backend]}")
        engine = create_async_engine(named) if kind == "of the host's" else None
        spool = tmp_path / "spool"
        async with AsyncTracker(engine or named, funnel=FUNNEL, spool=spool) as tracker:
            await tracker.run(fill)
            for call in (*WRITES.values(), *list(READS.values())[:9]):  # and reports as sync ones
                await _after_they_died(tracker, killer, call)
        if engine is not None:
            await engine.dispose()

    asyncio.run(story())


async def _after_they_died(tracker: AsyncTracker, killer: Killer, call: Call) -> None:
    await tracker.run(fill_pool)
    assert await asyncio.to_thread(killer.kill) >= POOLED
    await tracker.run(call)


def test_one_that_was_idle_is_asked_before_it_is_used(
    url: str, killer: Killer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that even what is not ours to try again finds it alive; one used just now is not asked."""
    engine = make_engine(url, lambda _: None)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    killer.kill()
    with pytest.raises(DBAPIError), engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    killer.kill()
    monkeypatch.setattr(engines, "IDLE_SECONDS", 0)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    engine.dispose()


def test_a_hosts_engine_is_never_asked(
    url: str, killer: Killer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pool has not even a listener of ours, until something is written in its transaction."""
    monkeypatch.setattr(engines, "IDLE_SECONDS", 0)
    engine = create_engine(url)
    tracker = Tracker(engine, funnel=FUNNEL)
    fill(tracker)
    for call in READS.values():
        call(tracker)
    killer.kill()
    with pytest.raises(DBAPIError), engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    engine.dispose()
