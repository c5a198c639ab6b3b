"""The ratio of two counts that come contact by contact."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.statistics import Ratio
from motfunnel.statistics.clusters import t_quantile

pairs = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1)), max_size=40)


@given(each=pairs)
def test_it_divides_last(each: list[tuple[int, int]]) -> None:
    """The ratio is of the sums; nothing below the line makes it None, never 0."""
    ratio = Ratio.of(each)
    gave, count = sum(y for y, _ in each), sum(x for _, x in each)
    assert (ratio.numerator, ratio.denominator) == (gave, count)
    assert ratio.value == (gave / count if count else None)


@given(each=pairs, confidence=st.sampled_from([0.5, 0.8, 0.95]))
def test_the_interval_holds_the_ratio_alike_on_either_side(
    each: list[tuple[int, int]], confidence: float
) -> None:
    """On the log scale the ratio lies in the middle; a higher confidence is wider."""
    ratio = Ratio.of(each)
    interval, wider = ratio.interval(confidence), ratio.interval(0.99)
    if interval is None:
        assert not ratio.variance_of_log
        return
    assert ratio.value is not None and wider is not None
    assert math.sqrt(interval.lower * interval.upper) == pytest.approx(ratio.value)
    assert wider.lower <= interval.lower <= ratio.value <= interval.upper <= wider.upper


def test_independent_openings_are_nearly_poisson() -> None:
    """Where each gave at most one and few did, the variance of the log is that of one count."""
    ratio = Ratio.of([(1, 1)] * 25 + [(0, 1)] * 9975)
    assert ratio.variance_of_log == pytest.approx(1 / 25, rel=0.01)


@given(each=pairs)
def test_the_order_and_bystanders_do_not_matter(each: list[tuple[int, int]]) -> None:
    """Contacts in any order, and with some who neither gave nor count, give the same."""
    assert Ratio.of(reversed(each)) == Ratio.of([*each, (0, 0)])


@given(
    each=st.lists(st.tuples(st.integers(0, 5), st.integers(1, 6)), min_size=1, max_size=30),
    confidence=st.sampled_from([0.8, 0.95]),
)
def test_contacts_that_count_for_more_than_one(
    each: list[tuple[int, int]], confidence: float
) -> None:
    """Each as if the ratio were the others', with Student's t; none of fewer than ten contacts."""
    ratio = Ratio.of(each)
    gave, count = sum(y for y, _ in each), sum(x for _, x in each)
    interval = ratio.interval(confidence)
    if count == len(each) or not gave:
        return
    if len(each) < 10:
        assert interval is None
        return
    terms = [(y / gave - x / count) / (1 - x / count) for y, x in each]
    spread = math.sqrt(math.fsum(term * term for term in terms))
    degrees = count**2 / sum(x * x for _, x in each) - 1
    if interval is not None:
        factor = math.exp(t_quantile(confidence, degrees) * spread)
        assert interval.upper == pytest.approx(gave / count * factor)
        assert interval.lower == pytest.approx(gave / count / factor)
    else:
        assert spread < 1e-12
