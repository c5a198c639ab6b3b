"""Departure after a complaint: how many of those who complain leave.

Its clock, its words, and the question.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from operator import itemgetter
from typing import Final

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import Duration
from motfunnel.domain.moment import MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.reports.experience.recovery import complaints_of
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, Unit
from motfunnel.reports.measure.clock import Clock, Told
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.window import IN_THE_COHORT, Windowed, one_by_one
from motfunnel.reports.windowed import ask_rate


def departures_after_complaint(told: Told, funnel: Funnel) -> Iterator[Clock]:
    """From each complaint to the next departure."""
    departures = [(n, m) for n, m in enumerate(told.moments) if m.kind is MomentKind.DEPART]
    for place, stage, complaint in complaints_of(told, funnel):
        later = bisect_right(departures, place, key=itemgetter(0))
        yield Clock(
            contact=told.contact,
            key=complaint.event_key,
            started_at=complaint.occurred_at,
            ended_at=departures[later][1].occurred_at if later < len(departures) else None,
            stage=stage,
        )


DEPARTURE_AFTER_COMPLAINT: Final = Windowed(
    name="departure after complaint",
    definition=f"of the complaints {IN_THE_COHORT}, the share followed by a departure within it",
    since="the complaint",
    event="departed",
    clocks=one_by_one(
        departures_after_complaint,
        "moments",
        moments=frozenset({MomentKind.COMPLAINT, MomentKind.CONVERSION, MomentKind.DEPART}),
        having=MomentKind.COMPLAINT,
    ),
    start=frozenset({MomentKind.COMPLAINT}),
    groups=frozenset({"stage"}),
    awaits=frozenset({Signal.LEAVE}),
    note="complaints of contacts that have already departed count too, as the definition says",
)


def departure_after_complaint(
    inquiry: Inquiry,
    *,
    within: Duration,
    complained: Bounds | None = None,
    by: str | None = None,
    unit: Unit = "contact",
    confidence: float = CONFIDENCE,
) -> Rate:
    """How many of those who complain leave.

    Numerator: mature complaints followed by a DEPART within the window. Denominator:
    complaints in the cohort that were observed for the whole window, of contacts that were
    away already too. An empty denominator gives None.

    Args:
        within: the window after the complaint; its edge belongs to it.
        complained: the cohort, as in ``recovery``.
        by: as in ``recovery``.
        unit: as in ``recovery``.
        confidence: of the intervals.
    """
    return ask_rate(inquiry, DEPARTURE_AFTER_COMPLAINT, within, complained, by, unit, confidence)
