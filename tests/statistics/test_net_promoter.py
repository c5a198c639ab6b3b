"""The net promoter score, and the interval around it."""

from __future__ import annotations

import random
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.statistics import Z95, NetPromoterScore

COUNTS = st.integers(0, 500)


def test_by_hand() -> None:
    """Six promoters, two passives, two detractors: 40 points, and the interval added up."""
    score = NetPromoterScore(promoters=6, passives=2, detractors=2)
    good, bad = 6.75 / 13, 2.75 / 13
    reach = Z95 * sqrt((good + bad - (good - bad) ** 2) / 13)
    interval = score.interval()
    assert score.value == 40.0 and interval is not None
    assert interval.lower == pytest.approx(100 * (good - bad - reach))
    assert interval.upper == pytest.approx(100 * (good - bad + reach))


@given(promoters=COUNTS, passives=COUNTS, detractors=COUNTS)
def test_the_interval_holds_what_it_is_around(
    promoters: int, passives: int, detractors: int
) -> None:
    """It stays on the scale, holds the score, and turns about 0 as that does."""
    score = NetPromoterScore(promoters=promoters, passives=passives, detractors=detractors)
    turned = NetPromoterScore(promoters=detractors, passives=passives, detractors=promoters)
    one, other = score.interval(), turned.interval()
    if score.value is None or one is None or other is None:
        assert promoters == passives == detractors == 0
        return
    assert score.value == -(turned.value or 0.0)
    assert -100 <= one.lower <= score.value <= one.upper <= 100
    assert (one.lower, one.upper) == pytest.approx((-other.upper, -other.lower))


def test_all_promoters_are_not_certain() -> None:
    """Three of three are 100 points, and far from certain."""
    interval = NetPromoterScore(promoters=3, passives=0, detractors=0).interval()
    assert interval is not None and interval.lower < 60 and interval.upper == 100


def test_it_covers_the_truth() -> None:
    """Of many samples of forty, about 95 in 100 have an interval that holds the true score."""
    draw = random.Random(7)
    held = 0
    for _ in range(2_000):
        answers = draw.choices((1, 0, -1), (0.45, 0.35, 0.20), k=40)
        counts = (answers.count(one) for one in (1, 0, -1))
        promoters, passives, detractors = counts
        score = NetPromoterScore(promoters=promoters, passives=passives, detractors=detractors)
        interval = score.interval()
        held += interval is not None and 25.0 in interval
    assert 0.93 < held / 2_000 < 0.97


def test_nobody_has_no_score() -> None:
    """Without an answer there is no score; fewer than none cannot answer."""
    assert NetPromoterScore(promoters=0, passives=0, detractors=0).interval() is None
    with pytest.raises(ValueError, match="promoters"):
        NetPromoterScore(promoters=-1, passives=0, detractors=0)
