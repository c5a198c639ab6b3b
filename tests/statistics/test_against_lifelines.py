"""The same numbers as lifelines, on the data sets that it brings along."""

import math
from typing import Any

import pytest

from motfunnel.statistics import CompetingRisks, SurvivalCurve, log_rank

lifelines = pytest.importorskip("lifelines")
datasets = pytest.importorskip("lifelines.datasets")
lifelines_statistics = pytest.importorskip("lifelines.statistics")

pytestmark = pytest.mark.filterwarnings("ignore")

# Each loader with its columns of duration, event and group.
DATA = [
    ("load_rossi", "week", "arrest", "race"),
    ("load_waltons", "T", "E", "group"),
    ("load_leukemia", "t", "status", "Rx"),
    ("load_gbsg2", "time", "cens", "horTh"),
    ("load_lung", "time", "status", "sex"),
    ("load_kidney_transplant", "time", "death", "black_male"),
    ("load_larynx", "time", "death", "Stage_II"),
]


def tenths(duration: float) -> int:
    """Durations as whole numbers: tenths, in which every one of these data sets is whole."""
    return round(duration * 10)


def load(name: str, *columns: str) -> Any:
    frame = getattr(datasets, name)()
    return frame[list(columns)].dropna()


@pytest.mark.parametrize(("name", "duration", "event", "_group"), DATA)
def test_the_curve_and_its_interval(name: str, duration: str, event: str, _group: str) -> None:
    """Kaplan-Meier and its log(-log) interval agree at every duration where both are defined."""
    frame = load(name, duration, event)
    fitter = lifelines.KaplanMeierFitter().fit(frame[duration], frame[event])
    bands = fitter.confidence_interval_
    curve = SurvivalCurve.from_observations(
        zip(map(tenths, frame[duration]), map(bool, frame[event]), strict=True)
    )
    compared = 0
    for time, survival in fitter.survival_function_["KM_estimate"].items():
        assert curve.survival(tenths(time)) == pytest.approx(survival, abs=1e-9)
        interval = curve.interval(tenths(time))
        if interval is not None:
            assert (interval.lower, interval.upper) == pytest.approx(
                tuple(bands.loc[time]), abs=1e-9
            )
            compared += 1
    assert compared > 5


@pytest.mark.parametrize(("name", "duration", "event", "_group"), DATA)
def test_the_counts(name: str, duration: str, event: str, _group: str) -> None:
    """Those at risk and those returned agree at every return time."""
    frame = load(name, duration, event)
    table = lifelines.KaplanMeierFitter().fit(frame[duration], frame[event]).event_table
    curve = SurvivalCurve.from_observations(
        zip(map(tenths, frame[duration]), map(bool, frame[event]), strict=True)
    )
    expected = [
        (tenths(time), row["at_risk"], row["observed"])
        for time, row in table.iterrows()
        if row["observed"]
    ]
    assert [(step.time, step.at_risk, step.returned) for step in curve.steps()] == expected


@pytest.mark.parametrize(("name", "duration", "event", "_group"), DATA)
def test_the_median(name: str, duration: str, event: str, _group: str) -> None:
    """The median agrees where the curve does not meet a half exactly."""
    frame = load(name, duration, event)
    fitter = lifelines.KaplanMeierFitter().fit(frame[duration], frame[event])
    curve = SurvivalCurve.from_observations(
        zip(map(tenths, frame[duration]), map(bool, frame[event]), strict=True)
    )
    assert all(abs(step.survival - 0.5) > 1e-9 for step in curve.steps())
    theirs = fitter.median_survival_time_
    assert curve.median() == (None if math.isinf(theirs) else tenths(theirs))


def test_a_median_that_rounding_moves_elsewhere() -> None:
    """Where the share away is a half exactly, this is the median, whatever rounding says."""
    times = list(range(1, 15))
    fitter = lifelines.KaplanMeierFitter().fit(times, [True] * 13 + [False])
    curve = SurvivalCurve.from_observations((t, t < 14) for t in times)
    assert curve.survival(7) == 0.5
    assert curve.median() == 7
    assert fitter.survival_function_at_times(7).item() == pytest.approx(0.5)


@pytest.mark.parametrize(("name", "duration", "event", "group"), DATA)
def test_the_log_rank(name: str, duration: str, event: str, group: str) -> None:
    """The log-rank test of two groups agrees."""
    frame = load(name, duration, event, group)
    theirs = lifelines_statistics.multivariate_logrank_test(
        frame[duration], frame[group], frame[event]
    )
    ours = log_rank(
        SurvivalCurve.from_observations(
            zip(map(tenths, part[duration]), map(bool, part[event]), strict=True)
        )
        for _, part in frame.groupby(group)
    )
    assert ours is not None
    assert ours.chi_square == pytest.approx(theirs.test_statistic, rel=1e-9)
    assert ours.p_value == pytest.approx(theirs.p_value, rel=1e-8)
    assert ours.degrees_of_freedom == theirs.degrees_of_freedom


def test_the_log_rank_of_many_groups() -> None:
    """The log-rank test of more than two groups agrees."""
    frame = load("load_rossi", "week", "arrest", "prio")
    frame["prio"] = frame["prio"].clip(upper=6)
    theirs = lifelines_statistics.multivariate_logrank_test(
        frame["week"], frame["prio"], frame["arrest"]
    )
    ours = log_rank(
        SurvivalCurve.from_observations(zip(part["week"], part["arrest"], strict=True))
        for _, part in frame.groupby("prio")
    )
    assert ours is not None
    assert ours.degrees_of_freedom == theirs.degrees_of_freedom == 6
    assert ours.chi_square == pytest.approx(theirs.test_statistic, rel=1e-9)
    assert ours.p_value == pytest.approx(theirs.p_value, rel=1e-8)


def test_the_restricted_mean() -> None:
    """The area under the curve agrees."""
    utils = pytest.importorskip("lifelines.utils")
    frame = load("load_waltons", "T", "E")
    fitter = lifelines.KaplanMeierFitter().fit(frame["T"], frame["E"])
    curve = SurvivalCurve.from_observations(
        zip(map(tenths, frame["T"]), map(bool, frame["E"]), strict=True)
    )
    for tau in (6, 30, 56.5, 75):
        ours = curve.restricted_mean(tenths(tau))
        assert ours is not None
        theirs = utils.restricted_mean_survival_time(fitter, t=tau)
        assert ours.value / 10 == pytest.approx(theirs, rel=1e-9)


def test_competing_risks_without_ties() -> None:
    """Aalen-Johansen agrees where no two endings coincide, which is where theirs is not random."""
    cycle = ["returned", None, "erased", "returned", "erased", None, "returned"]
    data = [(3 * i + i % 3, cycle[i * i % 7]) for i in range(1, 80)]
    assert len({t for t, _ in data}) == len(data)
    codes = {None: 0, "returned": 1, "erased": 2}
    fitter = lifelines.AalenJohansenFitter(calculate_variance=False)
    fitter.fit([t for t, _ in data], [codes[cause] for _, cause in data], event_of_interest=1)
    risks = CompetingRisks.from_observations(data)
    for time, theirs in fitter.cumulative_density_["CIF_1"].items():
        assert risks.incidence("returned", int(time)) == pytest.approx(theirs, abs=1e-9)
