"""Questions about the way through the funnel: who gets how far, and who buys again.

States each rate in full; ``windowed`` defines them, ``question`` answers.
"""

from __future__ import annotations

from motfunnel.domain.instant import Duration
from motfunnel.errors import QuestionError
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.measure.window import LOYALTY, conversion_of
from motfunnel.reports.question import Question


class AboutProgress(Question):
    """The rates whose clock starts with a stage, or with the first purchase."""

    def conversion(
        self,
        start: str,
        goal: str,
        *,
        within: Duration,
        reached: Bounds | None = None,
        by: str | None = None,
        confidence: float = CONFIDENCE,
    ) -> Rate:
        """How many get from one stage to another in time.

        Numerator: mature contacts that reached the goal, or a higher stage, within the window of
        reaching the start. Denominator: contacts that reached the start, or a higher stage, in the
        cohort and were observed for the whole window. An empty denominator gives None.

        Args:
            start: the stage at which the clock starts; the first stage is reached by the opening.
            goal: a later stage; a leap beyond it reaches it too.
            within: the window; its edge belongs to it.
            reached: the cohort: who reached the start from the first instant on, before the second.
            by: ``stage`` (the one reached when the clock started), ``source``, a trait or
                ``property:NAME`` of the event that reached it, as in ``recidivism``.
            confidence: of the intervals.
        """
        stages = self._tracker.funnel.stages
        for stage in (start, goal):
            if stage not in stages:
                raise QuestionError(f"no stage is called {stage!r}; there are: {', '.join(stages)}")
        low, high = stages.index(start), stages.index(goal)
        if low >= high:
            raise QuestionError(f"{goal} does not come after {start}; nobody converts backwards")
        rate = conversion_of(low, high, stages)
        return self._rate(rate, within, reached, by, "contact", confidence)

    def loyalty(
        self,
        *,
        within: Duration,
        bought: Bounds | None = None,
        by: str | None = None,
        confidence: float = CONFIDENCE,
    ) -> Rate:
        """How many customers become loyal.

        Numerator: mature customers with a LOYALIST within the window of their first purchase.
        Denominator: customers whose first purchase lies in the cohort and was observed for the
        whole window. An empty denominator gives None.

        Args:
            within: the window after the first purchase; its edge belongs to it.
            bought: the cohort: first purchases from the first instant on, before the second.
            by: ``source``, a trait, or ``property:NAME`` of the first purchase.
            confidence: of the intervals.
        """
        return self._rate(LOYALTY, within, bought, by, "contact", confidence)
