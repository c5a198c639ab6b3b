"""The median time to return: when half are back, and between which durations that may lie.

Reads it off a curve. Does not build the curve, and does not guess beyond its end.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from operator import neg
from typing import Final

from attrs import frozen

from motfunnel.statistics.interval import log_log_ends

HALF: Final = 0.5 + 1e-9
"""The share away at which half are back; the slack takes up rounding where it is met exactly."""


@frozen(kw_only=True)
class MedianInterval:
    """The durations between which the median lies; an upper end of None was not yet reached."""

    lower: int
    upper: int | None


def median_row(survival: Sequence[float]) -> int | None:
    """Find the first row from which on at most half are still away, or None.

    >>> median_row([0.75, 0.5, 0.25])
    1
    """
    found = bisect_left(survival, -HALF, key=neg)
    return found if found < len(survival) else None


def median_interval(rows: Iterable[tuple[int, float, float]], z: float) -> MedianInterval | None:
    """Find where the lower and the upper end of a curve's band first fall to a half.

    Where nobody is left away the band has ended, and crosses nothing.

    Args:
        rows: the duration, the share still away, and the variance of its logarithm, in order.
        z: how many standard errors either way the band reaches.
    """
    lower = None
    for duration, survival, variance in rows:
        ends = log_log_ends(survival, variance, z)
        if ends is None:
            continue
        if lower is None and ends[0] <= HALF:
            lower = duration
        if lower is not None and ends[1] <= HALF:
            return MedianInterval(lower=lower, upper=duration)
    return None if lower is None else MedianInterval(lower=lower, upper=None)
