"""Repeated episodes: the variance contact by contact."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from motfunnel.statistics import ClusteredCurve, SurvivalCurve
from tests.statistics.strategies import clustered_observations, durations, observations

Observations = list[tuple[int, int, bool]]


def by_definition(data: Observations, t: int) -> float:
    """The double sum, written out."""
    curve = SurvivalCurve.from_observations((x, returned) for _, x, returned in data)
    totals: dict[int, float] = {}
    for cluster, duration, returned in data:
        for step in curve.steps():
            if step.time > t:
                break
            at_risk, back = duration >= step.time, returned and duration == step.time
            term = (at_risk * step.returned - back * step.at_risk) / (
                step.at_risk * (step.at_risk - step.returned)
            )
            totals[cluster] = totals.get(cluster, 0.0) + term
    return math.fsum(total**2 for total in totals.values())


@given(data=clustered_observations, t=durations)
def test_the_variance_is_the_double_sum(data: Observations, t: int) -> None:
    """The variance is that of the definition, contact by contact."""
    curve = ClusteredCurve.from_observations(data)
    variance = curve.variance_of_log(t)
    if not curve.survival(t):
        assert variance is None
    else:
        assert variance == pytest.approx(by_definition(data, t), rel=1e-10, abs=1e-13)


@given(data=observations, t=durations)
def test_one_episode_each_is_greenwood(data: list[tuple[int, bool]], t: int) -> None:
    """With one episode per contact the variance is Greenwood's sum, and so is the interval."""
    plain = SurvivalCurve.from_observations(data)
    curve = ClusteredCurve.from_observations((i, x, back) for i, (x, back) in enumerate(data))
    assert curve.survival(t) == plain.survival(t)
    assert curve.probability(t) == plain.probability(t)
    assert curve.at_risk(t) == plain.at_risk(t)
    if plain.survival(t):
        assert curve.variance_of_log(t) == pytest.approx(plain.greenwood(t), rel=1e-10, abs=1e-14)
    interval, expected = curve.interval(t), plain.interval(t)
    assert (interval is None) == (expected is None)
    if interval is not None and expected is not None:
        assert interval.lower == pytest.approx(expected.lower, abs=1e-10)
        assert interval.upper == pytest.approx(expected.upper, abs=1e-10)


@given(data=st.lists(st.tuples(st.integers(0, 8), durations), min_size=1, max_size=40), t=durations)
def test_full_follow_up_is_the_clustered_share(data: list[tuple[int, int]], t: int) -> None:
    """With everybody followed up, it is the variance of a share whose counts come in clusters."""
    curve = ClusteredCurve.from_observations([*((c, x, True) for c, x in data), (9, 40, False)])
    whole = [*data, (9, 40)]
    share = sum(x <= t for _, x in whole) / len(whole)
    totals: dict[int, float] = {}
    for cluster, x in whole:
        totals[cluster] = totals.get(cluster, 0.0) + (x <= t) - share
    expected = math.fsum(total**2 for total in totals.values()) / len(whole) ** 2
    survival, variance = curve.survival(t), curve.variance_of_log(t)
    assert survival is not None
    assert variance is not None
    assert survival**2 * variance == pytest.approx(expected, rel=1e-9, abs=1e-14)


@given(data=observations, times=st.integers(2, 5), t=durations)
def test_the_same_told_again_adds_nothing(data: list[tuple[int, bool]], times: int, t: int) -> None:
    """Contacts that repeat the same episode are worth no more than one episode each."""
    once = SurvivalCurve.from_observations(data)
    again = ClusteredCurve.from_observations(
        (i, x, back) for i, (x, back) in enumerate(data) for _ in range(times)
    )
    if once.survival(t):
        assert again.variance_of_log(t) == pytest.approx(once.greenwood(t), rel=1e-9, abs=1e-13)


@given(data=clustered_observations, shuffled=st.randoms(use_true_random=False), t=durations)
def test_the_order_does_not_matter(data: Observations, shuffled: object, t: int) -> None:
    """The same episodes in any order give the same bits."""
    other = list(data)
    shuffled.shuffle(other)  # type: ignore[attr-defined]
    one, two = ClusteredCurve.from_observations(data), ClusteredCurve.from_observations(other)
    assert one.variance_of_log(t) == two.variance_of_log(t)
    assert one.interval(t) == two.interval(t)


def test_undefined_is_none() -> None:
    """No returns yet, nobody left away, and past the last observed: no interval."""
    curve = ClusteredCurve.from_observations([("a", 2, True), ("a", 4, True), ("b", 4, True)])
    assert curve.interval(1) is curve.probability_interval(1) is None
    assert curve.interval(2) is not None
    assert curve.interval(4) is None
    assert curve.variance_of_log(4) is None
    assert curve.interval(5) is None
    assert curve.variance_of_log(5) is None
    assert ClusteredCurve.from_observations([]).interval(0) is None


def test_the_share_back_mirrors_the_share_away() -> None:
    """The interval of the share back is the complement of that of the share away."""
    curve = ClusteredCurve.from_observations([("a", 2, True), ("b", 4, True), ("b", 4, False)])
    away = curve.interval(2)
    assert away is not None
    assert curve.probability_interval(2) == away.complement()


def test_one_contact_has_no_interval() -> None:
    """A single contact says nothing of how contacts differ, however many episodes it has."""
    curve = ClusteredCurve.from_observations([("a", 2, True), ("a", 4, True), ("a", 9, False)])
    assert curve.probability(2) == pytest.approx(1 / 3)
    assert curve.interval(2) is None


def test_a_negative_duration_is_refused() -> None:
    """No episode ends before it begins."""
    with pytest.raises(ValueError, match="negative"):
        ClusteredCurve.from_observations([("a", -1, True)])


@example(  # clusters that are alike in all have no variance, to the last bit
    data=[(0, 0, True), (0, 0, True), (0, 1, False), (0, 1, False), (1, 0, False), (1, 0, True)]
)
@given(data=clustered_observations)
def test_the_median_lies_where_the_clustered_band_crosses_a_half(data: Observations) -> None:
    """The band walked row by row is the one that the interval at each duration draws."""
    curve = ClusteredCurve.from_observations(data)
    lower = upper = None
    for t in sorted({x for _, x, _ in data}):
        band = curve.interval(t)
        if band is not None and lower is None and band.lower <= 0.5 + 1e-9:
            lower = t
        if band is not None and lower is not None and upper is None and band.upper <= 0.5 + 1e-9:
            upper = t
    found = curve.median_interval()
    assert (found and (found.lower, found.upper)) == (None if lower is None else (lower, upper))


@given(data=observations, t=durations)
def test_one_episode_each_has_the_plain_mean_and_median(
    data: list[tuple[int, bool]], t: int
) -> None:
    """With one episode per contact, mean and median have the intervals of independent episodes."""
    plain = SurvivalCurve.from_observations(data)
    curve = ClusteredCurve.from_observations((i, x, back) for i, (x, back) in enumerate(data))
    mean, expected = curve.restricted_mean(t), plain.restricted_mean(t)
    if len(data) > 1:
        assert curve.median_interval() == plain.median_interval()
        assert (mean is None) == (expected is None)
    if mean is not None and expected is not None:
        assert mean.value == expected.value
        assert mean.variance == pytest.approx(expected.variance, rel=1e-9, abs=1e-12)


@given(data=clustered_observations, t=durations)
def test_the_mean_sums_what_each_contact_adds(data: Observations, t: int) -> None:
    """The variance of the mean is the double sum, each term weighed with the area to come."""
    curve = ClusteredCurve.from_observations(data)
    mean = curve.restricted_mean(t)
    if mean is None:
        return
    steps = [step for step in curve.curve.steps() if step.time <= t]
    ends = [*(step.time for step in steps[1:]), t]
    areas = [step.survival * (end - step.time) for step, end in zip(steps, ends, strict=False)]
    totals: dict[int, float] = {}
    for cluster, duration, returned in data:
        for n, step in enumerate(steps):
            area = math.fsum(areas[n:])
            if not area:
                continue
            at_risk, back = duration >= step.time, returned and duration == step.time
            term = (at_risk * step.returned - back * step.at_risk) / (
                step.at_risk * (step.at_risk - step.returned)
            )
            totals[cluster] = totals.get(cluster, 0.0) + term * area
    expected = math.fsum(total**2 for total in totals.values())
    assert mean.variance == pytest.approx(expected, rel=1e-9, abs=1e-12)
