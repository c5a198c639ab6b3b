"""Reactivation: how many of those who are away when a period begins return in it.

Its clock, its words, and the question.
"""

from __future__ import annotations

from datetime import datetime

from motfunnel.domain.columns import column
from motfunnel.domain.instant import MICROSECOND, When, to_micros
from motfunnel.domain.moment import MomentKind
from motfunnel.reports.facts.facts import Facts
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, read_period
from motfunnel.reports.measure.clock import EVERYBODY, Clocks
from motfunnel.reports.measure.grouping import By, read_grouping
from motfunnel.reports.measure.rate import PeriodRate, Rate
from motfunnel.reports.window import Asked, MakeClocks, Windowed
from motfunnel.reports.windowed import answer_rate


def away_at(start: datetime) -> MakeClocks:
    """Make the clocks of those who are away at an instant; all start there."""
    begin = to_micros(start)

    def clocks(facts: Facts, asked: Asked) -> Clocks:
        found = facts.episodes(*asked.columns("departed", "returned"), departed=(None, start))
        away = [
            place
            for place, (left, back) in enumerate(zip(found.departed, found.returned, strict=True))
            if left < begin <= back
        ]
        return Clocks(
            names=facts.names,
            contact=found.contact,
            key=found.number,
            started=column([begin]) * len(found),
            ended=found.returned,
            stage=found.stage,
            reason=found.reason,
        ).at(away)

    return clocks


def reactivation_of(start: datetime) -> Windowed:
    """The rate of return of those who are away when a period begins."""
    return Windowed(
        name="reactivation",
        definition=(
            "of the contacts that were away when the period began, the share that returned in it"
        ),
        since="the start of the period",
        event="returned",
        clocks=away_at(start),
        start=frozenset({MomentKind.DEPART}),
        departures="started",
        has_periods=False,
    )


def reactivation(
    inquiry: Inquiry,
    *,
    period: tuple[When, When],
    by: By = None,
    confidence: float = CONFIDENCE,
) -> Rate:
    """How many of those who are away when a period begins return in it.

    Numerator: those who departed before the period's start and returned in it. Denominator:
    contacts that were away at its start; immature until it is over. An empty denominator gives
    None.

    Args:
        period: from the first instant on, before the second; a return at its end is in the
            next one.
        by: as in ``recidivism``; stage, reason and property are those of the departure, a
            trait's value the one at the period's start.
        confidence: of the intervals.
    """
    start, end = read_period(period, inquiry.instant)
    rate, window = reactivation_of(start), end - start - MICROSECOND
    groupings = read_grouping(by, rate.name, rate.groups)
    groups = inquiry.choose(rate, EVERYBODY, groupings, first_only=True)
    return answer_rate(
        inquiry,
        PeriodRate,
        rate,
        groups,
        window,
        confidence,
        within=end - start,
        by=None if groupings is None else groupings.written,
        unit="contact",
        cohort=(start, end),
    )
