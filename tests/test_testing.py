"""What motfunnel.testing gives to the tests of an application."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy.orm import Session

import motfunnel
from motfunnel import AsyncTracker, Funnel, MomentKind, Tracked, Tracker
from motfunnel.errors import ClockError, NotConfiguredError, QuestionError
from motfunnel.testing import START, Clock, capture_moments, configured, memory_tracker
from motfunnel.trackers import configured as configuration
from tests.tracking.scene import DAY, FUNNEL


@pytest.fixture
def clock() -> Clock:
    """A clock at its start."""
    return Clock()


@pytest.fixture
def tracker(clock: Clock) -> Iterator[Tracker]:
    """A tracker in memory."""
    with memory_tracker(FUNNEL, clock=clock) as tracker:
        yield tracker


@pytest.fixture
def nothing_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """An application that has neither configured a tracker nor a framework."""
    monkeypatch.setattr(configuration, "_configured", [])
    monkeypatch.setattr(configuration, "_providers", {})
    monkeypatch.setattr(configuration, "_standing_in", [])


def kinds(moments: list[Any]) -> list[str]:
    return [moment.kind.value for moment in moments]


def test_a_clock_moves(clock: Clock) -> None:
    """A clock stands still until it is moved, and gives the instant that it was moved to."""
    assert clock.now == clock() == START
    assert clock.advance(DAY) == clock.now == clock() == START + DAY
    east = timezone(timedelta(hours=5))
    assert clock.move_to(datetime(2025, 3, 1, 5, tzinfo=east)) == datetime(2025, 3, 1, tzinfo=UTC)
    assert clock.now.tzinfo is UTC
    assert repr(clock) == "<Clock 2025-03-01T00:00:00+00:00>"


def test_a_clock_may_stand(clock: Clock) -> None:
    """To move it by nothing is no way back."""
    assert clock.advance(timedelta()) == clock.move_to(clock.now) == START


@pytest.mark.parametrize(
    ("by", "why"),
    [
        (-DAY, "does not go back"),
        (timedelta.max, "there is no instant"),
        (3, "moved on by a duration"),
    ],
)
def test_a_clock_refuses_spans(clock: Clock, by: Any, why: str) -> None:
    """What leads back, out of the calendar or nowhere is refused, and the clock stays."""
    with pytest.raises(ClockError, match=why):
        clock.advance(by)
    assert clock.now == START


@pytest.mark.parametrize(
    ("instant", "why"),
    [
        (START - timedelta(microseconds=1), "does not go back"),
        (datetime(2025, 6, 1), "naive"),
        ("2025-06-01", "not str"),
    ],
)
def test_a_clock_refuses_instants(clock: Clock, instant: Any, why: str) -> None:
    """An instant that has passed, or is none, is refused; to start with as well."""
    with pytest.raises(ClockError, match=why):
        clock.move_to(instant)
    if "back" not in why:
        with pytest.raises(ValueError, match=why):
            Clock(instant)


def test_a_tracker_in_memory(tracker: Tracker, clock: Clock) -> None:
    """It is the tracker itself, at the clock's instant, and keeps nothing on this machine."""
    assert kinds([*tracker.track("ada", "bought").moments]) == ["opening", "conversion"]
    clock.advance(20 * DAY)
    assert tracker.contact("ada").presence == "departed"
    assert tracker.spool is None


def test_trackers_in_memory_are_apart(tracker: Tracker) -> None:
    """Each has data of its own, which end with it."""
    tracker.track("ada", "bought")
    with memory_tracker(FUNNEL) as other:
        assert other.contact("ada").presence == "unknown"
    tracker.close()
    assert tracker.contact("ada").presence == "unknown"


def test_a_tracker_in_memory_takes_options() -> None:
    """Whatever a Tracker takes goes before what is chosen here."""
    with memory_tracker(FUNNEL, tenant="mine", on_error="log") as tracker:
        assert (tracker.tenant, tracker.clock()) == ("mine", START)
        assert tracker.track("", "bought").error is not None


def test_moments_are_captured(tracker: Tracker, clock: Clock) -> None:
    """The moments told inside are in the list, a sweep's too; none from before or after."""
    tracker.track("bob", "bought")
    with capture_moments(tracker) as moments:
        tracker.track("ada", "bought")
        clock.advance(30 * DAY)
        tracker.sweep()
    tracker.track("cleo", "bought")
    assert [(one.contact, one.kind.value) for one in moments] == [
        ("ada", "opening"),
        ("ada", "conversion"),
        ("ada", "depart"),
        ("bob", "depart"),
    ]


@pytest.mark.parametrize("kind", ["conversion", MomentKind.CONVERSION])
def test_one_kind_is_captured(tracker: Tracker, kind: MomentKind) -> None:
    """With a kind, moments of other kinds are left out."""
    with capture_moments(tracker, kind=kind) as moments:
        tracker.track("ada", "bought")
    assert kinds(moments) == ["conversion"]


def test_captures_within_captures(tracker: Tracker) -> None:
    """Each list hears what was told while it was open; handlers of the application still hear."""
    heard: list[Any] = []
    tracker.on("opening", heard.append)
    with capture_moments(tracker) as outer:
        with capture_moments(tracker, kind="opening") as inner:
            tracker.track("ada", "saw")
        tracker.track("bob", "saw")
    tracker.track("cleo", "saw")
    assert (len(inner), len(outer), len(heard)) == (1, 2, 3)


def test_a_capture_ends_with_an_error(tracker: Tracker) -> None:
    """What fails inside passes, and nothing is heard any more."""
    with pytest.raises(ZeroDivisionError), capture_moments(tracker) as moments:
        tracker.track("ada", "saw")
        raise ZeroDivisionError
    tracker.track("bob", "saw")
    assert kinds(moments) == ["opening"]


def test_a_failing_handler_hides_nothing(tracker: Tracker) -> None:
    """A handler that fails leaves the list as it is."""
    tracker.on("opening", lambda _: 1 // 0)
    with capture_moments(tracker) as moments:
        tracker.track("ada", "saw")
    assert kinds(moments) == ["opening"]


def test_what_cannot_be_captured(tracker: Tracker) -> None:
    """No such kind, and no tracker, are refused before anything begins."""
    birth: Any = "birth"
    with pytest.raises(QuestionError, match="there is no moment"), capture_moments(kind=birth):
        pass
    some: Any = "crm.db"
    with pytest.raises(TypeError, match="by a tracker, not by a str"), capture_moments(some):
        pass


def test_moments_of_the_hosts_transactions(
    engine: Any, nothing_configured: None, clock: Clock
) -> None:
    """Moments are captured once the host has committed; of what it rolled back, none."""
    with Tracker(engine, FUNNEL, clock=clock) as tracker, configured(tracker):
        tracker.create_tables()
        with capture_moments() as moments, Session(engine) as session:
            motfunnel.track("ada", "saw", bind=session)
            session.rollback()
            motfunnel.track("bob", "saw", bind=session)
            assert moments == []
            session.commit()
        assert [one.contact for one in moments] == ["bob"]


def test_moments_of_an_async_tracker() -> None:
    """An AsyncTracker's moments are captured just so."""

    async def told() -> list[str]:
        async with AsyncTracker("sqlite://", FUNNEL, clock=Clock(), spool=False) as tracker:
            with capture_moments(tracker) as moments:
                await tracker.track("ada", "bought")
            await tracker.track("bob", "bought")
        return kinds(moments)

    assert asyncio.run(told()) == ["opening", "conversion"]


def test_an_async_tracker_begins_anew() -> None:
    """One in memory that was closed can be used again, and has forgotten everything."""

    async def presences() -> list[str]:
        tracker, found = AsyncTracker("sqlite://", FUNNEL, clock=Clock(), spool=False), []
        await tracker.track("ada", "bought")
        for _ in range(2):
            found.append((await tracker.contact("ada")).presence.value)
            await tracker.close()
        return found

    assert asyncio.run(presences()) == ["active", "unknown"]


def test_a_tracker_stands_in(nothing_configured: None, tracker: Tracker) -> None:
    """``motfunnel.track`` uses it inside, and what was there before after that."""
    with memory_tracker(FUNNEL) as framework:
        with configured(tracker) as given:
            assert given is tracker
            assert isinstance(motfunnel.track("ada", "saw"), Tracked)
        with pytest.raises(NotConfiguredError):
            motfunnel.tracker()

        own = motfunnel.configure("sqlite://", FUNNEL)
        with configured(tracker):
            assert motfunnel.tracker() is tracker
        assert motfunnel.tracker() is own

        configuration.provide(lambda: framework)
        with configured(tracker):
            assert motfunnel.tracker() is tracker
        assert motfunnel.tracker() is framework


def test_trackers_stand_in_for_each_other(nothing_configured: None, tracker: Tracker) -> None:
    """The one that came last stands in, and each goes by itself, after an error as well."""
    with memory_tracker(FUNNEL) as other:
        outer, inner = configured(tracker), configured(other)
        outer.__enter__()
        inner.__enter__()
        assert motfunnel.tracker() is other
        outer.__exit__(None, None, None)
        assert motfunnel.tracker() is other
        inner.__exit__(None, None, None)
        with pytest.raises(ZeroDivisionError), configured(tracker):
            raise ZeroDivisionError
    with pytest.raises(NotConfiguredError):
        motfunnel.tracker()


def test_what_is_configured_meanwhile(nothing_configured: None, tracker: Tracker) -> None:
    """An application that configures itself under test does not take the test's tracker away."""
    with configured(tracker):
        own = motfunnel.configure("sqlite://", FUNNEL)
        assert motfunnel.tracker() is tracker
    assert motfunnel.tracker() is own


def test_only_a_tracker_stands_in() -> None:
    """What ``motfunnel.track`` cannot use is refused."""
    some: Any = AsyncTracker("sqlite://", Funnel.saas(), spool=False)
    with pytest.raises(TypeError, match="needs a Tracker, not a AsyncTracker"), configured(some):
        pass
