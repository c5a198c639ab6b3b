"""Every page in every state that a store can be in: never a failure, never an empty figure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from bs4 import BeautifulSoup

from motfunnel import Funnel, Tracker, touch
from motfunnel.dashboard import Dashboard, wsgi
from motfunnel.dashboard.pages import PAGES
from motfunnel.intake import import_file
from tests.dashboard.conftest import asking
from tests.reports.drawn import AS_OF, FUNNEL

PLAIN = Funnel(
    stages=("visitor", "member"), rules={"seen": touch()}, patience={"default": "30d"}
)  # without purchases, outreach, complaints, referrals and ratings


def _day(days: float) -> Any:
    return AS_OF - timedelta(days=days)


def empty(tracker: Tracker) -> None:
    tracker.create_tables()


def imported(tracker: Tracker) -> None:
    file = Path(f"{tracker.tenant}.csv")
    rows = [f"p{n},signed_up,{_day(100 - n).isoformat()}" for n in range(8)]
    rows += [f"p{n},unsubscribed,{_day(60 - n).isoformat()}" for n in range(5)]
    file.write_text("\n".join(["who,what,at", *rows]))
    import_file(tracker, file, contact="who", event="what", at="at")


def one_contact(tracker: Tracker) -> None:
    tracker.track("ada", "signed_up", occurred_at=_day(3))


def one_who_left(tracker: Tracker) -> None:
    tracker.track("ada", "signed_up", occurred_at=_day(90))
    tracker.track("ada", "unsubscribed", occurred_at=_day(80))


def minutes_old(tracker: Tracker) -> None:
    for n in range(5):
        tracker.track(f"p{n}", "signed_up", occurred_at=_day((n + 1) / 1440))


def impatient(tracker: Tracker) -> None:
    for n in range(20):
        for k in range(n % 4 + 1):
            tracker.track(f"p{n}", "seen", occurred_at=_day(200 - n - k * 40))


def twenty_years(tracker: Tracker) -> None:
    for n in range(40):
        for k in range(n % 5 + 1):
            tracker.track(f"p{n}", "seen", occurred_at=_day(7300 - n * 180 + k * 20))


def outdated(tracker: Tracker) -> None:
    one_who_left(tracker)
    other = evolve(FUNNEL, loyal_after=5)
    with Tracker(tracker.database.engine, other, tenant=tracker.tenant, clock=tracker.clock) as it:
        it.track("alan", "signed_up", occurred_at=_day(9))


STATES: dict[str, tuple[Funnel, Callable[[Tracker], None]]] = {
    "empty": (FUNNEL, empty),
    "only imported": (FUNNEL, imported),
    "one contact": (FUNNEL, one_contact),
    "one who left": (FUNNEL, one_who_left),
    "minutes old": (FUNNEL, minutes_old),
    "patience too short, no purchases, no outreach": (PLAIN, impatient),
    "twenty years": (PLAIN, twenty_years),
    "funnel changed": (FUNNEL, outdated),
}


@pytest.mark.parametrize("state", STATES)
def test_every_page_in_every_state(
    state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each section says something, or leaves the page with a line that says what is missing."""
    monkeypatch.chdir(tmp_path)
    funnel, fill = STATES[state]
    with Tracker("sqlite://", funnel, clock=lambda: AS_OF) as tracker:
        fill(tracker)
        ask = asking(wsgi(Dashboard(tracker, authorize=lambda _: True)))
        pages = {slug: ask(f"/{slug}?whole=1") for slug in PAGES}
    shown = {slug: BeautifulSoup(page.text, "html.parser") for slug, page in pages.items()}
    for slug, soup in shown.items():
        assert pages[slug].status == 200
        said = soup.get_text(" ")
        assert "No figure" not in said, slug
        assert " None" not in said, slug
        assert " nan" not in said, slug
        for section in soup.select("main > section"):
            assert section.select(".lead, table, .cards, dl"), (slug, section.get("id"))
            for figure in section.select("figure"):
                assert figure.select("svg rect, svg circle, svg path"), (slug, section.get("id"))
        for line in soup.select(".lacking"):
            assert line.get_text().strip().endswith("."), line
            assert len(line.get_text().partition(" – ")[2]) > 10, line
    _check(state, shown)


def _check(state: str, shown: dict[str, BeautifulSoup]) -> None:
    """What each state has to say for itself."""
    overview = shown["overview"]
    warning = " ".join(one.get_text(" ") for one in overview.select(".warn"))
    if state == "empty":
        assert not overview.select("main > section")
        assert "nobody came or left in the periods shown: track an event" in overview.get_text()
    elif state == "funnel changed":
        assert "These numbers cannot be given." in warning
        assert "rebuild" in warning
    elif state.startswith("patience too short"):
        assert "Check your patience first." in warning
        assert 'order_placed = "purchase"' in shown["growth"].get_text()
        assert "outreach = true" in shown["writing-to-them"].get_text()
    else:
        assert not warning
        assert overview.select(".cards li")
