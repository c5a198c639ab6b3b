"""In whatever style and zone PostgreSQL is set to write dates, it makes no difference."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from motfunnel import AsyncTracker, Tracker
from motfunnel.errors import ConflictError
from tests.tracking.calls import EVERY, READS
from tests.tracking.scene import FUNNEL, NOON, day

STYLES = [
    "datestyle = SQL, DMY",
    "datestyle = German",
    "datestyle = Postgres, MDY",
    "timezone = 'America/St_Johns'",
]

pytestmark = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


@pytest.fixture(params=STYLES)
def style(request: pytest.FixtureRequest, url: str) -> Iterator[str]:
    """What the database is set to for this test."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    name = engine.url.database
    with engine.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} SET {request.param}"))
    yield request.param
    with engine.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} RESET ALL"))
    engine.dispose()


def fill(tracker: Tracker) -> None:
    """Some who came and left, by the days of a month on which days and months are mistaken."""
    for n in range(1, 13):
        tracker.track("ada", ("saw", "bought", "left")[n % 3], occurred_at=day(n), id=str(n))


@pytest.mark.parametrize("driver", ["", "+psycopg2"])
def test_every_call_on_an_engine_of_ours(url: str, style: str, driver: str) -> None:
    """Instants come back as they went in, to the microsecond."""
    at = NOON.replace(microsecond=123_456)
    with Tracker(url.replace("+psycopg", driver), funnel=FUNNEL) as tracker:
        fill(tracker)
        tracker.track("bob", "saw", occurred_at=at)
        assert tracker.moments("bob")[0].occurred_at == at
        for call in EVERY.values():
            call(tracker)
        assert tracker.check().is_sound


@pytest.mark.parametrize("driver", ["psycopg_async", "asyncpg"])
def test_every_question_under_asyncio(url: str, style: str, driver: str) -> None:
    """The same."""

    async def story() -> None:
        async with AsyncTracker(url.replace("+psycopg", f"+{driver}"), funnel=FUNNEL) as tracker:
            await tracker.run(fill)
            for call in READS.values():
                await tracker.run(call)

    asyncio.run(story())


def shown(connection: Any) -> Any:
    return connection.execute(text("SELECT current_setting('DateStyle')")).scalar()


@pytest.mark.parametrize("driver", ["", "+psycopg2"])
def test_a_host_has_its_style_back(url: str, style: str, driver: str) -> None:
    """Within its transaction, behind an error, amid a reading, and on its connections later."""
    engine: Engine = create_engine(url.replace("+psycopg", driver), pool_size=1, max_overflow=0)
    with engine.connect() as connection:
        usual = shown(connection)  # psycopg2 has already asked for ISO itself
    tracker = Tracker(engine, funnel=FUNNEL)
    tracker.create_tables()
    fill(tracker)
    with engine.connect() as connection:
        assert shown(connection) == usual
    with Session(engine) as session:
        tracker.track("ada", "saw", occurred_at=day(20), bind=session)
        assert shown(session) == usual
        with pytest.raises(ConflictError):
            tracker.track("ada", "left", occurred_at=day(21), id="1", bind=session)
        assert shown(session) == usual
        session.commit()
        assert shown(session) == usual
    host: list[Session] = []
    inside = Tracker(engine, funnel=FUNNEL, host=lambda: host[0] if host else None)
    with Session(engine) as session:
        host.append(session)
        session.execute(text("SELECT 1"))
        for call in READS.values():
            call(inside)
        assert shown(session) == usual
        reading = inside.iter_moments()
        next(reading)
        reading.close()  # type: ignore[attr-defined]
        assert shown(session) == usual
        session.rollback()
    engine.dispose()
