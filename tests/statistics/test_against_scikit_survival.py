"""The same numbers as scikit-survival, on the data sets that it brings along."""

from typing import Any

import pytest

from motfunnel.statistics import CompetingRisks, SurvivalCurve, log_rank

numpy = pytest.importorskip("numpy")
datasets = pytest.importorskip("sksurv.datasets")
nonparametric = pytest.importorskip("sksurv.nonparametric")
compare = pytest.importorskip("sksurv.compare")

pytestmark = pytest.mark.filterwarnings("ignore")


def loaded(name: str) -> tuple[Any, list[int], list[bool], Any]:
    """A data set as its outcome, whole durations, endings and covariates."""
    covariates, outcome = getattr(datasets, name)()
    event, time = outcome.dtype.names
    return outcome, [round(t) for t in outcome[time]], [bool(e) for e in outcome[event]], covariates


@pytest.mark.parametrize("name", ["load_veterans_lung_cancer", "load_whas500", "load_gbsg2"])
def test_the_curve_and_its_interval(name: str) -> None:
    """Kaplan-Meier and its log(-log) interval agree at every duration where ours is defined."""
    _, times, returned, _ = loaded(name)
    at, survival, band = nonparametric.kaplan_meier_estimator(
        numpy.array(returned), numpy.array(times), conf_type="log-log"
    )
    curve = SurvivalCurve.from_observations(zip(times, returned, strict=True))
    for i, t in enumerate(at):
        assert curve.survival(int(t)) == pytest.approx(survival[i], abs=1e-9)
        interval = curve.interval(int(t))
        if interval is not None:
            assert (interval.lower, interval.upper) == pytest.approx(tuple(band[:, i]), abs=1e-9)


@pytest.mark.parametrize(
    ("name", "column"), [("load_veterans_lung_cancer", "Celltype"), ("load_gbsg2", "tgrade")]
)
def test_the_log_rank(name: str, column: str) -> None:
    """The log-rank test of three and four groups agrees."""
    outcome, times, returned, covariates = loaded(name)
    labels = [str(label) for label in covariates[column]]
    chi_square, p_value = compare.compare_survival(outcome, numpy.array(labels))
    ours = log_rank(
        SurvivalCurve.from_observations(
            (t, back)
            for t, back, other in zip(times, returned, labels, strict=True)
            if other == label
        )
        for label in sorted(set(labels))
    )
    assert ours is not None
    assert (ours.chi_square, ours.p_value) == pytest.approx((chi_square, p_value), rel=1e-8)


def tied() -> tuple[list[int], list[int]]:
    """Endings by two causes, many at the same time, and censorings among them."""
    return [i * i * 5 % 31 + 1 for i in range(1, 150)] + [40], [
        i % 4 % 3 for i in range(1, 150)
    ] + [0]


def transplants() -> tuple[list[int], list[int]]:
    codes, frame = datasets.load_bmt()
    _ = codes
    return [int(t) for t in frame["ftime"]], [int(code) for code in frame["status"]]


@pytest.mark.parametrize("load", [tied, transplants])
def test_the_incidences_and_their_interval(load: Any) -> None:
    """Aalen-Johansen, its delta variance and log(-log) interval agree, ties and all."""
    times, codes = load()
    at, incidence, band = nonparametric.cumulative_incidence_competing_risks(
        numpy.array(codes), numpy.array(times), conf_type="log-log", var_type="Dinse_Approx"
    )
    risks = CompetingRisks.from_observations(
        (t, str(code) if code else None) for t, code in zip(times, codes, strict=True)
    )
    for cause in risks.causes:
        for i, t in enumerate(at):
            assert risks.incidence(cause, int(t)) == pytest.approx(
                incidence[int(cause), i], abs=1e-9
            )
            interval = risks.interval(cause, int(t))
            if interval is not None:
                expected = tuple(band[int(cause), :, i])
                assert (interval.lower, interval.upper) == pytest.approx(expected, abs=1e-9)
