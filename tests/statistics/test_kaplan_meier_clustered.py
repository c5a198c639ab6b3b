"""Repeated episodes: the variance contact by contact."""

import math
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from motfunnel.statistics import ClusteredCurve, SurvivalCurve
from motfunnel.statistics.clusters import t_quantile
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
    return math.fsum((total * left_out(data, c)) ** 2 for c, total in totals.items())


def left_out(data: Observations, cluster: int) -> float:
    """One over one less the cluster's share of all episodes, where any cluster has two."""
    sizes = Counter(c for c, _, _ in data)
    return 1 / (1 - sizes[cluster] / len(data)) if len(data) > len(sizes) else 1.0


def is_one(data: Observations) -> bool:
    """Whether all episodes are one cluster's, and more than one."""
    return len({c for c, _, _ in data}) == 1 < len(data)


@given(data=clustered_observations, t=durations)
def test_the_variance_is_the_double_sum(data: Observations, t: int) -> None:
    """The variance is that of the definition, contact by contact."""
    curve = ClusteredCurve.from_observations(data)
    variance = curve.variance_of_log(t)
    if not curve.survival(t) or is_one(data):
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
    told = [*((c, x, True) for c, x in data), (9, 40, False)]
    curve, whole = ClusteredCurve.from_observations(told), [*data, (9, 40)]
    share = sum(x <= t for _, x in whole) / len(whole)
    totals: dict[int, float] = {}
    for cluster, x in whole:
        totals[cluster] = totals.get(cluster, 0.0) + (x <= t) - share
    summed = math.fsum((total * left_out(told, c)) ** 2 for c, total in totals.items())
    expected = summed / len(whole) ** 2
    survival, variance = curve.survival(t), curve.variance_of_log(t)
    assert survival is not None
    assert variance is not None
    assert survival**2 * variance == pytest.approx(expected, rel=1e-9, abs=1e-14)


@given(data=observations, times=st.integers(2, 5), t=durations)
def test_the_same_told_again_adds_nothing(data: list[tuple[int, bool]], times: int, t: int) -> None:
    """Contacts that repeat the same episode are worth no more than one each, less one contact."""
    once = SurvivalCurve.from_observations(data)
    again = ClusteredCurve.from_observations(
        (i, x, back) for i, (x, back) in enumerate(data) for _ in range(times)
    )
    if once.survival(t) and len(data) > 1:
        greenwood, fewer = once.greenwood(t), len(data) / (len(data) - 1)
        assert greenwood is not None
        expected = pytest.approx(greenwood * fewer**2, rel=1e-9, abs=1e-13)
        assert again.variance_of_log(t) == expected


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
    told = [("a", 2, True), *((name, 4, True) for name in "abcdefghij")]
    curve = ClusteredCurve.from_observations(told)
    assert curve.interval(1) is curve.probability_interval(1) is None
    assert curve.interval(2) is not None
    assert curve.interval(4) is None
    assert curve.variance_of_log(4) is None
    assert curve.interval(5) is None and curve.probability(5) == 1
    assert ClusteredCurve.from_observations([*told, ("a", 4, False)]).probability(5) is None
    assert ClusteredCurve.from_observations([]).interval(0) is None


def test_the_share_back_mirrors_the_share_away() -> None:
    """The interval of the share back is the complement of that of the share away."""
    told = [("a", 2, True), ("b", 4, True), *((name, 4, False) for name in "bcdefghij")]
    curve = ClusteredCurve.from_observations(told)
    away = curve.interval(2)
    assert away is not None
    assert curve.probability_interval(2) == away.complement()


@pytest.mark.parametrize("contacts", [1, 2, 9, 10])
def test_few_contacts_have_no_interval(contacts: int) -> None:
    """Below ten contacts nothing is said of how they differ, however many episodes they have."""
    told = [(c, t, t < 9) for c in range(contacts) for t in (2, 4, 9 - c % 2)]
    curve = ClusteredCurve.from_observations(told)
    assert curve.probability(2) == pytest.approx(1 / 3)
    mean = curve.restricted_mean(8)
    intervals = [curve.interval(2), curve.median_interval(), mean and mean.interval()]
    assert [one is not None for one in intervals] == [contacts == 10] * 3
    single = ClusteredCurve.from_observations(told[::3])
    assert (single.interval(2) is None) == (single.survival(2) in (0, 1))


def test_the_interval_takes_the_quantile_of_unequal_contacts() -> None:
    """A few contacts with many episodes make it wide: by Student's t of the effective number."""
    told = [(c, 1 + (c * 7 + n) % 20, True) for c in range(12) for n in range(1 + 9 * (c < 2))]
    curve, sizes = ClusteredCurve.from_observations(told), [10, 10, *[1] * 10]
    assert curve.sizes.degrees == pytest.approx(30**2 / sum(n * n for n in sizes) - 1)
    survival, variance, interval = curve.survival(9), curve.variance_of_log(9), curve.interval(9)
    assert survival is not None and variance is not None and interval is not None
    reach = t_quantile(0.95, curve.sizes.degrees) * math.sqrt(variance) / -math.log(survival)
    assert interval.lower == pytest.approx(survival ** math.exp(reach))
    assert interval.upper == pytest.approx(survival ** math.exp(-reach))


@given(data=clustered_observations, t=durations)
def test_what_is_effective_is_the_smaller_count(data: Observations, t: int) -> None:
    """Of the curve's own number, and of how many independent ones would vary as much."""
    curve = ClusteredCurve.from_observations(data)
    number, plain = curve.effective_number(t), curve.curve.effective_number(t)
    if number is None or plain is None:
        assert number is plain is None
        return
    back, variance = curve.probability(t) or 0.0, curve.variance_of_log(t)
    repeats = len({c for c, _, _ in data}) < len(data)
    if repeats and variance and back:
        of_variance = back * (1 - back) / ((1 - back) ** 2 * variance)
        assert number == pytest.approx(min(plain, of_variance))
    else:
        assert number == plain


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
    expected = math.fsum((total * left_out(data, c)) ** 2 for c, total in totals.items())
    assert mean.variance == pytest.approx(expected, rel=1e-9, abs=1e-12)
