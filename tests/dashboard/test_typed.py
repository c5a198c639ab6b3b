"""The line below a section: typed on a command line, it gives the same answer."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner

from motfunnel import Tracker
from motfunnel.cli.group import group
from motfunnel.dashboard import Dashboard, wsgi
from motfunnel.dashboard.asking import questions
from motfunnel.dashboard.filters import Filters
from motfunnel.dashboard.pages import PAGES
from motfunnel.dashboard.render import render_section
from motfunnel.errors import QuestionError
from motfunnel.reports.report import Report
from tests.dashboard.conftest import asking
from tests.reports.drawn import AS_OF, FUNNEL, history_of

CHOSEN: Final = {
    "usual": Filters(),
    "weeks": Filters(step="week", zone="Europe/Berlin", period="2025-02-01..2025-05-01"),
    "grouped": Filters(group="source", window=Filters.read({"window": "9d"}).window),
    "by reason": Filters(group="reason", period="60d"),
    "some": Filters.read(
        {"stage": "lead", "away_at_most": "40d", "not_written_to": "1", "limit": "3"}
    ),
}
SECTIONS: Final = [(page, one) for page in PAGES.values() for one in page.asking]
UNTYPED: Final = {"simulate"}  # of another patience, for which there is no file
LINE: Final = re.compile("<code>(motfunnel report .*?)</code>")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store with the short history, of a tenant whose name is to be quoted."""
    return f"sqlite:///{tmp_path_factory.mktemp('typed') / 'store.db'}"


@pytest.fixture(scope="module")
def named(url: str) -> Iterator[Report]:
    """The report on it."""
    with Tracker(url, FUNNEL, tenant="acme & sons") as tracker:
        tracker.track_many(history_of(60))
        yield tracker.report(as_of=AS_OF)


@pytest.mark.parametrize("chosen", CHOSEN.values(), ids=CHOSEN)
def test_each_line_gives_the_answer_of_its_page(chosen: Filters, named: Report, url: str) -> None:
    """Whatever was chosen: the same rows, as JSON has them, each line once."""
    report = Report(named._inquiry._ground, as_of=AS_OF, timezone=chosen.zone)
    typed = dict[str, dict[str, Any]]()
    for page, section in SECTIONS:
        try:
            asked = questions(section, report, chosen)
            answers = [(one, one.put(report)) for one in asked]
        except QuestionError:
            continue
        for question, answer in answers:
            line = question.command(report, answer)
            assert bool(line) is (question.name not in UNTYPED), f"{page.slug} {section.slug}"
            if line:
                typed[line] = answer.to_dict()
    assert len(typed) > 30
    for line, told in typed.items():
        words = shlex.split(line.replace('"$MOTFUNNEL_DB"', shlex.quote(url)))
        ran = CliRunner().invoke(group, [*words[1:], "--format", "json"])
        assert not ran.exit_code, f"{line}\n{ran.output}"
        found = json.loads(ran.stdout)
        for one in (found, told):
            one.pop("notes")  # of a group that this question does not have, the page says so
        assert found == told, line


def test_the_page_shows_these_lines(named: Report) -> None:
    """A section of periods has one line for all of them, and one that asks often has each."""
    counted = {}
    for page, section in SECTIONS:
        html = render_section(page, section, named, Filters(), None)
        lines = [unescape(one) for one in LINE.findall(html)]
        assert len({*lines}) == len(lines)
        assert all(line.endswith("--tenant 'acme & sons' --db \"$MOTFUNNEL_DB\"") for line in lines)
        counted[page.slug, section.slug] = lines
    (line,) = counted["overview", "returns"]
    assert "--per month" in line
    assert len(counted["coming-back", "windows"]) > 4
    assert len(counted["advocates", "nps-before"]) > 2
    assert not counted["patience", "otherwise"]


def test_a_shell_reads_the_line(named: Report, url: str) -> None:
    """As it stands, with the store in the environment."""
    page = PAGES["coming-back"]
    section = page.sections[0]
    html = render_section(page, section, named, Filters(), None)
    (line,) = map(unescape, LINE.findall(html))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    ran = subprocess.run(
        ["sh", "-c", f"{line} --format json"],
        env={**os.environ, "MOTFUNNEL_DB": url, "PATH": path},
        capture_output=True,
        check=True,
        text=True,
    )
    (question,) = questions(section, named, Filters())
    assert json.loads(ran.stdout) == question.put(named).to_dict()


def test_what_takes_too_long_for_a_page_has_its_line(named: Report, url: str) -> None:
    """With all that the question needs; what it says is what the page would have said."""
    with Tracker(url, FUNNEL, tenant="acme & sons", clock=lambda: AS_OF) as tracker:
        ask = asking(wsgi(Dashboard(tracker, authorize=lambda environ: True, patience="0s")))
        waiting = ask("/overview/returns?window=9d")
        line = unescape(LINE.findall(waiting.text)[0])
        assert waiting.status == 202
        if not line.endswith("--help"):
            assert "--within 9d" in line and "--per month" in line
        words = shlex.split(line.replace('"$MOTFUNNEL_DB"', shlex.quote(url)))
        assert not CliRunner().invoke(group, words[1:]).exit_code
        for _ in range(1_000):  # what was begun is counted to its end
            if ask("/overview/returns?window=9d").status == 200:
                break
            time.sleep(0.01)
