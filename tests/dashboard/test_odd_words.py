"""A funnel's own word fits after a number, and no more is asked of it: no sentence is broken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import cycle
from typing import Any, Final

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from motfunnel import Funnel, Tracker
from motfunnel.answers.answer import kinds
from motfunnel.answers.words import in_clauses, in_own_words
from motfunnel.dashboard import Dashboard, wsgi
from motfunnel.dashboard.pages import PAGES
from motfunnel.dashboard.views.sentences import sentence
from motfunnel.domain.funnel.words import USUAL
from motfunnel.domain.moment import MomentKind
from motfunnel.reports.catalogue import CATALOGUE, Entry
from tests.dashboard.conftest import Ask, asking
from tests.reports.drawn import AS_OF, FUNNEL, make_tracker, name, put

DID: Final = tuple(kind.value for kind in MomentKind)
PHRASES: Final = (
    "went quiet",
    "back again",
    "a fan now",
    "at odds",
    "no longer here",
    "gone for good",
    "all done",
    "in love with it",
)
"""They fit after a number, and nowhere else."""
ODD: Final = dict(zip(DID, cycle(PHRASES), strict=False))
MORE: Final[dict[str, Any]] = {"by": "source", "per": "month", "how": "with-us"}
_VERBS: Final = (
    "that|who|whoever|whom|have|has|had|having|never|to|not|did|does|do|may|must|can|would|will|"
    "share|already|somebody|nobody|everybody|anybody|they|it|and|or|since|of those|the|an?|is|are"
)
"""Behind what only some words fit."""


def broken(text: str, words: dict[str, str]) -> str | None:
    """Where a word stands in a text that need not fit there; None: nowhere."""
    odd = "|".join(re.escape(words[key]) for key in DID)
    told = " ".join(text.split())
    found = re.search(rf"\b(?:{_VERBS}) (?:{odd})\b", told)
    return None if found is None else told[max(0, found.start() - 60) : found.end() + 40]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracker]:
    """The short history, in odd words."""
    url = f"sqlite:///{tmp_path_factory.mktemp('odd') / 'store.db'}"
    make_tracker(url).close()
    funnel = Funnel.from_dict(FUNNEL.to_dict() | {"words": ODD})
    with Tracker(url, funnel, clock=lambda: AS_OF) as tracker:
        yield tracker


def asked(question: Entry, tracker: Tracker) -> Iterator[Any]:
    """The answers to a question, put in several ways."""
    report = tracker.report(as_of=AS_OF)
    for more in ({}, *({one: MORE[one]} for one in MORE if one in question.options)):
        yield put(question, report, **more)


@pytest.mark.parametrize("question", CATALOGUE.values(), ids=CATALOGUE)
def test_answers_are_not_broken(question: Entry, odd: Tracker) -> None:
    """In definitions, remarks, headings, sentences and figures."""
    for answer in asked(question, odd):
        told = [answer.definition, answer.title, *answer.remarks]
        told += [part for table in answer.tables() for part in (table[0] or "", *table[1])]
        told.append("".join(part.text for part in sentence(answer)))
        for kind in kinds(answer) if question.name != "flows" else ():  # from one name to another
            drawn = BeautifulSoup(answer.svg(kind), "html.parser")
            told += [one.get_text() for one in drawn.select("text, title, desc")]
        for one in told:
            assert broken(one, ODD) is None, broken(one, ODD)


@pytest.fixture
def ask(odd: Tracker) -> Ask:
    """Asks the pages of that history."""
    return asking(wsgi(Dashboard(odd, authorize=lambda environ: True, patience=None)))


@pytest.mark.parametrize("path", [*(f"/{slug}?whole=1" for slug in PAGES), "/person?contact="])
def test_pages_are_not_broken(ask: Ask, path: str) -> None:
    """In cards, sentences, the glossary and stories; questions above sections stay."""
    more = name(5).replace(" ", "%20") if path.endswith("=") else ""
    soup = BeautifulSoup(ask(f"{path}{more}").text, "html.parser")
    for one in soup.select("nav, form, title, h1, h2, code, style, script"):
        one.decompose()
    for one in soup.select("p, li, td, th, dt, dd, h3, h4, text, desc, div.card *"):
        assert broken(one.get_text(" "), ODD) is None, broken(one.get_text(" "), ODD)


@cache
def sentences() -> tuple[str, ...]:
    """All that the answers say, in the usual words."""
    with make_tracker("sqlite://") as tracker:
        answers = [answer for one in CATALOGUE.values() for answer in asked(one, tracker)]
    return tuple({text for one in answers for text in (one.definition, one.title, *one.remarks)})


_parts = st.sampled_from(
    ["back", "lost", "at", "by", "gone", "on", "fan", "more", "again", "cold", "of"]
)


@given(st.lists(st.lists(_parts, min_size=1, max_size=4), min_size=len(DID), max_size=len(DID)))
def test_no_word_breaks_a_sentence(phrases: list[list[str]]) -> None:
    """Whatever it is: where it need not fit it is a label."""
    own = {key: f"zz {' '.join(one)}" for key, one in zip(DID, phrases, strict=True)}
    words = {**USUAL, **own}
    for text in sentences():
        said = in_own_words(text, words)
        assert broken(said, words) is None, said
        assert in_own_words(said, words) == said


def test_what_is_a_past_stands_where_ours_did() -> None:
    """Such words need no marks; and the usual ones stay."""
    words = {**USUAL, "depart": "lapsed", "recidivism": "signed up again"}
    for ours, theirs in (
        ("the share that left", "the share that lapsed"),
        ("who had come back", "who had signed up again"),
        ("5 contacts left", "5 contacts lapsed"),
        ("the departed", "the lapsed"),
        ("who comes back", 'who counts as "signed up again"'),
        ("to come back", 'to count as "signed up again"'),
    ):
        assert in_own_words(ours, words) == theirs
    assert in_clauses(words)["depart"] == "lapsed"
    assert in_clauses(USUAL) == USUAL
