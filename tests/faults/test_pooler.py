"""Through a pooler that lends a session for one transaction, every call works as without one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine

from motfunnel import AsyncTracker, Tracker
from tests.faults.pooler import pooled
from tests.tracking.asynchronous import run
from tests.tracking.calls import READS, WRITES
from tests.tracking.fleet import in_threads
from tests.tracking.scene import FUNNEL, NOON, day

THREADS = 4
TIMES = 3

pytestmark = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


@pytest.fixture
def pooler(url: str) -> Iterator[str]:
    """The way to the database through a pooler."""
    with pooled(url) as through:
        yield through


def fill(tracker: Tracker) -> None:
    """Record enough for every report to have something to read."""
    for n, (who, event) in enumerate(
        (who, event)
        for who in ("ada", "eve", "zoe")
        for event in ("saw", "bought", "complained", "left", "saw")
    ):
        tracker.track(who, event, occurred_at=day(n), properties={"ticket": "1"})


@pytest.mark.parametrize("driver", ["", "+psycopg2"])
def test_the_url_of_the_manual_is_enough(pooler: str, driver: str) -> None:
    """Threads that make every call over and over, on fewer sessions than there are of them."""
    url = pooler.replace("+psycopg", driver)
    with Tracker(url, funnel=FUNNEL) as tracker:
        fill(tracker)
        for call in WRITES.values():
            call(tracker)

        def ask(number: int) -> None:
            for _ in range(TIMES):
                for call in READS.values():
                    call(tracker)
                tracker.track(f"{number}", "saw", occurred_at=NOON)

        in_threads(*((ask, n) for n in range(THREADS)))
        assert tracker.contact("0").events == TIMES
        assert tracker.check().is_sound


@pytest.mark.parametrize("driver", ["psycopg_async", "asyncpg"])
def test_drivers_of_asyncio(pooler: str, driver: str) -> None:
    """The same; asyncpg prepares each statement, by a name of its own and within a transaction."""

    async def story() -> None:
        url = pooler.replace("+psycopg", f"+{driver}")
        async with AsyncTracker(url, funnel=FUNNEL) as tracker:
            await tracker.run(fill)
            for call in WRITES.values():
                await tracker.run(call)

            async def ask(number: int) -> None:
                for call in READS.values():
                    await tracker.run(call)
                await tracker.track(f"{number}", "saw", occurred_at=NOON)

            await asyncio.gather(*(ask(n) for n in range(THREADS)))
            assert (await tracker.contact("0")).events == 1

    run(story())


def test_an_engine_of_a_hosts_as_the_page_says(pooler: str) -> None:
    """It has to be told by its owner not to prepare."""
    engine = create_engine(pooler, connect_args={"prepare_threshold": None}, pool_size=THREADS)
    tracker = Tracker(engine, funnel=FUNNEL)
    tracker.create_tables()

    def ask(_: int) -> None:
        for call in READS.values():
            call(tracker)

    fill(tracker)
    for call in WRITES.values():
        call(tracker)
    in_threads(*((ask, n) for n in range(THREADS)))
    engine.dispose()
