"""The curve of return: Kaplan-Meier, Greenwood, and where they are undefined."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.statistics import RiskTable, Step, SurvivalCurve
from tests.statistics.strategies import durations, exact_survival, observations

EMPTY = SurvivalCurve.from_counts([])


def test_a_worked_example() -> None:
    """Each return time multiplies by those who stayed over those at risk."""
    curve = SurvivalCurve.from_counts([(3, 1, 0), (5, 1, 1), (8, 1, 0), (9, 0, 1)])
    steps = list(curve.steps())
    assert steps[0] == Step(
        time=3, at_risk=5, returned=1, survival=0.8, greenwood=steps[0].greenwood
    )
    counts = [(step.time, step.at_risk, step.returned) for step in steps]
    assert counts == [(3, 5, 1), (5, 4, 1), (8, 2, 1)]
    assert [step.survival for step in steps] == [0.8, 0.6, 0.3]
    assert [step.greenwood for step in steps] == pytest.approx([1 / 20, 2 / 15, 19 / 30])
    assert [curve.survival(t) for t in (0, 2, 3, 4, 5, 8, 9)] == [1, 1, 0.8, 0.8, 0.6, 0.3, 0.3]
    assert [curve.at_risk(t) for t in (0, 3, 4, 5, 6, 8, 9, 10)] == [5, 5, 4, 4, 2, 2, 1, 0]


def test_returns_come_before_censorings() -> None:
    """Those censored when others return were still at risk of it."""
    assert SurvivalCurve.from_counts([(4, 1, 3)]).survival(4) == 0.75


def test_nobody_observed_gives_none() -> None:
    """An empty curve answers None to everything but a count."""
    assert EMPTY.at_risk(0) == 0
    assert EMPTY.table.last is None
    assert list(EMPTY.steps()) == []
    for answer in (
        EMPTY.survival(0),
        EMPTY.probability(0),
        EMPTY.greenwood(0),
        EMPTY.interval(0),
        EMPTY.probability_interval(0),
        EMPTY.median(),
        EMPTY.median_interval(),
        EMPTY.restricted_mean(0),
    ):
        assert answer is None


def test_nothing_is_carried_forward() -> None:
    """Past the last observed duration there is neither an estimate nor an interval."""
    curve = SurvivalCurve.from_counts([(3, 1, 0), (7, 0, 4)])
    assert curve.interval(7) == curve.interval(3) is not None
    assert curve.survival(8) is curve.probability(8) is curve.greenwood(8) is None
    assert curve.interval(8) is curve.probability_interval(8) is None
    assert curve.restricted_mean(8) is None
    assert curve.at_risk(8) == 0


def test_where_all_are_back_they_are_back_for_ever() -> None:
    """The one thing that is known past the last observed duration; without an interval."""
    curve = SurvivalCurve.from_counts([(3, 2, 1), (7, 1, 0)])
    assert (curve.survival(8), curve.probability(8)) == (0.0, 1.0)
    assert curve.interval(8) is curve.probability_interval(8) is None


@pytest.mark.parametrize(
    ("rows", "t", "number"),
    [
        ([(n, 1, 0) for n in range(995)] + [(2000, 0, 5)], 1500, 1000),
        ([(1, 500, 0), (2, 0, 499), (3, 1, 0)], 5, 2),
        ([(1, 500, 0), (2, 0, 499), (3, 1, 0)], 3, 2),
        ([(1, 1, 0), (2, 0, 997), (9, 0, 2)], 5, 2 / 0.999),
        ([(1, 0, 500), (2, 1, 0), (9, 0, 499)], 2, 500),
        ([(4, 9, 0)], 4, 9),
        ([(4, 0, 9)], 5, None),
        ([], 0, None),
    ],
)
def test_the_effective_number(
    rows: list[tuple[int, int, int]], t: int, number: float | None
) -> None:
    """How many fully observed tell as much: all of whom all is known, few where few are left."""
    expected = None if number is None else pytest.approx(number)
    assert SurvivalCurve.from_counts(rows).effective_number(t) == expected


@given(data=observations, t=durations)
def test_the_effective_number_is_petos(data: list[tuple[int, bool]], t: int) -> None:
    """Those still observed after the returns, over the share still away; it never rises."""
    curve = SurvivalCurve.from_observations(data)
    survival, number = curve.survival(t), curve.effective_number(t)
    assert (survival is None) == (number is None)
    if survival and number is not None:
        left = sum(x >= t and not (back and x == t) for x, back in data)
        assert number == pytest.approx(left / survival)
        assert number <= len(data) + 1e-9
        later = curve.effective_number(t + 1)
        assert later is None or later <= number + 1e-9


def test_no_returns_yet_have_no_interval() -> None:
    """Before the first return the share away is 1, without an interval."""
    curve = SurvivalCurve.from_counts([(3, 1, 0), (7, 0, 4)])
    assert curve.survival(2) == 1
    assert curve.probability(2) == 0
    assert curve.greenwood(2) == 0
    assert curve.interval(2) is curve.probability_interval(2) is None


def test_nobody_left_away_has_no_interval() -> None:
    """Where everybody has returned the share away is 0, without an interval."""
    curve = SurvivalCurve.from_counts([(3, 1, 0), (7, 4, 0)])
    assert curve.survival(7) == 0
    assert curve.probability(7) == 1
    assert curve.greenwood(7) == math.inf
    assert curve.interval(7) is curve.probability_interval(7) is None


@pytest.mark.parametrize("row", [(-1, 1, 0), (1, -1, 0), (1, 0, -1), (-1, 0, 0)])
def test_negative_counts_are_refused(row: tuple[int, int, int]) -> None:
    """Neither a duration nor a count is ever negative."""
    with pytest.raises(ValueError, match="negative"):
        SurvivalCurve.from_counts([(1, 1, 2), row])


def test_rows_that_count_nobody_leave_no_trace() -> None:
    """A row of zeros does not lengthen the observation."""
    assert RiskTable.from_counts([(1, 1, 0), (9, 0, 0)]) == RiskTable.from_counts([(1, 1, 0)])


@given(data=observations)
def test_the_estimate_is_the_product(data: list[tuple[int, bool]]) -> None:
    """The share away is the exact product of the definition, at every duration."""
    curve = SurvivalCurve.from_observations(data)
    last = max(x for x, _ in data)
    for t in range(last + 1):
        assert curve.survival(t) == pytest.approx(float(exact_survival(data, t)), abs=1e-14)
        assert curve.at_risk(t) == sum(x >= t for x, _ in data)
    assert curve.survival(last + 1) == (None if exact_survival(data, last) else 0.0)


@given(data=observations, t=durations)
def test_greenwood_is_the_sum(data: list[tuple[int, bool]], t: int) -> None:
    """Greenwood's sum is that of the definition."""
    curve = SurvivalCurve.from_observations(data)
    if not curve.survival(t):
        return
    terms = [
        step.returned / (step.at_risk * (step.at_risk - step.returned))
        for step in curve.steps()
        if step.time <= t
    ]
    assert curve.greenwood(t) == pytest.approx(math.fsum(terms), rel=1e-12, abs=1e-15)


@given(data=st.lists(durations, min_size=1, max_size=200), t=durations)
def test_full_follow_up_gives_the_plain_share(data: list[int], t: int) -> None:
    """With everybody followed up, the share back is those back over all, with its variance."""
    curve = SurvivalCurve.from_observations([*((x, True) for x in data), (40, False)])
    n, back = len(data) + 1, sum(x <= t for x in data)
    survival, greenwood = curve.survival(t), curve.greenwood(t)
    assert survival is not None
    assert greenwood is not None
    assert curve.probability(t) == pytest.approx(back / n, abs=1e-15)
    assert survival**2 * greenwood == pytest.approx(back * (n - back) / n**3, rel=1e-12)


def test_full_follow_up_is_exact_for_many() -> None:
    """A hundred thousand return times lose nothing to rounding."""
    n = 100_000
    curve = SurvivalCurve.from_counts([*((t, 1, 0) for t in range(1, n)), (n, 0, 1)])
    for t in (1, 3, 49_999, 99_998, 99_999):
        assert curve.probability(t) == pytest.approx(t / n, abs=2e-16)


@given(data=observations, shuffled=st.randoms(use_true_random=False))
def test_the_order_does_not_matter(data: list[tuple[int, bool]], shuffled: object) -> None:
    """The same observations in any order, or counted up, make the same curve."""
    other = list(data)
    shuffled.shuffle(other)  # type: ignore[attr-defined]
    counts = [(x, data.count((x, True)), data.count((x, False))) for x in {x for x, _ in data}]
    curve = SurvivalCurve.from_observations(data)
    columns = SurvivalCurve.from_columns([x for x, _ in other], [back for _, back in other])
    for same in (
        SurvivalCurve.from_observations(other),
        SurvivalCurve.from_counts(counts),
        columns,
    ):
        assert same == curve
        assert same.survival_after == curve.survival_after
        assert same.greenwood_after == curve.greenwood_after


@given(data=st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=1, max_size=60))
def test_a_censoring_at_0_changes_nothing(data: list[tuple[int, bool]]) -> None:
    """An episode that was never observed tells nothing."""
    curve = SurvivalCurve.from_observations(data)
    with_one_more = SurvivalCurve.from_observations([*data, (0, False)])
    assert list(curve.steps()) == list(with_one_more.steps())
    for t in range(1, 32):
        assert curve.survival(t) == with_one_more.survival(t)
        assert curve.interval(t) == with_one_more.interval(t)
    assert curve.median() == with_one_more.median()


@given(data=observations, scale=st.integers(2, 10**12))
def test_the_unit_does_not_matter(data: list[tuple[int, bool]], scale: int) -> None:
    """Durations in another unit make the same curve."""
    curve = SurvivalCurve.from_observations(data)
    scaled = SurvivalCurve.from_observations((x * scale, returned) for x, returned in data)
    for t in range(32):
        assert scaled.interval(t * scale) == curve.interval(t)


@given(data=observations)
def test_the_curve_never_rises(data: list[tuple[int, bool]]) -> None:
    """The share away starts at 1 at most, and never rises."""
    after = SurvivalCurve.from_observations(data).survival_after
    assert list(after) == sorted(after, reverse=True)
    assert 0 <= after[-1] <= after[0] <= 1


@given(data=observations, t=durations)
def test_an_interval_exists_exactly_where_it_is_defined(
    data: list[tuple[int, bool]], t: int
) -> None:
    """There is an interval after the first return, until nobody is away or observed."""
    curve = SurvivalCurve.from_observations(data)
    survival, interval = curve.survival(t), curve.interval(t)
    assert (interval is not None) == (survival is not None and 0 < survival < 1)
    if interval is not None and survival is not None:
        assert 0 <= interval.lower < survival < interval.upper <= 1
        back = curve.probability_interval(t)
        assert back is not None
        assert (back.lower, back.upper) == (1 - interval.upper, 1 - interval.lower)
