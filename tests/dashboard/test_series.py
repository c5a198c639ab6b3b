"""A number by the time at which it was asked: a dot for each period, as the report says it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from bs4 import BeautifulSoup

from motfunnel.dashboard.asking import complete_periods
from motfunnel.dashboard.filters import Filters
from motfunnel.reports.report import Report
from tests.dashboard.conftest import Ask


@pytest.mark.parametrize("step", ["month", "week"])
def test_scores_by_period(ask: Ask, report: Report, step: Any) -> None:
    """Each dot says its score, interval and number; a period without scores has none."""
    seen = BeautifulSoup(ask(f"/advocates/nps-before?step={step}").text, "html.parser")
    said = "|".join(one.get_text("|") for one in seen.select("figure .wide"))
    rows = {
        period.name: report.nps(period=(period.starts_at, period.ends_at)).rows[0]
        for period in complete_periods(report, Filters(step=step))
    }
    assert len([row for row in rows.values() if row.nps is not None]) > 1
    for name, row in rows.items():
        if row.nps is None:
            assert f"{name}:" not in said
        else:
            assert f"{name}: {row.nps:+.1f}, " in said
            assert f", {row.contacts:,} contacts" in said


@pytest.mark.parametrize("window", ["20d", "30d"])
@pytest.mark.parametrize("step", ["month", "week"])
def test_the_card_and_the_section_tell_of_one_period(ask: Ask, step: str, window: str) -> None:
    """The newest of which all were followed; a week in which nobody left is none."""
    asked = f"?step={step}&window={window}"
    cards = BeautifulSoup(ask(f"/overview/now{asked}").text, "html.parser")
    (card,) = [one for one in cards.select("li") if "Back within" in one.text]
    section = BeautifulSoup(ask(f"/overview/returns{asked}").text, "html.parser")
    lead = section.select_one(".lead")
    assert lead is not None
    period = lead.text.partition(":")[0]
    assert f"left in {period}" in card.text
    share = re.search(r"[\d.]+%", lead.text)
    assert share is not None and share[0] in card.text
    dots = section.select("figure .wide")[0].get_text("|")
    assert f"{period}: {share[0]}" in dots
    href = card.select_one("a")
    counted = re.search(r"([\d,]+) of [\d,]+ who left", card.text)
    assert counted is not None and (href is None) is (counted[1] == "0")
    if href is not None:
        people = BeautifulSoup(ask(str(href["href"])).text, "html.parser")
        assert len(people.select(".people li")) == int(counted[1])


def test_where_no_period_can_be_told_of_neither_is(ask: Ask) -> None:
    """The card is not there, and the section says why."""
    assert "Back within" not in ask("/overview/now?window=90d").text
    assert "Nobody was followed for long enough yet." in ask("/overview/returns?window=90d").text


def test_the_sentence_of_periods_says_whether_the_change_is_chance(ask: Ask) -> None:
    """With the interval of the difference from the period before, in points."""
    lead = BeautifulSoup(ask("/overview/returns?window=9d").text, "html.parser").select_one(".lead")
    assert lead is not None
    assert re.search(r"; [+-][\d.]+ points on 2025-0\d, (may be|more than) chance: ", lead.text)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ("period=2025-01-01..2025-05-01", " came back in 2025-04 "),
        ("period=2025-01-01..2025-05-01&step=week", " came back in 2025-W17 "),
        ("step=week&zone=Asia/Tokyo", " came back in 2025-W18 "),
    ],
)
def test_who_came_back_in_a_period_is_told_with_its_name(ask: Ask, chosen: str, said: str) -> None:
    """That of the period which was asked for."""
    assert said in ask(f"/coming-back/reactivation?{chosen}").text
