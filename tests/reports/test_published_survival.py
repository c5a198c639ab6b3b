"""Published survival data and results, asked of the reports; and the same by other packages."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from sqlalchemy import Engine

from motfunnel import Tracker
from motfunnel.domain.instant import MICROSECOND
from motfunnel.reports.measure.rate import FEWEST_AT_RISK, KaplanMeier, Rate
from motfunnel.reports.report import Report
from motfunnel.statistics import SurvivalCurve
from tests.reports.released import DAY, END, Person, days, micros, release

numpy = pytest.importorskip("numpy")
lifelines = pytest.importorskip("lifelines")
datasets = pytest.importorskip("lifelines.datasets")
lifelines_statistics = pytest.importorskip("lifelines.statistics")
lifelines_utils = pytest.importorskip("lifelines.utils")
sksurv_datasets = pytest.importorskip("sksurv.datasets")
sksurv_compare = pytest.importorskip("sksurv.compare")
proportion = pytest.importorskip("statsmodels.stats.proportion")
survfunc = pytest.importorskip("statsmodels.duration.survfunc")

pytestmark = pytest.mark.filterwarnings("ignore")

LIFELINES = {
    "load_rossi": ("week", "arrest", "fin"),
    "load_waltons": ("T", "E", "group"),
    "load_leukemia": ("t", "status", "Rx"),
    "load_lung": ("time", "status", "sex"),
    "load_kidney_transplant": ("time", "death", "black_male"),
    "load_larynx": ("time", "death", "Stage_II"),
    "load_gbsg2": ("time", "cens", "horTh"),
}
SCIKIT_SURVIVAL = {"load_veterans_lung_cancer": "Celltype", "load_whas500": "gender"}


def load(name: str) -> list[Person]:
    """A data set that a package brings along."""
    if name in LIFELINES:
        columns = list(LIFELINES[name])
        frame = getattr(datasets, name)()[columns].dropna()
        return [Person(float(t), bool(e), str(g)) for t, e, g in frame.itertuples(index=False)]
    covariates, outcome = getattr(sksurv_datasets, name)()
    event, time = outcome.dtype.names
    groups = covariates[SCIKIT_SURVIVAL[name]]
    return [
        Person(float(t), bool(e), str(g))
        for t, e, g in zip(outcome[time], outcome[event], groups, strict=True)
    ]


@pytest.fixture(scope="module")
def trackers(shared_engine: Engine) -> Callable[[str], Tracker]:
    """Give the tracker of a data set, which is told once to each database."""
    return cache(lambda name: release(shared_engine, load(name)))


def curve_of(km: KaplanMeier) -> SurvivalCurve:
    assert isinstance(km.curve, SurvivalCurve)
    return km.curve


def error_of(curve: SurvivalCurve, day: float) -> float | None:
    """Greenwood's standard error of the share still away; None where nobody is."""
    survival, greenwood = curve.survival(micros(day)), curve.greenwood(micros(day))
    return survival * math.sqrt(greenwood) if survival and greenwood is not None else None


@pytest.mark.parametrize("name", [*LIFELINES, *SCIKIT_SURVIVAL])
def test_data_sets(trackers: Callable[[str], Tracker], name: str) -> None:
    """Each number of a report on others' data is that of lifelines and of statsmodels.

    The rate is of those observed for the whole window; beside it stand the curve, withheld where
    it rests on fewer than ten in effect, its interval, the median and the restricted mean.
    """
    people = load(name)
    times, happened = [one.time for one in people], [one.happened for one in people]
    report = trackers(name).report()
    fitter = lifelines.KaplanMeierFitter().fit(times, happened)
    longest = max(times)
    for share in (0.25, 0.5, 0.9):
        window = float(numpy.quantile(times, share))
        rate = report.recidivism(within=days(window))
        mature = [one for one in people if one.happened or one.time >= window]
        counted = sum(one.happened and one.time <= window for one in people)
        assert (rate.numerator, rate.denominator) == (counted, len(mature))
        assert rate.immature == pytest.approx(1 - len(mature) / len(people))
        assert rate.km.at_risk == sum(one.time >= window for one in people)
        assert _told(rate.km) == _expected(fitter, window, rate.km.at_risk)
        if rate.km.probability is not None:
            mean = lifelines_utils.restricted_mean_survival_time(fitter, t=window)
            assert rate.km.mean is not None and rate.km.mean / DAY == pytest.approx(mean)
    check_other_confidence(report, fitter, people)
    km = report.recidivism(within=days(longest)).km
    median = fitter.median_survival_time_
    assert km.median == _duration(median)
    fitter = fitter.fit(times, happened, alpha=0.05)
    bands = lifelines_utils.median_survival_times(fitter.confidence_interval_)
    span = km.median_interval
    found = (None, None) if span is None else (span.lower, span.upper)
    assert found == tuple(map(_duration, bands.iloc[0]))
    greenwood = survfunc.SurvfuncRight(times, numpy.array(happened, dtype=int))
    for t, error in zip(greenwood.surv_times, greenwood.surv_prob_se, strict=True):
        if (ours := error_of(curve_of(km), t)) is not None:
            assert ours == pytest.approx(error, abs=1e-9)
        else:
            assert curve_of(km).survival(micros(t)) == 0


def check_other_confidence(report: Report, fitter: Any, people: list[Person]) -> None:
    """At 90% too the rate has Wilson's interval, and the curve the log(−log) one."""
    window = float(numpy.median([one.time for one in people]))
    rate = report.recidivism(within=days(window), confidence=0.9)
    assert rate.interval is not None and rate.km.interval is not None
    wilson = proportion.proportion_confint(
        rate.numerator, rate.denominator, alpha=0.1, method="wilson"
    )
    assert (rate.interval.lower, rate.interval.upper) == pytest.approx(wilson)
    narrow = fitter.fit(fitter.durations, fitter.event_observed, alpha=0.1)
    assert _told(rate.km) == _expected(narrow, window, rate.km.at_risk)


def _duration(number: float) -> timedelta | None:
    return None if math.isinf(number) else days(number)


def _told(km: KaplanMeier) -> Any:
    interval = km.interval and (km.interval.lower, km.interval.upper)
    return pytest.approx((km.probability, *(interval or (None, None))), abs=1e-9)


def _expected(fitter: Any, window: float, at_risk: int) -> tuple[float | None, ...]:
    """Withheld where those who were left before the window's end stand for fewer than ten."""
    survival = float(fitter.predict(window))
    before = float(fitter.predict(numpy.nextafter(window, 0)))
    if not at_risk or at_risk / before < FEWEST_AT_RISK - 1e-9:
        return (None, None, None)
    if survival in (0, 1):
        return (1 - survival, None, None)
    bands = fitter.confidence_interval_
    lower, upper = bands[bands.index <= window].iloc[-1]
    return (1 - survival, 1 - upper, 1 - lower)


@pytest.mark.parametrize("name", [*LIFELINES, *SCIKIT_SURVIVAL])
def test_log_rank(trackers: Callable[[str], Tracker], name: str) -> None:
    """The comparison by groups is that of lifelines, of scikit-survival and of statsmodels."""
    people = load(name)
    columns = [numpy.array([getattr(one, part) for one in people]) for part in Person._fields[:3]]
    times, happened, groups = columns
    window = days(float(numpy.median(times)))
    rate = trackers(name).report().recidivism(within=window, by="reason")
    assert [row.group for row in rate.rows] == sorted(set(groups))
    assert rate.comparison is not None and rate.comparison.log_rank is not None
    ours = rate.comparison.log_rank
    theirs = lifelines_statistics.multivariate_logrank_test(times, groups, happened)
    assert (ours.chi_square, ours.p_value) == pytest.approx((theirs.test_statistic, theirs.p_value))
    assert ours.degrees_of_freedom == len(set(groups)) - 1
    outcome = numpy.array(list(zip(happened, times, strict=True)), dtype=[("e", "?"), ("t", "f8")])
    assert ours.chi_square == pytest.approx(sksurv_compare.compare_survival(outcome, groups)[0])
    assert ours.chi_square == pytest.approx(
        survfunc.survdiff(times, happened.astype(int), groups)[0]
    )


def compared(engine: Engine, people: list[Person]) -> tuple[dict[str, Any], Any, Rate]:
    """By group the curve; the log-rank test; the rate."""
    rate = release(engine, people).report().recidivism(within=20 * DAY, by="reason")
    assert rate.comparison is not None
    return {str(row.group): curve_of(row.km) for row in rate.rows}, rate.comparison.log_rank, rate


def test_acute_myelogenous_leukemia(shared_engine: Engine) -> None:
    """R survival's ``aml`` (Miller 1997): summary(survfit(…)) and survdiff(…), as R prints them."""
    maintained = "9 13 13+ 18 23 28+ 31 34 45+ 48 161+"
    not_maintained = "5 5 8 8 12 16+ 23 27 30 33 43 45"
    people = [
        Person(float(time.rstrip("+")), not time.endswith("+"), group)
        for group, times in (("maintained", maintained), ("not", not_maintained))
        for time in times.split()
    ]
    curves, test, rate = compared(shared_engine, people)
    curve = curves["maintained"]
    table = [(9, 11, 0.909, 0.0867), (13, 10, 0.818, 0.1163), (18, 8, 0.716, 0.1397),
             (23, 7, 0.614, 0.1526), (31, 5, 0.491, 0.1642), (34, 4, 0.368, 0.1627),
             (48, 2, 0.184, 0.1535)]  # fmt: skip
    for week, at_risk, survival, error in table:
        assert curve.at_risk(micros(week)) == at_risk
        assert round(curve.survival(micros(week)), 3) == survival
        assert error_of(curve, week) == pytest.approx(error, abs=5.1e-5)
    assert [row.km.median for row in rate.rows] == [31 * DAY, 23 * DAY]
    assert (round(test.chi_square, 1), round(test.p_value, 4)) == (3.4, 0.0653)
    assert test.observed == (7, 11)
    assert [round(one, 2) for one in test.expected] == [10.69, 7.31]


def test_remission_of_acute_leukemia(shared_engine: Engine) -> None:
    """Freireich et al. 1963, as every textbook prints it: 6-MP against placebo, χ² 16.79."""
    sixmp = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
    placebo = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"
    people = [
        Person(float(time.rstrip("+")), not time.endswith("+"), group)
        for group, times in (("6-MP", sixmp), ("placebo", placebo))
        for time in times.split()
    ]
    curves, test, rate = compared(shared_engine, people)
    table = [(6, 21, 0.857, 0.0764), (7, 17, 0.807, 0.0869), (10, 15, 0.753, 0.0963),
             (13, 12, 0.690, 0.1068), (16, 11, 0.627, 0.1141), (22, 7, 0.538, 0.1282),
             (23, 6, 0.448, 0.1346)]  # fmt: skip
    for week, at_risk, survival, error in table:
        assert curves["6-MP"].at_risk(micros(week)) == at_risk
        assert round(curves["6-MP"].survival(micros(week)), 3) == survival
        assert error_of(curves["6-MP"], week) == pytest.approx(error, abs=5.1e-5)
    assert [row.km.median for row in rate.rows] == [23 * DAY, 8 * DAY]
    assert round(test.chi_square, 2) == 16.79
    assert test.observed == (9, 21)
    assert [round(one, 2) for one in test.expected] == [19.25, 10.75]


def test_lung_by_sex(shared_engine: Engine) -> None:
    """R survival's ``lung``: survdiff(Surv(time, status) ~ sex), to all printed digits."""
    _, test, rate = compared(shared_engine, load("load_lung"))
    assert (round(test.chi_square, 4), round(test.p_value, 8)) == (10.3267, 0.00131116)
    assert test.observed == (112, 53)
    assert [round(one, 4) for one in test.expected] == [91.5817, 73.4183]
    assert [row.km.median for row in rate.rows] == [270 * DAY, 426 * DAY]
    spans = [row.km.median_interval for row in rate.rows]
    # By log(−log), as SAS prints them, and R's survfit with conf.type = "log-log".
    found = [(span.lower, span.upper) for span in spans if span is not None]
    assert found == [(210 * DAY, 306 * DAY), (345 * DAY, 524 * DAY)]


@pytest.mark.parametrize(
    ("week", "survival", "lower", "upper"),
    [
        (10, 0.9652777778, 0.9430645980, 0.9789209971),
        (30, 0.8611111111, 0.8247865404, 0.8904078161),
        (52, 0.7361111111, 0.6918597158, 0.7750631834),
    ],
)
def test_released_prisoners(
    shared_engine: Engine, week: int, survival: float, lower: float, upper: float
) -> None:
    """Rossi et al. 1980: 432 released, their share still free after three spans, by log(−log)."""
    people = [one._replace(time=one.time * 7) for one in load("load_rossi")]
    km = release(shared_engine, people).report().recidivism(within=timedelta(weeks=week)).km
    assert km.interval is not None
    found = (km.probability, km.interval.lower, km.interval.upper)
    assert found == pytest.approx((1 - survival, 1 - upper, 1 - lower), abs=5e-11)


YEAR = timedelta(days=365)
ARRESTED = {YEAR / 2: 282, YEAR: 434, 2 * YEAR: 595, 3 * YEAR: 678, 4 * YEAR: 730, 5 * YEAR: 766}
"""Of a thousand released in 2005 in 30 states, how many were arrested within so long."""


def test_recidivism_of_prisoners_in_30_states(shared_engine: Engine) -> None:
    """US Bureau of Justice Statistics, NCJ 244205: the cumulative shares, and the third year's.

    Of those not arrested within 2 years 20.5% were in the third, of those not within 4 years 13.3%
    in the fifth: what the worklist says of who has been away for as long.
    """
    people, before = [], 0
    for within, count in ARRESTED.items():
        people += [Person(within / DAY, True)] * (count - before)
        before = count
    people += [Person(5 * YEAR / DAY, False)] * (1000 - before)
    waiting = [Person(2 * YEAR / DAY, False), Person(4 * YEAR / DAY, False)]
    report = release(shared_engine, people + waiting).report()
    released = (END - 5 * YEAR, END - 5 * YEAR + DAY)
    for within, count in ARRESTED.items():
        rate = report.recidivism(within=within, departed=released)
        assert (rate.numerator, rate.denominator, rate.immature) == (count, 1000, 0)
        assert rate.km.probability == pytest.approx(count / 1000)
        assert report.recidivism(within=within - MICROSECOND).numerator < count
    chances = {row.away: row.chance for row in report.worklist(within=YEAR, limit=None).rows}
    assert chances[2 * YEAR] == pytest.approx(0.205, abs=0.001)  # the other who waits is among all
    assert chances[4 * YEAR] == pytest.approx(0.133, abs=0.001)
    assert chances[5 * YEAR] is None


@pytest.mark.parametrize(
    ("counts", "lower", "upper"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((0, 10, 0, 10), -0.2775, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0000),
        ((10, 10, 0, 10), 0.6075, 1.0000),
    ],
)
@pytest.mark.parametrize("shared_engine", ["sqlite"], indirect=True)
def test_differences_of_two_shares(
    shared_engine: Engine, counts: tuple[int, int, int, int], lower: float, upper: float
) -> None:
    """Newcombe 1998, Table II, method 10: the eight examples, as a rate of two groups."""
    people = [
        Person(1 if number < back else 2, number < back, group)
        for group, back, of in (("a", *counts[:2]), ("b", *counts[2:]))
        for number in range(of)
    ]
    rate = release(shared_engine, people).report().recidivism(within=DAY, by="reason")
    assert rate.comparison is not None
    (apart,) = rate.comparison.differences
    assert apart.interval is not None
    found = (round(apart.interval.lower, 4), round(apart.interval.upper, 4))
    # Ours is against the larger group, so that of the two the sign may be the other.
    assert found == ((lower, upper) if apart.group == "a" else (-upper, -lower))
