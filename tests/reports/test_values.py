"""The values that reports answer with: as text, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from motfunnel import Funnel, Tracker, leave, purchase, touch
from motfunnel.statistics import SurvivalCurve

lifelines_datasets = pytest.importorskip("lifelines.datasets")
WEEK = timedelta(days=7)
RELEASED = datetime(2020, 1, 6, tzinfo=UTC)
FUNNEL = Funnel(
    stages=("inside", "outside"),
    rules={"admitted": touch(), "released": leave("why"), "arrested": touch(), "paid": purchase()},
    patience={"default": None},
)


@pytest.fixture(scope="module")
def rossi(shared_engine: Engine) -> Tracker:
    """432 people released from prison and followed for a year: release departs, arrest returns."""
    end = RELEASED + 52 * WEEK
    tracker = Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=lambda: end)
    said = []
    for number, person in lifelines_datasets.load_rossi().iterrows():
        name = f"person-{number}"
        why = "aided" if person["fin"] else "=not aided"
        start = {"occurred_at": RELEASED - WEEK, "id": "1"}
        said.append({"contact": name, "event": "admitted", **start})
        leaving = {"occurred_at": RELEASED, "id": "2", "properties": {"why": why}}
        said.append({"contact": name, "event": "released", **leaving})
        if person["arrest"]:
            back = RELEASED + int(person["week"]) * WEEK
            said.append({"contact": name, "event": "arrested", "occurred_at": back, "id": "3"})
    tracker.track_many(said)
    return tracker


def test_the_published_counts_and_estimates(rossi: Tracker) -> None:
    """Released and re-arrested within a year: 114 of 432, with the published intervals."""
    answer = rossi.report().recidivism(within=52 * WEEK).to_dict()
    assert (answer["numerator"], answer["denominator"], answer["immature"]) == (114, 432, 0.0)
    assert answer["rate"] == pytest.approx(114 / 432, abs=1e-15)
    assert answer["lower"] == pytest.approx(0.2245399741, abs=1e-10)
    assert answer["upper"] == pytest.approx(0.3073999186, abs=1e-10)
    km = answer["km"]
    assert km["probability"] == pytest.approx(1 - 0.7361111111, abs=1e-10)
    assert km["lower"] == pytest.approx(1 - 0.7750631834, abs=1e-10)
    assert km["upper"] == pytest.approx(1 - 0.6918597158, abs=1e-10)
    assert (km["at_risk"], km["median"]) == (322, None)


@pytest.mark.parametrize("week", [10, 30])
def test_earlier_windows(rossi: Tracker, week: int) -> None:
    """The curve at a window is the one of the same people without a database."""
    people = lifelines_datasets.load_rossi()
    curve = SurvivalCurve.from_observations(zip(people["week"], people["arrest"] == 1, strict=True))
    row = rossi.report().recidivism(within=week * WEEK).row
    assert row.km.probability == curve.probability(week)
    assert row.km.interval == curve.probability_interval(week)


def test_the_published_mean_and_log_rank(rossi: Tracker) -> None:
    """The restricted mean to a year, and the log-rank test by financial aid, as published."""
    km = rossi.report().recidivism(within=52 * WEEK).km
    assert km.mean is not None and km.mean_interval is not None
    assert km.mean / WEEK == pytest.approx(45.854166667, abs=1e-9)
    assert km.mean_interval.lower / WEEK == pytest.approx(44.557812027, abs=2e-9)
    rate = rossi.report().recidivism(within=52 * WEEK, by="reason")
    assert rate.comparison is not None and rate.comparison.log_rank is not None
    assert rate.comparison.log_rank.chi_square == pytest.approx(3.8375695765, abs=1e-10)
    assert rate.comparison.log_rank.p_value == pytest.approx(0.0501161174, abs=1e-10)
    assert "χ² = 3.84 with 1 degree of freedom, p = 0.050" in " ".join(str(rate).split())


def test_the_difference_of_groups_is_that_of_statsmodels(rossi: Tracker) -> None:
    """The interval of the difference between two groups is Newcombe's, as others compute it."""
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    rate = rossi.report().recidivism(within=52 * WEEK, by="reason")
    assert rate.comparison is not None
    (apart,) = rate.comparison.differences
    one, base = sorted(rate.rows, key=lambda row: row.group == rate.comparison.against)  # type: ignore[union-attr]
    counts = (one.numerator, one.denominator, base.numerator, base.denominator)
    lower, upper = proportion.confint_proportions_2indep(*counts, method="newcomb")
    assert apart.interval is not None
    assert (apart.interval.lower, apart.interval.upper) == pytest.approx((lower, upper))


def test_groups_come_as_rows(rossi: Tracker) -> None:
    """Grouped, the answer has a row for each group, and their counts add up to the whole."""
    answer = rossi.report().recidivism(within=52 * WEEK, by="reason").to_dict()
    assert [row["group"] for row in answer["rows"]] == ["=not aided", "aided"]
    assert sum(row["numerator"] for row in answer["rows"]) == 114
    assert sum(row["denominator"] for row in answer["rows"]) == 432


def test_json_has_the_promised_keys(rossi: Tracker) -> None:
    """Other programs find the rate, its counts, its interval, its instant and its meaning."""
    answer = json.loads(rossi.report().recidivism(within=52 * WEEK).to_json())
    promised = {"rate", "numerator", "denominator", "lower", "upper", "confidence", "immature"}
    assert promised | {"as_of", "definition", "km"} <= answer.keys()
    assert {"probability", "lower", "upper", "at_risk", "median"} <= answer["km"].keys()


def test_csv_has_a_line_for_each_group_and_no_formula(rossi: Tracker) -> None:
    """A group whose name a spreadsheet would run is disarmed."""
    text = rossi.report().recidivism(within=52 * WEEK, by="reason").to_csv()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["group"] for row in rows] == ["'=not aided", "aided"]
    assert float(rows[0]["rate"]) == pytest.approx(66 / 216)


def test_text_tells_the_definition_beside_the_number(rossi: Tracker) -> None:
    """On a terminal the definition stands above the numbers, and no line is too long for it."""
    text = str(rossi.report().recidivism(within=52 * WEEK))
    assert "26.4%" in text and "22.5–30.7%" in text and "observed for the whole window" in text
    assert max(map(len, text.splitlines())) <= 100


def test_those_counted_can_be_named(rossi: Tracker) -> None:
    """Whoever is in the numerator has a name, and so has everybody else."""
    rate = rossi.report().recidivism(within=10 * WEEK)
    assert len(rate.members()) == rate.numerator == 15
    assert len(set(rate.members(part="denominator"))) == 432


def test_stages_with_the_time_between(shared_engine: Engine) -> None:
    """The stage funnel counts who reached a stage, and tells the quartiles of the time it took."""
    now = RELEASED + 52 * WEEK
    with Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=lambda: now) as tracker:
        for number, weeks in enumerate([1, 2, 3, 4, None]):
            tracker.track(number, "admitted", occurred_at=RELEASED)
            if weeks is not None:
                tracker.track(number, "paid", occurred_at=RELEASED + weeks * WEEK)
        answer = tracker.report().funnel()
    inside, outside = answer.rows
    assert (inside.contacts, inside.from_previous, inside.from_first) == (5, None, 1.0)
    assert (outside.contacts, outside.from_previous) == (4, 0.8)
    assert (outside.lower_quartile, outside.median) == (1.75 * WEEK, 2.5 * WEEK)
    assert answer.members(outside) == ["0", "1", "2", "3"]
    assert "80.0%" in str(answer) and answer.to_csv().startswith("group,stage,")
