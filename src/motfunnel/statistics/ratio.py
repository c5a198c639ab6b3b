"""A ratio of two counts that come contact by contact: so many of these for each of those.

For yields, which may exceed one. A share of those who could have been counted is a ``Proportion``.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import exp, fsum, sqrt
from typing import Self

from attrs import frozen

from motfunnel.statistics.interval import CONFIDENCE, Interval, critical_value


@frozen(kw_only=True)
class Ratio:
    """So many of one thing for each of another, both counted contact by contact.

    Numerator: the sum of what each contact gave. Denominator: the sum of what each counts for; 0
    makes the value and the interval None, never 0. The interval stands on the log scale, with the
    variance of the ratio's logarithm summed contact by contact (the delta method; Cochran 1977,
    section 6.3), so that one contact who gave much makes it wide.

    >>> yielded = Ratio.of([(3, 1), (0, 1), (1, 1), (0, 1)])
    >>> yielded.value, yielded.numerator, yielded.denominator
    (1.0, 4, 4)
    >>> Ratio.of([]).value is None
    True

    Attributes:
        numerator: the sum of what each gave.
        denominator: the sum of what each counts for.
        variance_of_log: the variance of the ratio's logarithm; None where either sum is 0.
    """

    numerator: int
    denominator: int
    variance_of_log: float | None

    @classmethod
    def of(cls, contacts: Iterable[tuple[int, int]]) -> Self:
        """Sum up contacts, each with what it gave and what it counts for."""
        each = list(contacts)
        gave, count = sum(one[0] for one in each), sum(one[1] for one in each)
        variance = None
        if gave and count:
            variance = fsum([(y / gave - x / count) ** 2 for y, x in each])
        return cls(numerator=gave, denominator=count, variance_of_log=variance)

    @property
    def value(self) -> float | None:
        """The ratio, or None where there is nothing to divide by."""
        return self.numerator / self.denominator if self.denominator else None

    def interval(self, confidence: float = CONFIDENCE) -> Interval | None:
        """Give the interval of the ratio; None where nothing was given, or all gave alike."""
        if self.value is None or not self.variance_of_log:
            return None
        factor = exp(critical_value(confidence) * sqrt(self.variance_of_log))
        return Interval(lower=self.value / factor, upper=self.value * factor)
