"""The chance to return soon, held against the curve of those who are still away."""

from __future__ import annotations

from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.statistics import Chance, ClusteredCurve, CompetingRisks, Curve, SurvivalCurve

EPISODE = (st.integers(0, 12), st.booleans())
EPISODES = st.lists(st.tuples(*EPISODE), max_size=30)


@given(episodes=EPISODES, after=st.integers(0, 13), within=st.integers(0, 13))
def test_it_is_the_curve_of_those_still_away(
    episodes: list[tuple[int, bool]], after: int, within: int
) -> None:
    """Value and interval are those of a curve made of those still away then."""
    left = [(t - after, back) for t, back in episodes if (t, not back) > (after, False)]
    chance = Chance.of(SurvivalCurve.from_observations(episodes), after, within)
    is_of_those_left(chance, SurvivalCurve.from_observations(left), within)


@given(
    episodes=st.lists(st.tuples(st.integers(0, 14), *EPISODE), max_size=60),
    after=st.integers(0, 13),
    within=st.integers(0, 13),
)
def test_clustered_it_is_the_curve_of_those_still_away(
    episodes: list[tuple[int, int, bool]], after: int, within: int
) -> None:
    """Where contacts repeat, too: with the clusters of those still away."""
    left = [(c, t - after, back) for c, t, back in episodes if (t, not back) > (after, False)]
    chance = Chance.of(ClusteredCurve.from_observations(episodes), after, within)
    is_of_those_left(chance, ClusteredCurve.from_observations(left), within)


def is_of_those_left(chance: Chance, curve: Curve, within: int) -> None:
    """Whether a chance is what a curve says that was made of those still away."""
    expected = curve.probability(within)
    if expected is None:
        assert chance.value is None and chance.interval is None
        return
    assert chance.value is not None and isclose(chance.value, expected, abs_tol=1e-12)
    interval = curve.probability_interval(within)
    assert (chance.interval is None) == (interval is None)
    if chance.interval is not None and interval is not None:
        assert isclose(chance.interval.lower, interval.lower, abs_tol=1e-9)
        assert isclose(chance.interval.upper, interval.upper, abs_tol=1e-9)


@given(episodes=EPISODES, after=st.integers(0, 13), within=st.integers(0, 13))
def test_with_one_cause_it_is_the_same(
    episodes: list[tuple[int, bool]], after: int, within: int
) -> None:
    """Where nothing competes the chance of the cause is the chance of the curve."""
    endings = [(t, "back" if back else None) for t, back in episodes]
    risks = CompetingRisks.from_observations(endings, causes=["back"])
    plain = Chance.of(SurvivalCurve.from_observations(episodes), after, within).value
    of_cause = Chance.of(risks.of("back"), after, within).value
    assert (plain is None) == (of_cause is None)
    assert plain is None or of_cause is None or isclose(plain, of_cause, abs_tol=1e-12)


def test_a_competing_ending_takes_its_share() -> None:
    """Of four still away at 2, one is erased and two return by 5."""
    seen = [(1, "back"), (3, "back"), (4, "erased"), (5, "back"), (9, None)]
    risks = CompetingRisks.from_observations(seen)
    chance = Chance.of(risks.of("back"), 2, 3)
    assert chance.value is not None and isclose(chance.value, 0.5) and chance.interval is None


def test_a_window_is_not_negative() -> None:
    """Nobody returns before now."""
    curve = SurvivalCurve.from_observations([(3, True)])
    risks = CompetingRisks.from_observations([(3, "back")])
    with pytest.raises(ValueError, match="negative"):
        Chance.of(curve, 1, -1)
    with pytest.raises(ValueError, match="negative"):
        Chance.of(risks.of("back"), 1, -1)
