"""The catalogue: each question is there wherever questions are asked, told and listed."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from inspect import getdoc, iscoroutinefunction, signature
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import evolve

from motfunnel import AsyncTracker, Funnel, Tracker, touch
from motfunnel.answers.answer import Answer, kinds, picture
from motfunnel.answers.cells import COUNT, ROWS, Kind, cells
from motfunnel.answers.named import Named
from motfunnel.answers.table import wrapped
from motfunnel.charts.scene import Picture
from motfunnel.cli.report import REPORTS, Form
from motfunnel.domain.instant import Duration
from motfunnel.domain.lens import LENSES
from motfunnel.errors import MotfunnelError, QuestionError
from motfunnel.reports.catalogue import CATALOGUE, Entry
from motfunnel.reports.facts.known import Known
from motfunnel.reports.report import Report
from tests.reports.drawn import AS_OF, make_tracker, put

# By cases and by contacts; what is followed comes second; who is away comes first.
WALKS: Final = {"complaints": 2, "lens": 2, "worklist": 2}
ROOT: Final = Path(__file__).parents[2]
each: Final = pytest.mark.parametrize("question", CATALOGUE.values(), ids=CATALOGUE)


@pytest.fixture(scope="module")
def nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    """A report on a store without contacts."""
    file = tmp_path_factory.mktemp("nobody") / "store.db"
    with make_tracker(f"sqlite:///{file}", contacts=0) as tracker:
        yield tracker.report(as_of=AS_OF)


@each
def test_answers_are_what_the_signature_says(question: Entry, report: Report) -> None:
    """Each answers with a value of its class, which says by which definition."""
    answer = put(question, report)
    assert isinstance(answer, question.answer)
    assert answer.definition
    assert answer.to_dict()["definition"] == answer.definition
    assert repr(answer).startswith(f"<{type(answer).__name__} {answer.title}: ")
    assert "\n" not in repr(answer)


NONE_OF_THEM: Final[tuple[Any, ...]] = (
    [],
    {},
    [[]],
    "0.9",
    b"x",
    Decimal("NaN"),
    10**400,
    math.nan,
    -1,
    object(),
)


@each
def test_what_is_none_of_an_option_is_a_typed_error(question: Entry, nobody: Report) -> None:
    """Whatever stands in its place: the option is named, or the value is one after all."""
    bare = []
    for name in question.options:
        for value in NONE_OF_THEM:
            try:
                put(question, nobody, **{name: value})
            except MotfunnelError:
                continue
            except Exception as error:
                bare.append(f"{name}={str(value)[:20]}: {type(error).__name__}: {error}")
    assert not bare, "\n".join(bare)


@each
def test_a_window_longer_than_the_calendar_is_refused(question: Entry, report: Report) -> None:
    """And the longest that is not has an answer; what is only held against others may be any."""
    for name, option in question.options.items():
        if option.type is not Duration:
            continue
        if name not in ("after", "away_at_least", "away_at_most"):
            for long in ("364878d", "800000d", timedelta.max):
                with pytest.raises(QuestionError, match=f"{name} is .*longer than any history"):
                    put(question, report, **{name: long})
        long = timedelta.max if name.startswith("a") else "36500d"
        assert put(question, report, **{name: long}).to_text()


@each
def test_of_nobody_there_is_an_answer(question: Entry, nobody: Report) -> None:
    """It has every form, and says nothing of anybody."""
    answer = put(question, nobody)
    assert isinstance(answer, question.answer)
    assert all(not members for row in answer.rows for members in row.names.values())
    assert f"{answer}" and answer.to_json() and answer.to_csv()
    for kind in kinds(answer):
        assert isinstance(picture(answer, kind), Picture)


@each
def test_what_is_known_now_is_what_is_stored(
    question: Entry, drawn: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what had been recorded by now, the answer is the same; each contact is walked once."""
    walks: list[Known] = []
    walk = Known.unread

    def counted(source: Known, *signals: Any) -> Any:
        walks.append(source)
        return walk(source, *signals)

    monkeypatch.setattr(Known, "unread", counted)
    known = drawn.report(as_of=AS_OF, known_by=datetime.now(UTC))
    stored = put(question, drawn.report(as_of=AS_OF))
    assert put(question, known).to_dict() == evolve(stored, known_by=known.known_by).to_dict()
    assert len(walks) == WALKS.get(question.name, 1)


def counts_of(row: Any, before: str = "") -> Iterator[tuple[str, str, int | None]]:
    """Each count of a row, with the part under which its names are kept."""
    for name, one in cells(type(row)).items():
        value, path = getattr(row, name), before + name
        if one.kind.row is not None and value is not None:
            yield from counts_of(value, f"{path}.")
        elif one.kind is ROWS and path == "cells":
            yield from ((path, str(each.number), each.retained) for each in value)
        elif one.kind is ROWS:
            yield from (count for each in value for count in counts_of(each, f"{path}."))
        elif one.kind is COUNT:
            yield path, name.removesuffix("_count"), value


@each
def test_names_are_as_many_as_the_number(question: Entry, report: Report) -> None:
    """Behind every count stand so many names, and the command line's list is as long."""
    lenses = [{"name": name} for name in LENSES] if question.name == "lens" else [{}]
    counts = set[str]()
    for lens in lenses:
        answer = put(question, report, **lens)
        lengths = Counter[str]()
        for row in answer.rows:
            for path, part, number in counts_of(row):
                if path in question.unnamed:
                    counts.add(path)
                    continue
                assert part in row.names or number is None, (path, row)
                if part not in row.names:
                    continue
                assert len(row.names[part]) == (number or 0), (path, row)
                lengths[part] += number or 0
        for part, length in lengths.items():
            named = Named(answer, part)
            assert len(named.to_csv().splitlines()) == length + 1
            assert f"{part}: {length:,}\n" in named.to_text()
            told = named.to_dict()["rows"]
            assert [len(one["members"]) for one in told] == [one["count"] for one in told]
            assert sum(one["count"] for one in told) == length
    assert counts <= {*question.unnamed}


@each
def test_a_count_is_known_by_its_word(question: Entry, report: Report) -> None:
    """By the word that stands above it too, where it is that of one count; errors list both."""
    answer = put(question, report)
    parts = {part: None for row in answer.rows for part in row.names}
    words = Counter(answer.word(part) for part in parts)
    for part in parts:
        word = answer.word(part)
        if words[word] > 1 or word in parts:
            continue
        for said in (word, word.upper(), word.replace(" ", "-")):
            assert Named(answer, said).part == part
        row = next(row for row in answer.rows if part in row.names)
        assert answer.members(row, word) == answer.members(row, part)
        with pytest.raises(QuestionError) as raised:
            Named(answer, "nothing of it")
        assert (part if part.replace("_", " ") == word else f"{part} ({word}") in str(raised.value)


@each
def test_each_heading_above_people_can_be_asked_for(
    question: Entry, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the names that are offered, all of them accepted; or it is said why nobody is named."""
    above, table = dict[str, Kind](), Answer.table

    def noted(self: Answer[Any], caption: str | None, shown: Any, rows: Any) -> Any:
        above.update({str(one.heading).format_map(self.words()): one.kind for _, one in shown})
        return table(self, caption, shown, rows)

    monkeypatch.setattr(Answer, "table", noted)
    for lens in [{"name": name} for name in LENSES] if question.name == "lens" else [{}]:
        answer = put(question, report, **lens)
        above.clear()
        [*answer.tables()]
        parts = dict.fromkeys(part for row in answer.rows for part in row.names)
        offered = answer.nobody_behind("nothing", parts).partition("there are: ")[2]
        offered = offered.replace("_", " ")
        for heading in (one for one, kind in above.items() if kind is COUNT):
            part = answer.count_meant(heading, parts)
            if part not in parts:
                assert f"{heading!r}: " in answer.nobody_behind(heading, parts), heading
            else:
                assert re.search(rf"(?<!\w){re.escape(heading)}(?!\w)", offered), heading
        for part in parts:
            for word in answer.words_of(part):
                assert word.replace("_", " ") in offered


def test_what_came_back_is_asked_for_by_its_heading(report: Report) -> None:
    """The rate's numerator by what happened, and the purchases below it by their class."""
    rate, value = report.recidivism(within="9d"), report.value("month", within="9d")
    assert rate.members(part="came back") == rate.members(part="numerator")
    assert "numerator (counted, returned, came back)" in rate.nobody_behind("x", ["numerator"])
    for row in value.rows:
        assert value.members(row, "came back") == list(row.names["returned_purchases"])
    with pytest.raises(QuestionError, match="its story tells them"):
        Named(report.worklist(), "came back")


LACKING: Final = {
    "reengagement": "means outreach",
    "coverage": "means outreach",
    "conversion": "reaches customer",
    "loyalty": "means purchase",
    "recovery": "means complain",
    "departure_after_complaint": "means complain",
    "referrals": "means refer",
    "holdout": "holds an arm out",
    "landmark": "means outreach",
    "mantel_byar": "means outreach",
    "touchpoints": "is a rating",
    "journey_map": "is a rating",
    "nps": "means rating",
    "complaints": "means complain",
    "value": "says of no purchase what it was worth",
    "lens": "is a rating",
}
"""Of a funnel that says nothing but who came: what each question misses."""


@each
def test_a_bare_funnel_is_told_the_rule_for_each(question: Entry) -> None:
    """With the rule to add, in place of figures; and the question has an answer."""
    bare = Funnel(stages=("visitor", "customer"), rules={"came": touch()})
    with Tracker("sqlite://", bare) as tracker:
        tracker.track("ada", "came")
        report = tracker.report()
        given = {"other_funnel": bare, "start": "visitor", "goal": "customer"}
        given = {name: value for name, value in given.items() if name in question.options}
        if question.name == "lens":
            given["name"] = "carlzon"
        answer = put(question, report, **given)
        misses = LACKING.get(question.name, "")
        assert bool(answer.lacking) is bool(misses) and misses in answer.lacking
        if answer.lacking:
            assert " = " in answer.lacking
            assert answer.to_text().split("\n\n")[1:] == [wrapped(answer.lacking, None)]
            assert answer.to_dict()["notes"][0] == answer.lacking
            assert picture(answer).blank == answer.lacking


@pytest.mark.parametrize("name", ["touchpoints", "journey_map", "lens"])
def test_scores_need_no_rule(name: str) -> None:
    """Any event may carry one, and where one did there is an answer."""
    bare = Funnel(stages=("visitor", "customer"), rules={"came": touch()})
    with Tracker("sqlite://", bare) as tracker:
        tracker.track("ada", "came", properties={"experienced": 7, "touchpoint": "shop"})
        answer = getattr(tracker.report(), name)(*(["carlzon"] if name == "lens" else []))
        assert not answer.lacking and "shop" in str(answer)


@each
def test_what_has_no_names_says_why(question: Entry, report: Report) -> None:
    """Whoever asks for them reads the reason, and what there is."""
    answer = put(question, report)
    for part, why in question.unnamed.items():
        if any(part in row.names for row in answer.rows):
            continue
        with pytest.raises(QuestionError, match=re.escape(f"{part!r}: {why}; there are: ")):
            answer.members(answer.rows[0], part)
        with pytest.raises(QuestionError, match=re.escape(why)):
            Named(answer, part)


@each
def test_a_report_has_it_as_a_method(question: Entry) -> None:
    """With the whole signature and what the function says of itself, under asyncio too."""
    here: list[Callable[..., Any]] = [getattr(Report, question.name)]
    here.append(getattr(type(AsyncTracker("sqlite+aiosqlite://").report()), question.name))
    _, *options = signature(question.function).parameters.values()
    for method in here:
        itself, *told = signature(method).parameters.values()
        assert (itself.name, told) == ("self", options)
        assert signature(method).return_annotation == question.answer.__name__
        assert getdoc(method) == getdoc(question.function)
        assert method.__qualname__.endswith(f"Report.{question.name}")
    assert [iscoroutinefunction(method) for method in here] == [False, True]


@each
def test_a_wrong_call_says_what_to_write(question: Entry, report: Report) -> None:
    """The right form of the question stands in the error, without what it is put to."""
    with pytest.raises(TypeError, match=rf"it is Report.{question.name}\((?!inquiry|self)"):
        getattr(report, question.name)(nonsense=1)


@each
def test_every_option_is_explained(question: Entry) -> None:
    """In the docstring, in the order of the signature, and nothing else is."""
    assert [name for name, option in question.options.items() if not option.help] == []
    told = (getdoc(question.function) or "").partition("Args:\n")[2].partition("\n\n")[0]
    assert re.findall(r"^    (\w+): ", told, re.MULTILINE) == [*question.options]


def listed() -> dict[str, tuple[set[str], set[str]]]:
    """What the page on the command line says that each needs and takes."""
    page = (ROOT / "docs/reference/command-line.md").read_text("utf-8")
    rows = re.findall(r"^\| (`[a-z`, -]+`) \| ([^|]*)\| ([^|]*)\| [^|]*\|$", page, re.MULTILINE)
    return {
        name: ({*re.findall(r"--([\w-]+)", needs)}, {*re.findall(r"--([\w-]+)", takes)})
        for names, needs, takes in rows
        for name in re.findall(r"`([\w-]+)`", names)
    }


@pytest.mark.parametrize(("name", "form"), REPORTS.items(), ids=REPORTS)
def test_the_page_lists_what_it_takes(name: str, form: Form) -> None:
    """What each needs and takes stands in the table, but for what nearly all take."""
    needs, takes = listed()[name]
    assert needs == form.needs
    named = {"together" if one == "stepwise" else one for one in form.takes}
    assert takes == named - form.needs - {"confidence", "from", "to"}


def test_options_know_their_types() -> None:
    """An option that may be left out is of the type that it has when it is given."""
    assert CATALOGUE["recidivism"].options["within"].type == Duration
    assert CATALOGUE["recidivism"].options["by"].type == str | Sequence[str] | None
    assert CATALOGUE["recidivism"].cohort == ("departed",)
    assert CATALOGUE["growth"].cohort == ("since", "until")
    assert CATALOGUE["worklist"].cohort == ()
