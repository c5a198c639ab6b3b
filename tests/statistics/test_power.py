"""Power and sizes: as statsmodels has them, and as often as they say, by simulation."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from statsmodels.stats.proportion import (
    power_proportions_2indep,
    samplesize_proportions_2indep_onetail,
)

from motfunnel.statistics import (
    Proportion,
    always_valid,
    difference,
    power_of,
    sizes_for,
    smallest_effect,
)

PLANS = [
    (0.08, 0.02, 0.8, 0.5),
    (0.08, 0.02, 0.8, 0.1),
    (0.05, 0.05, 0.9, 0.3),
    (0.3, 0.1, 0.8, 0.2),
    (0.01, 0.01, 0.8, 0.5),
    (0.5, -0.1, 0.8, 0.5),
    (0.9, 0.05, 0.95, 0.5),
]
"""Baselines, effects, powers and shares of the control."""
RUNS = 4_000


@pytest.mark.parametrize(("baseline", "effect", "power", "share"), PLANS)
@pytest.mark.parametrize("confidence", [0.95, 0.9])
def test_as_statsmodels_has_it(
    baseline: float, effect: float, power: float, share: float, confidence: float
) -> None:
    """The same sizes, but for their being whole, and the same power of them."""
    held, treated = sizes_for(baseline, effect, power, share, confidence)
    told = {"ratio": share / (1 - share), "alpha": 1 - confidence}
    theirs = samplesize_proportions_2indep_onetail(effect, baseline, power, **told)
    assert (held, treated) == (np.ceil(theirs * told["ratio"]), np.ceil(theirs))
    told["ratio"] = held / treated
    found = power_proportions_2indep(effect, baseline, treated, return_results=False, **told)
    mine = power_of(baseline, effect, (held, treated), confidence)
    assert mine == pytest.approx(found, abs=1e-4)  # theirs has the other tail too
    assert power <= mine < power + 0.01


@pytest.mark.parametrize(("baseline", "effect", "power", "share"), PLANS)
def test_it_is_found_as_often(baseline: float, effect: float, power: float, share: float) -> None:
    """With the interval that holdout gives, which excludes 0 about as often as was planned."""
    held, treated = sizes_for(baseline, effect, power, share)
    rng = np.random.default_rng(7)
    drawn = rng.binomial(held, baseline, RUNS), rng.binomial(treated, baseline + effect, RUNS)

    @cache
    def is_found(control: int, treatment: int) -> bool:
        one = Proportion(numerator=treatment, denominator=treated)
        other = Proportion(numerator=control, denominator=held)
        apart = difference(one, other)
        assert apart is not None
        return apart.interval.lower > 0 if effect > 0 else apart.interval.upper < 0

    often = np.mean([*map(is_found, *(one.tolist() for one in drawn))])
    assert often == pytest.approx(power, abs=0.03)


def test_who_looks_at_every_time_needs_more() -> None:
    """As many as the always valid interval takes; most trials are sure before they are over."""
    baseline, effect, power = 0.2, 0.1, 0.8
    fixed = sizes_for(baseline, effect, power, 0.5)
    sizes = sizes_for(baseline, effect, power, 0.5, every_look=True)
    assert sizes[0] > 1.5 * fixed[0]
    rng = np.random.default_rng(3)
    looks = np.linspace(20, sizes[0], 25).astype(int)
    at_the_end = earlier = 0
    for _ in range(600):
        back = [rng.random(sizes[0]) < share for share in (baseline + effect, baseline)]
        sure = []
        for n in looks:
            arms = [Proportion(numerator=int(one[:n].sum()), denominator=int(n)) for one in back]
            apart = always_valid(arms[0], arms[1], effect)
            sure.append(apart is not None and apart.interval.lower > 0)
        at_the_end += sure[-1]
        earlier += any(sure[:-1])
    assert at_the_end / 600 == pytest.approx(power, abs=0.05)
    assert earlier >= at_the_end - 30


def test_the_smallest_effect_is_what_was_planned() -> None:
    """And there is none where even all would not tell, or nobody is in an arm."""
    for baseline, effect, power, share in PLANS:
        if effect > 0:
            sizes = sizes_for(baseline, effect, power, share)
            found = smallest_effect(baseline, sizes, power)
            assert found is not None
            assert found == pytest.approx(effect, rel=0.01) and found <= effect
    assert smallest_effect(0.9, (3, 3), 0.8) is None
    assert smallest_effect(0.1, (0, 100), 0.8) is None
