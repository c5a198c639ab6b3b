"""A proportion: so many of so many, with Wilson's interval, and the difference of two.

Also how many it takes to show a difference. Keeps the counts and divides last. Knows nothing of
time: whoever counts has waited long enough.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, hypot, log, sqrt
from statistics import NormalDist
from typing import Final

from attrs import Attribute, field, frozen

from motfunnel.statistics.interval import CONFIDENCE, Interval, critical_value

_FEWEST_OF_EACH: Final = 5
_NORMAL: Final = NormalDist()
_HALVINGS: Final = 60
_MOST: Final = 10**12


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
    reach = mixture_reach(sum(p * (1 - p) / n for p, n in shares), effect, confidence)
    apart = shares[0][0] - shares[1][0]
    return Difference(value=apart, interval=Interval(lower=apart - reach, upper=apart + reach))


def mixture_reach(variance: float, effect: float, confidence: float = CONFIDENCE) -> float:
    """How far an interval that holds at every look reaches either way (Johari et al. 2017)."""
    t = effect * effect
    whole = variance + t
    return sqrt(variance * whole / t * (2 * log(1 / (1 - confidence)) + log(whole / variance)))


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


def power_of(
    baseline: float,
    effect: float,
    sizes: tuple[float, float],
    confidence: float = CONFIDENCE,
    *,
    every_look: bool = False,
) -> float:
    """Say how often a difference is found that is there: as one whose interval excludes 0.

    By the normal approximation, pooled where there is no difference and unpooled where there is one
    (Fleiss, Levin & Paik 2003, ch. 4, without a correction for continuity). The chance that the
    interval excludes 0 on the wrong side is left out; it is next to nothing.

    >>> round(power_of(0.08, 0.02, (3213, 3213)), 3)
    0.8
    >>> round(power_of(0.08, 0.02, (3213, 3213), every_look=True), 3)
    0.408

    Args:
        baseline: the share of the control.
        effect: how far that of the treatment lies above it, or below.
        sizes: how many are in the control and in the treatment.
        confidence: of the interval.
        every_look: whether the interval is ``always_valid``, planned for this effect; then it is
            how often it excludes 0 with so many, and earlier looks have found it more often yet.
    """
    held, treated = sizes
    other, whole = baseline + effect, held + treated
    pooled = (held * baseline + treated * other) / whole
    alike = sqrt(pooled * (1 - pooled) * (1 / held + 1 / treated))
    apart = sqrt(baseline * (1 - baseline) / held + other * (1 - other) / treated)
    if every_look:
        reach = mixture_reach(apart * apart, effect, confidence)
        return _NORMAL.cdf((abs(effect) - reach) / apart)
    return _NORMAL.cdf((abs(effect) - critical_value(confidence) * alike) / apart)


def sizes_for(
    baseline: float,
    effect: float,
    power: float,
    share: float,
    confidence: float = CONFIDENCE,
    *,
    every_look: bool = False,
) -> tuple[int, int]:
    """Give how many the control and the treatment need, for a difference to be found so often.

    >>> sizes_for(0.08, 0.02, power=0.8, share=0.5)
    (3213, 3213)

    Args:
        baseline: the share of the control.
        effect: how far that of the treatment lies above it, or below; not 0.
        power: how often it is to be found.
        share: which share of all is the control.
        confidence: of the interval.
        every_look: as in ``power_of``.
    """

    def is_enough(whole: float) -> bool:
        held = whole * share
        sizes = (held, whole - held)
        return power_of(baseline, effect, sizes, confidence, every_look=every_look) >= power

    whole = _least(is_enough, 0.0, _MOST)
    return ceil(whole * share), ceil(whole * (1 - share))


def smallest_effect(
    baseline: float,
    sizes: tuple[float, float],
    power: float,
    confidence: float = CONFIDENCE,
    *,
    every_look: bool = False,
) -> float | None:
    """Give the smallest rise above the baseline that is found so often; None where none is.

    >>> round(smallest_effect(0.08, (3213, 3213), power=0.8), 3)
    0.02

    Args:
        baseline: the share of the control.
        sizes: how many are in the control and in the treatment.
        power: how often it is to be found.
        confidence: of the interval.
        every_look: as in ``power_of``.
    """
    most = 1 - baseline

    def is_found(effect: float) -> bool:
        return power_of(baseline, effect, sizes, confidence, every_look=every_look) >= power

    if min(sizes) <= 0 or not is_found(most * (1 - 2**-20)):
        return None
    return _least(is_found, 0.0, most)


def _least(holds: Callable[[float], bool], low: float, high: float) -> float:
    """The least value from which on something holds, by halving; it holds at the highest."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if holds(middle):
            high = middle
        else:
            low = middle
    return high
