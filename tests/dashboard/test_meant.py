"""Who is meant of those who are away: chosen in fields, and the same as Python's worklist."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from bs4 import BeautifulSoup

from motfunnel.dashboard.filters import MOST_LISTED, FilterError, Filters
from motfunnel.reports.report import Report
from tests.dashboard.conftest import Ask
from tests.reports.drawn import HOSTILE

WORKLIST = "/who-to-write-to/worklist"
CHOSEN: tuple[dict[str, Any], ...] = (
    {},
    {"stage": "lead"},
    {"reason": "price"},
    {"reason": HOSTILE},
    {"away_at_least": "30d"},
    {"away_at_most": "60d"},
    {"away_at_least": "20d", "away_at_most": "70d"},
    {"not_written_to": True},
    {"without_held_out": True},
    {"limit": 3},
    {"by": "stage"},
    {"by": "source", "limit": 2},
    {"stage": "customer", "reason": "price", "away_at_least": "10d", "without_held_out": True},
)


def query(chosen: dict[str, Any], **more: str) -> str:
    """The address that a browser makes of the fields."""
    named = {"group" if name == "by" else name: value for name, value in chosen.items()}
    told = {name: "1" if value is True else value for name, value in (named | more).items()}
    return urlencode(told)


@pytest.mark.parametrize("chosen", CHOSEN, ids=lambda one: "+".join(one) or "nothing")
def test_it_is_the_worklist_of_python(chosen: dict[str, Any], ask: Ask, report: Report) -> None:
    """As CSV, as JSON, for a mailing tool, and by name on the page."""
    answer = report.worklist(within="30d", **{"limit": 100} | chosen)
    told = query(chosen)
    assert ask(f"{WORKLIST}.csv?{told}").text == answer.to_csv()
    assert ask(f"{WORKLIST}.json?{told}").text.strip() == answer.to_json().strip()
    mailed = report.worklist(within="30d", **{"limit": 100} | chosen | {"without_held_out": True})
    assert ask(f"{WORKLIST}.mailing?{told}").text == mailed.to_mailing_csv()
    page = BeautifulSoup(ask(f"{WORKLIST}?{told}").text, "html.parser")
    names = [one.text for one in page.select("table.full th[scope=row]")]
    assert names == [row.contact for row in answer.rows]
    assert len({row.contact for row in answer.rows}) > 1 or chosen == CHOSEN[-1]


def test_a_long_list_is_folded(ask: Ask, report: Report) -> None:
    """What stands below it is found; the next are a click away, and there where they are wanted."""
    rows = report.worklist(within="30d").rows
    assert len(rows) > 26
    for query, at_once in (("", 25), ("?limit=26", 26)):
        page = BeautifulSoup(ask(f"{WORKLIST}{query}").text, "html.parser")
        [first, *rest] = page.select("table.full")
        assert len(first.select("tbody tr")) == at_once
        assert [one.parent.name for one in rest if one.parent] == ["details"] * (at_once == 25)


def test_the_fields_say_what_was_chosen(ask: Ask) -> None:
    """They need no script, keep what else was chosen, and stand where nobody is meant, too."""
    chosen = {"stage": "lead", "reason": "none of these", "away_at_least": "30d", "limit": "7",
              "not_written_to": "1"}  # fmt: skip
    page = BeautifulSoup(ask(f"{WORKLIST}?{query(chosen, window='90d')}").text, "html.parser")
    form = page.select_one("form.choose")
    assert form is not None and form["method"] == "get"
    fields = {
        str(one["name"]): str(one.get("value", ""))
        for one in form.select("input")
        if one.get("type") != "checkbox" or one.has_attr("checked")
    }
    option = form.select_one("option[selected]")
    assert option is not None and option.text == "lead"
    del chosen["stage"]
    assert fields == {**chosen, "window": "90d", "away_at_most": ""}
    assert "Nobody who is away is meant by this" in page.text


def test_another_filter_keeps_them(ask: Ask) -> None:
    """That above the page; a link to another page does not, for there they mean nothing."""
    page = BeautifulSoup(ask("/who-to-write-to?stage=lead&limit=7&whole=1").text, "html.parser")
    kept = page.select("form.filters input[type=hidden]")
    assert {str(one["name"]): str(one["value"]) for one in kept} == {
        "stage": "lead",
        "limit": "7",
        "whole": "1",
    }
    away = [str(one["href"]) for one in page.select("nav a:not([aria-current])")]
    assert away and not [one for one in away if "stage" in one]


@pytest.mark.parametrize(
    ("name", "text"),
    [("limit", "0"), ("limit", "-1"), ("limit", "many"), ("limit", "٣"), ("limit", "1e3"),
     ("limit", f"{MOST_LISTED + 1}"), ("away_at_least", "soon"), ("away_at_most", "0d"),
     ("reason", "x" * 201)],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(name: str, text: str, ask: Ask) -> None:
    with pytest.raises(FilterError, match=name):
        Filters.read({name: text})
    seen = ask(f"/who-to-write-to?{urlencode({name: text})}")
    assert seen.status == 400 and name in seen.text


def test_no_such_stage(ask: Ask) -> None:
    """It says which there are."""
    assert "there are: visitor, lead, customer" in ask(f"{WORKLIST}?stage=nowhere").text


@pytest.mark.parametrize("chosen", CHOSEN[1:], ids="+".join)
def test_an_address_comes_back_as_it_was(chosen: dict[str, Any]) -> None:
    told = {("group" if name == "by" else name): f"{value}" for name, value in chosen.items()}
    assert Filters.read(Filters.read(told).query()) == Filters.read(told)
