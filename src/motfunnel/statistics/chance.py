"""The chance of an ending soon, for those to whom it has not come for a while.

What is left of a curve after a duration, taken as a curve of its own. Estimates no curve itself.
"""

from __future__ import annotations

from typing import Self

from attrs import frozen

from motfunnel.statistics.aalen_johansen import CompetingRisks
from motfunnel.statistics.interval import CONFIDENCE, Interval, log_log_interval
from motfunnel.statistics.kaplan_meier import SurvivalCurve


@frozen(kw_only=True)
class Chance:
    """The probability to return within so much more, of those still away after so long.

    With S the share still away: one less S(after + within) over S(after). Its interval is the
    log(-log) one of that quotient, with Greenwood's sum over the returns between the two. Past the
    last observed duration, or where nobody is left away, the value is None; nothing is carried
    forward.

    >>> curve = SurvivalCurve.from_counts([(3, 1, 0), (5, 1, 1), (8, 0, 2)])
    >>> round(Chance.of(curve, 3, 2).value, 6)
    0.25
    >>> Chance.of(curve, 3, 6).value is None
    True

    Attributes:
        value: the probability.
        interval: around it; None where no return lies between the two, or nobody stays away.
    """

    value: float | None
    interval: Interval | None = None

    @classmethod
    def of(
        cls, curve: SurvivalCurve, after: int, within: int, confidence: float = CONFIDENCE
    ) -> Self:
        """Read the chance off a curve of return.

        Raises:
            ValueError: the window is negative.
        """
        if within < 0:
            raise ValueError(f"a window is not negative: {within}")
        value = cls.value_of(curve, after, within)
        now, later = curve.survival(after), curve.survival(after + within)
        if value is None or not now or later is None:
            return cls(value=None)
        before, until = curve.greenwood(after) or 0.0, curve.greenwood(after + within) or 0.0
        still = log_log_interval(later / now, until - before, confidence)
        return cls(value=value, interval=None if still is None else still.complement())

    @staticmethod
    def value_of(curve: SurvivalCurve, after: int, within: int) -> float | None:
        """The probability alone, as ``of`` reads it, for those of whom there are many."""
        now, later = curve.survival(after), curve.survival(after + within)
        return None if not now or later is None else 1.0 - later / now

    @classmethod
    def of_cause(cls, risks: CompetingRisks, cause: str, after: int, within: int) -> Self:
        """Read the chance of one ending among several, without an interval.

        The growth of the cause's incidence between the two, over the share that had not ended.

        Raises:
            ValueError: the window is negative, or there is no such cause.
        """
        if within < 0:
            raise ValueError(f"a window is not negative: {within}")
        still = risks.survival(after)
        now, later = risks.incidence(cause, after), risks.incidence(cause, after + within)
        if not still or now is None or later is None:
            return cls(value=None)
        return cls(value=(later - now) / still)
