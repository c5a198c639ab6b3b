"""Spread: how far measured values lie apart, within one group and between several.

Works on counted values, so that a million scores from 0 to 10 are eleven numbers, and their order
means nothing. Knows not what was measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import fsum, sqrt
from typing import Self

from attrs import frozen


@frozen(kw_only=True)
class Sample:
    """Values with how often each was measured: their mean, and their standard deviation.

    >>> calm = Sample.of({7: 2, 9: 2})
    >>> calm.size, calm.mean, round(calm.deviation, 3)
    (4, 8.0, 1.155)
    >>> Sample.of({}).mean is None, Sample.of({7: 1}).deviation is None
    (True, True)

    Attributes:
        size: how many were measured.
        mean: their mean; None where there are none.
        squares: the sum of the squared distances from the mean.
    """

    size: int
    mean: float | None
    squares: float

    @classmethod
    def of(cls, counts: Mapping[float, int]) -> Self:
        """Take values, each with its count."""
        each = sorted(counts.items())
        size = sum(count for _, count in each)
        if not size:
            return cls(size=0, mean=None, squares=0.0)
        mean = fsum(value * count for value, count in each) / size
        squares = fsum((value - mean) ** 2 * count for value, count in each)
        return cls(size=size, mean=mean, squares=squares)

    @property
    def deviation(self) -> float | None:
        """The standard deviation, over one less than the size; None below two values."""
        return sqrt(self.squares / (self.size - 1)) if self.size > 1 else None


def mean_range(groups: Iterable[Sample]) -> float | None:
    """How far the highest mean lies above the lowest; None below two groups.

    >>> mean_range([Sample.of({4: 3}), Sample.of({7: 1}), Sample.of({5: 2})])
    3.0
    """
    means = [one.mean for one in groups if one.mean is not None]
    return max(means) - min(means) if len(means) > 1 else None


def intraclass_correlation(groups: Sequence[Sample]) -> float | None:
    """The share of the variance that lies between groups: the intraclass correlation ICC(1).

    From the mean squares of a one-way analysis of variance (Shrout and Fleiss 1979), with the
    average size of unequal groups as Donner and Koval have it (1980). Unlike eta squared it does
    not grow by having many small groups: 1 where all variance lies between the groups, about 0
    where they lie no further apart than chance takes them, below 0 where less far than that.

    None below two groups, where no group has two values, and where nothing varies.

    >>> apart = [Sample.of({2: 5, 3: 5}), Sample.of({8: 5, 9: 5})]
    >>> round(intraclass_correlation(apart), 3)
    0.985
    """
    some = [one for one in groups if one.mean is not None]
    size, count = sum(one.size for one in some), len(some)
    if count < 2 or size <= count:  # noqa: PLR2004 - two groups are the least to compare
        return None
    whole = fsum(one.size * (one.mean or 0.0) for one in some) / size
    between = fsum(one.size * ((one.mean or 0.0) - whole) ** 2 for one in some) / (count - 1)
    within = fsum(one.squares for one in some) / (size - count)
    average = (size - sum(one.size**2 for one in some) / size) / (count - 1)
    spread = between + (average - 1) * within
    return (between - within) / spread if spread > 0 else None
