"""Every picture in SVG: whole, within its frame, legible, harmless, and the same as plotly's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from motfunnel import Tracker
from motfunnel.answers.answer import Answer, kinds, picture
from motfunnel.charts.labels import readable, visible, width_of, wrapped
from motfunnel.charts.style import DARK, LIGHT, NARROW, WIDE
from motfunnel.charts.svg import style, to_svg
from motfunnel.errors import QuestionError
from motfunnel.reports.catalogue import CATALOGUE
from motfunnel.reports.report import Report
from tests.charts.read_svg import SVG, boxes, drawn, marks, reach, read
from tests.reports.drawn import FUNNEL, HOSTILE, put

MONTH = timedelta(days=30)
LONG = [
    *(f"the very long name of a campaign in the autumn of the year, number {n}" for n in range(8)),
    *("W" * 60, "שלום עולם", "日本語の長い名前" * 4, HOSTILE, "\u202e\x00", ""),
]
COUNTED = ("bar", "cell", "flow", "node", "dot", "link", "line", "band")


def named(rows: tuple[Any, ...], field: str) -> tuple[Any, ...]:
    """Of each long name the rows of the first group."""
    first = [row for row in rows if getattr(row, field) == getattr(rows[0], field)]
    return tuple(evolve(row, **{field: name}) for name in LONG for row in first)


@pytest.fixture(scope="module")
def answers(report: Report) -> dict[str, Answer[Any]]:
    """Every question of the catalogue, by groups where that is another picture, and long names."""
    found = {name: put(question, report) for name, question in CATALOGUE.items()}
    grouped: dict[str, Answer[Any]] = {
        "recidivism by": report.recidivism(within=MONTH, by="source"),
        "funnel by": report.funnel(by="source"),
        "growth by": report.growth("month", by="source"),
        "lifecycle by": report.lifecycle("day", by="source"),
        "retention by": report.retention("month", by="source"),
    }
    days: dict[str, Answer[Any]] = {
        "retention by day": report.retention("day"),
        "growth by day": report.growth("day"),
        "flows together": report.flows(stepwise=False),
        "touchpoints by": report.touchpoints(by="property:branch"),
    }
    long: dict[str, Answer[Any]] = {
        f"{name} of long names": evolve(answer, rows=named(answer.rows, "group"))
        for name, answer in grouped.items()
    }
    for name, field in (
        ("worklist", "contact"),
        ("touchpoints", "touchpoint"),
        ("funnel", "stage"),
    ):
        long[f"{name} of long names"] = evolve(found[name], rows=named(found[name].rows[:1], field))
    return found | grouped | days | long


@pytest.fixture(scope="module")
def nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Answer[Any]]]:
    """Every question, put to an empty store."""
    folder = tmp_path_factory.mktemp("nobody")
    with Tracker(f"sqlite:///{folder / 'store.db'}", FUNNEL) as tracker:
        yield [put(question, tracker.report()) for question in CATALOGUE.values()]


def pictures(answers: Any) -> Iterator[tuple[str, Answer[Any], str]]:
    for name, answer in answers.items():
        yield from ((f"{name}, {kind}", answer, kind) for kind in kinds(answer))


@pytest.mark.parametrize("width", [WIDE, NARROW, 600, 320])
def test_every_picture_is_whole_and_legible(
    answers: dict[str, Answer[Any]], nobody: list[Answer[Any]], width: int
) -> None:
    """It is XML without scripts; nothing leaves the frame, and no letters cover others."""
    empty = {f"nobody {n}": answer for n, answer in enumerate(nobody)}
    for name, answer, kind in pictures(answers | empty):
        text = answer.svg(kind, width=width)
        svg = read(text)
        assert text == answer.svg(kind, width=width), name
        left, top, right, bottom = map(float, svg.get("viewBox", "").split())
        assert (left, top, right) == (0, 0, width), name
        assert " style=" not in text and "<script" not in text, name
        assert {one.tag.removeprefix(SVG) for one in svg.iter()} <= {
            *("svg", "title", "desc", "style", "rect", "path", "circle", "text", "tspan"),
        }, name
        for x, y in reach(svg):
            assert -0.6 <= x <= right + 0.6 and -0.6 <= y <= bottom + 0.6, (name, x, y)
        texts = boxes(svg)
        for n, one in enumerate(texts):
            assert one.left >= -0.6 and one.right <= right + 0.6, (name, one)
            assert one.top >= 0 and one.bottom <= bottom, (name, one)
            assert not [(one, other) for other in texts[n + 1 :] if one.is_over(other)], name


def test_every_picture_says_what_is_seen(answers: dict[str, Answer[Any]]) -> None:
    """Its title, what it shows in words, the instant, the definition; names as they are written."""
    for name, answer, kind in pictures(answers):
        svg = read(answer.svg(kind))
        drawn_as = picture(answer, kind)
        assert svg.get("role") == "img"
        assert svg.findtext(f"{SVG}title") == readable(answer.title)
        assert svg.findtext(f"{SVG}desc") == visible(drawn_as.told), name
        said = " ".join("".join(one.itertext()) for one in svg.iter(f"{SVG}text"))
        assert "as of 2025-05-11" in said
        assert " ".join(answer.definition.split())[:60] in said, name
        embedded = to_svg(drawn_as, width=WIDE)
        assert "<style" not in embedded and "xmlns" not in embedded
        assert len(boxes(read(embedded))) < len(boxes(svg))


def test_every_picture_is_the_one_that_plotly_draws(answers: dict[str, Answer[Any]]) -> None:
    """As many bars, dots, cells, flows, lines and bands; at both widths."""
    pytest.importorskip("plotly", reason="no figures without plotly: install the extra plot")
    for name, answer, kind in pictures(answers):
        expected = drawn(answer.figure(kind))
        for width in (WIDE, NARROW):
            found = marks(read(answer.svg(kind, width=width)))
            assert {one: found[one] for one in COUNTED if found[one]} == dict(expected), name


def test_no_name_becomes_markup(answers: dict[str, Answer[Any]]) -> None:
    """Strangers' names are text, and can be read."""
    for name in ("recidivism by", "touchpoints", "worklist", "growth by"):
        text = answers[name].svg()
        assert "<b>" not in text and "<script" not in text and "\u202e" not in text
    assert HOSTILE in "".join(read(answers["growth by"].svg()).itertext())


def test_both_schemes_name_the_same_colours() -> None:
    """Each class has its colour in light and in dark, and none is said twice."""
    assert list(LIGHT) == list(DARK)
    light, dark = re.findall(r"\{(--mf-[^}]*)\}", style())
    assert re.findall(r"--mf-[\w-]+", light)[: len(LIGHT)] == [f"--mf-{one}" for one in LIGHT]
    named = [re.findall(r"(--mf-[\w-]+):", one) for one in (light, dark)]
    assert named[0] == named[1]


def test_a_picture_has_a_least_width(report: Report) -> None:
    """Below that nothing is legible."""
    with pytest.raises(QuestionError, match="at least 320 pixels wide, not 300"):
        report.funnel().svg(width=300)


@given(st.text(max_size=60), st.floats(40, 400))
def test_text_is_wrapped_within_a_width(text: str, width: float) -> None:
    """No line is wider, unless one letter is; and no letter is lost."""
    lines = wrapped(text, width)
    assert all(width_of(line) <= width or len(line) <= 1 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
