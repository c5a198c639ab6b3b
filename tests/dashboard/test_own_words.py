"""A funnel's own words: with each of them set no usual one is read, on pages and in answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from bs4 import BeautifulSoup

from motfunnel import Funnel, Tracker, leave, touch
from motfunnel.answers.answer import kinds
from motfunnel.answers.named import Named
from motfunnel.dashboard import Dashboard, wsgi
from motfunnel.dashboard.pages import PAGES
from motfunnel.dashboard.views.sentences import sentence
from motfunnel.domain.funnel.words import KEYS, USUAL
from motfunnel.pages import Section, page
from motfunnel.reports.catalogue import CATALOGUE, Entry
from tests.dashboard.conftest import Ask, asking
from tests.reports.drawn import AS_OF, FIRST, FUNNEL, make_tracker, name, put

OWN: Final = {key: f"x{key}y" for key in KEYS}
"""A word that is in no sentence of ours, for all that can have one."""
MEANT: Final = (
    *(word for key, word in USUAL.items() if key not in ("opening", "depart", "departed")),
    *("come back", "departed", "returned", "still active"),
    *(r"left(?! out| aside)", r"new(?! one)", "away"),
)
READ: Final = re.compile(rf"(?<![\w'\"`=])(?:{'|'.join(MEANT)})(?![\w\"`=]| =)", re.IGNORECASE)
MORE: Final[dict[str, Any]] = {"by": "source", "per": "month", "how": "with-us"}
LENSES: Final = ("carlzon", "lafley", "eight")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracker]:
    """The short history, in words of its own."""
    url = f"sqlite:///{tmp_path_factory.mktemp('words') / 'store.db'}"
    make_tracker(url).close()
    funnel = Funnel.from_dict(FUNNEL.to_dict() | {"words": OWN})
    with Tracker(url, funnel, clock=lambda: AS_OF) as tracker:
        yield tracker


def check(text: str) -> None:
    """That no usual word is in a text."""
    plain = " ".join(text.split())
    found = READ.search(plain)
    assert found is None, plain[max(0, found.start() - 60) : found.end() + 40]


@pytest.mark.parametrize("question", CATALOGUE.values(), ids=CATALOGUE)
def test_answers_say_the_own_words(question: Entry, own: Tracker) -> None:
    """In text with its definition, in the sentence, and in each figure."""
    report = own.report(as_of=AS_OF)
    options = [{}, *({one: MORE[one]} for one in MORE if one in question.options)]
    options += [{"name": one} for one in LENSES] if question.name == "lens" else []
    for more in options:
        answer = put(question, report, **more)
        check(answer.to_text(detail=True))
        check("".join(part.text for part in sentence(answer)))
        for kind in kinds(answer):
            check(BeautifulSoup(answer.svg(kind), "html.parser").get_text(" | "))
        for html in (page([Section("asked", answer)]), answer._repr_html_()):
            check(read(html))
        for part in {part for row in answer.rows for part in row.names if not part.isdigit()}:
            heading, _, rest = Named(answer, part).to_text().partition(f"\n{part}: ")
            check(heading + rest.split("\n")[2])


@pytest.fixture
def ask(own: Tracker) -> Ask:
    """Asks the pages of that history."""
    return asking(wsgi(Dashboard(own, authorize=lambda environ: True, patience=None)))


def read(html: str) -> str:
    """What is read of a page, without its questions, its titles and its code."""
    soup = BeautifulSoup(html, "html.parser")
    for one in soup.select("nav, form, title, h1, h2, code, style, script"):
        one.decompose()
    said = soup.get_text(" ")
    return re.sub("Not on this page: “.*?”", "", said)


@pytest.mark.parametrize("slug", PAGES)
@pytest.mark.parametrize("more", ["", "&group=source"])
def test_pages_say_the_own_words(ask: Ask, slug: str, more: str) -> None:
    """In sentences, cards, tables, figures, definitions and the glossary."""
    check(read(ask(f"/{slug}?whole=1{more}").text))


@pytest.mark.parametrize("slug", PAGES)
def test_pages_of_nobody_say_them_too(tmp_path: Path, slug: str) -> None:
    """Where there is nothing to tell, in the reasons why."""
    funnel = Funnel.from_dict(FUNNEL.to_dict() | {"words": OWN})
    with Tracker(f"sqlite:///{tmp_path / 'store.db'}", funnel) as tracker:
        tracker.track("ada", "page_viewed")
        ask = asking(wsgi(Dashboard(tracker, authorize=lambda environ: True, patience=None)))
        check(read(ask(f"/{slug}?whole=1&period=1d").text))


@pytest.mark.parametrize("n", [1, 5, 6, 7, 12])
def test_stories_say_the_own_words(ask: Ask, n: int) -> None:
    """What a person is, what happened, and why."""
    seen = ask(f"/person?contact={name(n)}".replace(" ", "%20"))
    assert seen.status == 200 and OWN["opening"] in seen.text and OWN["depart"] in seen.text
    check(read(seen.text))


def test_names_that_others_gave_stay() -> None:
    """A stage, a reason, an event or a group may be called as we call something."""
    funnel = Funnel(
        stages=("new", "returned"),
        rules={"left": leave(reason="why"), "opened": touch(), "departed": leave(reason="why")},
        words=OWN,
    )
    with Tracker("sqlite://", funnel, clock=lambda: AS_OF) as tracker:
        for n, what in enumerate(("opened", "left")):
            told = {"why": "contact", "source": "away"}
            tracker.track("ada", what, occurred_at=FIRST.replace(day=n + 1), properties=told)
        report = tracker.report(as_of=AS_OF)
        by_reason = report.recidivism(within="9d", by="reason")
        assert [row.group for row in by_reason.rows] == ["contact"]
        assert "contact" in by_reason.to_text() and "contact" in by_reason.svg("rates")
        assert "away" in report.growth("month", by="source").to_text()
        assert "returned" in report.funnel().to_text() and "new" in report.funnel().svg()
        ask = asking(wsgi(Dashboard(tracker, authorize=lambda environ: True, patience=None)))
        story = ask("/person?contact=ada").text
        assert "left" in story and "opened was the first" in story
        rules = ask("/about?whole=1").text
        assert "<dt>departed</dt>" in rules and "new, then returned" in rules
