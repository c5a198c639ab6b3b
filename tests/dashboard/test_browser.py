"""The dashboard in a real browser: held to its policy, without a complaint, script or no script."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest

from motfunnel import Tracker
from motfunnel.dashboard.pages import PAGES
from motfunnel.dashboard.web.local import LocalServer

playwright = pytest.importorskip(
    "playwright.sync_api", reason="no browser is driven: install playwright"
)

from tests.examples.browser import chromium  # noqa: E402

PATIENCE = 60_000  # milliseconds, on a busy machine
WATCH = """
window.violations = [];
document.addEventListener('securitypolicyviolation', e => violations.push(e.violatedDirective));
"""
LAST = """
() => {
  const end = Math.max(0, ...[...document.querySelectorAll('section')]
    .map(one => one.getBoundingClientRect().bottom));
  return [...document.querySelectorAll('.lacking')]
    .every(one => one.getBoundingClientRect().top >= end);
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def address(history: Tracker) -> Iterator[str]:
    """The printed address of a server, for as long as it runs."""
    server = LocalServer(history)
    thread = Thread(target=server.serve)
    thread.start()
    yield server.address
    server.stop()
    thread.join()


def test_every_page(browser: Any, address: str) -> None:
    """Its sections load themselves, from this server alone; nothing is complained of."""
    context = browser.new_context()
    tab = context.new_page()
    tab.add_init_script(WATCH)
    tab.set_default_timeout(PATIENCE)
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    origin = address.partition("/?")[0]
    tab.goto(address)
    assert tab.url == f"{origin}/"  # the token is in no history and no referrer
    for slug in PAGES:
        tab.goto(f"{origin}/{slug}")
        playwright.expect(tab.locator("[aria-busy=true]")).to_have_count(0)
        playwright.expect(tab.locator("h1")).to_have_text(PAGES[slug].title)
        assert tab.evaluate(LAST), f"{slug}: what it lacks is said last"
        assert tab.evaluate("window.violations") == []
        assert tab.evaluate("window.hurt") is None
    assert complaints == []
    assert all(url.startswith((origin, "data:")) for url in asked)
    assert tab.evaluate("document.cookie") == ""
    context.close()


def test_without_script(browser: Any, address: str) -> None:
    """A link shows all at once, and every filter is a form that is sent."""
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.set_default_timeout(PATIENCE)
    tab.goto(address)
    tab.locator("noscript a").first.click()
    playwright.expect(tab.locator("#growth figure").first).to_be_visible()
    playwright.expect(tab.locator("[aria-busy=true]")).to_have_count(0)
    tab.get_by_role("button", name="Show").first.click()
    playwright.expect(tab.locator("#growth figure").first).to_be_visible()
    context.close()
