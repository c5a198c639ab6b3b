"""``motfunnel report``: pages of HTML, files, and all reports at once."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
from pathlib import Path

import pytest

from motfunnel import Tracker
from motfunnel.cli.output import terminal_width
from motfunnel.cli.report import REPORTS
from motfunnel.domain.lens import LENSES
from tests.cli.conftest import COLUMNS, Run


def test_all_reports_as_json(filled: Run) -> None:
    """Each is answered or told why not; none is lost, and each lens is one."""
    told = json.loads(filled("report", "all", "--within", "7d", "--format", "json").stdout)
    lenses = {f"lens-{lens}" for lens in LENSES}
    assert {*told["reports"], *told["left_out"]} == {*REPORTS} - {"lens"} | lenses
    assert not {*told["reports"]} & {*told["left_out"]}
    assert lenses <= {*told["reports"]}
    alone = json.loads(filled("report", "recidivism", "--within", "7d", "--format", "json").stdout)
    assert told["reports"]["recidivism"] == alone
    assert told["left_out"]["landmark"] == "it needs --after"


def test_all_reports_as_text(filled: Run) -> None:
    """One below the other, and at the end what was not asked."""
    text = filled("report", "all").stdout
    assert filled("report", "funnel").stdout.strip() in text
    assert "  landmark: it needs --after\n" in text.partition("Not asked:")[2]


def test_what_all_are_asked_with(filled: Run) -> None:
    """A quarter for those that need a window, and from the first stage to the last."""
    told = json.loads(filled("report", "all", "--format", "json").stdout)["reports"]
    assert told["recidivism"]["within"] == told["conversion"]["within"] == "90d"
    assert told["worklist"]["within"] == "30d"


@pytest.mark.parametrize(("since", "period"), [(2022, "month"), (2015, "quarter"), (1999, "year")])
def test_the_periods_suit_the_history(filled: Run, since: int, period: str) -> None:
    """Of a longer one they are longer."""
    Path("old.csv").write_text(f"who,what,when\nada,seen,{since}-01-01\n")
    filled("import", "old.csv", *COLUMNS)
    told = json.loads(filled("report", "--format", "json").stdout)
    assert told["reports"]["lifecycle"]["period"] == period


def test_periods_that_are_asked_for(filled: Run) -> None:
    """They are those, however long the history is."""
    told = json.loads(filled("report", "--period", "week", "--format", "json").stdout)
    assert told["reports"]["lifecycle"]["period"] == "week"


def test_the_help_says_what_each_is(filled: Run) -> None:
    """Every report, with its first line."""
    told = filled("report", "--help").stdout
    assert all(f"  {name}  " in told for name in REPORTS)
    assert "How many of the departed come back.\n" in told


def test_all_are_meant_where_none_is_named(filled: Run) -> None:
    """And ``--html`` is a page."""
    assert filled("report").stdout == filled("report", "all").stdout
    page = ("report", "funnel", "--output", "page.html")
    filled(*page, "--html")
    short = Path("page.html").read_text("utf-8")
    filled(*page, "--format", "html")
    assert Path("page.html").read_text("utf-8") == short


def test_all_reports_have_no_common_columns(filled: Run) -> None:
    """As CSV they are asked for one at a time."""
    assert "one at a time" in filled("report", "all", "--format", "csv", code=2).output


@pytest.mark.parametrize("form", ["text", "json", "csv"])
def test_a_file_holds_what_would_be_printed(filled: Run, form: str) -> None:
    """Byte for byte; nothing is printed then."""
    asked = ("report", "funnel", "--format", form)
    printed = filled(*asked).stdout
    assert filled(*asked, "--output", "answer").stdout == ""
    assert Path("answer").read_text("utf-8") == printed
    if form == "csv":
        assert len(list(csv.reader(io.StringIO(printed)))) == 4


def test_a_file_needs_a_folder(filled: Run) -> None:
    """One that is not there is bad usage, and nothing is asked."""
    result = filled("report", "funnel", "--output", "nowhere/answer", code=2)
    assert "there is no folder nowhere" in result.output


def test_a_page_in_a_file(filled: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one file, printed or written, and needs no extra."""
    monkeypatch.setitem(sys.modules, "plotly", None)
    printed = filled("report", "funnel", "--format", "html").stdout
    Path("pages").mkdir()
    filled("report", "funnel", "--format", "html", "--output", "pages/one.html")
    filled("report", "all", "--within", "7d", "--format", "html", "--output", "pages/all.html")
    one, everything = (Path("pages", name).read_text("utf-8") for name in ("one.html", "all.html"))
    assert one == printed and printed.startswith("<!DOCTYPE html>") and "<svg" in one
    assert sorted(os.listdir("pages")) == ["all.html", "one.html"]
    assert everything.count("<section") == everything.count("</section>") > 10
    assert "Not on this page" in everything
    assert len(everything) < 400_000


def test_a_terminal_is_as_wide_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """COLUMNS, or else the terminal; where nobody looks at one, nothing has to fit."""
    monkeypatch.setenv("COLUMNS", "123")
    assert terminal_width() is None
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert terminal_width() == 123


def test_names_are_folded_on_a_terminal_and_whole_in_a_pipe(
    filled: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worklist of contacts with long names fits the terminal, and names each of them."""
    rows = "".join(f"{'a' * 90}{n},seen,2024-01-01,\n" for n in range(3))
    Path("long.csv").write_text(f"who,what,when,reason\n{rows}")
    filled("import", "long.csv", *COLUMNS)
    asked = ("report", "worklist", "--as-of", "2024-05-01")
    for n in range(3):
        assert f"{'a' * 90}{n} " in filled(*asked).stdout
    monkeypatch.setattr("motfunnel.cli.report.terminal_width", lambda: 90)
    lines = filled(*asked).stdout.splitlines()
    assert max(map(len, lines)) <= 90
    assert sum(line.count("a" * 16) for line in lines) > 5


def test_a_plain_name_is_one_trait_in_all_reports(filled: Run) -> None:
    """Of touchpoints and complaints too, if any contact has it; asked alone it is a property."""
    with Tracker("sqlite:///store.db") as tracker:
        tracker.identify("ada", {"plan": "pro"})
    for by, read in (("plan", "trait:plan"), ("branch", "branch"), ("source", "source")):
        told = json.loads(filled("report", "--by", by, "--format", "json").stdout)["reports"]
        assert {told[name]["by"] for name in ("touchpoints", "complaints")} == {read}
        assert told["flows"]["by"] == by
    alone = json.loads(filled("report", "complaints", "--by", "plan", "--format", "json").stdout)
    assert alone["by"] == "plan"
    both = ("--by", "plan", "--by", "source", "--format", "json")
    told = json.loads(filled("report", *both).stdout)["reports"]
    assert told["complaints"]["by"] == "trait:plan · source"
    assert told["flows"]["by"] == "plan · source"


def test_two_groupings_and_bands_are_told_by_options(filled: Run) -> None:
    """Each ``--by`` is one grouping; pages have one at most."""
    asked = ("report", "recidivism", "--within", "7d", "--format", "json")
    told = json.loads(filled(*asked, "--by", "source", "--by", "event").stdout)
    assert told["by"] == "source · event" and all(" · " in one["group"] for one in told["rows"])
    assert json.loads(filled(*asked, "--by", "plan:1,5").stdout)["by"] == "plan:1,5"
    twice = ("--by", "source", "--by", "event")
    assert "give --by once" in filled("report", "--pages", "overview", *twice, code=2).output


def test_pages_to_send(filled: Run) -> None:
    """Pages of the dashboard are one file that loads nothing; only those that there are."""
    pytest.importorskip("jinja2", reason="pages are templates: install motfunnel[web]")
    filled("report", "--pages", "overview,growth", "--within", "7d", "--output", "sent.html")
    sent = Path("sent.html").read_text("utf-8")
    assert "<h1>Overview</h1>" in sent.partition("<h1>Growth</h1>")[0]
    assert "<script" not in sent and "href=" not in sent.replace('href="data:,"', "")
    anchors = re.findall(r' id="([^"]+)"', sent)
    assert len({*anchors}) == len(anchors) > 5
    wrong = filled("report", "--pages", "overvue", code=2)
    assert "there is no page 'overvue'; there are: overview, growth" in wrong.stderr


def test_what_is_looked_at_first_comes_first(filled: Run) -> None:
    """A page has its reports in the order of the dashboard."""
    told = filled("report", "--html", "--within", "7d").stdout
    anchors = re.findall(r'<section id="([^"]+)"', told)
    assert anchors[:3] == ["growth", "recidivism", "value"]
    assert anchors.index("funnel") < anchors.index("retention") < anchors.index("flows")


def test_those_counted_are_named(filled: Run) -> None:
    """As text, CSV and JSON, with what tells the rows apart where there are several."""
    asked = ("report", "recidivism", "--within", "30d", "--members")
    assert filled(*asked, "numerator").stdout.splitlines()[-3:] == ["contact", "───────", "ada"]
    grouped = filled(*asked, "numerator", "--by", "reason", "--format", "csv").stdout
    assert grouped.splitlines()[:2] == ["contact,group", "ada,price"]
    told = json.loads(filled(*asked, "denominator", "--by", "stage", "--format", "json").stdout)
    assert {one["group"]: one["members"] for one in told["rows"]}["customer"] == ["ada"]
    growth = filled("report", "growth", "--members", "openings", "--format", "csv").stdout
    assert growth.splitlines() == ["contact,period", "ada,2024-01", "bob,2024-03"]
    filled(*asked, "numerator", "--format", "csv", "--output", "who.csv")
    assert Path("who.csv").read_text() == "contact\nada\n"
    wrong = filled(*asked, "nobody", code=3).output
    numerator = "numerator (counted, returned, came back)"
    others = "denominator (of), immature (too recent), erased, at_risk"
    assert f"there are: {numerator}, {others}" in " ".join(wrong.split())
    assert "one at a time" in filled("report", "--members", "numerator", code=2).output
    assert "a page has none" in filled(*asked, "numerator", "--html", code=2).output


def test_a_rate_by_period(filled: Run) -> None:
    """A row for each month in which somebody left, of a zone."""
    asked = ("report", "recidivism", "--within", "10d", "--per", "month", "--format", "csv")
    header, *rows = filled(*asked).stdout.splitlines()
    assert header.startswith("period,starts_on,") and ",change," in header
    assert [row.partition(",")[0] for row in rows] == ["2024-01", "2024-02", "2024-03"]


def test_instants_as_one_says_them(filled: Run) -> None:
    """A month, a week, or so long before the instant of the question, which may be in the past."""
    asked = ("report", "recidivism", "--within", "10d", "--format", "json", "--as-of", "2024-06")
    told = json.loads(filled(*asked, "--from", "-90d", "--to", "2024-W20").stdout)
    assert told["as_of"] == "2024-06-01T00:00:00.000000Z"
    assert told["cohort_from" if "cohort_from" in told else "from"] == "2024-03-03T00:00:00.000000Z"
    assert filled("moments", "--since", "-30d", "--format", "csv").stdout.count("\n") == 3
    assert filled("moments", "--since", "2024", "--format", "csv").stdout.count("\n") > 1
    assert filled("report", "growth", "--as-of", "yesterday").exit_code == 0
