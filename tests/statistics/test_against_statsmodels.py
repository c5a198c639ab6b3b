"""The same numbers as statsmodels and SciPy."""

import math

import pytest

from motfunnel.statistics import Proportion, SurvivalCurve, critical_value, difference, log_rank
from motfunnel.statistics.log_rank import upper_tail

proportion = pytest.importorskip("statsmodels.stats.proportion")
survfunc = pytest.importorskip("statsmodels.duration.survfunc")
scipy_stats = pytest.importorskip("scipy.stats")

pytestmark = pytest.mark.filterwarnings("ignore")

# Durations with many ties and every third one censored, made without randomness.
DATA = [(i * i * 7 % 53 + 1, i % 3 != 0) for i in range(1, 200)]
GROUPS = [i % 4 for i in range(1, 200)]


@pytest.mark.parametrize("n", [1, 2, 7, 50, 432, 100_000])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_wilson(n: int, confidence: float) -> None:
    """Wilson's interval agrees, from none to all."""
    for k in {0, 1, n // 3, n // 2, n - 1, n}:
        ours = Proportion(numerator=k, denominator=n).interval(confidence)
        theirs = proportion.proportion_confint(k, n, alpha=1 - confidence, method="wilson")
        assert ours is not None
        assert (ours.lower, ours.upper) == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize(
    "counts", [(56, 70, 48, 80), (9, 10, 3, 10), (0, 10, 10, 10), (5, 7, 0, 3)]
)
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_newcombe(counts: tuple[int, int, int, int], confidence: float) -> None:
    """Newcombe's interval of a difference agrees."""
    a, m, b, n = counts
    ours = difference(
        Proportion(numerator=a, denominator=m), Proportion(numerator=b, denominator=n), confidence
    )
    theirs = proportion.confint_proportions_2indep(
        a, m, b, n, method="newcomb", compare="diff", alpha=1 - confidence
    )
    assert ours is not None
    assert (ours.interval.lower, ours.interval.upper) == pytest.approx(theirs, abs=1e-12)


def test_the_curve_and_greenwood() -> None:
    """Kaplan-Meier, its standard error and those at risk agree at every return time."""
    theirs = survfunc.SurvfuncRight([t for t, _ in DATA], [back for _, back in DATA])
    curve = SurvivalCurve.from_observations(DATA)
    steps = list(curve.steps())
    assert [step.time for step in steps] == list(theirs.surv_times)
    assert [step.at_risk for step in steps] == list(theirs.n_risk)
    assert [step.returned for step in steps] == list(theirs.n_events)
    assert [step.survival for step in steps] == pytest.approx(list(theirs.surv_prob), abs=1e-9)
    errors = [step.survival * math.sqrt(step.greenwood) for step in steps if step.survival]
    assert errors == pytest.approx(list(theirs.surv_prob_se)[: len(errors)], abs=1e-9)


@pytest.mark.parametrize("groups", [2, 3, 4])
def test_the_log_rank(groups: int) -> None:
    """The log-rank test of two, three and four groups agrees."""
    chosen = [(t, back, g) for (t, back), g in zip(DATA, GROUPS, strict=True) if g < groups]
    chi_square, p_value = survfunc.survdiff(*map(list, zip(*chosen, strict=True)))
    ours = log_rank(
        SurvivalCurve.from_observations((t, back) for t, back, g in chosen if g == group)
        for group in range(groups)
    )
    assert ours is not None
    assert (ours.chi_square, ours.p_value) == pytest.approx((chi_square, p_value), rel=1e-9)


@pytest.mark.parametrize("degrees", range(1, 13))
def test_the_tail_of_the_chi_square(degrees: int) -> None:
    """The tail agrees from the middle to far out, for every degree of freedom."""
    for x in (0.0, 1e-9, 0.01, 0.5, 1.0, 3.84, 7.0, 12.5, 40.0, 200.0, 1000.0):
        expected = scipy_stats.chi2.sf(x, degrees)
        assert upper_tail(x, degrees) == pytest.approx(expected, rel=1e-11, abs=1e-300)


@pytest.mark.parametrize("confidence", [1e-6, 0.1, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999999])
def test_the_critical_value(confidence: float) -> None:
    """The critical value agrees."""
    expected = scipy_stats.norm.ppf(0.5 + confidence / 2)
    assert critical_value(confidence) == pytest.approx(expected, rel=1e-9)
