"""Recidivism: how many of the departed come back.

Its clock, its words, and the question.
"""

from __future__ import annotations

from typing import Final

from motfunnel.domain.instant import Duration
from motfunnel.domain.moment import MomentKind
from motfunnel.reports.facts.facts import Facts
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, Unit
from motfunnel.reports.measure.clock import Clocks
from motfunnel.reports.measure.grouping import By
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.measure.trend import Per
from motfunnel.reports.window import IN_THE_COHORT, Asked, Windowed
from motfunnel.reports.windowed import adjust_rate, ask_rate


def departures(facts: Facts, asked: Asked, *columns: str) -> Clocks:
    """From each departure to its return; with more columns of it, where these are asked for."""
    found = facts.episodes(
        *asked.columns("departed", "returned", *columns),
        first=asked.is_everybody_once,
        departed=asked.cohort,
    )
    return Clocks(
        names=facts.names,
        contact=found.contact,
        key=found.number,
        started=found.departed,
        ended=found.returned,
        stage=found.stage,
        reason=found.reason,
        exposed=found.outreach,
    )


RECIDIVISM: Final = Windowed(
    name="recidivism",
    definition=(f"of the departures {IN_THE_COHORT}, the share that returned within it"),
    since="the departure",
    event="returned",
    clocks=departures,
    start=frozenset({MomentKind.DEPART}),
    departures="started",
)


def recidivism(
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
    """How many of the departed come back.

    Numerator: mature episodes that returned within the window of their departure. Denominator:
    episodes that departed in the cohort and were observed for the whole window. An empty
    denominator gives None.

    Args:
        within: the window; a return at its very end is within.
        departed: the cohort: departures from the first instant on, before the second.
        by: ``stage``, ``reason``, ``source``, the name of a trait (``trait:NAME`` where it has
            one of those names), or of the start event its name (``event``) or ``property:NAME``:
            the value that held at the departure. A number in bands: ``seats:1,5,20``. Several
            count at once: ``("source", "plan")``.
        adjust: what to hold alike between these groups, named as ``by`` is: hazard ratios by Cox's
            model stand beside the rates. Needs the extra ``adjust``.
        per: ``day``, ``week``, ``month``, ``quarter`` or ``year``: a row for each such period of
            the departure, with the change from the period before; None: one row of all.
        unit: ``contact`` for each contact's first departure in the cohort, ``episode`` for all.
        confidence: of the intervals.

    Source: the form of the US Bureau of Justice Statistics' recidivism series (NCJ 244205).
    """
    answer = ask_rate(inquiry, RECIDIVISM, within, departed, by, unit, confidence, per)
    return adjust_rate(inquiry, RECIDIVISM, answer, by, adjust)
