"""Pages of a history that is hard to show: nothing leaves its box, and each name stays a name."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread

import pytest
from bs4 import BeautifulSoup

from motfunnel import Tracker
from motfunnel.dashboard.asking import answers
from motfunnel.dashboard.filters import Filters
from motfunnel.dashboard.links import Links
from motfunnel.dashboard.page import Page
from motfunnel.dashboard.pages import COMING_BACK, GROWTH, OVERVIEW, PAGES, TOUCHPOINTS, WORKLIST
from motfunnel.dashboard.render import render_section
from motfunnel.dashboard.web.local import LocalServer
from tests.dashboard.hard import ARABIC, AS_OF, SOURCES, make_hard

WIDTHS = (320, 390, 768, 1100, 1440)
WIDER = """
() => {
  const told = (one, why) => `${why}: ${one.outerHTML.slice(0, 120)}`;
  const found = [];
  for (const one of document.querySelectorAll('body *')) {
    if (!one.checkVisibility() || one.closest('.skip, nav')) continue;
    const own = one.getBoundingClientRect(), drawing = one.closest('svg');
    if (drawing) {
      const all = drawing.getBoundingClientRect();
      const is_in = own.left > all.left - 1 && own.right < all.right + 1
        && own.top > all.top - 1 && own.bottom < all.bottom + 1;
      if (one.tagName === 'text' && own.width && !is_in) found.push(told(one, 'out of its figure'));
      continue;
    }
    if (one.closest('details')) continue;
    const is_box = getComputedStyle(one).display !== 'inline' && one.clientWidth > 1;
    if (is_box && one.scrollWidth > one.clientWidth + 1)
      found.push(told(one, `${one.scrollWidth} in ${one.clientWidth}`));
    if (/^\\d{4}-\\d\\d$/.test(one.textContent) && own.height > 60) found.push(told(one, 'broken'));
  }
  return found.slice(0, 5);
}
"""


@pytest.fixture(scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracker]:
    with make_hard(f"sqlite:///{tmp_path_factory.mktemp('hard') / 'store.db'}") as tracker:
        yield tracker


def section(page: Page, slug: str, tracker: Tracker, group: str = "") -> BeautifulSoup:
    """A section as a browser gets it."""
    part = page.section(slug)
    assert part is not None
    report, filters = tracker.report(as_of=AS_OF), Filters(group=group)
    return BeautifulSoup(
        render_section(page, part, report, filters, Links(prefix="")), "html.parser"
    )


@pytest.mark.slow
def test_nothing_is_wider_than_its_box(hard: Tracker) -> None:
    """On every page, from a small phone to a wide screen; only the table in details may scroll."""
    pytest.importorskip("playwright.sync_api", reason="no browser is driven: install playwright")
    from tests.examples.browser import chromium

    server = LocalServer(hard)
    thread = Thread(target=server.serve)
    thread.start()
    try:
        with chromium() as browser:
            tab = browser.new_page()
            tab.goto(server.address)
            origin = server.address.partition("/?")[0]
            found = {}
            for slug in PAGES:
                tab.goto(f"{origin}/{slug}?whole=1")
                for width in WIDTHS:
                    tab.set_viewport_size({"width": width, "height": 900})
                    if wide := tab.evaluate(WIDER):
                        found[slug, width] = wide
    finally:
        server.stop()
        thread.join()
    assert found == {}


def test_a_sum_has_its_room(hard: Tracker) -> None:
    """A long one takes that of two cards, and breaks where its digits are grouped."""
    cards = section(OVERVIEW, "now", hard)
    assert cards.select("li:not(.long)")[0].text.startswith("With us now")
    for card in cards.select("li.long"):
        number = card.select_one(".number")
        assert number is not None
        assert len(number.select("wbr")) == number.text.count(",") > 1
        assert [one.text for one in number.select("bdi")] == ["rubles (old)"]
    assert len(cards.select("li.long")) == 2


def test_a_group_keeps_its_name(hard: Tracker) -> None:
    """One that is called as a moment is not told as one, in words, tables and figures."""
    groups = section(COMING_BACK, "groups", hard, group="source")
    first = [one.text for one in groups.select("details table")[0].select("tbody th")]
    assert {*first} >= {*SOURCES}
    drawn = [one.text for one in groups.select("svg text")]
    assert "referral" in drawn and "depart" in drawn and "referred somebody" not in drawn


def test_a_contact_keeps_its_name(hard: Tracker) -> None:
    """Also where its key is a word of reports."""
    names = [one.text for one in section(WORKLIST, "worklist", hard).select("details tbody th")]
    assert "at risk" in names and "still followed" not in names


def test_names_are_apart_from_the_words_around_them(hard: Tracker) -> None:
    """So that letters from right to left turn no number beside them."""
    [lead, *_] = section(TOUCHPOINTS, "worst", hard).select(".lead")
    assert [one.text for one in lead.select("bdi")] == [ARABIC * 6]
    moved = section(GROWTH, "groups", hard).select_one(".lead")
    assert moved is not None and {one.text for one in moved.select("bdi")} <= {*SOURCES}
    assert moved.select("bdi")


def test_ways_that_are_not_drawn_are_in_the_table(hard: Tracker) -> None:
    """All of them, each a number with its people."""
    section = PAGES["paths"].section("flows")
    assert section is not None
    report, links = hard.report(as_of=AS_OF), Links(prefix="")
    [flows] = answers(section, report, Filters())
    page = BeautifulSoup(
        render_section(PAGES["paths"], section, report, Filters(), links), "html.parser"
    )
    assert f"The 12 largest of {len(flows.rows)} ways are drawn" in page.text
    behind = [str(one["href"]) for one in page.select("details td a")]
    ways = [one for one in behind if "column=transitions" in one]
    assert len(ways) == len(set(ways)) == len(flows.rows) > 60
    assert "in the CSV" not in page.text
