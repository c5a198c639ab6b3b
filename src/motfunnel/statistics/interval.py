"""An interval: the two ends of what the counts allow, and the scale on which it is drawn.

Holds the log(-log) form that every curve shares. Knows no counts, and never widens or rounds.
"""

from __future__ import annotations

from math import exp, log, sqrt
from statistics import NormalDist
from typing import Final

from attrs import Attribute, field, frozen

CONFIDENCE: Final = 0.95
"""The confidence of an interval, where no other is asked for."""

Z95: Final = 1.959963984540054
"""How many standard errors either way hold 95% of a normal distribution."""

WIDEST: Final = 700.0
"""Beyond this the interval runs from 0 to 1 whatever the share, and no float holds its power."""


@frozen(kw_only=True)
class Interval:
    """The lowest and the highest value that the counts allow, both included."""

    lower: float
    upper: float = field()

    @upper.validator
    def _is_in_order(self, _: Attribute[float], upper: float) -> None:
        if not self.lower <= upper:
            raise ValueError(f"an interval from {self.lower} to {upper} holds nothing")

    def __contains__(self, value: float) -> bool:
        """Whether the value lies between the ends, or on one of them."""
        return self.lower <= value <= self.upper

    @property
    def width(self) -> float:
        """How far the ends lie apart."""
        return self.upper - self.lower

    def complement(self) -> Interval:
        """Give the interval of one less the share: the ends swap, each taken from 1.

        >>> Interval(lower=0.25, upper=0.5).complement()
        Interval(lower=0.5, upper=0.75)
        """
        return Interval(lower=1.0 - self.upper, upper=1.0 - self.lower)


def critical_value(confidence: float = CONFIDENCE) -> float:
    """Say how many standard errors either way give the confidence.

    >>> critical_value(0.95)
    1.959963984540054

    Raises:
        ValueError: the confidence does not lie between 0 and 1, or is too near to 1 to tell.
    """
    quantile = 0.5 + confidence / 2
    if not (confidence > 0.0 and quantile < 1.0):
        raise ValueError(f"a confidence lies between 0 and 1, as 0.95 does; {confidence} does not")
    return Z95 if confidence == CONFIDENCE else NormalDist().inv_cdf(quantile)


def log_log_interval(
    share: float, variance_of_log: float, confidence: float = CONFIDENCE
) -> Interval | None:
    """Draw the interval of a share on the log(-log) scale, where it cannot leave 0 to 1.

    With ``a = z * sqrt(variance_of_log) / |ln share|`` it runs from ``share ** exp(a)`` to
    ``share ** exp(-a)`` (Kalbfleisch & Prentice 1980). A share of exactly 0 or 1 has no place on
    that scale, and its interval is None.

    Args:
        share: the estimate.
        variance_of_log: the variance of its logarithm; for Kaplan-Meier, Greenwood's sum.
        confidence: how sure the interval is to be.
    """
    ends = log_log_ends(share, variance_of_log, critical_value(confidence))
    return None if ends is None else Interval(lower=ends[0], upper=ends[1])


def log_log_ends(share: float, variance_of_log: float, z: float) -> tuple[float, float] | None:
    """Give the bare ends of the log(-log) interval, for walks over every step of a curve."""
    if not 0.0 < share < 1.0:
        return None
    log_share = log(share)
    factor = exp(min(z * sqrt(variance_of_log) / -log_share, WIDEST))
    return exp(log_share * factor), exp(log_share / factor)
