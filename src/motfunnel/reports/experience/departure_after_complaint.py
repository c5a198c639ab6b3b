"""Departure after a complaint: how many of those who complain leave.

Its clock, its words, and the question.
"""

from __future__ import annotations

from typing import Final

from motfunnel.domain.instant import Duration
from motfunnel.domain.moment import MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.reports.experience.recovery import Complaints
from motfunnel.reports.facts.facts import Facts
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, Unit
from motfunnel.reports.measure.clock import Clocks
from motfunnel.reports.measure.grouping import By
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.measure.trend import Per
from motfunnel.reports.window import IN_THE_COHORT, Asked, Windowed
from motfunnel.reports.windowed import adjust_rate, ask_rate


def departures(facts: Facts, asked: Asked) -> Clocks:
    """From each complaint to the next departure."""
    made = Complaints.read(facts, asked, MomentKind.DEPART)
    return made.clocks(facts.names, made.departed)


DEPARTURE_AFTER_COMPLAINT: Final = Windowed(
    name="departure after complaint",
    definition=f"of the complaints {IN_THE_COHORT}, the share followed by a departure within it",
    since="the complaint",
    event="departed",
    clocks=departures,
    start=frozenset({MomentKind.COMPLAINT}),
    departures="awaited",
    groups=frozenset({"stage"}),
    awaits=frozenset({Signal.LEAVE}),
    note="complaints of contacts that have already departed count too, as the definition says",
)


def departure_after_complaint(
    inquiry: Inquiry,
    *,
    within: Duration,
    complained: Bounds | None = None,
    by: By = None,
    adjust: By = None,
    per: Per | None = None,
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
        adjust: what to hold alike between these groups, as in ``recidivism``.
        per: ``day``, ``week``, ``month``, ``quarter`` or ``year``: a row for each such period of
            the complaint, with the change from the period before; None: one row of all.
        unit: as in ``recovery``.
        confidence: of the intervals.
    """
    answer = ask_rate(
        inquiry, DEPARTURE_AFTER_COMPLAINT, within, complained, by, unit, confidence, per
    )
    return adjust_rate(inquiry, DEPARTURE_AFTER_COMPLAINT, answer, by, adjust)
