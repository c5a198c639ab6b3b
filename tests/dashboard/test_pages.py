"""Every page on every kind of store: whole, escaped, and with lists as long as their numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

pytest.importorskip("jinja2", reason="pages are templates: install motfunnel[web]")

from attrs import evolve
from bs4 import BeautifulSoup
from markupsafe import escape

from motfunnel import Funnel, Tracker, complain, purchase, touch
from motfunnel.charts.svg import style
from motfunnel.dashboard.asking import BY_PERIODS, answers, people
from motfunnel.dashboard.assets import SHEET, assets
from motfunnel.dashboard.filters import SHOWN, Filters
from motfunnel.dashboard.links import Links
from motfunnel.dashboard.page import Page
from motfunnel.dashboard.pages import PAGES
from motfunnel.dashboard.render import (
    EACH_SAYS,
    render_error,
    render_page,
    render_people,
    render_search,
    render_section,
    render_story,
)
from motfunnel.dashboard.words import typeset
from motfunnel.domain.funnel.rhythm import Rhythm
from motfunnel.domain.signal import Signal
from motfunnel.reports.progress.lens import UltimateLens
from motfunnel.reports.report import Report
from tests.dashboard.conftest import Ask
from tests.reports.drawn import AS_OF, FIRST, FUNNEL, HOSTILE

LINKS = Links("/shop")
MONTHS = Filters(step="month")
PEOPLE = re.compile(r'<a href="([^"]*/people\?[^"]*)">([^<]+)</a>')
NO_VALUE = re.compile(r"\b(None|nan|NaN|inf|Undefined)\b")
BARE = Funnel(stages=("guest", "buyer"), rules={"seen": touch(), "bought": purchase()})
each_page = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)


def whole(page: Page, report: Report, filters: Filters = MONTHS) -> str:
    """A page with all its sections in it."""
    sections = {
        one.slug: render_section(page, one, report, filters, LINKS) for one in page.sections
    }
    return render_page(page, filters, LINKS, sections=sections)


class Markup(HTMLParser):
    """Collects the tags of a page with their attributes, and its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def check(html: str) -> None:
    """Make sure that nothing undefined is shown, and that the page needs no more than its files."""
    read = Markup(html)
    assert NO_VALUE.search(" ".join(read.words)) is None
    for tag, attributes in read.tags:
        assert tag not in ("style", "img", "iframe", "object", "base")
        assert tag != "script" or attributes.get("src")
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
        assert not (attributes.get("href") or "").lower().startswith("javascript")


@each_page
@pytest.mark.parametrize("group", ["", "source"])
def test_a_history(page: Page, group: str, report: Report) -> None:
    """Each section is there under its heading, and what strangers wrote is text."""
    html = whole(page, report, Filters(group=group))
    check(html)
    left = [one for one in page.sections if one.heading not in unescape(html)]
    assert {one.view for one in left} <= {"warning"}
    assert "cannot be read" not in html
    assert "cannot be grouped" not in html or not group


def stores(folder: Path) -> Iterator[tuple[str, Tracker]]:
    """Stores with next to nothing in them."""
    for name, funnel, events in (
        ("empty", FUNNEL, []),
        ("one contact", BARE, [("ada", "seen", 0)]),
        ("nothing opens", BARE, [("ada", "unheard of", 0)]),
    ):
        tracker = Tracker(f"sqlite:///{folder / name}.db", funnel)
        tracker.create_tables()
        for contact, event, day in events:
            tracker.track(contact, event, occurred_at=FIRST + day * (AS_OF - FIRST) / 100)
        yield name, tracker


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Tracker]]:
    """These stores by name."""
    found = dict(stores(tmp_path_factory.mktemp("few")))
    yield found
    for tracker in found.values():
        tracker.close()


@each_page
def test_next_to_nothing(page: Page, few: Mapping[str, Tracker]) -> None:
    """A page of a store with nobody, or hardly anybody, says so, and shows no undefined number."""
    for tracker in few.values():
        html = whole(page, tracker.report(as_of=AS_OF))
        check(html)
        assert all(f'id="{one.slug}"' in html for one in page.sections if one.view != "warning")


@each_page
def test_what_the_funnel_lacks(page: Page, few: Mapping[str, Tracker]) -> None:
    """It leaves the page, and one line at the end says which rule would bring it."""
    html = whole(page, few["one contact"].report(as_of=AS_OF))
    lacking = html.partition('<p class="lacking"')[2]
    assert "<section" not in lacking
    for one in page.sections:
        if one.needs - {2, 5}:
            assert f'<p class="lacking" id="{one.slug}">' in html
            assert "<code>" in lacking


@each_page
def test_each_list_is_as_long_as_its_number(page: Page, report: Report) -> None:
    """Every number that leads to people says how many they are."""
    looked_at = 0
    for section in page.sections:
        html = render_section(page, section, report, MONTHS, LINKS)
        for href, text in {*PEOPLE.findall(html)}:
            query = {name: one for name, (one,) in parse_qs(urlsplit(unescape(href)).query).items()}
            filters = Filters.read(query)
            assert filters.as_of == AS_OF
            names = people(section, report, filters, int(query["row"]), query["column"])
            if not text.endswith("%"):
                assert f"{len(names):,}" == text
            else:
                assert names
            looked_at += 1
    assert looked_at or page.slug in ("people", "about", "touchpoints", "patience")


def test_a_changed_funnel(tmp_path: Path) -> None:
    """One warning, and no number that would be wrong."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with Tracker(url, BARE) as tracker:
        tracker.track("ada", "seen", occurred_at=FIRST)
    with Tracker(url, evolve(BARE, loyal_after=3)) as tracker:
        html = whole(PAGES["overview"], tracker.report(as_of=AS_OF))
    assert html.count('class="warn"') == 1
    assert "rebuild" in html
    assert "<section" not in html


def test_a_patience_that_is_too_short(tmp_path: Path) -> None:
    """It says so first, in the reader's words."""
    funnel = evolve(BARE, patience={"default": "5d"})
    with Tracker(f"sqlite:///{tmp_path / 'store.db'}", funnel) as tracker:
        for n in range(30):
            for day in (0, 10, 20, 30)[: 2 + n % 3]:
                tracker.track(f"c{n}", "seen", occurred_at=FIRST + (AS_OF - FIRST) * (day / 130))
        html = whole(PAGES["overview"], tracker.report(as_of=AS_OF))
    assert "Check your patience first." in html
    assert html.index("Check your patience") < html.index('class="cards"')


def test_shells_load_themselves() -> None:
    """A page without its sections asks for each, and leads to one that has all."""
    page = PAGES["overview"]
    html = render_page(page, Filters(group="plan"), LINKS, sections={})
    check(html)
    loads = re.findall(r'hx-get="([^"]+)"', html)
    expected = [LINKS.section("overview", one.slug, Filters(group="plan")) for one in page.sections]
    assert [unescape(one) for one in loads] == expected
    assert "whole=1" in html.partition("<noscript>")[2]


def test_people_stories_and_errors(history: Tracker) -> None:
    """Whoever is named anyhow, is named as text."""
    page, names = PAGES["growth"], [HOSTILE, HOSTILE, "../../etc"]
    html = render_people(page, page.sections[0], 0, "openings", names, MONTHS, LINKS)
    found = render_search(HOSTILE, names, MONTHS, LINKS)
    story = render_story(history.contact(HOSTILE), MONTHS, LINKS)
    error = render_error("Not found", HOSTILE, LINKS)
    for one in (html, found, story, error):
        check(one)
        assert "<script>" not in one
        assert "&lt;script&gt;" in one
    assert "3 people" in html
    assert "/shop/person?contact=..%2F..%2Fetc" in html


def test_a_story_is_folded(tmp_path: Path) -> None:
    """The newest first; what happens again and again is one line."""
    with Tracker(f"sqlite:///{tmp_path / 'store.db'}", BARE) as tracker:
        for day in range(5):
            tracker.track("ada", "bought", occurred_at=FIRST + (AS_OF - FIRST) * (day / 130))
        html = render_story(tracker.contact("ada", as_of=AS_OF), MONTHS, LINKS)
    told = re.findall(r"<strong>([^<]+)</strong>", html)
    assert told == ["left", "bought again 4 times", "reached a stage", "was new"]


def test_the_style_of_figures() -> None:
    """The style sheet that is served ends with that of the figures, as they are drawn today."""
    sheet = assets()[SHEET].content.decode()
    assert sheet.endswith(style())
    assert sheet.count(".mf .ink{") == 1


def test_a_patience_by_ones_own_rhythm(tmp_path: Path) -> None:
    """It is told in words, and half and twice of it can be tried."""
    rhythm = Rhythm(6.5, usual="7d", at_least="14d", at_most="60d")
    with Tracker(
        f"sqlite:///{tmp_path / 'store.db'}", evolve(BARE, patience={"default": rhythm})
    ) as tracker:
        tracker.track("ada", "seen", occurred_at=FIRST - (AS_OF - FIRST))
        report = tracker.report(as_of=AS_OF)
        told = whole(PAGES["about"], report)
        tried = whole(PAGES["patience"], report)
        away = whole(PAGES["who-to-write-to"], report)
    assert "silence <small>silent for 45.5 d, 6.5 times its usual 7 d between visits<" in away
    assert "after 6.5 times one&#39;s own usual pause, between 14 days and 60 days" in told
    assert "gone after 6.5 times their usual pause" in tried
    assert "Twice as long" in tried
    assert "cannot" not in tried


def test_nothing_before_the_first(report: Report) -> None:
    """Figures begin with the first period in which anybody was there."""
    growth = PAGES["growth"].section("growth")
    assert growth is not None
    [answer] = answers(growth, report, MONTHS)
    assert [f"{row.starts_on:%Y-%m}" for row in answer.rows] == [f"2025-0{n}" for n in range(1, 6)]


def test_people_and_scores_stand_up_front(report: Report) -> None:
    """Open cases, who referred and the worst experiences by name; a score in points."""
    said = {slug: whole(PAGES[slug], report, MONTHS) for slug in PAGES}
    nps = report.nps()
    assert nps.nps is not None
    score = typeset(f"{nps.nps:+.0f}")
    assert f"Net promoter score <strong>{score}</strong>" in said["advocates"]
    [cases] = report.complaints().rows
    [_, referring] = report.referrals().rows
    worst = [one.contact for one in report.touchpoints().worst]
    assert worst
    for slug, names in (
        ("complaints", cases.names["unresolved"]),
        ("advocates", referring.names["contacts"]),
        ("touchpoints", worst),
    ):
        listed = said[slug].partition("<h3>")[2].partition("<details>")[0]
        assert all(f">{escape(name)}</a>" in listed for name in names), slug


def test_a_story_says_what_was_spent() -> None:
    """Where the funnel has values; and where it has none, it says nothing of them."""
    for rule, is_said in ((purchase(value="total"), True), (purchase(), False)):
        funnel = Funnel(stages=("visitor", "customer"), rules={"paid": rule}, currency="EUR")
        with Tracker("sqlite://", funnel) as tracker:
            for n, total in enumerate((1200, 40.5, -10)):
                tracker.track("ada", "paid", id=str(n), properties={"total": total})
            html = render_story(tracker.contact("ada"), MONTHS, LINKS)
        assert ("<dt>spent</dt><dd>1,230.50 EUR</dd>" in html) == is_said


def test_open_cases_are_listed_by_whom() -> None:
    """Whose case is oldest first, each person once; the number leads to all cases."""
    rules = {"came": touch(), "complained": complain(case="case")}
    with Tracker("sqlite://", Funnel(stages=("guest", "buyer"), rules=rules)) as tracker:
        for n in range(40):
            who = "zoe" if n < 30 else f"p{70 - n}"
            at = FIRST + (AS_OF - FIRST) * (n / 50)
            tracker.track(who, "complained", properties={"case": f"{n}"}, occurred_at=at)
        page, report = PAGES["complaints"], tracker.report(as_of=AS_OF)
        section = page.section("cases")
        assert section is not None
        html = render_section(page, section, report, MONTHS, LINKS)
    listed = re.findall(r'<li><a href="[^"]*/person[^"]*">([^<]+)</a>', html)
    assert listed == ["zoe", *(f"p{70 - n}" for n in range(30, 40))]
    assert "11 people first; in all <a" in html and ">40</a>" in html


@pytest.mark.parametrize("step", ["week", "month"])
@pytest.mark.parametrize("slug", [slug for slug, page in PAGES.items() if page.asking])
def test_the_filter_says_what_is_shown(ask: Ask, slug: str, step: str) -> None:
    """So many periods where no time was chosen; each section for itself, where they differ."""
    soup = BeautifulSoup(ask(f"/{slug}?whole=1&step={step}").text, "html.parser")
    [said] = [one.text for one in soup.select("select[name=period] option[selected]")]
    asks = [each for one in PAGES[slug].asking for each in one.asks]
    of_periods = [
        one for one in asks if one.question in BY_PERIODS or one.each in ("per", "period")
    ]
    told = {one.text for one in soup.select("section[id] > h2 > small")}
    assert (said == f"the last {SHOWN} {step}s" or said in told | {EACH_SAYS}) == bool(of_periods)
    assert bool(told) == (said == EACH_SAYS)
    if of_periods == asks:
        assert said == f"the last {SHOWN} {step}s"
    chosen = ask(f"/{slug}?whole=1&period=90d").text
    assert f"the last {SHOWN} " not in chosen.partition("</form>")[2].partition("<footer")[0]


def test_groups_that_are_not_known_say_what_to_set_up() -> None:
    """Without a source there is one line in their place: which property makes one."""
    rules = {"came": touch(), "paid": purchase()}
    funnel = Funnel(stages=("visitor", "customer"), rules=rules)
    with Tracker("sqlite://", funnel) as tracker:
        for n in range(9):
            at = FIRST + timedelta(days=n)
            tracker.track(f"p{n}", "came", occurred_at=at, properties={"plan": n % 2})
            tracker.track(f"p{n}", "paid", occurred_at=at + timedelta(days=1))
        report = tracker.report(as_of=AS_OF)
        for page in PAGES.values():
            for section in page.sections:
                if section.view in ("groups", "moved") and not section.needs - {Signal.PURCHASE}:
                    html = render_section(page, section, report, MONTHS, LINKS)
                    assert html.count("Not on this page") == 1
                    assert "property source" in html and "the column source" in html


def test_what_good_words_led_to(ask: Ask, report: Report) -> None:
    """It is said who spoke well, how often, and how many were new by it; each number as counted."""
    lead = BeautifulSoup(ask("/advocates?whole=1").text, "html.parser").select_one("#loop .lead")
    answer = report.lens("ultimate")
    assert isinstance(answer, UltimateLens)
    loop, row = answer.loop, answer.rows[-1]
    assert lead is not None and loop.ultimate_moments
    numbers = [int(one.replace(",", "")) for one in re.findall(r"\d[\d,]*", lead.text)]
    assert numbers == [
        row.contacts, loop.ultimate_moments, loop.referrals, loop.zero_moments, loop.openings
    ]  # fmt: skip
