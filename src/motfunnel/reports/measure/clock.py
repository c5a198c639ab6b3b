"""The clock of a rate: when it started for a contact, and what stopped it.

``Told`` is what is known of a contact, a ``Clock`` what a rate makes of it; ``choose`` takes those
that lie in a cohort, and reads them at the instant of the question. Estimates nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from attrs import frozen

from motfunnel.domain.event import Event
from motfunnel.domain.instant import MICROSECOND, iso
from motfunnel.domain.moment import Episode, Moment
from motfunnel.domain.signal import Signal

Cohort = tuple[datetime | None, datetime | None]
"""Bounds that were read: from the first instant on, before the second; None leaves an end open."""
EVERYBODY: Final[Cohort] = (None, None)
HAPPENED: Final = "happened"
ERASED: Final = "erased"
RULED_OUT: Final = "ruled out"


@frozen(kw_only=True)
class Happening:
    """An event, with what the funnel makes of it.

    Attributes:
        signal: its signal.
        argument: 1 for an attempt, and for a promoter's rating; as in ``domain.machine``.
        event: the event.
    """

    signal: Signal
    argument: int
    event: Event


@frozen(kw_only=True)
class Told:
    """What is known of a contact, as far as a rate asks for it; all in order.

    Attributes:
        contact: the contact.
        episodes: its departures.
        moments: its moments.
        happenings: its events.
        first_purchase_at: when it first bought.
    """

    contact: str
    episodes: Sequence[Episode] = ()
    moments: Sequence[Moment] = ()
    happenings: Sequence[Happening] = ()
    first_purchase_at: datetime | None = None


@frozen(kw_only=True)
class Clock:
    """One clock of a contact: from a start event to the event that the rate waits for.

    Attributes:
        contact: whose clock.
        key: what tells its start event from others of the contact.
        started_at: when it started.
        ended_at: when the event came; None where it did not.
        ruled_out_at: when something made the event impossible; None where nothing did.
        stage: the stage at the start event, where a rate has one.
        reason: why the contact had left, where a rate has that.
        arm: to which arm the clock belongs, in a comparison of arms.
        cause: of an event of several kinds, which.
        exposed_at: when the first outreach came, where a comparison asks for that.
        departed_at: of a case, when the contact left while it was open.
        reopened_at: of a case that was resolved, when it opened again.
    """

    contact: str
    key: Hashable
    started_at: datetime
    ended_at: datetime | None = None
    ruled_out_at: datetime | None = None
    stage: str | None = None
    reason: str | None = None
    arm: str | None = None
    cause: str | None = None
    exposed_at: datetime | None = None
    departed_at: datetime | None = None
    reopened_at: datetime | None = None


@frozen(kw_only=True)
class Reading:
    """A clock of a cohort, read at the instant of the question.

    Attributes:
        clock: the clock.
        waited: microseconds until the event, until it was ruled out, or until now.
        ending: ``happened``, ``erased`` or ``ruled out``; None where it still runs.
    """

    clock: Clock
    waited: int
    ending: str | None

    @property
    def happened(self) -> bool:
        """Whether the event came."""
        return self.ending == HAPPENED

    @property
    def is_gone(self) -> bool:
        """Whether the event cannot come any more."""
        return self.ending in (ERASED, RULED_OUT)


def choose(
    clocks: Iterable[Clock],
    cohort: Cohort,
    as_of: datetime,
    erased: Mapping[str, datetime],
    *,
    first_only: bool,
) -> list[Reading]:
    """Choose the clocks that started in the cohort, of each contact the first or all.

    The clocks come contact by contact, each contact's in order. Of contacts that were erased with
    their counts kept, ``erased`` says when: their observation ends there.
    """
    chosen: list[Reading] = []
    latest: str | None = None
    for clock in clocks:
        at = clock.started_at
        if at > as_of or not lies_in(cohort, at):
            continue
        gone = erased.get(clock.contact)
        if gone is not None and gone < at:
            continue
        if first_only and clock.contact == latest:
            continue
        latest = clock.contact
        chosen.append(_read(clock, as_of, gone))
    return chosen


def lies_in(cohort: Cohort, at: datetime) -> bool:
    """Whether an instant lies in a half-open stretch of time."""
    start, end = cohort
    return (start is None or at >= start) and (end is None or at < end)


def in_period(period: Cohort) -> str:
    """Say which period was asked for, after a heading; nothing where none was."""
    start, end = period
    since = "" if start is None else f" from {iso(start)}"
    until = "" if end is None else f" to {iso(end)}"
    return f"{since}{until}"


def by_group(readings: Iterable[tuple[str, Reading]]) -> dict[str, list[Reading]]:
    """Part a cohort by its groups, in the order of their values."""
    groups: defaultdict[str, list[Reading]] = defaultdict(list)
    for group, reading in readings:
        groups[group].append(reading)
    return dict(sorted(groups.items()))


def _read(clock: Clock, as_of: datetime, gone: datetime | None) -> Reading:
    until, ending = as_of, None
    if clock.ended_at is not None:
        until, ending = clock.ended_at, HAPPENED
    elif clock.ruled_out_at is not None:
        until, ending = clock.ruled_out_at, RULED_OUT
    elif gone is not None and gone <= as_of:
        until, ending = gone, ERASED
    return Reading(clock=clock, waited=(until - clock.started_at) // MICROSECOND, ending=ending)
