"""A condition compares one property with a value, several, or a number; absence fails it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.domain.funnel.condition import is_blank, make_condition, number


def holds(expected: Any, value: Any) -> bool:
    return make_condition("p", expected).holds({"p": value, "q": expected})


@pytest.mark.parametrize(
    ("expected", "fits", "fails"),
    [
        ("free", ["free"], ["Free", " free", "", None, 1, True, ["free"]]),
        ("", [], ["", " ", None, 0, False]),
        ("5", [5, 5.0, "5", "5.0"], [4, "five", True]),
        (5, [5, 5.0, "5", " 5.0 "], [4, "five", "", True, None, [5]]),
        (0.5, [0.5, "0.5", ".5"], [0, "1/2"]),
        (1, [1, "1"], [True, "true"]),
        (0, [0, "0", -0.0], [False, "", None]),
        (True, [True, "true", "True", " TRUE "], [1, "1", "yes", False, None]),
        (False, [False, "false", "FALSE"], [0, "0", "no", "", None, True]),
        ("true", [True, "True"], [1, False]),
        (["free", 5, "7", True], ["free", 5, "5", 7, "true"], ["pro", ["free", 5], None]),
        ([">= 5"], [">= 5"], [5, 6]),
        ([], [], [None, "", []]),
        (">= 5", [5, 5.0, "5", 6, "1e1"], [4.999, "4", "five", "", None, True, [6], {}]),
        ("<=5", [5, -1, "5"], [5.001, "", None]),
        ("> 5", [5.001], [5, "5", True]),
        ("< -1.5", [-2, "-2"], [-1.5, 0]),
        ("= 5", [5, "5", 5.0], [4, True]),
        ("== 5", [5, "5.0"], [6]),
        ("= free", ["free"], ["pro", 5]),
        ("= true", [True, "TRUE"], [False, 1]),
        ("!= free", ["pro", 5, True], ["free", "", None]),
        ("!= false", [True, "true", 0, "no"], [False, "False", None]),
        ("!= 5", [4, "4", "five"], [5, "5", 5.0, None]),
    ],
)
def test_conditions(expected: Any, fits: list[Any], fails: list[Any]) -> None:
    """A condition holds for what fits, and fails for the rest and for what is not there."""
    assert [value for value in fits if not holds(expected, value)] == []
    assert [value for value in fails if holds(expected, value)] == []
    assert not make_condition("p", expected).holds({})


@pytest.mark.parametrize("expected", ["> five", "< ", ">=", ">= 1 0", "<= true", "<b>"])
def test_comparisons_with_no_number(expected: str) -> None:
    """What is greater or less than no number is refused, and a list is shown as the way out."""
    with pytest.raises(ValueError, match="use a list"):
        make_condition("p", expected)


@pytest.mark.parametrize(
    "expected",
    [
        *(None, {}, {"a": 1}, [None], [[1]], [{}], b"x", {1}, float("nan"), float("inf"), 2**63),
        *(Decimal(1), datetime(2024, 1, 1, tzinfo=UTC), "\x00", "\ud800", Ellipsis),
    ],
    ids=repr,
)
def test_expectations_that_compare_with_nothing(expected: Any) -> None:
    """A condition compares with a text, a number, true or false, or a list of them."""
    with pytest.raises(ValueError):
        make_condition("p", expected)


@pytest.mark.parametrize("property", [5, None, b"p", "p\x00"])
def test_a_property_is_named_by_a_text(property: Any) -> None:
    """The property of a condition has a name that a property can have."""
    with pytest.raises(ValueError):
        make_condition(property, 1)


@given(
    st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.sampled_from(["free", "7", "True"]),
    st.sampled_from([True, False, 7, 0.5, "7", "free", "true", [1, "free"]]),
)
def test_a_value_means_what_its_text_does(value: Any, expected: Any) -> None:
    """A row of a file of texts means the same as one of a file with types; so does its opposite."""
    assert holds(expected, value) == holds(expected, str(value))
    if not isinstance(expected, list):
        assert holds(f"!= {expected}", value) is not holds(f"= {expected}", value)
        assert holds(f"= {expected}", value) == holds(expected, value)


def test_large_whole_numbers_are_exact() -> None:
    """Whole numbers of 64 bits are compared exactly, also where a text writes them."""
    large = 2**53 + 1
    for value in (large, str(large)):
        assert holds(large, value)
        assert holds(f"= {large}", value)
        assert not holds(f"> {large - 1}", large - 1)
        assert not holds(large, large - 1)


@given(st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False))
def test_written_numbers_read_back(value: float) -> None:
    """A number is read from itself and from the text that writes it."""
    assert number(value) == number(str(value)) == number(f" {value}\n") == value


@pytest.mark.parametrize(
    "value", [None, True, False, "", "x", "nan", "inf", "-Infinity", "1e999", "0x1", "1_0", "٣", []]
)
def test_what_is_no_number(value: object) -> None:
    """What Python would take for a number, and people would not, is none."""
    assert number(value) is None


def test_blank() -> None:
    """Null and a text of nothing but blanks count as not given; zero and false do not."""
    assert not [text for text in (None, "", " ", "\t\n", "\u00a0") if not is_blank(text)]
    assert not any(is_blank(value) for value in (0, False, [0], {"a": 1}, "0"))
