"""What can be asked of any curve of return, and the chance that is read off it.

One protocol for those of Kaplan and Meier, of clusters, and of Aalen and Johansen. Estimates no
curve itself.
"""

from __future__ import annotations

from typing import Protocol, Self

from attrs import frozen

from motfunnel.statistics.interval import CONFIDENCE, Interval
from motfunnel.statistics.kaplan_meier import MedianInterval, RestrictedMean
from motfunnel.statistics.risk_table import RiskTable


class Curve(Protocol):
    """The share with the event after each duration, and how sure one can be of it.

    Whatever the counts, or the estimator, cannot say is None.
    """

    @property
    def estimator(self) -> str:
        """Whose estimator it is by: ``Kaplan–Meier`` or ``Aalen–Johansen``."""
        ...

    @property
    def table(self) -> RiskTable:
        """The counts at each distinct duration."""
        ...

    def at_risk(self, t: int) -> int:
        """Count those still under observation, and without the event, just before a duration."""
        ...

    def survival(self, t: int) -> float | None:
        """Estimate the share to whom nothing had come after a duration."""
        ...

    def probability(self, t: int) -> float | None:
        """Estimate the share with the event within a duration; None past the last observed."""
        ...

    def probability_interval(self, t: int, confidence: float = ..., /) -> Interval | None:
        """Give the interval of that share."""
        ...

    def effective_number(self, t: int) -> float | None:
        """How many, all observed for so long, would tell as much."""
        ...

    def quantile(self, share: float) -> int | None:
        """Find the first duration within which the event came to a share of all, or None."""
        ...

    def median_interval(self, confidence: float = ..., /) -> MedianInterval | None:
        """Find between which durations the median lies."""
        ...

    def restricted_mean(self, tau: int) -> RestrictedMean | None:
        """Average the time without the event up to a horizon."""
        ...

    def chance(self, after: int, within: int) -> float | None:
        """Estimate the probability of the event within so much more, of those without it so far."""
        ...

    def chance_interval(
        self, after: int, within: int, confidence: float = ..., /
    ) -> Interval | None:
        """Give the interval of that probability."""
        ...


@frozen(kw_only=True)
class Chance:
    """The probability of the event within so much more, of those to whom it has not come so far.

    Off a curve by Kaplan and Meier, S the share still away: one less S(after + within) over
    S(after), with the log(-log) interval of that quotient, whose variance is of the returns between
    the two alone. Of one cause among several: the growth of its incidence over the share not ended,
    without an interval. Past the last observed duration, or where nobody is left away, the value is
    None; nothing is carried forward.

    >>> from motfunnel.statistics import SurvivalCurve
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
    def of(cls, curve: Curve, after: int, within: int, confidence: float = CONFIDENCE) -> Self:
        """Read the chance off a curve of return.

        Raises:
            ValueError: the window is negative.
        """
        if within < 0:
            raise ValueError(f"a window is not negative: {within}")
        value = curve.chance(after, within)
        if value is None:
            return cls(value=None)
        return cls(value=value, interval=curve.chance_interval(after, within, confidence))
