"""The AsyncTracker: what it answers, whom it tells, and what it refuses."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncSession,
    async_scoped_session,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import Session

from motfunnel import AsyncTracker, Funnel, Moment, Tracker
from motfunnel.errors import ConflictError, SchemaError, UrlError
from motfunnel.reports.report import Report
from motfunnel.trackers.async_report import AsyncReport
from motfunnel.tracking.reader import Reader
from motfunnel.tracking.writer import Writer
from tests.tracking.asynchronous import host_engine, run
from tests.tracking.scene import DAY, FUNNEL, NOON, day

pytestmark = pytest.mark.every_database


def test_handlers_may_be_coroutines(make_async: Callable[..., AsyncTracker]) -> None:
    """Handlers are awaited, can ask the tracker, and one that fails harms nobody."""

    async def story() -> None:
        told: list[tuple[str, int]] = []
        async with make_async() as tracker:

            @tracker.on("opening")
            async def fail(moment: Moment) -> None:
                await asyncio.sleep(0)
                raise RuntimeError("the mail server is away")

            @tracker.on("opening")
            async def greet(moment: Moment) -> None:
                profile = await tracker.contact(moment.contact)
                told.append((moment.contact, profile.events))
                await tracker.track("greeted", "synced", id=moment.contact)

            tracker.on("depart", lambda moment: told.append((moment.contact, 0)))
            await tracker.track("ada", "saw", occurred_at=NOON)
            assert told == [("ada", 1)]
            assert await tracker.sweep(as_of=day(20)) == 1
            assert told == [("ada", 1), ("ada", 0)]
            assert (await tracker.contact("greeted")).events == 1

    run(story())


def test_questions(make_async: Callable[..., AsyncTracker], tracker: Tracker) -> None:
    """Every answer is the one that a Tracker gives."""

    async def story() -> None:
        async with make_async() as other:
            said = [
                {"contact": n % 4, "event": "bought", "id": n, "occurred_at": day(n * 9)}
                for n in range(20)
            ]
            assert len(await other.track_many(said)) == 20
            await other.identify(1, {"plan": "free"}, occurred_at=day(1))
            moments = await other.moments(as_of=day(300))
            assert moments == tracker.moments(as_of=day(300))
            assert moments == [*tracker.iter_moments(as_of=day(300))]
            assert await other.contact(1) == tracker.contact(1)
            rate = await other.ask(lambda report: report.recidivism(within=30 * DAY))
            assert rate == tracker.report().recidivism(within=30 * DAY)
            report = other.report()
            assert await report.recidivism(within="30d") == rate
            answers = await asyncio.gather(report.funnel(), report.growth("month"))
            assert answers[0] == tracker.report(as_of=answers[0].as_of).funnel()
            assert {one.as_of for one in answers} == {rate.as_of}
            assert await other.rebuild() == 4
            assert await other.finish() == 0
            assert await other.as_of(None) == tracker.as_of(None)

    run(story())


def test_the_same_verbs(tracker: Tracker) -> None:
    """What a Tracker can do an AsyncTracker can, with the same arguments, as a coroutine."""
    elsewhere = {"report": "report", "atrack": "track", "iter_moments": "run"}
    attributes = {"funnel", "on", *Writer.__annotations__}
    for name in dir(Tracker):
        if name.startswith("_") or not (method := inspect.getattr_static(Tracker, name)):
            continue
        verb = getattr(AsyncTracker, elsewhere.get(name, name), None)
        if name in attributes or name in Reader.__annotations__:
            continue
        assert verb is not None, name
        if name in elsewhere:
            continue
        assert inspect.iscoroutinefunction(verb), name
        assert [*inspect.signature(verb).parameters] == [*inspect.signature(method).parameters]
        assert verb.__doc__, name
    for name in dir(Report):
        if not (name.startswith("_") or isinstance(getattr(Report, name), property)):
            question = getattr(AsyncReport, name)
            assert inspect.iscoroutinefunction(question), name
            assert inspect.signature(question) == inspect.signature(getattr(Report, name))
    assert inspect.signature(AsyncTracker.report).parameters == (
        inspect.signature(Tracker.report).parameters
    )
    made = [*inspect.signature(AsyncTracker).parameters]
    assert made == [*inspect.signature(Tracker).parameters]


def test_the_wrong_kind(make_async: Callable[..., AsyncTracker], tracker: Tracker) -> None:
    """Who gives the one tracker what belongs to the other is told which one it belongs to."""
    synchronous: Any = create_engine("sqlite://")
    asynchronous: Any = create_async_engine("sqlite+aiosqlite://")
    for there in (asynchronous, "sqlite+aiosqlite://", "postgresql+asyncpg://localhost/x"):
        with pytest.raises(TypeError, match=r"to (an )?AsyncTracker"):
            Tracker(there)
    for there in (synchronous, "sqlite+pysqlite://", "mysql+pymysql://localhost/x"):
        with pytest.raises(TypeError, match=r"to (a )?Tracker"):
            AsyncTracker(there)

    async def greet(moment: Moment) -> None: ...

    with pytest.raises(TypeError, match="AsyncTracker"):
        tracker.on("opening", greet)
    sessions = async_scoped_session(async_sessionmaker(asynchronous), asyncio.current_task)
    bind: Any
    for bind in (AsyncSession(asynchronous), AsyncConnection(asynchronous), sessions):
        with pytest.raises(TypeError, match="atrack"):
            tracker.track("ada", "saw", bind=bind)

    async def story() -> None:
        async with make_async() as other:
            for track in (tracker.atrack, other.track):
                bind: Any = Session(synchronous)
                with pytest.raises(TypeError, match=r"Session is synchronous; .*track"):
                    await track("ada", "saw", bind=bind)
                for bind in (synchronous, asynchronous, 1):
                    with pytest.raises(TypeError, match="AsyncSession"):
                        await track("ada", "saw", bind=bind)

    run(story())


def test_no_database(tmp_path: Any) -> None:
    """A URL that cannot be used is refused as a Tracker refuses it."""
    with pytest.raises(UrlError):
        AsyncTracker("nonsense", FUNNEL)
    AsyncTracker(f"sqlite:///{tmp_path / 'none' / 'x.db'}", FUNNEL)  # connects to nothing


def test_in_memory() -> None:
    """A database in memory lives as long as its tracker, and serves many tasks."""

    async def story() -> None:
        async with AsyncTracker("sqlite://", funnel=Funnel.saas()) as tracker:
            await asyncio.gather(*(tracker.track(n % 9, "Signed Up", id=n) for n in range(50)))
            assert len(await tracker.moments(kind="opening")) == 9

    run(story())


def test_asyncpg(shared_engine: Engine, make_async: Callable[..., AsyncTracker]) -> None:
    """PostgreSQL's other driver for asyncio serves as well."""
    pytest.importorskip("asyncpg")
    if shared_engine.name != "postgresql":
        pytest.skip("PostgreSQL only")

    async def story() -> None:
        async with make_async(shared_engine.url.set(drivername="postgresql+asyncpg")) as tracker:
            answers = await asyncio.gather(
                *(tracker.track(n % 3, "bought", id=n, occurred_at=day(-n)) for n in range(30))
            )
            assert not any(answer.duplicate for answer in answers)
            rate = await tracker.ask(lambda report: report.recidivism(within=timedelta(days=9)))
            assert rate.rows
            with pytest.raises(ConflictError):
                await tracker.track(0, "left", id=0)

    run(story())


def test_a_failure_of_the_database(
    shared_engine: Engine, make_async: Callable[..., AsyncTracker]
) -> None:
    """Missing tables are told as everywhere, and the host's transaction goes on."""

    async def story() -> None:
        async with (
            make_async(schema="nowhere") as nowhere,
            host_engine(shared_engine) as engine,
            AsyncSession(engine) as session,
        ):
            with pytest.raises(SchemaError) as caught:
                await nowhere.track("ada", "saw", bind=session)
            assert isinstance(caught.value.__cause__, DBAPIError)
            assert (await session.execute(text("SELECT 1"))).scalar() == 1

    run(story())


NO_GREENLET = """
import sys
sys.modules["greenlet"] = None
import motfunnel
assert "sqlalchemy.ext.asyncio" not in sys.modules
motfunnel.Tracker("sqlite://", motfunnel.Funnel.saas()).track("ada", "Signed Up")
try:
    motfunnel.AsyncTracker("sqlite://")
except ImportError as error:
    print(type(error).__name__, error)
"""


def test_without_greenlet() -> None:
    """Without the extra all else works, and the AsyncTracker says what to install."""
    said = subprocess.check_output([sys.executable, "-c", NO_GREENLET], text=True)
    assert said.startswith("MissingExtraError")
    assert "motfunnel[async]" in said
