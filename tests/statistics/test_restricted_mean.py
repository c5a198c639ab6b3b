"""The restricted mean time away."""

import math

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.statistics import RestrictedMean, SurvivalCurve
from tests.statistics.strategies import durations, exact_survival, observations


def mean_of(curve: SurvivalCurve, tau: int) -> RestrictedMean:
    mean = curve.restricted_mean(tau)
    assert mean is not None
    return mean


def test_a_worked_example() -> None:
    """The area is that under the steps, the variance that of the areas still to come."""
    curve = SurvivalCurve.from_counts([(2, 1, 0), (4, 1, 0), (6, 0, 2)])
    mean = mean_of(curve, 6)
    assert mean.value == pytest.approx(2 + 2 * 0.75 + 2 * 0.5)
    assert mean.variance == pytest.approx(2.5**2 / 12 + 1.0**2 / 6)
    assert mean.standard_error == math.sqrt(mean.variance)


def test_a_negative_horizon_is_refused() -> None:
    """There is no time away before the departure."""
    with pytest.raises(ValueError, match="horizon"):
        SurvivalCurve.from_counts([(2, 1, 0)]).restricted_mean(-1)


def test_no_returns_have_no_interval() -> None:
    """Where nobody returned by the horizon everybody was away all of it, without an interval."""
    mean = mean_of(SurvivalCurve.from_counts([(4, 1, 0), (9, 0, 3)]), 4)
    assert (mean.value, mean.variance, mean.interval()) == (4, 0, None)


def test_the_interval_is_symmetric_on_the_logit() -> None:
    """On the logit of the mean over the horizon it reaches as far up as down."""
    mean = mean_of(SurvivalCurve.from_counts([(2, 1, 0), (4, 1, 0), (6, 0, 2)]), 6)
    interval = mean.interval()
    assert interval is not None
    low, middle, high = (
        math.log(x / (6 - x)) for x in (interval.lower, mean.value, interval.upper)
    )
    assert high - middle == pytest.approx(middle - low)
    slope = 6 / (mean.value * (6 - mean.value))
    assert high - low == pytest.approx(2 * 1.959963984540054 * mean.standard_error * slope)


@given(data=observations, tau=durations, confidence=st.sampled_from([0.5, 0.95, 0.999]))
def test_the_interval_lies_within_the_horizon(
    data: list[tuple[int, bool]], tau: int, confidence: float
) -> None:
    """However few returned, and however sure one wants to be; and it holds the mean."""
    mean = SurvivalCurve.from_observations(data).restricted_mean(tau)
    interval = None if mean is None else mean.interval(confidence)
    if mean is not None and interval is not None:
        assert 0 <= interval.lower < mean.value < interval.upper <= tau


def test_returns_at_the_last_time_add_nothing() -> None:
    """Where all return at one time, at the horizon or before it, the mean is known, not estimated.

    Once all are back their mean is known, whatever the horizon.
    """
    curve = SurvivalCurve.from_counts([(4, 7, 0)])
    for tau in (4, 9):
        mean = mean_of(curve, tau)
        assert (mean.value, mean.variance, mean.interval()) == (4, 0, None)
    back = SurvivalCurve.from_counts([(2, 1, 0), (4, 3, 0)])
    assert mean_of(back, 100).value == mean_of(back, 4).value == 3.5


@given(data=observations)
def test_the_mean_is_the_area(data: list[tuple[int, bool]]) -> None:
    """The mean is the area under the exact curve, up to any horizon observed."""
    curve = SurvivalCurve.from_observations(data)
    last = max(x for x, _ in data)
    area = 0.0
    for t in range(last + 1):
        mean = mean_of(curve, t)
        assert mean.value == pytest.approx(area, rel=1e-12, abs=1e-12)
        assert mean.variance >= 0
        area += float(exact_survival(data, t))
    later = curve.restricted_mean(last + 1)
    assert later is None if exact_survival(data, last) else later == evolve(mean, tau=last + 1)


@given(data=st.lists(durations, min_size=1, max_size=50), tau=durations)
def test_full_follow_up_gives_the_plain_mean(data: list[int], tau: int) -> None:
    """With everybody followed up, it is the mean of the times cut at the horizon."""
    curve = SurvivalCurve.from_observations([*((x, True) for x in data), (40, False)])
    cut = [min(x, tau) for x in [*data, 40]]
    plain = math.fsum(cut) / len(cut)
    spread = math.fsum((x - plain) ** 2 for x in cut) / len(cut) ** 2
    mean = mean_of(curve, tau)
    assert mean.value == pytest.approx(plain, rel=1e-12)
    assert mean.variance == pytest.approx(spread, rel=1e-9, abs=1e-12)
