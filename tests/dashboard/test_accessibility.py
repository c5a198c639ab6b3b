"""Every page for everybody: held to WCAG 2.2 AA by axe, reached by keyboard, whole on paper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from motfunnel.dashboard.pages import PAGES
from tests.dashboard.test_browser import PATIENCE, address, browser

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

__all__ = ["address", "browser"]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Any]:
    """A tab that the printed address has let in."""
    context = browser.new_context()
    tab = context.new_page()
    tab.set_default_timeout(PATIENCE)
    tab.goto(address)
    tab.origin = address.partition("/?")[0]
    yield tab
    context.close()


def show(tab: Any, slug: str) -> None:
    """Open a page, and wait until it is whole."""
    tab.goto(f"{tab.origin}/{slug}?whole=1")
    playwright.expect(tab.locator("[aria-busy=true]")).to_have_count(0)


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing(opened: Any, scheme: str, width: int) -> None:
    opened.set_viewport_size({"width": width, "height": 900})
    opened.emulate_media(color_scheme=scheme)
    found = []
    for slug in PAGES:
        show(opened, slug)
        told = axe.Axe().run(opened, options={"runOnly": RULES}).response
        assert len(told["passes"]) > 15
        found += [
            (slug, one["id"], one["impact"], one["nodes"][0]["html"][:160])
            for one in told["violations"]
        ]
    assert found == []


REACHED = """
() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one);
  const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0
    || style.boxShadow !== 'none';
  one.dataset.reached = seen ? 'seen' : 'unseen';
  return one.outerHTML.slice(0, 160);
}
"""
MISSED = """
() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
  .filter(one => one.checkVisibility() && !one.disabled && one.type !== 'hidden')
  .filter(one => one.dataset.reached !== 'seen' && one.type !== 'radio')
  .map(one => (one.dataset.reached || 'never') + ' ' + one.outerHTML.slice(0, 160))
"""


@pytest.mark.slow
def test_the_keyboard_alone_reaches_everything(opened: Any) -> None:
    """Each link, field and fold, with a mark that shows where one is."""
    for slug in PAGES:
        show(opened, slug)
        for _ in range(2_000):
            opened.keyboard.press("Tab")
            if opened.evaluate(REACHED) is None:
                break
        assert opened.evaluate(MISSED) == [], slug


@pytest.mark.slow
def test_a_page_on_paper(opened: Any) -> None:
    """Nothing runs off a sheet, and nothing on it is to be pressed."""
    opened.set_viewport_size({"width": 720, "height": 1000})  # what A4 is to a browser
    opened.emulate_media(media="print")
    for slug in PAGES:
        show(opened, slug)
        assert opened.evaluate("document.documentElement.scrollWidth") <= 720, slug
        pressed = opened.locator("button:visible, form:visible, nav:visible")
        assert pressed.count() == 0, (slug, pressed.first.evaluate("one => one.outerHTML"))
