"""The value that every report answers with, held by a report made up for it."""

from __future__ import annotations

import csv
import io
import json
import sys
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any, ClassVar
from unicodedata import category

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.answers.answer import Answer, Row, picture
from motfunnel.answers.cells import (
    COUNT,
    DURATION,
    FLAG,
    INSTANT,
    LEVEL,
    POINTS,
    SHARE,
    TEXT,
    between,
    cell,
    nested,
)
from motfunnel.errors import MissingExtraError, QuestionError
from motfunnel.statistics import Interval

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@frozen(kw_only=True)
class Inner:
    """What is nested in a row."""

    caption: ClassVar[str] = "By another way"

    wait: timedelta | None = field(metadata=cell(DURATION, "wait"))


@frozen(kw_only=True)
class Branch(Row):
    """A row as somebody else would write one."""

    branch: str = field(metadata=cell(TEXT, "branch"))
    calls: int = field(metadata=cell(COUNT, "calls"))
    share: float | None = field(metadata=cell(SHARE, "share"))
    interval: Interval | None = field(metadata=cell(between(SHARE), LEVEL))
    apart: float | None = field(metadata=cell(POINTS))
    is_open: bool = field(metadata=cell(FLAG))
    since: datetime = field(metadata=cell(INSTANT))
    inner: Inner = field(metadata=cell(nested(Inner)))


@frozen(kw_only=True)
class Branches(Answer[Branch]):
    """A report as somebody else would write one."""

    row_class: ClassVar[type[Row]] = Branch


def branch(name: str, **more: Any) -> Branch:
    told: dict[str, Any] = {
        "branch": name,
        "calls": 1234,
        "share": 0.25,
        "interval": Interval(lower=0.125, upper=0.5),
        "apart": -0.5,
        "is_open": True,
        "since": NOON,
        "inner": Inner(wait=timedelta(hours=36)),
        "names": {"calls": ("ada", "bob"), "share": ("ada",)},
    }
    return Branch(**(told | more))


def answer(*rows: Branch, **more: Any) -> Branches:
    asked: dict[str, Any] = {"definition": "what it means", "as_of": NOON, "confidence": 0.9}
    return Branches(**(asked | {"name": "branches", "rows": rows} | more))


ALL = answer(branch("north"), branch("south", share=None, interval=None, inner=Inner(wait=None)))


def test_a_dict_has_all_that_was_asked_and_every_cell() -> None:
    """Instants are ISO 8601, durations seconds, an interval two ends, what is undefined None."""
    told = json.loads(ALL.to_json())
    assert told == ALL.to_dict()
    north, south = told.pop("rows")
    assert told == {
        "name": "branches",
        "definition": "what it means",
        "as_of": "2026-01-01T12:00:00.000000Z",
        "known_by": None,
        "timezone": "UTC",
        "tenant": "default",
        "confidence": 0.9,
        "erased": 0,
        "notes": [],
    }
    assert north["inner"] == {"wait": 129_600.0}
    assert (north["lower"], north["upper"]) == (0.125, 0.5)
    assert (south["share"], south["lower"], south["upper"]) == (None, None, None)


def test_a_text_tells_all_of_it() -> None:
    """First the rows, then what is nested in them, last what they mean; None is a dash."""
    assert str(ALL) == (
        "Branches, as of 2026-01-01T12:00:00.000000Z\n"
        "\n"
        "branch  calls  share         90%\n"
        "──────  ─────  ─────  ──────────\n"
        "north   1,234  25.0%  12.5–50.0%\n"
        "south   1,234      –           –\n"
        "\n"
        "By another way\n"
        "branch   wait\n"
        "──────  ─────\n"
        "north   1.5 d\n"
        "south       –\n"
        "\n"
        "what it means"
    )


@pytest.mark.parametrize("name", ["x" * 200, "日本" * 100, "a\x1b[2Jb\n", ""])
def test_no_name_breaks_the_terminal_or_is_cut(name: str) -> None:
    """A long name is whole, a wide one counted by its columns, a control character written."""
    text = str(answer(branch(name), branch("b")))
    lines = text.splitlines()
    assert "\x1b" not in text
    assert name.encode("unicode_escape").decode() in text or name in text
    assert len({line.index("1,234") for line in lines if "1,234" in line}) <= 2
    assert len(lines) == len(str(ALL).splitlines())


@pytest.mark.parametrize("name", ["ग्राहक", "e\u0301te\u0301", "می\u200cرفت", "ผู้ซื้อ"])
def test_marks_upon_letters_take_no_column(name: str) -> None:
    """So that what stands behind them stands below the rest; and no sign that joins is written."""
    text = str(answer(branch(name), branch("b")))
    (line,) = [one for one in text.splitlines() if name in one and "1,234" in one]
    (rule, *_) = [one for one in text.splitlines() if one.startswith("─")]
    unseen = sum(category(letter) in ("Mn", "Cf") for letter in line)
    assert unseen and len(line) - unseen == len(rule)


@given(
    st.lists(st.text("ab 日", min_size=1).map(lambda one: one * 9), min_size=1, max_size=4),
    st.integers(60, 120),
)
def test_a_narrow_terminal_folds_names(names: list[str], width: int) -> None:
    """Names take as many lines as they need, and are there to the last letter."""
    lines = answer(*map(branch, names)).to_text(width).splitlines()
    assert all(sum(1 + (letter == "日") for letter in line) <= width for line in lines)
    first = max(column(lines), 1)
    below = lines[4 : lines.index("By another way")]
    told = "".join(cut(line, first) for line in below).replace(" ", "")
    assert told == "".join(names).replace(" ", "")


def column(lines: list[str]) -> int:
    """How wide the first column of a table is, by the line below its header."""
    return len(lines[3].split("  ")[0])


def cut(line: str, columns: int) -> str:
    """As much of a line as stands in its first columns."""
    taken = ""
    for letter in line:
        columns -= 1 + (letter == "日")
        if columns < 0:
            break
        taken += letter
    return taken


def test_what_a_reader_must_know_is_printed() -> None:
    """Notes, erasures, another tenant and an earlier knowledge are told."""
    text = str(answer(notes=("mind this",), erased=2, tenant="north", known_by=NOON))
    assert "as known by 2026-01-01T12:00:00.000000Z, of the tenant north" in " ".join(text.split())
    assert "\nmind this\nwithout 2 contacts erased" in text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_runs_no_formula(start: str) -> None:
    """A text that begins as a formula is disarmed; a number is left as it is."""
    read = csv.DictReader(io.StringIO(answer(branch(f"{start}1+1")).to_csv(), newline=""))
    (line,) = read
    assert line["branch"] == f"'{start}1+1"
    assert (line["apart"], line["inner_wait"], line["calls"]) == ("-0.5", "129600.0", "1234")
    assert (line["definition"], line["as_of"]) == ("what it means", "2026-01-01T12:00:00.000000Z")


def test_no_rows_still_have_columns() -> None:
    """An answer of no rows has a header, and its text says no numbers."""
    assert answer().to_csv() == ALL.to_csv().splitlines()[0] + "\n"
    assert answer().to_dict()["rows"] == []
    assert "branch  calls  share  90%" in str(answer())


def test_those_counted_can_be_named() -> None:
    """Each cell with names gives them; without saying which, the first does."""
    north = ALL.rows[0]
    assert ALL.members(north) == ["ada", "bob"]
    assert ALL.members(north, "share") == ["ada"]
    assert answer(north).members() == ["ada", "bob"]
    for row, part in ((None, None), (north, "since")):
        with pytest.raises(QuestionError):
            ALL.members(row, part)


def test_pandas_keeps_instants_and_durations() -> None:
    """Every column has the type of its kind, with rows or without; what is undefined is missing."""
    pytest.importorskip("pandas")
    frame = ALL.to_pandas()
    assert frame["inner_wait"].tolist()[0] == timedelta(hours=36)
    assert frame["as_of"].tolist() == [NOON, NOON]
    assert frame["share"].isna().tolist() == [False, True]
    assert frame["calls"].sum() == 2468
    assert list(answer().to_pandas().dtypes) == list(frame.dtypes)


def test_polars_keeps_instants_and_durations() -> None:
    """Every column has the type of its kind, with rows or without; what is undefined is null."""
    pytest.importorskip("polars")
    frame = ALL.to_polars()
    assert frame["inner_wait"].to_list() == [timedelta(hours=36), None]
    assert frame["since"].to_list() == [NOON, NOON]
    assert frame["share"].to_list() == [0.25, None]
    assert answer().to_polars().schema == frame.schema


def test_arrow_keeps_instants_and_durations() -> None:
    """Every column has the type of its kind, with rows or without; what is undefined is null."""
    pytest.importorskip("pyarrow")
    table = ALL.to_arrow()
    assert table["inner_wait"].to_pylist() == [timedelta(hours=36), None]
    assert table["known_by"].to_pylist() == [None, None]
    assert answer().to_arrow().schema.equals(table.schema)


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_a_missing_library_is_named(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a library is absent, the error says what to install."""
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=rf"{library}: pip install 'motfunnel\["):
        getattr(ALL, f"to_{library.removeprefix('py')}")()


def test_a_notebook_shows_the_figure_and_the_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without plotly, in a cell that is no more than its elements; of many rows the first."""
    monkeypatch.setitem(sys.modules, "plotly", None)
    cell = ALL._repr_html_()
    assert cell.startswith("<svg") and cell.count("<svg") == 1 and "<script" not in cell
    assert f"<desc>{escape(picture(ALL).told)}</desc>" in cell
    assert cell.count("<table>") == len(list(ALL.tables()))
    many = answer(*(branch(f"<b>{n}</b>") for n in range(101)))._repr_html_()
    assert "The first 100 of 101 rows" in many
    assert "&lt;b&gt;7&lt;/b&gt;" in many and "<b>" not in many
    nobody = answer()._repr_html_()
    assert "<svg" not in nobody and escape(ALL.definition) in nobody


def test_any_answer_has_a_figure() -> None:
    """One of which no picture is known is drawn by its cells, with its intervals."""
    pytest.importorskip("plotly", reason="no figures without plotly: install the extra plot")
    dots, *_ = ALL.figure().data
    assert list(dots.x) == [0.25, None]
    assert list(dots.error_x.array) == [0.25, 0]
    assert list(ALL.figure().layout.yaxis.ticktext) == ["north", "south"]


def test_without_plotly_there_is_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(MissingExtraError, match=r"plotly: pip install 'motfunnel\[plot\]'"):
        ALL.figure()
