"""For an application's own tests: a tracker in memory, a clock to move, the moments told.

The pytest plugin offers the same as fixtures. Replaces nothing of the library by a fake: it is the
same tracker, on a database that lives as long as the tracker does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final, Unpack

from motfunnel.domain.funnel.file import Preset
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import Duration, read_duration, utc
from motfunnel.domain.moment import Moment, MomentKind, MomentName
from motfunnel.errors import ClockError
from motfunnel.trackers.asyncio import AsyncTracker
from motfunnel.trackers.configured import configured
from motfunnel.trackers.configured import tracker as running_tracker
from motfunnel.trackers.options import TrackerOptions
from motfunnel.trackers.tracker import Tracker
from motfunnel.tracking.reader import moment_kind

__all__ = ["START", "Clock", "capture_moments", "configured", "memory_tracker"]

START: Final = datetime(2025, 1, 1, tzinfo=UTC)
"""Where a clock starts, unless it is told otherwise."""


class Clock:
    """A clock that stands still until it is moved, and never goes back.

    Args:
        now: where it starts.

    Raises:
        ClockError: the instant has no time zone.
    """

    def __init__(self, now: datetime = START) -> None:
        self._now = _instant(now)

    @property
    def now(self) -> datetime:
        """The instant that it shows, in UTC."""
        return self._now

    def advance(self, by: Duration) -> datetime:
        """Move it on, and give the instant that it shows then.

        Raises:
            ClockError: that is not a span of time, or leads back or out of the calendar.
        """
        try:
            span = read_duration(by)
        except ValueError as error:
            raise ClockError(f"a clock is moved on by a duration: {error}") from None
        try:
            return self.move_to(self._now + span)
        except OverflowError:
            raise ClockError(f"{by} after {self._now.isoformat()} there is no instant") from None

    def move_to(self, instant: datetime) -> datetime:
        """Move it on to an instant, and give that instant in UTC.

        Raises:
            ClockError: the instant has no time zone, or has passed.
        """
        then = _instant(instant)
        if then < self._now:
            raise ClockError(
                f"a clock does not go back: it shows {self._now.isoformat()}, and "
                f"{then.isoformat()} has passed; start another clock there"
            )
        self._now = then
        return then

    def __call__(self) -> datetime:
        """The instant that it shows: what a tracker asks its ``clock=``."""
        return self._now

    def __repr__(self) -> str:
        """The clock with what it shows."""
        return f"<Clock {self._now.isoformat()}>"


def memory_tracker(
    funnel: Funnel | Preset | None = None, **options: Unpack[TrackerOptions]
) -> Tracker:
    """Make a tracker that shares its data with no other, and leaves nothing behind once closed.

    Its database is SQLite in memory, and there is no spool.

    Args:
        funnel: the definition, or the name of a preset.
        **options: what else ``Tracker`` takes. Without a ``clock``, it is ``START`` for ever.
    """
    given: TrackerOptions = {"clock": Clock(), "spool": False, **options}
    return Tracker("sqlite://", funnel, **given)


@contextmanager
def capture_moments(
    tracker: Tracker | AsyncTracker | None = None, *, kind: MomentKind | MomentName | None = None
) -> Iterator[list[Moment]]:
    """Put down in a list, while inside, the moments of which a tracker tells its handlers.

    It tells them after the commit: of a transaction that is rolled back nothing is heard, and of
    one of the host's not before the host has committed.

    Args:
        tracker: whose moments; by default those of the tracker that ``motfunnel.track`` uses where
            the block begins.
        kind: only those of this kind.

    Raises:
        NotConfiguredError: no tracker was given, and there is none.
        QuestionError: there is no such kind.
    """
    kinds = tuple(MomentKind) if kind is None else (moment_kind(kind),)
    listeners = _core(running_tracker() if tracker is None else tracker)._listeners
    told: list[Moment] = []
    hear = told.append
    for one in kinds:
        listeners.add(one, hear)
    try:
        yield told
    finally:
        for one in kinds:
            listeners.remove(one, hear)


def _core(tracker: Tracker | AsyncTracker) -> Tracker:
    if isinstance(tracker, AsyncTracker):
        return tracker._tracker
    if not isinstance(tracker, Tracker):
        raise TypeError(f"moments are told by a tracker, not by a {type(tracker).__name__}")
    return tracker


def _instant(given: datetime) -> datetime:
    try:
        return utc(given)
    except ValueError as error:
        raise ClockError(f"a clock cannot show {given!r}: {error}") from None
