"""Questions about complaints: what comes of those who complain.

States each rate in full; ``windowed`` defines them, ``question`` answers.
"""

from __future__ import annotations

from motfunnel.domain.instant import Duration
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, Unit
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.measure.window import DEPARTURE_AFTER_COMPLAINT, RECOVERY
from motfunnel.reports.question import Question


class AboutComplaints(Question):
    """The rates whose clock starts with a complaint."""

    def recovery(
        self,
        *,
        within: Duration,
        complained: Bounds | None = None,
        by: str | None = None,
        unit: Unit = "contact",
        confidence: float = CONFIDENCE,
    ) -> Rate:
        """How many of those who complain come round, and whether they buy or praise first.

        Numerator: mature complaints followed, within the window, by a purchase or by advocacy:
        what the funnel takes for it, whether or not it was a moment. Denominator: complaints in
        the cohort that were observed for the whole window. An empty denominator gives None.

        Args:
            within: the window after the complaint; its edge belongs to it. What happened at the
                very instant of the complaint came before it.
            complained: the cohort: complaints from the first instant on, before the second.
            by: ``stage``, ``source``, a trait, or ``property:NAME`` of the complaint, as in
                ``recidivism``.
            unit: ``contact`` for each contact's first complaint in the cohort, ``episode`` for all.
            confidence: of the intervals.
        """
        return self._rate(RECOVERY, within, complained, by, unit, confidence)

    def departure_after_complaint(
        self,
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
        return self._rate(DEPARTURE_AFTER_COMPLAINT, within, complained, by, unit, confidence)
