"""Questions about departures: who returns, who was written to, who leaves again.

States each rate in full; ``windowed`` defines them, ``question`` answers.
"""

from __future__ import annotations

from datetime import datetime

from motfunnel.domain.instant import MICROSECOND, Duration
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, Unit, read_period
from motfunnel.reports.measure.grouping import read_grouping
from motfunnel.reports.measure.rate import PeriodRate, Rate
from motfunnel.reports.measure.window import (
    COVERAGE,
    RECIDIVISM,
    REENGAGEMENT,
    RELAPSE,
    reactivation_of,
)
from motfunnel.reports.question import Question


class AboutDepartures(Question):
    """The rates whose clock starts with a departure, or while one lasts."""

    def recidivism(
        self,
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
        return self._rate(RECIDIVISM, within, departed, by, unit, confidence)

    def reengagement(
        self,
        *,
        within: Duration,
        attempted: Bounds | None = None,
        by: str | None = None,
        unit: Unit = "contact",
        confidence: float = CONFIDENCE,
    ) -> Rate:
        """How many of the departed whom one wrote to come back; describes, and proves no effect.

        Numerator: mature attempted episodes that returned within the window of their first
        outreach. Denominator: episodes whose first outreach lies in the cohort and was observed
        for the whole window. An empty denominator gives None.

        Args:
            within: the window after the first outreach; its edge belongs to it.
            attempted: the cohort: first outreaches from the first instant on, before the second.
            by: as in ``recidivism``; a trait's value, and the property, are those at the first
                outreach.
            unit: ``contact`` for each contact's first attempted episode, ``episode`` for all.
            confidence: of the intervals.
        """
        return self._rate(REENGAGEMENT, within, attempted, by, unit, confidence)

    def coverage(
        self,
        *,
        within: Duration,
        departed: Bounds | None = None,
        by: str | None = None,
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
            unit: ``contact`` for each contact's first departure in the cohort, ``episode`` for all.
            confidence: of the intervals.
        """
        return self._rate(COVERAGE, within, departed, by, unit, confidence)

    def relapse(
        self,
        *,
        within: Duration,
        returned: Bounds | None = None,
        by: str | None = None,
        unit: Unit = "contact",
        confidence: float = CONFIDENCE,
    ) -> Rate:
        """How many of those who came back leave again.

        Numerator: mature returns followed by the contact's next departure within the window.
        Denominator: returns in the cohort that were observed for the whole window. An empty
        denominator gives None.

        Args:
            within: the window after the return; its edge belongs to it.
            returned: the cohort: returns from the first instant on, before the second.
            by: as in ``recidivism``; stage and reason are those with which it had left, a trait's
                value, and the property, those at the return.
            unit: ``contact`` for each contact's first return in the cohort, ``episode`` for all.
            confidence: of the intervals.
        """
        return self._rate(RELAPSE, within, returned, by, unit, confidence)

    def reactivation(
        self,
        *,
        period: tuple[datetime, datetime],
        by: str | None = None,
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
        start, end = read_period(period)
        rate, window = reactivation_of(start), end - start - MICROSECOND
        grouping = read_grouping(by, rate)
        groups = self._choose(rate, (None, None), grouping, first_only=True)
        return self._answer(
            PeriodRate,
            rate,
            groups,
            window,
            confidence,
            within=end - start,
            by=by,
            unit="contact",
            cohort=(start, end),
        )
