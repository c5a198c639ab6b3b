"""A page in a real browser: from a file, without a net, without a complaint, with its numbers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from motfunnel import Tracker
from motfunnel.answers.answer import kinds
from motfunnel.pages import Section, page
from motfunnel.reports.report import Report
from tests.reports.drawn import FUNNEL

playwright = pytest.importorskip(
    "playwright.sync_api", reason="no browser is driven: install playwright"
)

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
MONTH = timedelta(days=30)
PATIENCE = 60_000  # milliseconds, on a busy machine


@pytest.fixture(scope="module")
def sections(report: Report) -> list[Section]:
    """Every kind of picture."""
    return [
        Section("recidivism", report.recidivism(within=MONTH, by="source")),
        Section("loyalty", report.loyalty(within=MONTH)),
        Section("funnel", report.funnel()),
        Section("funnel-by", report.funnel(by="source")),
        Section("lifecycle", report.lifecycle("week")),
        Section("growth", report.growth("month", by="source")),
        Section("retention", report.retention("month")),
        Section("flows", report.flows()),
        Section("touchpoints", report.touchpoints(by="property:branch")),
        Section("map", report.journey_map()),
        Section("nps", report.nps()),
        Section("complaints", report.complaints(within=MONTH)),
        Section("lens", report.lens("ultimate")),
        Section("referrals", report.referrals()),
        Section("pace", report.mantel_byar()),
        Section("worklist", report.worklist(within=MONTH)),
        Section("patience", report.patience()),
    ]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The machine's own Chromium, without a window."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.skip(f"no browser: install Chromium ({', '.join(CHROMIUM)} are looked for)")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Any) -> Iterator[tuple[Any, list[str], list[str]]]:
    """A page of the browser, what it complained of, and what it asked for."""
    context = browser.new_context(offline=True, viewport={"width": 1100, "height": 800})
    tab = context.new_page()
    tab.set_default_timeout(PATIENCE)
    complaints: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    yield tab, complaints, asked
    context.close()


SEEN = "[...document.querySelectorAll('figure svg')].filter(s => s.checkVisibility())"
OUTSIDE = f"""{SEEN}.flatMap(svg => {{
    const frame = svg.getBoundingClientRect();
    return [...svg.querySelectorAll('text')].filter(text => {{
        const box = text.getBoundingClientRect();
        return box.left < frame.left - 1 || box.right > frame.right + 1
            || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
    }}).map(text => text.textContent);
}})"""
OVER = f"""{SEEN}.flatMap(svg => {{
    const texts = [...svg.querySelectorAll('text')].map(text => [text.textContent,
        text.getBoundingClientRect()]);
    return texts.flatMap(([one, a], n) => texts.slice(n + 1).filter(([, b]) =>
        a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3
    ).map(([other]) => [one, other]));
}})"""


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (1280, "light"),
        (390, "dark"),
        *(
            pytest.param(width, scheme, marks=pytest.mark.slow)
            for width, scheme in ((1280, "dark"), (700, "light"), (700, "dark"), (390, "light"))
        ),
    ],
)
def test_a_page_of_everything(
    sections: list[Section], opened: Any, tmp_path: Path, width: int, scheme: str
) -> None:
    """Each figure is seen once, whole, with no letters over others; nothing is fetched."""
    tab, complaints, asked = opened
    file = tmp_path / "all reports.html"
    file.write_text(page(sections, title="Reports"), "utf-8")
    tab.set_viewport_size({"width": width, "height": 900})
    tab.emulate_media(color_scheme=scheme)
    tab.goto(file.as_uri())
    figures = sum(len(kinds(one.answer)) for one in sections)
    assert tab.evaluate(f"{SEEN}.length") == figures
    assert complaints == []
    assert asked == [file.as_uri()]
    assert tab.evaluate("window.hurt") is None
    assert tab.evaluate(OUTSIDE) == []
    assert tab.evaluate(OVER) == []
    assert tab.evaluate(f"{SEEN}.every(s => s.getBoundingClientRect().right <= innerWidth)")
    assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    said = "[...document.querySelectorAll('caption > span')]"
    assert tab.evaluate(f"{said}.length > 9")
    assert tab.evaluate(f"{said}.every(s => s.getBoundingClientRect().right <= innerWidth)")


def test_the_numbers_on_the_screen(sections: list[Section], opened: Any, tmp_path: Path) -> None:
    """The table and the figure say what the report says."""
    tab, complaints, _ = opened
    file = tmp_path / "page.html"
    file.write_text(page(sections[:3]), "utf-8")
    tab.goto(file.as_uri())
    rate = sections[0].answer
    cells = tab.locator("#recidivism table").first.locator("tbody tr")
    for n, row in enumerate(rate.rows):
        shown = cells.nth(n).locator("td").all_inner_texts()
        assert shown[0] == f"{row.rate:.1%}"
        assert shown[2:4] == [str(row.numerator), str(row.denominator)]
    drawn = " ".join(tab.locator("#recidivism figure").first.locator("text").all_text_contents())
    for row in rate.rows:
        assert f"{row.rate:.1%} {row.numerator} of {row.denominator}" in drawn
    stages = " ".join(tab.locator("#funnel figure text").all_text_contents())
    assert all(str(row.contacts) in stages for row in sections[2].answer.rows)
    assert complaints == []


def test_it_prints(sections: list[Section], opened: Any, tmp_path: Path) -> None:
    """On paper no figure is wider than the sheet."""
    tab, _, _ = opened
    file = tmp_path / "page.html"
    file.write_text(page(sections[:3]), "utf-8")
    tab.goto(file.as_uri())
    tab.emulate_media(media="print")
    tab.set_viewport_size({"width": 690, "height": 1000})  # A4 less its margins, in pixels
    assert tab.evaluate(f"{SEEN}.length") == 4
    widest = f"Math.max(...{SEEN}.map(s => s.getBoundingClientRect().right))"
    assert tab.evaluate(widest) <= 690


def test_nobody(opened: Any, tmp_path: Path) -> None:
    """A page about an empty store raises no complaint either."""
    tab, complaints, _ = opened
    with Tracker(f"sqlite:///{tmp_path / 'store.db'}", FUNNEL) as tracker:
        report = tracker.report()
        answers: list[Any] = [
            report.funnel(),
            report.flows(),
            report.nps(),
            report.complaints(within=MONTH),
        ]
        answers += [report.lifecycle("day"), report.retention("day"), report.mantel_byar()]
        answers += [report.patience(), report.lens("carlzon"), report.recidivism(within=MONTH)]
    file = tmp_path / "nobody.html"
    file.write_text(page([Section(f"s{n}", one) for n, one in enumerate(answers)]), "utf-8")
    tab.goto(file.as_uri())
    playwright.expect(tab.locator("figure svg").first).to_be_visible()
    assert complaints == []
