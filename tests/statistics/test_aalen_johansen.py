"""Competing risks: Aalen-Johansen, exact with ties."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.statistics import CompetingRisks, SurvivalCurve
from tests.statistics.strategies import competing_observations, durations, observations

Observations = list[tuple[int, str | None]]


def exact_incidence(data: Observations, cause: str, t: int) -> Fraction:
    """The sum of the definition, in fractions."""
    survival, incidence = Fraction(1), Fraction(0)
    for time in sorted({x for x, ended in data if ended is not None and x <= t}):
        at_risk = sum(x >= time for x, _ in data)
        ended = [name for x, name in data if x == time and name is not None]
        incidence += survival * Fraction(ended.count(cause), at_risk)
        survival *= 1 - Fraction(len(ended), at_risk)
    return incidence


def test_a_worked_example_with_ties() -> None:
    """Endings by both causes at one time share those at risk: neither comes first."""
    risks = CompetingRisks.from_counts(
        [(2, {"returned": 1, "erased": 1}, 0), (3, {"returned": 2}, 1), (5, {"erased": 1}, 4)]
    )
    assert risks.causes == ("erased", "returned")
    assert [risks.incidence("returned", t) for t in (1, 2, 3, 5)] == pytest.approx(
        [0, 0.1, 0.3, 0.3]
    )
    assert [risks.incidence("erased", t) for t in (1, 2, 3, 5)] == pytest.approx(
        [0, 0.1, 0.1, 0.1 + 0.6 / 5]
    )
    assert risks.survival(3) == pytest.approx(0.6)
    assert [risks.at_risk(t) for t in (2, 3, 4, 6)] == [10, 8, 5, 0]


def test_undefined_is_none() -> None:
    """No interval before the first ending by a cause; nothing at all past the last observed."""
    risks = CompetingRisks.from_observations([(2, "erased"), (4, "returned"), (6, None)])
    assert risks.incidence("returned", 3) == 0
    assert risks.variance("returned", 3) == 0
    assert risks.interval("returned", 3) is None
    assert risks.interval("returned", 6) is not None
    assert risks.incidence("returned", 7) is risks.variance("returned", 7) is None
    assert risks.interval("returned", 7) is None
    assert risks.survival(7) is None


def test_a_certain_ending_has_no_interval() -> None:
    """Where all have ended by one cause its incidence is 1, without an interval."""
    risks = CompetingRisks.from_observations([(2, "returned"), (4, "returned")])
    assert risks.incidence("returned", 4) == 1
    assert risks.interval("returned", 4) is None


def test_a_cause_that_never_came_is_0() -> None:
    """A cause may be named that nobody ended by."""
    risks = CompetingRisks.from_observations([(2, "returned"), (4, None)], causes=["erased"])
    assert risks.causes == ("erased", "returned")
    assert risks.incidence("erased", 4) == 0
    assert risks.variance("erased", 4) == 0
    assert risks.interval("erased", 4) is None


def test_an_unknown_cause_is_refused() -> None:
    """A cause that was neither seen nor named is a mistake, and the error lists the others."""
    risks = CompetingRisks.from_observations([(2, "returned"), (4, "erased")])
    with pytest.raises(ValueError, match="'eaten' among erased, returned"):
        risks.incidence("eaten", 2)


def test_nobody_observed_gives_none() -> None:
    """Without observations every answer is None."""
    risks = CompetingRisks.from_observations([], causes=["returned"])
    assert risks.incidence("returned", 0) is risks.survival(0) is None


@pytest.mark.parametrize(
    "row", [(-1, {"a": 1}, 0), (1, {"a": -1}, 0), (1, {"a": 1}, -1), (-1, {}, 1)]
)
def test_negative_counts_are_refused(row: tuple[int, dict[str, int], int]) -> None:
    """Neither a duration nor a count is ever negative, whatever else was counted there."""
    with pytest.raises(ValueError, match="negative"):
        CompetingRisks.from_counts([(1, {"a": 5}, 5), row])


@given(data=competing_observations)
def test_the_incidence_is_the_sum(data: Observations) -> None:
    """The incidence is the exact sum of the definition, at every duration."""
    risks = CompetingRisks.from_observations(data)
    for cause in risks.causes:
        for t in range(max(x for x, _ in data) + 1):
            exact = float(exact_incidence(data, cause, t))
            assert risks.incidence(cause, t) == pytest.approx(exact, abs=1e-14)


@given(data=competing_observations, t=durations)
def test_everybody_is_somewhere(data: Observations, t: int) -> None:
    """The incidences of all causes and the share that has not ended sum to 1."""
    risks = CompetingRisks.from_observations(data)
    survival = risks.survival(t)
    if survival is None:
        return
    total = survival + sum(risks.incidence(cause, t) or 0.0 for cause in risks.causes)
    assert total == pytest.approx(1, abs=1e-14)


@given(data=observations, t=durations)
def test_one_cause_alone_is_kaplan_meier(data: list[tuple[int, bool]], t: int) -> None:
    """With a single cause the incidence and its variance are those of the curve of return."""
    curve = SurvivalCurve.from_observations(data)
    risks = CompetingRisks.from_observations(
        ((x, "returned" if back else None) for x, back in data), causes=["returned"]
    )
    probability = curve.probability(t)
    if probability is None:
        assert risks.incidence("returned", t) is None
        return
    assert risks.incidence("returned", t) == pytest.approx(probability, abs=1e-14)
    survival, greenwood = curve.survival(t), curve.greenwood(t)
    if survival and greenwood is not None:
        assert risks.variance("returned", t) == pytest.approx(
            survival**2 * greenwood, rel=1e-9, abs=1e-14
        )


@given(data=competing_observations, t=durations)
def test_full_follow_up_gives_the_plain_share(data: Observations, t: int) -> None:
    """With everybody followed up, it is a share of all, with the variance of a share."""
    whole = [*((x, ended or "returned") for x, ended in data), (40, None)]
    risks = CompetingRisks.from_observations(whole)
    n = len(whole)
    for cause in risks.causes:
        share = sum(x <= t and ended == cause for x, ended in whole) / n
        assert risks.incidence(cause, t) == pytest.approx(share, abs=1e-15)
        assert risks.variance(cause, t) == pytest.approx(
            share * (1 - share) / n, rel=1e-9, abs=1e-14
        )


@given(data=competing_observations, shuffled=st.randoms(use_true_random=False), t=durations)
def test_the_order_does_not_matter(data: Observations, shuffled: object, t: int) -> None:
    """The same observations in any order give the same bits."""
    other = list(data)
    shuffled.shuffle(other)  # type: ignore[attr-defined]
    one, two = CompetingRisks.from_observations(data), CompetingRisks.from_observations(other)
    assert one == two
    for cause in one.causes:
        assert one.incidence(cause, t) == two.incidence(cause, t)
        assert one.interval(cause, t) == two.interval(cause, t)


@given(data=competing_observations, t=durations)
def test_an_interval_holds_the_incidence(data: Observations, t: int) -> None:
    """An interval holds its incidence and lies within 0 to 1."""
    risks = CompetingRisks.from_observations(data)
    for cause in risks.causes:
        incidence, interval = risks.incidence(cause, t), risks.interval(cause, t)
        if interval is not None and incidence is not None:
            assert 0 <= interval.lower <= incidence + 1e-12
            assert incidence - 1e-12 <= interval.upper <= 1
