"""Pages as they are sent, in a real browser: nothing wider than a phone, each figure once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

pytest.importorskip("jinja2", reason="pages are templates: install motfunnel[web]")

from motfunnel.dashboard.filters import Filters
from motfunnel.dashboard.pages import PAGES
from motfunnel.dashboard.render import render_file
from motfunnel.reports.report import Report
from tests.pages.test_browser import OUTSIDE, OVER, SEEN, browser, opened
from tests.reports.test_worklist import SHOP, day, shop

__all__ = ["browser", "opened"]

FIGURES = f"{SEEN}.length == document.querySelectorAll('figure').length"
TEXTS_IN = """[...document.querySelectorAll('td, th, .lead, .cards li')].filter(one =>
    one.checkVisibility() && !one.closest('.table')
    && one.getBoundingClientRect().right > innerWidth).map(one => one.textContent)"""
SLUGS = ("overview", "growth", "coming-back", "writing-to-them", "who-to-write-to", "retention")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_all_is_seen(report: Report, opened: Any, tmp_path: Path, width: int, scheme: str) -> None:
    """Figures and numbers need no sideways scrolling, on a screen and on a phone."""
    tab, complaints, asked = opened
    file = tmp_path / "pages.html"
    file.write_text(render_file([PAGES[slug] for slug in SLUGS], report, Filters()), "utf-8")
    tab.set_viewport_size({"width": width, "height": 900})
    tab.emulate_media(color_scheme=scheme)
    tab.goto(file.as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert tab.evaluate(FIGURES)
    assert tab.evaluate(OUTSIDE) == []
    assert tab.evaluate(OVER) == []
    assert tab.evaluate(TEXTS_IN) == []
    assert tab.evaluate("window.hurt") is None
    assert complaints == []
    assert asked == [file.as_uri()]


@pytest.mark.parametrize("width", [1280, 390])
def test_a_worklist_with_values(opened: Any, tmp_path: Path, width: int) -> None:
    """What a return would be worth stands beside the chance, and fits a phone."""
    tab, _, _ = opened
    file = tmp_path / "pages.html"
    engine = create_engine("sqlite://")
    with shop(engine, SHOP) as tracker:
        report = tracker.report(as_of=day(50))
        text = render_file([PAGES["who-to-write-to"]], report, Filters(window=timedelta(days=20)))
    engine.dispose()
    file.write_text(text, "utf-8")
    assert '<th scope="col">chance × value</th>' in text
    tab.set_viewport_size({"width": width, "height": 900})
    tab.goto(file.as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert tab.evaluate(TEXTS_IN) == []
