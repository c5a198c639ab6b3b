"""Another patience than the funnel's: chosen in a field, and compared on its own."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from attrs import evolve
from bs4 import BeautifulSoup

from motfunnel import Funnel, Tracker, purchase, touch
from motfunnel.dashboard.asking import answers, questions
from motfunnel.dashboard.filters import Filters
from motfunnel.dashboard.pages import OVERVIEW, PAGES
from motfunnel.dashboard.views.section import hasty
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.report import Report
from tests.dashboard.conftest import Ask
from tests.reports.drawn import FUNNEL


def test_another_patience(ask: Ask, report: Report) -> None:
    """It is the answer of a simulation, and the form keeps what else was chosen."""
    page = BeautifulSoup(ask("/patience/otherwise?patience=45d&step=week").text, "html.parser")
    assert [one.text for one in page.find_all("h3")][:3] == [
        "Half as long",
        "Twice as long",
        "45 days",
    ]
    fields = {str(one["name"]): one.get("value", "") for one in page.select("form input")}
    assert fields == {"step": "week", "patience": "45d"}
    longer = evolve(FUNNEL, patience={"default": "45d"})
    *_, asked = json.loads(ask("/patience/otherwise.json?patience=45d").body)
    assert asked["rows"] == report.simulate(longer).to_dict()["rows"]


def test_who_never_leaves_by_silence_still_does_not() -> None:
    """Another patience is one for those stages that have any; where none has, for all."""
    chosen = Filters(patience=timedelta(days=45))
    section = PAGES["patience"].section("otherwise")
    assert section is not None
    for given, expected in (
        ({"default": "9d", "customer": None}, {"visitor": 45, "lead": 45, "customer": None}),
        ({"default": None}, {"visitor": 45, "lead": 45, "customer": 45}),
    ):
        with Tracker("sqlite://", evolve(FUNNEL, patience=given)) as tracker:
            tracker.track("ada", "page_viewed")
            asked = questions(section, tracker.report(), chosen)[-1].options["other_funnel"]
        each = {stage: asked.patience_of(stage) for stage in asked.stages}
        assert {stage: one and one.days for stage, one in each.items()} == expected


def test_none_is_chosen(ask: Ask) -> None:
    page = BeautifulSoup(ask("/patience/otherwise").text, "html.parser")
    assert [one.text for one in page.find_all("h3")][:2] == ["Half as long", "Twice as long"]
    assert "days" not in {one.text for one in page.find_all("h3")}


@pytest.mark.parametrize("text", ["0d", "-1d", "soon", "45", "1" * 300 + "d", "99999999d"])
def test_what_is_no_duration_is_refused(ask: Ask, text: str) -> None:
    seen = ask(f"/patience?patience={text}")
    assert seen.status == 400
    assert "patience" in seen.text


def test_a_moment_is_a_duration_too(ask: Ask) -> None:
    for text in "5ms", "1us":
        assert ask(f"/patience/otherwise?patience={text}&window={text}").status == 200


@pytest.mark.parametrize(("period", "step"), [("30d", "month"), ("90d", "quarter"), ("1d", "week")])
def test_no_whole_period_is_chosen(ask: Ask, period: str, step: str) -> None:
    """Each page is there, and a section that needs one says so."""
    for slug in PAGES:
        assert ask(f"/{slug}?period={period}&step={step}&whole=1").status == 200
    said = ask(f"/coming-back/reactivation?period={period}&step={step}").text
    assert f"no whole {step} lies in the time" in said or "came back in it" in said


def test_the_first_page_waits_for_no_patience() -> None:
    """What it warns of is the rate of coming back after silences, which is quickly counted."""
    asked = {ask.question for section in OVERVIEW.sections for ask in section.asks}
    assert "recidivism" in asked
    assert not asked & {"patience", "simulate"}


@pytest.mark.parametrize("waits", [4, 9, 20])
@pytest.mark.parametrize("seed", range(3))
def test_the_warning_is_what_patience_says(seed: int, waits: int) -> None:
    """The same silences, the same of them ended, stage by stage; and the same verdict.

    Where somebody says goodbye while silent, the silence ends for patience, and no departure does.
    """
    rng, now = Random(seed), datetime(2025, 9, 1, tzinfo=UTC)
    funnel = Funnel(
        stages=("guest", "buyer"),
        rules={"seen": touch(), "bought": purchase()},
        patience={"guest": timedelta(days=waits), "buyer": timedelta(days=2 * waits)},
    )
    with Tracker("sqlite://", funnel) as tracker:
        for n in range(60):
            at, gap = now - timedelta(days=rng.uniform(150, 300)), rng.choice((3, 12, 200))
            while (at := at + timedelta(days=rng.expovariate(1 / gap))) < now:
                event = rng.choice(("seen", "seen", "seen", "bought"))
                tracker.track(f"c{n}", event, occurred_at=at)
        report = tracker.report(as_of=now)
        section = OVERVIEW.section("warning")
        assert section is not None
        [rate] = answers(section, report, Filters(period="7d"))
        assert isinstance(rate, Rate)
        silent = {f"{row.group}": row for row in rate.rows if f"{row.group}".endswith("silence")}
        rows = [row for row in report.patience().rows if row.denominator]
        for row in rows:
            mine = silent[f"{row.stage} · silence"]
            assert (mine.numerator, mine.denominator) == (row.numerator, row.denominator)
        too_short = [one for one in rows if one.interval and one.interval.lower > 0.1]
        assert bool(hasty(rate)) == bool(too_short)
        if too_short:
            worst = max(too_short, key=lambda one: one.share or 0)
            assert worst.stage in [one.text for one in hasty(rate) if one.is_name]
