"""The windowed rates: for each, when its clock starts, what stops it, and what that means in words.

A table of them, each with the function that makes its clocks of what is known of a contact. The
same function serves what is stored and what was known at an earlier time. Reads no database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from attrs import frozen

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.moment import MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.reports.measure import departures as departure_clocks
from motfunnel.reports.measure import moments as moment_clocks
from motfunnel.reports.measure.clock import Clock, Told

Clocks = Callable[[Told, Funnel], Iterator[Clock]]

IN_THE_COHORT: Final = "in the cohort that were observed for the whole window"


@frozen(kw_only=True)
class Windowed:
    """A windowed rate.

    Attributes:
        name: what it is called.
        definition: numerator and denominator in words.
        since: from what its clocks count, in words.
        event: what those did for whom it stopped, in words.
        clocks: makes the clocks of a contact, in order.
        start: what its start events are: moments, or a signal; whose properties one can ask for.
        reads: which of what is known of a contact the clocks are made of.
        moments: of which moments, where of moments.
        signals: of which events, where of events.
        having: only contacts with such a moment have clocks.
        groups: what its start events have for groups beside source, traits and properties.
        causes: what its event can be, where it is told which came first.
        starts_at: of episodes, the column that says when its clocks start, where it asks for no
            other episodes: then the cohort is all that is read.
        awaits: the signals without which its event cannot come, but for a departure by silence;
            empty where that is not known.
        note: what a reader has to know besides.
    """

    name: str
    definition: str
    since: str = "the start"
    event: str = "had the event"
    clocks: Clocks
    start: frozenset[MomentKind] | Signal
    reads: str = "episodes"
    moments: frozenset[MomentKind] = frozenset()
    signals: frozenset[Signal] = frozenset()
    having: MomentKind | None = None
    groups: frozenset[str] = frozenset({"stage", "reason"})
    causes: tuple[str, ...] = ()
    starts_at: str | None = None
    awaits: frozenset[Signal] = frozenset()
    note: str | None = None


RECIDIVISM: Final = Windowed(
    name="recidivism",
    definition=(f"of the departures {IN_THE_COHORT}, the share that returned within it"),
    since="the departure",
    event="returned",
    clocks=departure_clocks.departures,
    start=frozenset({MomentKind.DEPART}),
    starts_at="departed_at",
)
REENGAGEMENT: Final = Windowed(
    name="re-engagement",
    definition=(
        "of the departed whose first outreach lies in the cohort and was observed for the whole "
        "window, the share that returned within it after that outreach; it describes, and says "
        "nothing about whether the outreach had any effect"
    ),
    since="the first outreach",
    event="returned",
    clocks=departure_clocks.attempts,
    start=Signal.OUTREACH,
    starts_at="first_outreach_at",
)
COVERAGE: Final = Windowed(
    name="outreach coverage",
    definition=(
        f"of the departures {IN_THE_COHORT}, the share to which a first outreach went within it, "
        "before any return"
    ),
    since="the departure",
    event="had a first outreach",
    clocks=departure_clocks.coverage,
    start=frozenset({MomentKind.DEPART}),
    starts_at="departed_at",
    awaits=frozenset({Signal.OUTREACH}),
    note=("one who has returned can no longer be reached: the return is a competing risk"),
)
RELAPSE: Final = Windowed(
    name="relapse",
    definition=(
        f"of the returns {IN_THE_COHORT}, the share followed by the contact's next departure "
        "within it"
    ),
    since="the return",
    event="departed again",
    clocks=departure_clocks.relapses,
    start=frozenset({MomentKind.RECIDIVISM}),
    awaits=frozenset({Signal.LEAVE}),
)
LOYALTY: Final = Windowed(
    name="loyalty",
    definition=(
        "of the customers whose first purchase lies in the cohort and who were observed for the "
        "whole window after it, the share that became a loyalist within it"
    ),
    since="the first purchase",
    event="became a loyalist",
    clocks=moment_clocks.loyalty,
    start=Signal.PURCHASE,
    reads="purchases",
    moments=frozenset({MomentKind.LOYALIST}),
    groups=frozenset(),
)
PRAISE_OR_PURCHASE: Final = frozenset(
    {Signal.PURCHASE, Signal.RATING, Signal.REFER, Signal.ADVOCATE}
)
RECOVERY: Final = Windowed(
    name="recovery",
    definition=(
        f"of the complaints {IN_THE_COHORT}, the share followed within it by a purchase or by "
        "advocacy, whether or not these were moments"
    ),
    since="the complaint",
    event="purchased or advocated",
    clocks=moment_clocks.recoveries,
    start=frozenset({MomentKind.COMPLAINT}),
    reads="happenings",
    moments=frozenset({MomentKind.COMPLAINT, MomentKind.CONVERSION, MomentKind.APOSTLE}),
    signals=PRAISE_OR_PURCHASE,
    awaits=PRAISE_OR_PURCHASE,
    having=MomentKind.COMPLAINT,
    groups=frozenset({"stage"}),
    causes=(moment_clocks.PURCHASE, moment_clocks.ADVOCACY),
)
DEPARTURE_AFTER_COMPLAINT: Final = Windowed(
    name="departure after complaint",
    definition=f"of the complaints {IN_THE_COHORT}, the share followed by a departure within it",
    since="the complaint",
    event="departed",
    clocks=moment_clocks.departures_after_complaint,
    start=frozenset({MomentKind.COMPLAINT}),
    reads="moments",
    moments=frozenset({MomentKind.COMPLAINT, MomentKind.CONVERSION, MomentKind.DEPART}),
    having=MomentKind.COMPLAINT,
    groups=frozenset({"stage"}),
    awaits=frozenset({Signal.LEAVE}),
    note="complaints of contacts that have already departed count too, as the definition says",
)


def reactivation_of(start: datetime) -> Windowed:
    """The rate of return of those who are away when a period begins."""
    return Windowed(
        name="reactivation",
        definition=(
            "of the contacts that were away when the period began, the share that returned in it"
        ),
        since="the start of the period",
        event="returned",
        clocks=departure_clocks.away_at(start),
        start=frozenset({MomentKind.DEPART}),
    )


def conversion_of(low: int, high: int, stages: tuple[str, ...]) -> Windowed:
    """The rate of reaching one stage from another."""
    return Windowed(
        name="conversion",
        definition=(
            f"of the contacts that reached {stages[low]} (or a higher stage) in the cohort and "
            f"were observed for the whole window after it, the share that reached {stages[high]} "
            "(or a higher one) within it"
        ),
        since=f"reaching {stages[low]}",
        event=f"reached {stages[high]}",
        clocks=moment_clocks.between_stages(low, high),
        start=frozenset({MomentKind.OPENING, MomentKind.CONVERSION}),
        reads="moments",
        moments=frozenset({MomentKind.OPENING, MomentKind.CONVERSION}),
        groups=frozenset({"stage"}),
    )
