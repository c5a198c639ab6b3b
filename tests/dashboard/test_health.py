"""What the numbers do not hold yet: on the page about them, and as a warning where it does harm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import event

from motfunnel import Tracker
from motfunnel.dashboard import Dashboard, wsgi
from motfunnel.dashboard.filters import Filters
from motfunnel.dashboard.pages import PAGES
from motfunnel.dashboard.render import render_file
from tests.dashboard.conftest import asking
from tests.tracking.scene import FUNNEL, Clock, day

NONE = {
    "refused rows and calls": "none",
    "departures that nobody was told of": "none",
    "people with late events to be taken in": "none",
    "people as another funnel saw them": "none",
    "events without a rule": "none",
}


@pytest.fixture
def tracker(tmp_path: Path) -> Iterator[Tracker]:
    url, clock = f"sqlite:///{tmp_path}/store.db", Clock(day(0))
    with Tracker(url, FUNNEL, clock=clock, spool=False, on_error="log") as tracker:
        for contact in "ada", "bob", "cyd":
            tracker.track(contact, "saw", occurred_at=day(0))
        yield tracker


def seen(tracker: Tracker, address: str) -> BeautifulSoup:
    """A section, as a browser loads it."""
    ask = asking(wsgi(Dashboard(tracker, authorize=lambda environ: True, patience=None)))
    return BeautifulSoup(ask(address).text, "html.parser")


def waiting(tracker: Tracker) -> dict[str, str]:
    """What the page about the numbers says of what waits."""
    page = seen(tracker, "/about/health")
    each = (page.find_all(name) for name in ("dt", "dd"))
    return {what.text: count.text for what, count in zip(*each, strict=True)}


def warning(tracker: Tracker) -> str:
    return seen(tracker, "/overview/warning").get_text(" ", strip=True)


def test_all_is_in_them(tracker: Tracker) -> None:
    assert waiting(tracker) == NONE
    assert warning(tracker) == ""


def test_a_sweep_is_missing(tracker: Tracker) -> None:
    """It is told of on Overview from the second day on, before anything else is asked."""
    tracker.clock.now = day(40)  # type: ignore[attr-defined]  # it is moved by hand
    assert waiting(tracker) == {
        **NONE,
        "departures that nobody was told of": "3 departures: motfunnel sweep",
    }
    assert warning(tracker) == (
        "Run the sweep first. 3 departures by silence could have been recorded, the first 30 days "
        "ago, and nobody was told: motfunnel sweep"
    )
    tracker.sweep()
    assert waiting(tracker) == NONE
    assert "sweep" not in warning(tracker)


def test_something_was_refused(tracker: Tracker) -> None:
    tracker.track("ada", "saw", occurred_at=day(0), properties={"at": object()})
    assert waiting(tracker)["refused rows and calls"] == "1 reject: motfunnel rejects"
    assert warning(tracker) == (
        "Not everything was taken. 1 row or call was refused: motfunnel rejects"
    )


def test_nothing_is_written(tracker: Tracker) -> None:
    """Not even on trial, as a health check does: a page is only looked at."""
    said: list[str] = []
    event.listen(tracker.database.engine, "before_cursor_execute", lambda *a: said.append(a[2]))
    assert waiting(tracker) == NONE
    assert said
    assert {one.split()[0] for one in said} <= {"SELECT", "BEGIN", "PRAGMA"}


def test_a_file_that_is_sent_has_none(tracker: Tracker) -> None:
    text = render_file([PAGES["about"], PAGES["overview"]], tracker.report(), Filters())
    assert "Not on this page: “Is everything in them?”" in text
    assert "motfunnel sweep" not in text
