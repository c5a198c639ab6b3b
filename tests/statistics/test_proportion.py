"""Proportions: Wilson's interval and Newcombe's difference."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.statistics import Interval, Proportion, difference
from tests.statistics.strategies import confidences


@st.composite
def proportions(draw: st.DrawFn) -> Proportion:
    denominator = draw(st.integers(1, 10**6) | st.integers(1, 20))
    return Proportion(numerator=draw(st.integers(0, denominator)), denominator=denominator)


NOBODY = Proportion(numerator=0, denominator=0)


def interval_of(proportion: Proportion, confidence: float = 0.95) -> Interval:
    interval = proportion.interval(confidence)
    assert interval is not None
    return interval


@pytest.mark.parametrize(("numerator", "denominator"), [(-1, 4), (5, 4), (0, -1), (1, 0)])
def test_nobody_is_counted_who_could_not_be(numerator: int, denominator: int) -> None:
    """The numerator lies between 0 and the denominator."""
    with pytest.raises(ValueError, match="no proportion"):
        Proportion(numerator=numerator, denominator=denominator)


def test_an_empty_denominator_gives_none() -> None:
    """Where nobody could be counted there is neither a value nor an interval, not even 0."""
    assert NOBODY.value is None
    assert NOBODY.interval() is None
    assert difference(NOBODY, Proportion(numerator=1, denominator=2)) is None
    assert difference(Proportion(numerator=1, denominator=2), NOBODY) is None


def test_a_confidence_is_checked_even_for_nobody() -> None:
    """A wrong confidence is refused whatever the counts are."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        NOBODY.interval(95)


def test_the_published_example() -> None:
    """The interval of 15 in 148 and of 81 in 263 are those of Newcombe's paper of 1998."""
    for k, n, lower, upper in [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605)]:
        interval = interval_of(Proportion(numerator=k, denominator=n))
        assert (round(interval.lower, 4), round(interval.upper, 4)) == (lower, upper)


def test_the_published_differences() -> None:
    """The differences are those of method 10 in Newcombe's comparison of eleven methods."""
    for a, m, b, n, lower, upper in [
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (10, 10, 0, 10, 0.6075, 1.0000),
    ]:
        found = difference(
            Proportion(numerator=a, denominator=m), Proportion(numerator=b, denominator=n)
        )
        assert found is not None
        ends = round(found.interval.lower, 4), round(found.interval.upper, 4)
        assert ends == (lower, upper)


@given(n=st.integers(1, 10**9), confidence=confidences)
def test_the_ends_are_exact(n: int, confidence: float) -> None:
    """None of n has a lower end of exactly 0, all of n an upper end of exactly 1."""
    assert interval_of(Proportion(numerator=0, denominator=n), confidence).lower == 0.0
    assert interval_of(Proportion(numerator=n, denominator=n), confidence).upper == 1.0


@given(proportion=proportions(), confidence=confidences)
def test_the_interval_holds_the_share(proportion: Proportion, confidence: float) -> None:
    """Wilson's interval holds the share and lies within 0 to 1."""
    interval = interval_of(proportion, confidence)
    assert proportion.value is not None
    assert 0 <= interval.lower <= proportion.value <= interval.upper <= 1


@given(proportion=proportions())
def test_those_counted_and_those_missed_mirror(proportion: Proportion) -> None:
    """The interval of those missed is the complement of the interval of those counted."""
    missed = proportion.denominator - proportion.numerator
    mirrored = interval_of(
        Proportion(numerator=missed, denominator=proportion.denominator)
    ).complement()
    assert mirrored.lower == pytest.approx(interval_of(proportion).lower, abs=1e-12)
    assert mirrored.upper == pytest.approx(interval_of(proportion).upper, abs=1e-12)


@given(a=proportions(), b=proportions())
def test_a_difference_turns_round(a: Proportion, b: Proportion) -> None:
    """Exchanging the two changes the sign of the difference and of its interval."""
    one, other = difference(a, b), difference(b, a)
    assert one is not None
    assert other is not None
    assert one.value == -other.value
    assert one.interval.lower == pytest.approx(-other.interval.upper, abs=1e-12)
    assert one.interval.lower <= one.value <= one.interval.upper
    assert one.interval.lower >= -1 - 1e-12
    assert one.interval.upper <= 1 + 1e-12


@given(proportion=proportions())
def test_a_difference_from_itself_is_none(proportion: Proportion) -> None:
    """Two equal proportions differ by 0, and their interval is symmetric about it."""
    same = difference(proportion, proportion)
    assert same is not None
    assert same.value == 0
    assert same.interval.lower == pytest.approx(-same.interval.upper, abs=1e-12)
