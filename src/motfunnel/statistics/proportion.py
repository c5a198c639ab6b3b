"""A proportion: so many of so many, with Wilson's interval, and the difference of two.

Keeps the counts and divides last. Knows nothing of time: whoever counts has waited long enough.
"""

from __future__ import annotations

from math import hypot, log, sqrt
from typing import Final

from attrs import Attribute, field, frozen

from motfunnel.statistics.interval import CONFIDENCE, Interval, critical_value

_FEWEST_OF_EACH: Final = 5


@frozen(kw_only=True)
class Proportion:
    """So many counted, of so many that could have been.

    Numerator: those counted. Denominator: all that could have been counted; 0 of them make the
    value and the interval None, never 0. The unit is a share of 1.

    >>> Proportion(numerator=1, denominator=4).value
    0.25
    >>> Proportion(numerator=0, denominator=0).value is None
    True
    """

    numerator: int
    denominator: int = field()

    @denominator.validator
    def _holds_the_numerator(self, _: Attribute[int], denominator: int) -> None:
        if not 0 <= self.numerator <= denominator:
            raise ValueError(f"{self.numerator} of {denominator} is no proportion")

    @property
    def value(self) -> float | None:
        """The share counted, or None where nobody could have been."""
        return self.numerator / self.denominator if self.denominator else None

    def interval(self, confidence: float = CONFIDENCE) -> Interval | None:
        """Give Wilson's score interval, or None where nobody could have been counted.

        Its lower end is exactly 0 where none were counted, its upper end exactly 1 where all
        were (Wilson 1927).

        >>> Proportion(numerator=0, denominator=5).interval().lower
        0.0
        """
        z = critical_value(confidence)
        if not self.denominator:
            return None
        missed = self.denominator - self.numerator
        return Interval(
            lower=_wilson_lower(self.numerator, self.denominator, z),
            upper=1.0 - _wilson_lower(missed, self.denominator, z),
        )


@frozen(kw_only=True)
class Difference:
    """How far one proportion lies above another, with the interval of that distance."""

    value: float
    interval: Interval


def difference(a: Proportion, b: Proportion, confidence: float = CONFIDENCE) -> Difference | None:
    """Take the second proportion from the first, with Newcombe's hybrid score interval.

    The interval joins the two Wilson intervals, end by end (Newcombe 1998, method 10). None where
    either denominator is 0. The two must count different contacts.

    >>> two_thirds, half = (Proportion(numerator=n, denominator=6) for n in (4, 3))
    >>> round(difference(two_thirds, half).value, 4)
    0.1667
    """
    if a.value is None or b.value is None:
        return None
    return hybrid(a.value, a.interval(confidence), b.value, b.interval(confidence))


def always_valid(
    a: Proportion, b: Proportion, effect: float, confidence: float = CONFIDENCE
) -> Difference | None:
    """Take the second proportion from the first, with an interval that holds at every look.

    Of a normal mixture (Johari, Pekelis & Walsh 2017): however often one looks, and whenever one
    stops, it misses the truth no more often than the confidence says. It is narrowest where the
    difference is about as large as the effect that was planned, fixed beforehand. None until each
    has 5 counted and 5 not: with the variance of fewer it would miss more often.

    >>> third, half = (Proportion(numerator=n, denominator=300) for n in (100, 150))
    >>> around = always_valid(third, half, effect=0.1).interval
    >>> round(around.lower, 4), round(around.upper, 4)
    (-0.2873, -0.046)

    Raises:
        ValueError: the effect is 0.
    """
    if not effect:
        raise ValueError("an effect of 0 is none")
    if min(a.numerator, b.numerator, _missed(a), _missed(b)) < _FEWEST_OF_EACH:
        return None
    shares = [(one.numerator / one.denominator, one.denominator) for one in (a, b)]
    v, t = sum(p * (1 - p) / n for p, n in shares), effect * effect
    reach = sqrt(v * (v + t) / t * (2 * log(1 / (1 - confidence)) + log((v + t) / v)))
    apart = shares[0][0] - shares[1][0]
    return Difference(value=apart, interval=Interval(lower=apart - reach, upper=apart + reach))


def _missed(one: Proportion) -> int:
    return one.denominator - one.numerator


def hybrid(
    value: float, interval: Interval | None, other: float, others: Interval | None
) -> Difference | None:
    """Take one share from another by the intervals that they have; None where one has none.

    Of two proportions with Wilson's intervals it is Newcombe's; of others the same rule, by which
    the variance of each is recovered from its own interval, end by end (Zou & Donner 2008). The two
    are taken to be independent.
    """
    if interval is None or others is None:
        return None
    apart = value - other
    below = hypot(value - interval.lower, others.upper - other)
    above = hypot(interval.upper - value, other - others.lower)
    return Difference(value=apart, interval=Interval(lower=apart - below, upper=apart + above))


def _wilson_lower(counted: int, of: int, z: float) -> float:
    """Give the smaller root of Wilson's equation, out of the larger: nothing cancels near 0."""
    share = counted / of
    spread = sqrt(counted * (of - counted) / of + z * z / 4)
    return counted * share / (counted + z * z / 2 + z * spread)
