"""The adjusted comparison: lifelines' own answer, and that of R's survival, from a tracker."""

from __future__ import annotations

import csv
import io
import sys
import warnings
from array import array
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from lifelines import CoxPHFitter
from lifelines.datasets import load_lung, load_rossi
from lifelines.statistics import proportional_hazard_test
from pandas import DataFrame

from motfunnel import Funnel, Tracker, leave, purchase, reach, touch
from motfunnel.errors import MissingExtraError, QuestionError
from motfunnel.reports.catalogue import CATALOGUE
from motfunnel.reports.measure.adjusted import NOT_FITTED, Covariates, fit
from motfunnel.reports.measure.grouping import Grouping, Partition
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.report import Report
from motfunnel.statistics import holm
from tests.reports.drawn import AS_OF, make_tracker, put

FUNNEL = Funnel(
    stages=("visitor", "lead", "customer"),
    rules={"came": touch(), "signed_up": reach("lead"), "left": leave()},
    patience={"default": None},
)
FIRST = datetime(2025, 1, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
HELD = ("age", "race", "wexp", "mar", "paro", "prio")
ROSSI = {"fin 1": -0.379, "age": -0.057, "prio": 0.091}
"""What R's coxph gives (Fox & Weisberg, Cox proportional-hazards regression, 2018)."""

ADJUSTED = sorted(name for name, one in CATALOGUE.items() if "adjust" in one.options)


@pytest.fixture(scope="module")
def told() -> Iterator[Report]:
    """A history with something for every rate."""
    with make_tracker("sqlite://") as tracker:
        yield tracker.report(as_of=AS_OF)


@pytest.fixture(scope="module")
def released() -> Iterator[Tracker]:
    """The 432 released of Rossi, Berk and Lenihan, each one who left; an arrest is a return."""
    with Tracker("sqlite://", funnel=FUNNEL) as tracker:
        said: list[dict[str, Any]] = []
        for n, one in load_rossi().iterrows():
            left = FIRST + (52 - int(one["week"])) * WEEK * (not one["arrest"]) + WEEK
            acts: list[tuple[str, datetime]] = [("came", FIRST), ("left", left)]
            if one["arrest"]:
                acts.append(("came", left + int(one["week"]) * WEEK))
            tracker.identify(
                f"c{n}",
                {name: int(one[name]) for name in ("fin", *HELD)},
                occurred_at=FIRST,
                id="t",
            )
            said += (
                {"contact": f"c{n}", "event": name, "occurred_at": at, "id": f"{at}"}
                for name, at in acts
            )
        tracker.track_many(said)
        yield tracker


def test_it_is_the_published_answer(released: Tracker) -> None:
    """Of R, and of lifelines with errors clustered by contact; with the test of each."""
    report = released.report(as_of=FIRST + 53 * WEEK)
    answer = report.recidivism(within="364d", by="fin", adjust=HELD)
    found = answer.adjusted
    assert found is not None
    assert (found.observed, found.events, found.left_out, found.strata) == (432, 114, 0, ())
    by_term = {row.term.removeprefix("trait:"): row for row in found.rows}
    flip = 1 if "fin 1" in by_term else -1
    mine = {("fin 1" if name == "fin 0" else name): row for name, row in by_term.items()}
    for name, coefficient in ROSSI.items():
        sign = flip if name == "fin 1" else 1
        assert round(sign * mine[name].coefficient, 3) == coefficient
    # Of ties lifelines makes clustered errors in the order of rows: ours are by contact.
    rossi = load_rossi().assign(contact=[f"c{n}" for n in range(432)]).sort_values("contact")
    theirs = CoxPHFitter().fit(rossi, "week", "arrest", cluster_col="contact")
    tested = proportional_hazard_test(theirs, rossi, time_transform="km").summary
    for name in HELD:
        if name not in mine:
            continue
        assert mine[name].coefficient == pytest.approx(theirs.params_[name], abs=1e-6)
        assert mine[name].p_value == pytest.approx(theirs.summary.loc[name, "p"], abs=1e-5)
        assert mine[name].proportional_p == pytest.approx(tested.loc[name, "p"], abs=1e-4)
    assert "whatever the window, errors clustered by contact: 432 observed" in found.caption
    assert answer.to_dict()["adjusted"]["rows"][0]["against"] in ("0", "1")
    assert "adjusted" not in report.recidivism(within="364d", by="fin").to_dict()


def test_stratified(released: Tracker) -> None:
    """Lung by sex, as R's coxph(Surv(time, status) ~ age + ph.ecog + strata(sex)) gives it."""
    lung = load_lung().dropna(subset=["ph.ecog"])
    model = Covariates()
    for name in "age", "ph.ecog":
        model.columns.append([float(one) for one in lung[name]])
        model.terms.append((name, "1 less"))
    found = fit(
        {
            "duration": [*lung["time"]],
            "event": [int(one == lung["status"].max()) for one in lung["status"]],
            "contact": [*range(len(lung))],
            "stage": [str(int(one)) for one in lung["sex"]],
        },
        model,
        0.95,
    )
    assert not isinstance(found, str)
    frame = lung.assign(event=lung["status"] == lung["status"].max(), contact=range(len(lung)))
    frame = frame[["time", "event", "contact", "age", "ph.ecog", "sex"]]
    theirs = CoxPHFitter().fit(frame, "time", "event", strata=["sex"], cluster_col="contact")
    assert [row.coefficient for row in found.rows] == pytest.approx([*theirs.params_], abs=1e-9)
    assert len(found.strata) == 2 and "each stage at its own pace" in found.caption


def test_others_are_groups_of_values(released: Tracker) -> None:
    """What is no number is compared value by value with the most frequent; nobody is left out."""
    model = Covariates()

    def add(name: str, values: list[str]) -> None:
        model.add(f"trait:{name}", Grouping("trait", name), parted(values), lambda *_: True)

    add("plan", ["a", "b", "b", "unknown", "7"])
    assert model.terms == [
        ("trait:plan 7", "b"),
        ("trait:plan a", "b"),
        ("trait:plan unknown", "b"),
    ]
    add("seats", ["1", "unknown", "2.5"])
    assert model.columns[-1][::2] == [1.0, 2.5] and model.columns[-1][1] != model.columns[-1][1]


def test_its_lines_have_the_ratio_of_each_group(released: Tracker) -> None:
    """In CSV and frames, as in text and JSON; nothing beside the group compared with."""
    report = released.report(as_of=FIRST + 53 * WEEK)
    answer = report.recidivism(within="364d", by="fin", adjust=HELD)
    assert answer.adjusted is not None
    told = {row.term: row for row in answer.adjusted.rows}
    lines = [*csv.DictReader(io.StringIO(answer.to_csv()))]
    [mine] = [line for line in lines if line["hazard_ratio"]]
    [other] = [line for line in lines if not line["hazard_ratio"]]
    row = told[f"fin {mine['group']}"]
    assert mine["hazard_against"] == other["group"] == row.against
    for name, value in (
        ("hazard_coefficient", row.coefficient),
        ("hazard_ratio", row.ratio),
        ("hazard_lower", row.interval.lower),
        ("hazard_upper", row.interval.upper),
        ("hazard_p_value", row.p_value),
        ("hazard_proportional_p", row.proportional_p),
    ):
        assert float(mine[name]) == pytest.approx(value)
    frame = answer.to_pandas().set_index("group")
    assert frame.loc[mine["group"], "hazard_ratio"] == pytest.approx(row.ratio)
    in_json = {one["term"]: one for one in answer.to_dict()["adjusted"]["rows"]}
    assert in_json[row.term]["ratio"] == pytest.approx(row.ratio)
    assert "hazard_ratio" not in report.recidivism(within="364d", by="fin").to_csv()


@pytest.fixture(scope="module")
def bought() -> Iterator[tuple[Tracker, list[dict[str, Any]]]]:
    """A hundred who came, of whom some bought, and buy the sooner the dearer their plan."""
    rng, made = Random(4), list[dict[str, Any]]()
    rules = {"came": touch(), "ordered": purchase(), "left": leave()}
    with Tracker("sqlite://", Funnel(stages=("guest", "buyer"), rules=rules)) as tracker:
        for n in range(100):
            source, plan = rng.choice(("ads", "search")), rng.randint(1, 9)
            waits = rng.expovariate((0.02 if source == "ads" else 0.05) * plan / 4)
            start = FIRST + timedelta(days=rng.uniform(0, 30))
            tracker.identify(f"c{n}", {"plan": plan}, occurred_at=start)
            tracker.track(f"c{n}", "came", properties={"source": source}, occurred_at=start)
            end = FIRST + timedelta(days=60)
            if start + timedelta(days=waits) <= end:
                tracker.track(f"c{n}", "ordered", occurred_at=start + timedelta(days=waits))
            seen = (end - start) / timedelta(days=1)
            made.append(
                {
                    "days": min(waits, seen),
                    "event": waits <= seen,
                    "search": source == "search",
                    "plan": plan,
                    "who": n,
                }
            )
        yield tracker, made


def test_a_conversion_is_adjusted(bought: tuple[Tracker, list[dict[str, Any]]]) -> None:
    """By lifelines on what was made up: how much sooner those by search buy, plans alike."""
    tracker, made = bought
    theirs = CoxPHFitter().fit(DataFrame(made).astype(float), "days", "event", cluster_col="who")
    report = tracker.report(as_of=FIRST + timedelta(days=60))
    found = report.conversion(
        "guest", "buyer", within="30d", by="source", adjust="trait:plan"
    ).adjusted
    assert found is not None
    assert (found.observed, found.events) == (100, sum(one["event"] for one in made))
    by_term = {row.term: row for row in found.rows}
    sign = 1 if "source search" in by_term else -1
    [search] = [row for term, row in by_term.items() if term.startswith("source")]
    assert sign * search.coefficient == pytest.approx(theirs.params_["search"], abs=1e-4)
    [plan] = [row for term, row in by_term.items() if "plan" in term]
    assert plan.coefficient == pytest.approx(theirs.params_["plan"], abs=1e-4)


@pytest.mark.parametrize("name", ADJUSTED)
def test_every_rate_with_a_clock(name: str, told: Report) -> None:
    """Holds others alike, of all who are in its cohort, whether the window is over or not."""
    answer = put(CATALOGUE[name], told, by="source", adjust="event", within="30d")
    assert isinstance(answer, Rate)
    found = answer.adjusted
    if found is None:
        assert any(note.startswith(NOT_FITTED) for note in answer.notes)
        return
    assert found.observed == sum(row.denominator + row.immature_count for row in answer.rows)
    assert found.events >= sum(row.numerator for row in answer.rows)


def test_most_of_them_can_be_fitted(told: Report) -> None:
    """So that the law above is of something."""
    asked = [put(CATALOGUE[name], told, by="source", adjust="event") for name in ADJUSTED]
    assert sum(one.adjusted is not None for one in asked if isinstance(one, Rate)) > 4


def test_what_nobody_has_is_not_held_alike(released: Tracker) -> None:
    """It is said, and the others are held alike as without it."""
    report = released.report(as_of=FIRST + 53 * WEEK)
    found, plain = (
        report.recidivism(within="364d", by="fin", adjust=held).adjusted
        for held in (("age", "property:nosuch"), "age")
    )
    assert found is not None and plain is not None
    assert found.rows == plain.rows
    assert (found.not_held, plain.not_held) == (("property:nosuch",), ())
    assert "NOT held alike, as it is unknown or the same of all: property:nosuch" in found.caption
    assert "NOT" not in plain.caption


def test_what_cannot_be_adjusted(released: Tracker, monkeypatch: pytest.MonkeyPatch) -> None:
    """No groups, one group only, or no lifelines."""
    report = released.report(as_of=FIRST + 53 * WEEK)
    wrong: tuple[dict[str, Any], ...] = ({}, {"by": "fin", "per": "month"})
    for more in wrong:
        with pytest.raises(QuestionError, match="give by, and no per"):
            report.recidivism(within="9d", adjust="age", **more)
    alone = report.recidivism(within="9d", by="nothing", adjust="nor")
    assert alone.adjusted is None
    assert f"{NOT_FITTED}: all who are in it are alike" in alone.notes
    for by, adjust in (
        ("fin", "fin"),
        (("stage", "fin"), ("age", "trait:fin")),
        ("stage", "stage"),
    ):
        with pytest.raises(QuestionError, match="holds alike what by is not"):
            report.recidivism(within="9d", by=by, adjust=adjust)
    monkeypatch.setitem(sys.modules, "lifelines", None)
    monkeypatch.setitem(sys.modules, "lifelines.statistics", None)
    with pytest.raises(MissingExtraError, match=r"motfunnel\[adjust\]"):
        report.recidivism(within="9d", by="fin", adjust="age")


def test_several_groups_are_several_comparisons() -> None:
    """Their p is adjusted by Holm, whatever is held alike; and the caption says of how many."""
    rng, model = Random(5), Covariates()
    size = 600
    group, other = ([rng.choice(texts) for _ in range(size)] for texts in ("abcd", "xyz"))
    model.add_values("plan", parted(group), lambda *_: True)
    model.add("property:plan", Grouping("property", "plan"), parted(other), lambda *_: True)
    data: dict[str, list[Any]] = {
        "duration": [rng.expovariate(1 + (one == "a")) for one in group],
        "event": [rng.random() < 0.8 for _ in group],
        "contact": [*range(size)],
        "stage": ["lead"] * size,
    }
    found = fit(data, model, 0.95)
    assert not isinstance(found, str)
    mine = [row for row in found.rows if row.term.startswith("plan ")]
    assert [row.adjusted for row in mine] == holm([row.p_value for row in mine])
    held = [row for row in found.rows if row not in mine]
    assert len(mine) == 3 and {row.term[:14] for row in held} == {"property:plan "}
    assert {row.adjusted for row in held} == {None}
    assert "3 groups compared, their p adjusted for it by Holm" in found.caption


def test_what_is_nearly_a_number_is_said() -> None:
    """One that is none makes a number categories, which the caption names."""
    rng, model = Random(5), Covariates()
    seats = [str(rng.choice((1, 2, 3))) for _ in range(300)]
    model.add_values("plan", parted([rng.choice("ab") for _ in seats]), lambda *_: True)
    model.add("seats", Grouping("trait", "seats"), parted([*seats, "1e400"][1:]), lambda *_: True)
    data: dict[str, list[Any]] = {
        "duration": [rng.expovariate(1) for _ in seats],
        "event": [True for _ in seats],
        "contact": [*range(300)],
        "stage": ["lead"] * 300,
    }
    found = fit(data, model, 0.95)
    assert not isinstance(found, str)
    assert (
        "value by value, as not all are numbers: seats (such as '1e400', 1 of 300)" in found.caption
    )


def parted(values: Sequence[str]) -> Partition:
    texts = [*dict.fromkeys(values)]
    return Partition(array("q", map(texts.index, values)), texts)


def made_up(stage: Sequence[str], held: str = "", **columns: Sequence[float]) -> Any:
    """Fit what is held of some who left these stages, of whom every other one returns."""
    model, rng = Covariates(), Random(7)
    for name, values in columns.items():
        model.columns.append([*values])
        model.terms.append((name, "1 less"))
        if name == held:
            model.held[name] = range(len(model.columns) - 1, len(model.columns))
    data: dict[str, list[Any]] = {
        "duration": [rng.expovariate(1) for _ in stage],
        "event": [n % 2 == 0 for n in range(len(stage))],
        "contact": [*range(len(stage))],
        "stage": [*stage],
    }
    return fit(data, model, 0.95)


def test_what_the_stages_decide_has_no_ratio() -> None:
    """Nor what two other columns decide together, whatever the numbers would converge to."""
    rng = Random(1)
    pro = [float(n % 3 == 0) for n in range(200)]
    stage = ["lead" if one else "visitor" for one in pro]
    other = [rng.random() for _ in pro]
    assert made_up(stage, other=other) is not None
    assert "stage says" in made_up(stage, pro=pro, other=other)
    assert "follows" in made_up(["lead"] * 200, pro=pro, free=[1 - one for one in pro])
    assert "stage says" in made_up(stage, third=[1 / 3 if one else 0.1 for one in pro])
    assert "alike" in made_up(stage)
    alone = made_up(stage, other=other)
    assert made_up(stage, "pro", pro=pro, other=other) == alone  # each stage has its own pace


@pytest.mark.parametrize("origin", [0.0, -1e6, 1_700_000_000.0])
def test_a_number_may_begin_anywhere(origin: float) -> None:
    """A year, an instant in seconds: the ratio and both of its tests are the same."""
    rng = Random(2)
    ages = [rng.uniform(20, 60) for _ in range(200)]
    [plain], [moved] = (
        made_up(["lead"] * 200, age=[begin + age for age in ages]).rows for begin in (0.0, origin)
    )
    assert moved.coefficient == pytest.approx(plain.coefficient, rel=1e-4)
    assert moved.proportional_p == pytest.approx(plain.proportional_p, rel=1e-4)


def test_a_ratio_beyond_all_numbers_is_none() -> None:
    """One more of what is counted in millionths says nothing that could be printed or kept."""
    rng = Random(3)
    found = made_up(["lead"] * 200, share=[rng.uniform(1e-5, 9e-5) for _ in range(200)])
    assert "no finite ratio" in found


QUIET = Funnel(
    stages=("visitor", "customer"),
    rules={"came": touch(), "left": leave("why")},
    patience={"default": "20d"},
)


def left(people: Sequence[dict[str, Any]], key: str = "{n}", funnel: Funnel = QUIET) -> Report:
    """Who came and left on a day each, and returned so many days later, or not at all."""
    tracker = Tracker("sqlite://", funnel, clock=lambda: FIRST + timedelta(days=400))
    for n, one in enumerate(people):
        who, gone = key.format(n=n, **one), FIRST + timedelta(days=n % 7)
        tracker.identify(who, {"g": one["g"], "h": one["h"]}, occurred_at=gone - timedelta(hours=2))
        tracker.track(who, "came", occurred_at=gone - timedelta(hours=1))
        if one.get("why") != "silence":
            tracker.track(who, "left", occurred_at=gone, properties=one)
        if one.get("back") is not None:
            tracker.track(who, "came", occurred_at=gone + timedelta(days=one["back"]))
    return tracker.report()


@pytest.mark.parametrize("adjust", ["g", "h"])
def test_what_never_comes_has_no_ratio(adjust: str) -> None:
    """A value of those of whom nobody returned, compared or held alike, whatever warnings do."""
    rng = Random(4)
    people = [
        {"h": "rare" if n < 3 else "usual", "g": rng.choice("xy"),
         "back": None if n < 3 or n % 3 == 0 else rng.randint(1, 9)}
        for n in range(120)
    ]  # fmt: skip
    by = {"g": "h", "h": "g"}[adjust]
    report = left(people)
    for how in ("default", "error"):
        with warnings.catch_warnings():
            warnings.simplefilter(how)
            answer = report.recidivism(within="20d", by=by, adjust=adjust)
        assert answer.adjusted is None
        assert any(note.startswith(f"{NOT_FITTED}: to nobody with") for note in answer.notes)


def test_what_contacts_are_called_decides_nothing() -> None:
    """Ties are of days; the test of proportionality is of the events, and not of their order."""
    rng = Random(5)
    people = [
        {"g": rng.choice("xy"), "h": rng.choice("pq"), "back": rng.choice([1, 2, 3, 4, 5, None])}
        for _ in range(200)
    ]
    found = [
        left(people, key).recidivism(within="20d", by="g", adjust="h").adjusted
        for key in ("{n:03}", "{g}-{n:03}", "{back}-{n}")
    ]
    for one in found:
        assert one is not None and found[0] is not None
        for mine, first in zip(one.rows, found[0].rows, strict=True):
            assert mine.coefficient == pytest.approx(first.coefficient)
            assert mine.proportional_p == pytest.approx(first.proportional_p, abs=0.06)


@pytest.mark.parametrize(
    ("by", "adjust"),
    [("reason", "g"), ("g", "reason"), (("reason", "g"), "h")],
)
def test_silence_is_compared_with_nothing_said(by: Any, adjust: Any) -> None:
    """Neither as a group, nor as what is held alike, nor within two groupings at once."""
    rng = Random(6)
    people = [
        {"why": rng.choice(["silence", "price", "other"]), "g": rng.choice("xy"),
         "h": rng.choice("pq"), "back": rng.choice([25, 27, 30, 40, None])}
        for _ in range(300)
    ]  # fmt: skip
    found = left(people).recidivism(within="90d", by=by, adjust=adjust).adjusted
    assert found is not None and found.rows
    for row in found.rows:
        assert ("silence" in row.term) == ("silence" in row.against), row
    assert any("reason" in name for name in found.not_told)
    assert "no ratio between other patiences, or with what was said" in found.caption
