"""Clusters: what it does to an interval that some contacts count several times.

A contact that counts often pulls the estimate towards itself, so that what it adds looks smaller
than it is; and a few such contacts say less than their number. Both are mended here, for every
estimate that is summed contact by contact. Knows no estimate.
"""

from __future__ import annotations

from collections.abc import Collection
from math import exp, lgamma, log, log1p
from typing import Final

from attrs import frozen

from motfunnel.statistics.interval import CONFIDENCE, critical_value

FEWEST_CLUSTERS: Final = 10
"""Below so many contacts, of which some repeat, nothing is said of how contacts vary."""

_LARGE: Final = 1000.0
"""From so many degrees on, the t quantile is a series around the normal one."""

_TINY: Final = 1e-300
_PRECISE: Final = 1e-15


@frozen(kw_only=True)
class Clusters:
    """The sizes of the clusters behind an estimate: how many there are, and how unequal.

    >>> even = Clusters.of([3] * 20)
    >>> even.repeat, round(even.degrees, 9), round(even.leave_out(3), 4)
    (True, 19.0, 1.0526)

    Attributes:
        number: how many clusters there are.
        whole: the sum of their sizes.
        squares: the sum of the squares of their sizes.
    """

    number: int
    whole: int
    squares: int

    @classmethod
    def of(cls, sizes: Collection[int]) -> Clusters:
        """Sum up the sizes, none of which is 0."""
        squares = sum(size * size for size in sizes)
        return cls(number=len(sizes), whole=sum(sizes), squares=squares)

    @property
    def repeat(self) -> bool:
        """Whether any counts more than once."""
        return self.whole > self.number

    @property
    def are_one(self) -> bool:
        """Whether all is one cluster's: that says nothing of how clusters differ."""
        return self.repeat and self.number == 1

    @property
    def degrees(self) -> float:
        """The degrees of freedom: as of so many clusters of one size, less one."""
        return self.whole**2 / self.squares - 1

    def leave_out(self, size: int) -> float:
        """By what is multiplied what a cluster adds, as if the estimate were made without it."""
        return self.whole / (self.whole - size) if self.repeat else 1.0

    def critical_value(self, confidence: float = CONFIDENCE) -> float | None:
        """How many standard errors either way give the confidence; None for too few clusters.

        Of Student's t, with the degrees of the clusters; where none repeats, of the normal.
        """
        if not self.repeat:
            return critical_value(confidence)
        if self.number < FEWEST_CLUSTERS:
            return None
        return t_quantile(confidence, self.degrees)


def t_quantile(confidence: float, degrees: float) -> float:
    """Give the value within which, either way, Student's t lies with the confidence.

    The degrees need not be whole. From 1,000 on by the series of Fisher and Cornish (1960), below
    by halving, on the incomplete beta function.

    >>> round(t_quantile(0.95, 9), 9)
    2.262157163

    Raises:
        ValueError: the confidence does not lie between 0 and 1, or the degrees not above 0.
    """
    z = critical_value(confidence)
    if not degrees > 0:
        raise ValueError(f"degrees of freedom lie above 0; {degrees} do not")
    if degrees >= _LARGE:
        first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
        third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
        return z + first / degrees + second / degrees**2 + third / degrees**3
    low, high = 0.0, 1.0
    while _both_tails(high, degrees) > 1 - confidence and high < 1e150:  # noqa: PLR2004
        low, high = high, high * 2
    while high - low > _PRECISE * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if _both_tails(middle, degrees) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def _both_tails(t: float, degrees: float) -> float:
    """The probability that Student's t lies further out than this, either way."""
    return _incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t))


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by the continued fraction of Lentz."""
    if not 0 < x < 1:
        return x
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x > (a + 1) / (a + b + 2):
        return 1.0 - front * _fraction(b, a, 1 - x) / b
    return front * _fraction(a, b, x) / a


def _fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1.0 / _apart(1.0 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, 2000):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            c, d = _apart(1.0 + term / c), 1.0 / _apart(1.0 + term * d)
            found *= c * d
        if abs(c * d - 1.0) < _PRECISE:
            break
    return found


def _apart(value: float) -> float:
    """A divisor that is not 0."""
    return value if abs(value) > _TINY else _TINY
