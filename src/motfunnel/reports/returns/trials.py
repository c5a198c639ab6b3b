"""Comparisons of outreach: a randomised hold-out, a landmark, and the time-dependent log-rank.

There is none of the ever with the never contacted: one has to be still away to be written to, and
so the quick returns all fall to the others. Each answer says what confounds it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from motfunnel.domain.instant import Duration, format_duration
from motfunnel.domain.signal import Signal
from motfunnel.errors import QuestionError
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, read_cohort, read_window
from motfunnel.reports.measure.clock import choose
from motfunnel.reports.measure.grouping import Grouping
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.measure.trial import (
    NOT_CONTACTED,
    landmark_clocks,
    trial_clocks,
    trial_rules,
)
from motfunnel.reports.measure.window import RECIDIVISM, Windowed
from motfunnel.reports.question import Question
from motfunnel.reports.returns.mantel_byar import PaceComparison, pace_rows

_BY_ARM: Final = Grouping(kind="arm")
RANDOMISED: Final = (
    "compares as assigned, whatever was sent; the difference is an effect only if chance alone "
    "assigned the arms, and nothing but the outreach differed between them"
)
LANDMARK: Final = (
    "who was written to before the landmark, somebody chose: what they looked at may also say who "
    "returns, and an outreach after it counts for neither side; this is a difference, no effect"
)
TIMED: Final = (
    "a contact counts as not contacted until its first outreach and as contacted from then on; but "
    "who was written to, and when, somebody chose, and what they looked at may also say who "
    "returns; this is a difference, no effect"
)

HOLDOUT: Final = Windowed(
    name="hold-out trial",
    definition=(
        "of the departed first assigned in the cohort and observed for the whole window, the share "
        "that returned within it after the assignment, by arm"
    ),
    since="the assignment",
    event="returned",
    clocks=trial_clocks,
    start=Signal.OUTREACH,
    reads="trials",
    note=RANDOMISED,
)


class AboutOutreach(Question):
    """The fair comparisons of those who were written to with others."""

    def holdout(
        self,
        *,
        within: Duration,
        assigned: Bounds | None = None,
        confidence: float = CONFIDENCE,
    ) -> Rate:
        """How many return in each arm of a trial in which some were held out; contact-based.

        Numerator: mature assigned contacts that returned within the window of their assignment.
        Denominator: contacts assigned in the cohort, each by the first assignment of its first
        such episode, and observed for the whole window. An empty denominator gives None.

        Args:
            within: the window after the assignment; its edge belongs to it.
            assigned: the cohort: assignments from the first instant on, before the second.
            confidence: of the intervals.

        Raises:
            QuestionError: no rule of the funnel has a hold-out.
        """
        window = read_window(within)
        rules = trial_rules(self._tracker.funnel)
        if not rules:
            raise QuestionError(
                "no rule of the funnel has a hold-out; write e.g. "
                'winback_sent = { outreach = true, arm = "arm", holdout = "control" }'
            )
        held_out = {rule.holdout for several in rules.values() for rule in several}
        return self._by_arm(HOLDOUT, window, assigned, confidence, "assigned", held_out)

    def landmark(
        self,
        *,
        after: Duration,
        within: Duration,
        departed: Bounds | None = None,
        confidence: float = CONFIDENCE,
    ) -> Rate:
        """How many return after a stated day, by whether one had written to them; contact-based.

        Numerator: mature contacts that returned within the window of the landmark. Denominator:
        contacts whose first departure in the cohort lasted to the landmark under observation, and
        that were observed for the whole window after it. An empty denominator gives None.

        Args:
            after: the landmark: how long after the departure. Who returned before it is left out.
            within: the window after the landmark; its edge belongs to it.
            departed: the cohort: departures from the first instant on, before the second.
            confidence: of the intervals.
        """
        window, gap = read_window(within), read_window(after, "after")
        rate = Windowed(
            name="landmark comparison",
            definition=(
                f"of the departures in the cohort that were still away {format_duration(gap)} "
                "later, at the landmark, and were observed for the whole window after it, the "
                "share that returned within it, by whether an outreach had come before the landmark"
            ),
            since="the landmark",
            event="returned",
            clocks=landmark_clocks(gap, read_cohort(departed)),
            start=Signal.OUTREACH,
            note=LANDMARK,
        )
        return self._by_arm(rate, window, departed, confidence, "landmark", {NOT_CONTACTED}, gap)

    def mantel_byar(
        self, *, departed: Bounds | None = None, confidence: float = CONFIDENCE
    ) -> PaceComparison:
        """At what pace contacts return before an outreach and after one; contact-based.

        At each return, those still away are shared out by whether they had been written to before
        it: the time-dependent log-rank test (Mantel & Byar 1974). Ratio: returns observed over
        those that one common pace would have given; None where it would have given none.

        Args:
            departed: the cohort: departures from the first instant on, before the second.
            confidence: printed with the answer; the test needs none.
        """
        cohort = read_cohort(departed)
        erased, _ = self._erased()
        with self._reading() as source:
            chosen = choose(
                source.clocks(RECIDIVISM, cohort), cohort, self.as_of, erased, first_only=True
            )
        rows, test = pace_rows(chosen)
        return PaceComparison(
            name="Mantel–Byar",
            definition=(
                "the returns of the departed in the cohort, before and after their first outreach, "
                "and how many a common pace would have given"
            ),
            notes=(TIMED,),
            rows=rows,
            cohort=cohort,
            chi_square=None if test is None else test.chi_square,
            degrees_of_freedom=None if test is None else test.degrees_of_freedom,
            p_value=None if test is None else test.p_value,
            **self._asked(confidence),
        )

    def _by_arm(
        self,
        rate: Windowed,
        within: timedelta,
        bounds: Bounds | None,
        confidence: float,
        by: str,
        against: set[Any],
        after: timedelta | None = None,
    ) -> Rate:
        cohort = read_cohort(bounds)
        started = (None, None) if after is not None else cohort
        groups = self._choose(rate, started, _BY_ARM, first_only=True)
        more = {"by": by, "unit": "contact", "cohort": cohort, "against": against}
        return self._answer(Rate, rate, groups, within, confidence, **more)
