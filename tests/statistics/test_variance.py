"""Means and deviations of counted values, and how far groups lie apart."""

from __future__ import annotations

from collections import Counter
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.statistics import Sample, intraclass_correlation, mean_range

SCORES = st.lists(st.integers(0, 20).map(lambda n: n / 2), min_size=2, max_size=12)


def sample(values: list[float]) -> Sample:
    return Sample.of(Counter(values))


@given(values=SCORES)
def test_a_sample_is_that_of_the_standard_library(values: list[float]) -> None:
    """The mean and the deviation are those of the values one by one."""
    one = sample(values)
    assert one.mean == pytest.approx(fmean(values))
    assert one.deviation == pytest.approx(stdev(values))


def test_the_published_example() -> None:
    """Six targets rated by four judges each: ICC(1) is .17 (Shrout and Fleiss 1979, table 4)."""
    rated = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    icc = intraclass_correlation([sample([float(v) for v in row]) for row in rated])
    assert icc == pytest.approx(0.1657, abs=5e-5)


@given(groups=st.lists(SCORES, min_size=2, max_size=5))
def test_moving_or_stretching_the_scale_changes_no_correlation(groups: list[list[float]]) -> None:
    """The share of variance between groups has no unit."""
    icc = intraclass_correlation([sample(one) for one in groups])
    other = intraclass_correlation([sample([3 * v + 7 for v in one]) for one in groups])
    assert icc == pytest.approx(other)
    assert icc is None or icc <= 1.0


@given(groups=st.lists(SCORES, min_size=2, max_size=5))
def test_groups_have_no_order(groups: list[list[float]]) -> None:
    """Groups taken in another order lie as far apart."""
    samples = [sample(one) for one in groups]
    assert intraclass_correlation(samples) == pytest.approx(intraclass_correlation(samples[::-1]))
    assert mean_range(samples) == mean_range(samples[::-1])


def test_where_nothing_can_be_said() -> None:
    """One group, groups of one, and values that never vary have no correlation."""
    assert intraclass_correlation([sample([1, 2])]) is None
    assert intraclass_correlation([sample([1]), sample([2])]) is None
    assert intraclass_correlation([sample([5, 5]), sample([5, 5])]) is None
    assert intraclass_correlation([sample([5, 5]), sample([6, 6])]) == 1.0
    assert mean_range([sample([5])]) is None
