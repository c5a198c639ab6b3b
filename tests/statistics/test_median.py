"""The median time to return and its interval."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.statistics import (
    ClusteredCurve,
    CompetingRisks,
    Curve,
    MedianInterval,
    SurvivalCurve,
)
from motfunnel.statistics.interval import critical_value
from motfunnel.statistics.kaplan_meier import median_interval
from tests.statistics.strategies import exact_survival, observations


def test_a_half_that_is_met_exactly_counts() -> None:
    """The median is where the share away first is a half, not where it first falls below."""
    for n in (2, 6, 8, 14, 18, 20, 44, 1000):
        curve = SurvivalCurve.from_counts([*((t, 1, 0) for t in range(1, n)), (n, 0, 1)])
        assert curve.median() == n // 2


@pytest.mark.parametrize(
    "rows",
    [
        [(1, 2, 5), (2, 2, 0), (3, 0, 3)],  # 10/12 of 3/5
        [(1, 4, 4), (2, 1, 0), (3, 0, 3)],  # 8/12 of 3/4
        [(1, 6, 7), (2, 2, 0), (3, 0, 5)],  # 14/20 of 5/7
    ],
)
def test_a_half_that_is_met_through_censorings_counts(rows: list[tuple[int, int, int]]) -> None:
    """Rounding does not move the median where a product of fractions is a half."""
    assert SurvivalCurve.from_counts(rows).median() == 2


def test_a_median_not_reached_is_none() -> None:
    """Where more than half are still away, there is no median."""
    curve = SurvivalCurve.from_counts([(1, 4, 0), (2, 0, 6)])
    assert curve.median() is None


def test_an_upper_end_may_not_be_reached() -> None:
    """The upper end of the interval is None while the band's upper end stays above a half."""
    curve = SurvivalCurve.from_counts([(1, 1, 0), (2, 1, 0), (3, 1, 0), (4, 0, 3)])
    interval = curve.median_interval()
    assert interval == MedianInterval(lower=1, upper=None)
    assert curve.median() == 3


def test_a_band_that_stays_above_a_half_has_no_interval() -> None:
    """Where not even the lower end falls to a half, there is no interval."""
    curve = SurvivalCurve.from_counts([(1, 1, 0), (2, 0, 99)])
    assert curve.median_interval() is None


@given(data=observations)
def test_the_median_is_the_first_half(data: list[tuple[int, bool]]) -> None:
    """The median is the first duration after which at most half are away, in exact fractions."""
    times = sorted({x for x, _ in data})
    halves = [t for t in times if exact_survival(data, t) * 2 <= 1]
    curve = SurvivalCurve.from_observations(data)
    assert curve.median() == (halves[0] if halves else None)


@given(data=observations)
def test_the_interval_holds_the_median(data: list[tuple[int, bool]]) -> None:
    """The median lies within its interval, unless the band ended there."""
    curve = SurvivalCurve.from_observations(data)
    median, interval = curve.median(), curve.median_interval()
    if median is None or interval is None:
        return
    assert interval.lower <= median
    assert interval.upper is None or median <= interval.upper


@given(data=observations)
def test_less_confidence_is_narrower(data: list[tuple[int, bool]]) -> None:
    """An interval of less confidence lies within that of more."""
    curve = SurvivalCurve.from_observations(data)
    wide, narrow = curve.median_interval(0.95), curve.median_interval(0.5)
    if narrow is None:
        return
    if wide is not None:
        assert wide.lower <= narrow.lower
        assert wide.upper is None or (narrow.upper is not None and narrow.upper <= wide.upper)


@given(
    st.lists(st.tuples(st.integers(0, 5_000), st.booleans()), min_size=200, max_size=1_000),
    st.integers(1, 5_000),
)
def test_rows_far_from_a_half_are_passed_over_unseen(
    data: list[tuple[int, bool]], most: int
) -> None:
    """Where no end of the band can be at a half yet nothing is computed, and nothing missed."""
    curve = SurvivalCurve.from_observations((min(t, most), back and t % 3 > 0) for t, back in data)
    rows = zip(curve.table.durations, curve.survival_after, curve.greenwood_after, strict=True)
    assert curve.median_interval() == median_interval(rows, critical_value(0.95))


@given(data=observations, share=st.sampled_from([0.25, 0.5, 0.75, 1.0]))
def test_a_quantile_is_the_first_duration_of_a_share(
    data: list[tuple[int, bool]], share: float
) -> None:
    """Asked of any curve; without a competing event all estimators find the same."""
    risks = CompetingRisks.from_observations(
        ((t, "back" if back else None) for t, back in data), causes=["back"]
    )
    curves: tuple[Curve, ...] = (
        SurvivalCurve.from_observations(data),
        ClusteredCurve.from_observations((n % 3, *one) for n, one in enumerate(data)),
        risks.of("back"),
    )
    times = sorted({t for t, _ in data})
    found = [t for t in times if 1 - exact_survival(data, t) >= share]
    assert [one.quantile(share) for one in curves] == [found[0] if found else None] * 3


def test_a_quantile_of_one_cause_waits_for_that_cause() -> None:
    """What ends by another cause comes to no share of it."""
    risks = CompetingRisks.from_observations([(1, "gone"), (2, "back"), (3, "gone"), (4, "back")])
    back, gone = risks.of("back"), risks.of("gone")
    assert (back.quantile(0.25), back.quantile(0.5), back.quantile(0.75)) == (2, 4, None)
    assert (gone.quantile(0.25), gone.quantile(0.5)) == (1, 3)
    assert back.median_interval() is None and back.restricted_mean(3) is None
    with pytest.raises(ValueError, match="no cause 'lost' among back, gone"):
        risks.of("lost")
