"""What an event says of an experience, and what that amounts to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel import Funnel, Touchpoint, purchase, rating
from motfunnel.domain.event import IDENTIFY
from motfunnel.domain.experience import Experience, experience_of

FUNNEL = Funnel(
    stages=("visitor", "customer"),
    rules={"bought": purchase(), "rated": rating("score"), "starred": rating("stars", promoter=5)},
    touchpoints={"till": Touchpoint(expected=8), "desk": Touchpoint(promise="a smile")},
)
SCORES = st.one_of(st.integers(-20, 20), st.floats(-20, 20))


def read(name: str, **properties: Any) -> Experience | None:
    reading = FUNNEL.read(name, properties)
    return experience_of(name, properties, reading, FUNNEL.touchpoints)


@pytest.mark.parametrize(
    ("name", "said", "score"),
    [
        ("rated", {"score": 7}, 7),
        ("rated", {"score": " 7.5 "}, 7.5),
        ("rated", {"score": 7, "experienced": 2}, 7),
        ("rated", {"score": "", "experienced": 2}, 2),
        ("bought", {"experienced": "3"}, 3),
        ("unheard of", {"experienced": 0}, 0),
    ],
)
def test_where_a_score_comes_from(name: str, said: dict[str, Any], score: float) -> None:
    """A rating's score wins; of any other event the property counts, as a number or its text."""
    one = read(name, **said)
    assert one is not None and one.score == score


@pytest.mark.parametrize(
    "said", [{}, *({"experienced": v} for v in (None, "", "good", True, 1e12))]
)
def test_what_is_no_experience(said: dict[str, Any]) -> None:
    """Nothing, a blank, a word, a truth, or a number beyond any scale."""
    assert read("bought", **said) is None


def test_traits_are_no_experience() -> None:
    """A trait may be called ``experienced``, and says nothing of a touchpoint."""
    assert read(IDENTIFY, experienced=7) is None


def test_the_touchpoint_and_what_is_expected_there() -> None:
    """The property names it, else the event does; the event's own expectation wins."""
    for said, where, expected in (
        ({"touchpoint": "till"}, "till", 8),
        ({"touchpoint": "till", "expected": 5}, "till", 5),
        ({"touchpoint": "till", "expected": "?"}, "till", 8),
        ({"touchpoint": "desk"}, "desk", None),
        ({"touchpoint": " "}, "bought", None),
        ({"touchpoint": 7}, "7", None),
    ):
        one = read("bought", experienced=6, **said)
        assert one is not None and (one.touchpoint, one.expected) == (where, expected)


def test_a_rating_is_good_by_its_own_promoter_score() -> None:
    """Five stars of five are good, though 5 is not much out of ten."""
    five, four = read("starred", stars=5), read("starred", stars=4)
    assert five is not None and four is not None
    assert (five.verdict, four.verdict) == ("good", "bad")


@given(score=SCORES, expected=SCORES)
def test_the_gap_and_its_name_agree(score: float, expected: float) -> None:
    """Delight is above what was expected and good, disappointment below and bad."""
    one = Experience(touchpoint="till", score=score, expected=expected)
    name = "met" if score == expected else "delight" if score > expected else "disappointment"
    verdict = {"met": "in between", "delight": "good", "disappointment": "bad"}[name]
    assert (one.against_expectation, one.verdict) == (name, verdict)


@given(score=SCORES)
def test_without_an_expectation_the_scale_decides(score: float) -> None:
    """From 9 on it is good, up to 6 bad; there is no gap."""
    one = Experience(touchpoint="till", score=score)
    assert one.verdict == ("good" if score >= 9 else "bad" if score <= 6 else "in between")
    assert one.gap is None and one.against_expectation is None
