"""A share of things of which one contact may have several."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.statistics import ClusteredShare, Proportion
from motfunnel.statistics.clusters import t_quantile

contact = st.integers(0, 5).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))
contacts = st.lists(contact, max_size=40)


@given(each=contacts)
def test_it_divides_last(each: list[tuple[int, int]]) -> None:
    """The share is of the sums; nothing below the line makes it None, never 0."""
    share = ClusteredShare.of(each)
    counted, of = sum(one for one, _ in each), sum(of for _, of in each)
    assert (share.numerator, share.denominator) == (counted, of)
    assert share.value == (counted / of if of else None)
    assert share.contacts == sum(of > 0 for _, of in each)


@given(counted=st.integers(0, 20), missed=st.integers(0, 20))
def test_where_no_contact_repeats_it_is_wilsons(counted: int, missed: int) -> None:
    """One of each contact: a proportion, and nothing else."""
    share = ClusteredShare.of([(1, 1)] * counted + [(0, 1)] * missed)
    assert (
        share.interval() == Proportion(numerator=counted, denominator=counted + missed).interval()
    )


@given(each=contacts, confidence=st.sampled_from([0.5, 0.8, 0.95]))
def test_the_interval_holds_the_share(each: list[tuple[int, int]], confidence: float) -> None:
    """It stays between 0 and 1, and a higher confidence is wider."""
    share = ClusteredShare.of(each)
    interval, wider = share.interval(confidence), share.interval(0.99)
    if interval is not None:
        assert share.value is not None and wider is not None
        assert 0 <= wider.lower <= interval.lower <= share.value + 1e-12
        assert share.value - 1e-12 <= interval.upper <= wider.upper <= 1


@given(each=contacts, others=contacts)
def test_what_is_added_can_be_taken_away(
    each: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    """A share from which contacts were taken is that of those who are left, to the bit."""
    share = ClusteredShare.of([*each, *others])
    for counted, of in others:
        share.add(counted, of, -1)
    left = ClusteredShare.of(each)
    assert (share.value, share.contacts) == (left.value, left.contacts)
    assert share.interval() == left.interval()


@given(each=contacts)
def test_the_interval_is_the_definition(each: list[tuple[int, int]]) -> None:
    """Each contact's own part as if the others' share were the truth, with Student's t."""
    share, known = ClusteredShare.of(each), [(c, of) for c, of in each if of]
    n, whole = share.numerator, share.denominator
    if len(known) < 10 or whole == len(known) or n in (0, whole):
        return
    p = n / whole
    summed = math.fsum(((c - p * of) / (1 - of / whole)) ** 2 for c, of in known)
    variance = summed / whole**2 / p**2
    interval = share.interval()
    if not summed > 1e-20:
        assert interval is None
        return
    degrees = whole**2 / sum(of * of for _, of in known) - 1
    reach = t_quantile(0.95, degrees) * math.sqrt(variance) / -math.log(p)
    assert interval is not None
    assert interval.lower == pytest.approx(p ** math.exp(reach), abs=1e-12)
    assert interval.upper == pytest.approx(p ** math.exp(-reach), abs=1e-12)


@given(each=contacts, times=st.integers(2, 4))
def test_saying_the_same_again_tells_nothing_new(each: list[tuple[int, int]], times: int) -> None:
    """Each contact's own, all of them repeated, leave the interval where it was."""
    once = ClusteredShare.of(each)
    again = ClusteredShare.of([(counted * times, of * times) for counted, of in each])
    if again.interval() is None or any(of == 1 for _, of in each):
        return
    before, after = once.interval(), again.interval()
    assert before is not None and after is not None
    assert math.isclose(before.lower, after.lower, abs_tol=1e-9)
    assert math.isclose(before.upper, after.upper, abs_tol=1e-9)


def test_none_counted_is_known_as_well_as_there_are_contacts() -> None:
    """None or all of what contacts have several of: Wilson's, with every contact counted once."""
    none, every = ClusteredShare.of([(0, 9), (0, 1)]), ClusteredShare.of([(9, 9), (1, 1)])
    assert none.interval() == Proportion(numerator=0, denominator=2).interval()
    assert every.interval() == Proportion(numerator=2, denominator=2).interval()


@pytest.mark.parametrize("each", [[(2, 5)], [(1, 2), (2, 4)]])
def test_contacts_who_do_not_differ_have_no_interval(each: list[tuple[int, int]]) -> None:
    """From one contact, or from several with the same share, nothing is learnt of how they vary."""
    assert ClusteredShare.of(each).interval() is None
