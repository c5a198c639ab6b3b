"""A host on asyncio: the same verbs, as coroutines that give the same."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, assert_type

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from motfunnel import AsyncTracker, Health, Moment, Profile, Tracked, Tracker
from motfunnel.reports.measure.rate import Rate
from motfunnel.testing import capture_moments


async def record(engine: AsyncEngine, session: AsyncSession, connection: AsyncConnection) -> None:
    """An AsyncTracker joins what is asynchronous."""
    async with AsyncTracker(engine) as tracker:
        assert_type(tracker, AsyncTracker)
        assert_type(await tracker.track("ada", "saw", bind=session), Tracked)
        assert_type(await tracker.track_many([], bind=connection), list[Tracked])
        assert_type(await tracker.contact("ada"), Profile)
        assert_type(await tracker.moments("ada"), list[Moment])
        assert_type(await tracker.health(), Health)
        assert_type(await tracker.sweep(), int)


async def ask(tracker: AsyncTracker) -> None:
    """What a question gives is what comes back."""

    def question(report: Any) -> int:
        return int(report.recidivism().numerator)

    assert_type(await tracker.ask(question), int)
    assert_type(await tracker.report(timezone="UTC").recidivism(within="90d"), Rate)
    assert_type(await tracker.ask(lambda report: report.funnel().to_csv()), str)
    rate: Callable[[AsyncTracker], Coroutine[Any, Any, Rate]]
    rate = lambda it: it.ask(lambda report: report.recidivism(within=report.as_of - report.as_of))  # noqa: E731
    assert_type(await rate(tracker), Rate)


async def listen(tracker: AsyncTracker) -> None:
    """A coroutine function stays one."""

    @tracker.on("opening")
    async def greet(moment: Moment) -> int:
        return len(moment.contact)

    with capture_moments(tracker) as moments:
        await tracker.track("ada", "saw")
    assert_type(await greet(moments[0]), int)


async def from_a_tracker(tracker: Tracker, session: AsyncSession) -> None:
    """A Tracker joins an AsyncSession by ``atrack``."""
    assert_type(await tracker.atrack("ada", "saw", bind=session), Tracked)
