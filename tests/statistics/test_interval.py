"""Intervals and the log(-log) scale."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.statistics import Z95, Interval, critical_value, log_log_interval
from tests.statistics.strategies import confidences

shares = st.floats(1e-6, 1 - 1e-6)


def test_95_percent_is_the_stated_number() -> None:
    """The critical value of 95% is the same float wherever it is computed."""
    assert critical_value() == critical_value(0.95) == Z95 == 1.959963984540054


@pytest.mark.parametrize(("confidence", "z"), [(0.9, 1.6448536269514722), (0.99, 2.5758293035489)])
def test_other_confidences(confidence: float, z: float) -> None:
    """Every other confidence has its own critical value."""
    assert critical_value(confidence) == pytest.approx(z, abs=1e-13)


@pytest.mark.parametrize("confidence", [0.0, 1.0, -0.5, 95.0, math.nan, 1 - 1e-17])
def test_a_confidence_lies_between_0_and_1(confidence: float) -> None:
    """A confidence that is none, or a percentage, is refused."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        critical_value(confidence)


@pytest.mark.parametrize(("lower", "upper"), [(0.5, 0.4), (math.nan, 1.0), (0.0, math.nan)])
def test_an_interval_is_in_order(lower: float, upper: float) -> None:
    """An interval that could hold nothing is refused."""
    with pytest.raises(ValueError, match="holds nothing"):
        Interval(lower=lower, upper=upper)


def test_an_interval_holds_its_ends() -> None:
    """Both ends belong to the interval."""
    interval = Interval(lower=0.25, upper=0.75)
    assert 0.25 in interval
    assert 0.75 in interval
    assert 0.8 not in interval
    assert interval.width == 0.5


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_certainty_has_no_log_log_interval(share: float) -> None:
    """A share of exactly 0 or 1 has no interval on the log(-log) scale."""
    assert log_log_interval(share, 0.1) is None


@given(share=shares, variance=st.floats(0, 1e9), confidence=confidences)
def test_a_log_log_interval_holds_the_share(
    share: float, variance: float, confidence: float
) -> None:
    """A log(-log) interval holds its share up to rounding, and stays within 0 to 1."""
    interval = log_log_interval(share, variance, confidence)
    assert interval is not None
    assert 0 <= interval.lower <= share * (1 + 1e-9)
    assert share * (1 - 1e-9) <= interval.upper <= 1


@given(share=shares, variance=st.floats(0, 1e9))
def test_more_confidence_is_wider(share: float, variance: float) -> None:
    """The more confidence is asked for, the wider the interval."""
    narrow = log_log_interval(share, variance, 0.8)
    wide = log_log_interval(share, variance, 0.9)
    assert narrow is not None
    assert wide is not None
    assert wide.lower <= narrow.lower <= narrow.upper <= wide.upper
