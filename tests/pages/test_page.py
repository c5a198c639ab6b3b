"""The page holds the definitions, the numbers and the figures, and no markup but its own."""

from __future__ import annotations

import os
import re
import stat
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from motfunnel import Tracker, figures, pages
from motfunnel.answers.html import is_words
from motfunnel.pages import Section, page, write_whole
from motfunnel.reports.catalogue import CATALOGUE
from motfunnel.reports.report import Report
from tests.reports.drawn import FUNNEL, HOSTILE, put

MONTH = timedelta(days=30)
VOID = {"meta", "link", "img", "br"}


class Reader(HTMLParser):
    """Reads a page: its elements with their attributes, each closed, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def whole(report: Report) -> str:
    """A page of three reports, two of them with names that would like to be markup."""
    return page(
        [
            Section("recidivism", report.recidivism(within=MONTH, by="source")),
            Section("touchpoints", report.touchpoints(by="property:branch")),
            Section("funnel", report.funnel()),
        ],
        title="Reports",
        left_out=["holdout: it needs --within"],
    )


def test_every_element_is_closed_and_none_is_a_strangers(whole: str) -> None:
    """Nothing runs on a page, whatever anybody is called."""
    read = Reader(whole)
    assert read.open == []
    assert read.all("script") == read.all("img") == read.all("b") == []
    assert HOSTILE in read.text
    names = {name for _, attributes in read.elements for name in attributes}
    assert "style" not in names and not [one for one in names if one.startswith("on")]


def test_nothing_is_loaded_from_elsewhere(whole: str) -> None:
    """It is one file: no address leads anywhere but within the page."""
    for tag, attributes in Reader(whole).elements:
        for name in ("src", "href"):
            value = attributes.get(name)
            assert value is None or value == "data:," or value[0] == "#", tag
    assert "url(" not in whole and "@import" not in whole
    assert len(whole) < 80_000


def test_definitions_and_numbers_stand_beside_each_other(whole: str, report: Report) -> None:
    """Each answer has its definition, and every cell that it prints."""
    text = re.sub(r"\s+", " ", Reader(whole).text)
    for answer in (report.recidivism(within=MONTH, by="source"), report.funnel()):
        assert f"Definition: {answer.definition}." in text
        for _, header, rows in answer.tables():
            for one in (*header, *(cell for row in rows for cell in row)):
                assert re.sub(r"\s+", " ", one.replace("\u202e", "\\u202e")).strip() in text
    assert "holdout: it needs --within" in text


def test_who_cannot_see_it_can_read_it(whole: str) -> None:
    """A language, headings in order, headers of rows and columns, and words for each figure."""
    read = Reader(whole)
    assert read.all("html") == [{"lang": "en"}]
    levels = [tag for tag, _ in read.elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == "h1" and levels.count("h1") == 1 and set(levels[1:]) == {"h2"}
    assert {one.get("scope") for one in read.all("th")} == {"col", "row"}
    figures = [one for one in read.all("figure") if one.get("role") == "img"]
    assert len(figures) == len(read.all("figure")) == 5
    assert len(read.all("svg")) == 2 * 5
    assert all(len(str(one["aria-label"])) > 20 for one in figures)
    spoken = " ".join(str(one["aria-label"]) for one in figures)
    assert HOSTILE in spoken and "&lt;" not in spoken and "<span" not in spoken
    anchors = {one["href"] for one in read.all("a")}
    assert anchors == {f"#{one['id']}" for one in read.all("section") if one["id"] != "left-out"}


def test_a_page_of_one_report_has_its_title(report: Report) -> None:
    """There is no list of one, and the heading is not said twice."""
    text = page([Section("funnel", report.funnel())])
    assert text.count("Stages") == 3  # the title, the heading, and the label of the section
    assert "<nav" not in text and "<h2" not in text


def test_a_store_without_contacts_has_pages_too(tmp_path: Path) -> None:
    """Each report is drawn, or the page says that there is nothing to draw."""
    with Tracker(f"sqlite:///{tmp_path / 'store.db'}", FUNNEL) as tracker:
        report = tracker.report()
        answers: list[Any] = [
            *(put(question, report) for question in CATALOGUE.values()),
            *(report.recidivism(within=MONTH, by="source"), report.funnel(by="source")),
            *(report.growth("day", by="source"), report.retention("day", by="source")),
            *(report.complaints(within=MONTH, by="source"), report.lens("carlzon")),
            report.recidivism(within=timedelta()),
        ]
    sections = [Section(f"s{n}", answer) for n, answer in enumerate(answers)]
    text = page(sections, title="Nobody")
    assert text.count("<section") == len(answers)
    assert "No figure: it rests on fewer than 10 in effect" in text
    assert "No figure: there is nothing to draw" in text


def test_a_file_is_written_wholly_or_not_at_all(tmp_path: Path) -> None:
    """Its rights are those of any file, or those that it had; a failure leaves nothing behind."""
    target, plain = tmp_path / "page.html", tmp_path / "plain"
    write_whole(target, b"one")
    plain.write_bytes(b"")
    assert stat.S_IMODE(target.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    target.chmod(0o600)
    write_whole(target, b"two")
    assert (target.read_bytes(), stat.S_IMODE(target.stat().st_mode)) == (b"two", 0o600)
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        write_whole(tmp_path / "folder", b"three")
    assert sorted(os.listdir(tmp_path)) == ["folder", "page.html", "plain"]


def test_words_stand_left_and_are_not_torn(report: Report) -> None:
    """Columns of words are marked, long ones as such; numbers, dashes and instants are not."""
    answer = report.journey_map()
    heads: dict[str, list[str]] = {one: [] for one in ("touchpoint", "promise", "experienced")}
    text = page([Section("map", answer)])
    for attributes, heading in re.findall(r'<th scope="col"([^>]*)>([^<]*)</th>', text):
        if heading in heads:
            heads[heading].append(attributes)
    assert heads["promise"] == [' class="text"']
    assert heads["experienced"] == [""]
    assert is_words(["2025-01-01T00:00:00.000000Z", "from +1.0", "–"]) is False


def test_pages_have_their_earlier_name(report: Report) -> None:
    """What was written for ``motfunnel.figures`` still finds them, and draws."""
    assert all(getattr(figures, name) is getattr(pages, name) for name in pages.__all__)
    answer = report.recidivism(within=MONTH)
    pytest.importorskip("plotly", reason="no figures without plotly: install the extra plot")
    for kind in figures.kinds(answer):
        assert figures.draw(answer, kind) == answer.figure(kind)
