"""The log-rank test."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.statistics import SurvivalCurve, log_rank, log_rank_of_risk_sets
from motfunnel.statistics.log_rank import of_deviations, upper_tail
from tests.statistics.strategies import observations

EMPTY = SurvivalCurve.from_counts([])
groups = st.lists(observations, min_size=2, max_size=5)
Groups = list[list[tuple[int, bool]]]


def curves(data: Groups) -> list[SurvivalCurve]:
    return [SurvivalCurve.from_observations(group) for group in data]


@pytest.mark.parametrize("given_groups", [[], [EMPTY]])
def test_a_comparison_takes_two(given_groups: list[SurvivalCurve]) -> None:
    """Fewer than two groups cannot be compared."""
    with pytest.raises(ValueError, match="two groups"):
        log_rank(given_groups)


def test_a_worked_example() -> None:
    """Returns are shared out by those at risk, with the hypergeometric variance."""
    slow = SurvivalCurve.from_counts([(4, 1, 0), (9, 0, 2)])
    fast = SurvivalCurve.from_counts([(2, 2, 0), (9, 0, 1)])
    result = log_rank([slow, fast])
    assert result is not None
    assert result.observed == (1, 2)
    assert result.expected == pytest.approx((1.75, 1.25))
    assert result.chi_square == pytest.approx(0.75**2 / (0.4 + 0.1875))
    assert result.degrees_of_freedom == 1


@pytest.mark.parametrize(
    "curves",
    [
        [EMPTY, EMPTY],
        [EMPTY, SurvivalCurve.from_counts([(1, 2, 3)])],
        [SurvivalCurve.from_counts([(1, 0, 3)]), SurvivalCurve.from_counts([(2, 0, 3)])],
        [SurvivalCurve.from_counts([(1, 0, 3)]), SurvivalCurve.from_counts([(2, 3, 0)])],
        [SurvivalCurve.from_counts([(1, 3, 0)]), SurvivalCurve.from_counts([(1, 3, 0)])],
    ],
    ids=["nobody", "one empty", "no returns", "never together", "all at once"],
)
def test_nothing_to_compare_is_none(curves: list[SurvivalCurve]) -> None:
    """Where no return tells the groups apart there is no answer, not a p of 1."""
    assert log_rank(curves) is None


def test_a_group_never_at_risk_takes_no_degree() -> None:
    """A group that was gone before the first return changes nothing but its own expectation."""
    data = [[(3, True), (5, False), (6, True)], [(2, True), (4, True), (8, False)]]
    two, three = log_rank(curves(data)), log_rank(curves([[(1, False)] * 9, *data]))
    assert two is not None
    assert three is not None
    assert three.chi_square == pytest.approx(two.chi_square)
    assert three.p_value == pytest.approx(two.p_value)
    assert three.degrees_of_freedom == 1
    assert three.observed == (0, *two.observed)
    assert three.expected == pytest.approx((0, *two.expected))


def test_groups_that_never_met_are_compared_apart() -> None:
    """Two pairs that were never at risk together add up, with a degree of freedom each."""
    sets = [([7, 5, 0, 0], [1, 2, 0, 0]), ([0, 0, 6, 9], [0, 0, 3, 1])]
    both = log_rank_of_risk_sets(4, sets)
    parts = [
        log_rank_of_risk_sets(2, [([7, 5], [1, 2])]),
        log_rank_of_risk_sets(2, [([6, 9], [3, 1])]),
    ]
    assert both is not None
    assert both.degrees_of_freedom == 2
    assert both.chi_square == pytest.approx(sum(part.chi_square for part in parts if part))


@pytest.mark.parametrize("risk_set", [([3, 3], [4, 0]), ([3, 3], [-1, 1]), ([3], [1])])
def test_impossible_risk_sets_are_refused(risk_set: tuple[list[int], list[int]]) -> None:
    """Nobody returns who was not at risk, and every group is counted or none."""
    with pytest.raises(ValueError, match=r"cannot return|shorter"):
        log_rank_of_risk_sets(2, [risk_set])


@given(data=groups)
def test_returns_are_shared_out(data: Groups) -> None:
    """What is expected of all groups together is what was observed."""
    result = log_rank(curves(data))
    if result is not None:
        assert sum(result.expected) == pytest.approx(sum(result.observed))
        assert result.chi_square >= 0
        assert 0 <= result.p_value <= 1
        assert 1 <= result.degrees_of_freedom < len(data)


@given(data=groups, shuffled=st.randoms(use_true_random=False))
def test_the_order_of_groups_does_not_matter(data: Groups, shuffled: object) -> None:
    """Groups in any order differ as much."""
    other = list(data)
    shuffled.shuffle(other)  # type: ignore[attr-defined]
    one, two = log_rank(curves(data)), log_rank(curves(other))
    assert (one is None) == (two is None)
    if one is not None and two is not None:
        assert one.chi_square == pytest.approx(two.chi_square, rel=1e-8, abs=1e-10)
        assert one.degrees_of_freedom == two.degrees_of_freedom


@given(data=observations, copies=st.integers(2, 4))
def test_equal_groups_do_not_differ(data: list[tuple[int, bool]], copies: int) -> None:
    """Groups with the same observations have a chi-square of 0 and a p of 1."""
    result = log_rank(curves([data] * copies))
    if result is not None:
        assert result.chi_square == pytest.approx(0, abs=1e-12)
        assert result.p_value == pytest.approx(1, abs=1e-5)
        assert result.degrees_of_freedom == copies - 1


@given(degrees=st.integers(1, 40), x=st.floats(0, 200), more=st.floats(0, 10))
def test_the_tail_never_rises(degrees: int, x: float, more: float) -> None:
    """A larger chi-square is no more probable, and more degrees of freedom make it more so."""
    tail = upper_tail(x, degrees)
    assert 0 <= tail <= 1
    assert upper_tail(x + more, degrees) <= tail + 1e-12
    assert upper_tail(x, degrees + 2) >= tail


def test_the_tail_of_a_large_chi_square_is_small() -> None:
    """The tail neither overflows nor turns negative far out."""
    assert upper_tail(1e6, 3) == 0
    assert 0 < upper_tail(1400, 12) < 1e-280
    assert upper_tail(0, 5) == 1


@pytest.mark.parametrize(("x", "degrees"), [(-1.0, 2), (1.0, 0)])
def test_no_tail_of_the_impossible(x: float, degrees: int) -> None:
    """A negative chi-square and no degrees of freedom are refused."""
    with pytest.raises(ValueError, match="no chi-square"):
        upper_tail(x, degrees)


def test_groups_with_no_links_have_no_degrees() -> None:
    """Groups that share no spread cannot be compared."""
    assert of_deviations([0.0, 0.0], [[0.0, 0.0], [0.0, 0.0]]) == (0.0, 0)
