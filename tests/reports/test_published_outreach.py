"""Published data on what comes meanwhile: a treatment with time, a landmark, a competing ending."""

from __future__ import annotations

from datetime import UTC, datetime
from math import ceil
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from motfunnel import Tracker
from motfunnel.reports.measure.rate import Rate
from motfunnel.statistics import CompetingRisks
from tests.reports.released import DAY, END, FUNNEL, Person, release

numpy = pytest.importorskip("numpy")
datasets = pytest.importorskip("lifelines.datasets")
lifelines_statistics = pytest.importorskip("lifelines.statistics")
sksurv_datasets = pytest.importorskip("sksurv.datasets")
nonparametric = pytest.importorskip("sksurv.nonparametric")
survfunc = pytest.importorskip("statsmodels.duration.survfunc")

pytestmark = pytest.mark.filterwarnings("ignore")


def stanford() -> list[Person]:
    """The Stanford heart transplants (Crowley & Hu 1977): who waits departs, a death returns.

    The data have the one transplant on the day of the death half a day earlier, as Kalbfleisch &
    Prentice have it.
    """
    frame = datasets.load_stanford_heart_transplants()
    return [
        Person(
            float(rows["stop"].max()),
            bool(rows["event"].max()),
            wrote_after=float(rows["start"].max()) if rows["transplant"].max() else None,
        )
        for _, rows in frame.groupby("id")
    ]


def test_mantel_byar(shared_engine: Engine) -> None:
    """The test with time, on the Stanford heart transplants, is statsmodels' with delayed entry.

    Days are whole there, so that deaths and others' transplants fall on one: who is at risk is told
    apart by how things stood just before, for everybody alike. The one who died on the day of his
    transplant counts as transplanted because his transplant is dated before the death; dated on it,
    it would count for him as little as for others.
    """
    people = stanford()
    answer = release(shared_engine, people).report().mantel_byar()
    frame = datasets.load_stanford_heart_transplants()
    columns = (frame[name] for name in ("stop", "event", "transplant"))
    chi_square, p_value = survfunc.survdiff(*columns, entry=frame["start"])
    assert (answer.chi_square, answer.p_value) == pytest.approx((chi_square, p_value))
    assert (round(chi_square, 4), round(p_value, 4)) == (0.1751, 0.6756)
    without, contacted = answer.rows
    assert (without.contacts, without.observed) == (103, 30)
    assert (contacted.contacts, contacted.observed) == (69, 45)
    assert (without.expected or 0) + (contacted.expected or 0) == pytest.approx(75)
    late = [one._replace(wrote_after=one.wrote_after and ceil(one.wrote_after)) for one in people]
    on_the_day = release(shared_engine, late).report().mantel_byar()
    assert [row.observed for row in on_the_day.rows] == [31, 44]
    assert round(on_the_day.chi_square or 0, 4) == 0.0161


def test_landmark(shared_engine: Engine) -> None:
    """A landmark at 30 days on the same data (Moore 2016, ch. 8) is the log-rank of who is left."""
    people = stanford()
    rate = release(shared_engine, people).report().landmark(after=30 * DAY, within=60 * DAY)
    left = [one for one in people if one.time >= 30]
    early = [one.wrote_after is not None and one.wrote_after < 30 for one in left]
    assert {row.group: len(row.names["denominator"]) + row.immature_count for row in rate.rows} == {
        "contacted": sum(early),
        "not contacted": len(left) - sum(early),
    }
    theirs = lifelines_statistics.multivariate_logrank_test(
        [one.time - 30 for one in left], early, [one.happened for one in left]
    )
    assert rate.comparison is not None and rate.comparison.log_rank is not None
    found = (rate.comparison.log_rank.chi_square, rate.comparison.log_rank.p_value)
    assert found == pytest.approx((theirs.test_statistic, theirs.p_value))


def transplants() -> list[tuple[int, int]]:
    """The bone marrow transplants of scikit-survival: cause 1, 2 or none, and the day of it.

    A day later each: what happens at the instant of a departure comes before it, and ends nothing.
    """
    _, outcome = sksurv_datasets.load_bmt()
    code, time = outcome.dtype.names
    return [(int(c), int(t) + 1) for c, t in zip(outcome[code], outcome[time], strict=True)]


def incidence(told: list[tuple[int, int]]) -> Any:
    codes, times = (numpy.array(column) for column in zip(*told, strict=True))
    return nonparametric.cumulative_incidence_competing_risks(
        codes, times, conf_type="log-log", var_type="Dinse_Approx"
    )


def check_incidence(rate: Rate, told: list[tuple[int, int]], within: int) -> None:
    """The probability and its interval are those of scikit-survival at the same time."""
    at, estimate, band = incidence(told)
    place = numpy.searchsorted(at, within, side="right") - 1
    assert isinstance(rate.km.curve, CompetingRisks)
    assert rate.km.probability == pytest.approx(estimate[1, place], abs=1e-9)
    assert rate.km.interval is not None
    found = (rate.km.interval.lower, rate.km.interval.upper)
    assert found == pytest.approx(tuple(band[1, :, place]), abs=1e-9)


def test_a_return_competes_with_an_outreach(shared_engine: Engine) -> None:
    """Aalen–Johansen with ties, in outreach coverage: who returns can no longer be written to."""
    told = transplants()
    tracker = Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=lambda: END)
    longest = max(time for _, time in told)
    for n, (code, time) in enumerate(told):
        left = END - (longest if code else time) * DAY
        said = [("entered", left - DAY), ("left", left)]
        if code:
            said.append(("wrote" if code == 1 else "came", left + time * DAY))
        tracker.track_many(
            {"contact": n, "event": name, "occurred_at": when} for name, when in said
        )
    for within in (4, 7, 11):
        check_incidence(tracker.report().coverage(within=within * DAY), told, within)


def test_an_erasure_competes_with_a_return(shared_engine: Engine) -> None:
    """Aalen–Johansen with ties, in recidivism: who was erased, counts kept, cannot return."""
    told = transplants()
    clock = [END - 1000 * DAY]
    tracker = Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=lambda: clock[0])
    longest = max(time for _, time in told)
    events: list[tuple[datetime, int, str]] = []
    for n, (code, time) in enumerate(told):
        left = END - (longest if code else time) * DAY
        events += [(left - DAY, n, "entered"), (left, n, "left")]
        if code:
            events.append((left + time * DAY, n, "came" if code == 1 else "erased"))
    for when, n, name in sorted(events):
        clock[0] = when.astimezone(UTC)
        if name == "erased":
            tracker.forget(n, keep_counts=True)
        else:
            tracker.track(n, name, occurred_at=when)
    clock[0] = END
    for within in (4, 7, 11):
        rate = tracker.report().recidivism(within=within * DAY)
        check_incidence(rate, told, within)
        assert rate.row.erased_count == sum(code == 2 for code, _ in told)
        mature = sum(bool(code) or time >= within for code, time in told)
        counted = sum(code == 1 and time <= within for code, time in told)
        assert (rate.numerator, rate.denominator) == (counted, mature)
