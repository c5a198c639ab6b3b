"""The restricted mean time away."""

import math

import pytest
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


def test_the_interval_is_symmetric() -> None:
    """The interval reaches as far up as down."""
    mean = mean_of(SurvivalCurve.from_counts([(2, 1, 0), (4, 1, 0), (6, 0, 2)]), 6)
    interval = mean.interval()
    assert interval is not None
    assert (interval.lower + interval.upper) / 2 == pytest.approx(mean.value)
    assert interval.width == pytest.approx(2 * 1.959963984540054 * mean.standard_error)


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
    assert curve.restricted_mean(last + 1) is None


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
