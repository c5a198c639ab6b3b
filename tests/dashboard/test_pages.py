"""Every page on every kind of store: whole, escaped, and with the numbers that its lists have."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("jinja2", reason="pages are templates: install motfunnel[web]")

from motfunnel import Tracker
from motfunnel.dashboard.filters import Filters
from motfunnel.dashboard.links import Links
from motfunnel.dashboard.pages import PAGES, Page
from motfunnel.dashboard.render import render_page, render_section
from tests.reports.drawn import FUNNEL

LINKS = Links("/shop")


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_of_an_empty_store(page: Page, tmp_path: Path) -> None:
    """Nobody is there, and each section says so in words."""
    with Tracker(f"sqlite:///{tmp_path / 'store.db'}", FUNNEL) as tracker:
        tracker.create_tables()
        report, filters = tracker.report(), Filters()
        sections = {
            one.slug: render_section(page, one, report, filters, LINKS) for one in page.sections
        }
    whole = render_page(page, filters, LINKS, sections=sections)
    assert all(one.heading in whole for one in page.sections)
    assert "None" not in whole
    assert "NaN" not in whole
