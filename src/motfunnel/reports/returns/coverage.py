"""Outreach coverage: how many of the departed one writes to at all.

Its clock, its words, and the question.
"""

from __future__ import annotations

from typing import Final

from motfunnel.domain.columns import NEVER, column
from motfunnel.domain.instant import Duration
from motfunnel.domain.moment import MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.reports.facts.facts import Facts
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, Unit
from motfunnel.reports.measure.clock import Clocks
from motfunnel.reports.measure.grouping import By
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.measure.trend import Per
from motfunnel.reports.window import IN_THE_COHORT, Asked, Windowed
from motfunnel.reports.windowed import adjust_rate, ask_rate


def outreaches(facts: Facts, asked: Asked) -> Clocks:
    """From each departure to its first outreach, which a return rules out."""
    found = facts.episodes(
        *asked.columns("departed", "returned", "outreach", "stage"),
        first=asked.is_everybody_once,
        departed=asked.cohort,
    )
    reached = (at != NEVER for at in found.outreach)
    return Clocks(
        names=facts.names,
        contact=found.contact,
        key=found.number,
        started=found.departed,
        ended=found.outreach,
        ruled_out=column(
            NEVER if was else at for was, at in zip(reached, found.returned, strict=True)
        ),
        stage=found.stage,
        reason=found.reason,
    )


COVERAGE: Final = Windowed(
    name="outreach coverage",
    definition=(
        f"of the departures {IN_THE_COHORT}, the share to which a first outreach went within it, "
        "before any return"
    ),
    since="the departure",
    event="had a first outreach",
    clocks=outreaches,
    start=frozenset({MomentKind.DEPART}),
    departures="started",
    awaits=frozenset({Signal.OUTREACH}),
    note=("one who has returned can no longer be reached: the return is a competing risk"),
)


def coverage(
    inquiry: Inquiry,
    *,
    within: Duration,
    departed: Bounds | None = None,
    by: By = None,
    adjust: By = None,
    per: Per | None = None,
    unit: Unit = "contact",
    confidence: float = CONFIDENCE,
) -> Rate:
    """How many of the departed one writes to at all.

    Numerator: mature episodes with a first outreach within the window of the departure.
    Denominator: episodes that departed in the cohort and were observed for the whole window;
    who returned before any outreach is among them. An empty denominator gives None.

    Args:
        within: the window; an outreach at its very end is within.
        departed: the cohort, as in ``recidivism``.
        by: as in ``recidivism``.
        adjust: what to hold alike between these groups, as in ``recidivism``.
        per: ``day``, ``week``, ``month``, ``quarter`` or ``year``: a row for each such period of
            the departure, with the change from the period before; None: one row of all.
        unit: ``contact`` for each contact's first departure in the cohort, ``episode`` for all.
        confidence: of the intervals.
    """
    answer = ask_rate(inquiry, COVERAGE, within, departed, by, unit, confidence, per)
    return adjust_rate(inquiry, COVERAGE, answer, by, adjust)
