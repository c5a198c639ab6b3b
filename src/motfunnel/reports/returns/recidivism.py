"""Recidivism: how many of the departed come back.

Its clock, its words, and the question.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import Duration
from motfunnel.domain.moment import MomentKind
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, Unit
from motfunnel.reports.measure.clock import Clock, Told
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.measure.window import IN_THE_COHORT, Windowed
from motfunnel.reports.windowed import ask_rate


def departures(told: Told, _: Funnel) -> Iterator[Clock]:
    """From each departure to its return."""
    for one in told.episodes:
        yield Clock(
            contact=told.contact,
            key=one.number,
            started_at=one.departed_at,
            ended_at=one.returned_at,
            stage=one.stage,
            reason=one.reason,
            exposed_at=one.first_outreach_at,
        )


RECIDIVISM: Final = Windowed(
    name="recidivism",
    definition=(f"of the departures {IN_THE_COHORT}, the share that returned within it"),
    since="the departure",
    event="returned",
    clocks=departures,
    start=frozenset({MomentKind.DEPART}),
    starts_at="departed_at",
)


def recidivism(
    inquiry: Inquiry,
    *,
    within: Duration,
    departed: Bounds | None = None,
    by: str | None = None,
    unit: Unit = "contact",
    confidence: float = CONFIDENCE,
) -> Rate:
    """How many of the departed come back.

    Numerator: mature episodes that returned within the window of their departure. Denominator:
    episodes that departed in the cohort and were observed for the whole window. An empty
    denominator gives None.

    Args:
        within: the window; a return at its very end is within.
        departed: the cohort: departures from the first instant on, before the second.
        by: ``stage``, ``reason``, ``source``, the name of a trait (``trait:NAME`` where it has
            one of those names), or ``property:NAME`` of the start event: the value that held
            at the departure.
        unit: ``contact`` for each contact's first departure in the cohort, ``episode`` for all.
        confidence: of the intervals.

    Source: the form of the US Bureau of Justice Statistics' recidivism series (NCJ 244205).
    """
    return ask_rate(inquiry, RECIDIVISM, within, departed, by, unit, confidence)
