"""One name for one thing: in Python, JSON, CSV and lists of names, and one word for it on paper."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

import pytest
from attrs import evolve, fields, has

from motfunnel import Funnel, Tracker
from motfunnel.answers.answer import kinds, picture
from motfunnel.answers.cells import NAMED, ROWS, cells
from motfunnel.answers.named import Named
from motfunnel.answers.words import HEADINGS, heading
from motfunnel.dashboard.views.sentences import sentence
from motfunnel.dashboard.views.tables import tables
from motfunnel.reports.catalogue import CATALOGUE, Entry
from motfunnel.reports.report import Report
from tests.reports.drawn import AS_OF, FUNNEL, make_tracker, put

each: Final = pytest.mark.parametrize("question", CATALOGUE.values(), ids=CATALOGUE)

OWN: Final = {
    "contact": "subscriber",
    "purchase": "order",
    "opening": "signed up",
    "depart": "cancelled",
    "recidivism": "rejoined",
    "active": "subscribed",
    "departed": "gone",
}
HIDDEN: Final = re.compile(r"\b(contacts?|came back)\b")
"""Usual words that the funnel has others for; the rest of them have more than one meaning."""


STATE: Final = re.compile(r"(?<!still\s)\bactive\b")
"""The name of a state of contacts, which nothing else may have; *still active* is that state."""


def rows_of(row: type) -> Iterator[type]:
    """The class of a row, and those of the rows in it."""
    yield row
    for one in cells(row).values():
        if one.kind.row is not None:
            yield from rows_of(one.kind.row)


def keys_of(row: type, before: str = "") -> Iterator[str]:
    """What the columns of a row are called: like its fields, an interval like its two ends."""
    for name, one in cells(row).items():
        if one.kind.row is not None:
            yield from keys_of(one.kind.row, f"{before}{name}_")
        elif one.kind.name == "interval":
            yield from (f"{before}{name.removesuffix('interval')}{e}" for e in ("lower", "upper"))
        elif one.kind is not ROWS:
            yield before + name


def flattened(written: dict[str, Any], before: str = "") -> Iterator[str]:
    """What stands in JSON, on one line."""
    for key, value in written.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{before}{key}_")
        elif not isinstance(value, list):
            yield before + key


@each
def test_python_json_and_csv_have_the_same_names(question: Entry, report: Report) -> None:
    """A column is called like the attribute, and like the key."""
    answer = put(question, report)
    names = [*keys_of(answer.row_class)]
    for row in answer.rows:
        assert {*flattened(row.to_dict())} <= {*names}
    header = next(csv.reader(io.StringIO(answer.to_csv())))
    assert header[: len(names)] == names
    assert [name for name, _, _ in answer.columns()] == header
    assert {*header} - {*names} <= {*flattened(answer.to_dict())} | {*HOW_OF_RETENTION}


HOW_OF_RETENTION: Final = ("number", "retained", "share", "lower", "upper", "is_complete")
"""In a table, a line of a cohort has the columns of its cell."""


@each
def test_a_list_of_names_is_called_like_its_count(question: Entry, report: Report) -> None:
    """So that whoever read the count knows what to ask for."""
    answer = put(question, report)
    known = {name for row in rows_of(answer.row_class) for name in cells(row)}
    for part in {part for row in answer.rows for part in row.names}:
        assert part in known or f"{part}_count" in known or part.isdigit(), part
        assert Named(answer, part).to_dict()["part"] == part


OTHERWISE: Final = {
    "per": {"per {contact} that"},
    "source": {"from"},
    "target": {"to", "target"},  # of a flow, and of a touchpoint
    "what": {"made by them", "{contacts} that"},
    "term": {"with"},
    "ratio": {"ratio", "hazard ratio"},  # of a log-rank test, and of Cox's model
    "group": {"{by}", "state"},
    "unfinished": {""},
    "period": {"{period}"},
    "probability": {"{estimator}"},
    "events": {"{unit}"},
}
"""What is called by the question, or stands in a sentence with its heading."""


def headings() -> dict[str, set[str]]:
    """What stands above each name, in all tables of all questions."""
    found = defaultdict[str, set[str]](set)
    for question in CATALOGUE.values():
        for row in rows_of(question.answer.row_class):
            for name, one in cells(row).items():
                if one.heading is not None and one.kind.name != "interval":
                    found[name].add(one.heading)
    return found


def test_one_name_has_one_word() -> None:
    """That of the table of words, wherever it stands."""
    for name, said in headings().items():
        assert said == {heading(name)} or said <= OTHERWISE[name], name


def test_the_table_has_no_word_for_what_there_is_not() -> None:
    """Each of its names is a field of a row, and differs from its word."""
    known = {
        name
        for question in CATALOGUE.values()
        for row in [*rows_of(question.answer.row_class), *nested(question)]
        for name in (one.name for one in fields(row))
    }
    assert {*HEADINGS} - known == {"present"}
    assert [name for name, said in HEADINGS.items() if said == name.replace("_", " ")] == []


def nested(question: Entry) -> Iterator[type]:
    """The classes of rows that stand in tables of their own."""
    from motfunnel.reports.decisions import patience, simulate
    from motfunnel.reports.experience import touchpoints
    from motfunnel.reports.measure import adjusted, comparison, rate, trend
    from motfunnel.reports.progress import lens

    rooms = (patience, simulate, touchpoints, adjusted, comparison, rate, trend, lens)
    for room in rooms:
        for one in vars(room).values():
            if isinstance(one, type) and has(one) and cells(one):
                yield one


@each
def test_pages_and_text_have_the_same_words(question: Entry, report: Report) -> None:
    """A table has the same headings on a page as on a terminal."""
    answer = put(question, report)
    if answer.lacking:
        return
    text = answer.to_text(400, detail=True)
    for table in tables(answer, lambda row, column: "", lambda contact: ""):
        for one in table.header:
            assert one.text in text


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Report, Report]]:
    """The same history told in a funnel's own words, and in the usual ones."""
    url = f"sqlite:///{tmp_path_factory.mktemp('own') / 'store.db'}"
    with (
        make_tracker(url) as usual,
        Tracker(url, evolve_words(FUNNEL)) as own,
    ):
        yield own.report(as_of=AS_OF), usual.report(as_of=AS_OF)


def evolve_words(funnel: Funnel) -> Funnel:
    """The same funnel with words of its own."""
    return Funnel.from_dict(funnel.to_dict() | {"words": OWN})


@each
def test_a_funnel_speaks_its_own_words(question: Entry, own: tuple[Report, Report]) -> None:
    """In text, pictures and sentences; the numbers and the names of programs stay."""
    mine, usual = (put(question, one) for one in own)
    assert NAMED not in mine.to_text(detail=True)
    assert not HIDDEN.search(mine.to_text(detail=True)), HIDDEN.search(mine.to_text(detail=True))
    said = "".join(part.text for part in sentence(mine))
    assert not HIDDEN.search(said)
    for kind in kinds(mine):
        drawn = picture(mine, kind)
        assert not HIDDEN.search(" ".join((drawn.counted, drawn.told, drawn.note)))
    same = evolve(mine, definition=usual.definition, notes=usual.notes, spoken=usual.spoken)
    if question.name != "simulate":  # which writes the other funnel out
        assert same.to_dict() == usual.to_dict()
        assert mine.to_csv().partition("\n")[0] == usual.to_csv().partition("\n")[0]


@each
def test_active_is_a_state_alone(question: Entry, report: Report) -> None:
    """Who was seen in a period is called so in columns, keys, cells, definitions and on paper."""
    answer = put(question, report)
    said = [answer.to_csv(), str(answer.to_dict()), answer.definition, f"{answer}"]
    assert [one[0] for text in said for one in STATE.finditer(text)] == []
    assert "active" not in {key for row in rows_of(answer.row_class) for key in keys_of(row)}
    assert "active" not in {name for row in answer.rows for name in row.names}


def test_a_count_by_its_own_name_asks_for_no_words(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the names behind a thousand cells would cost a million headings."""
    kept = report.retention()
    monkeypatch.setattr(type(kept), "words_of", None)
    for row in kept.rows:
        for part, names in row.names.items():
            assert kept.members(row, part) == list(names)
