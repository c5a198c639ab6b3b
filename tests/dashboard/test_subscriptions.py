"""Who is told of moments: on the page about these numbers, with a warning where somebody is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from motfunnel import Tracker
from motfunnel.dashboard import Dashboard, wsgi
from motfunnel.dashboard.filters import Filters
from motfunnel.dashboard.pages import PAGES
from motfunnel.dashboard.render import render_file
from motfunnel.tracking.outbox.subscription import ATTEMPTS
from tests.dashboard.conftest import asking
from tests.outbox.test_subscription import make_due, put_down_long_ago
from tests.tracking.scene import FUNNEL, day


@pytest.fixture
def tracker(tmp_path: Path) -> Iterator[Tracker]:
    with Tracker(f"sqlite:///{tmp_path}/store.db", funnel=FUNNEL) as tracker:
        tracker.create_tables()
        yield tracker


def seen(tracker: Tracker) -> BeautifulSoup:
    """The section, as a browser loads it."""
    ask = asking(wsgi(Dashboard(tracker, authorize=lambda environ: True, patience=None)))
    assert "Who is told of it?" in ask("/about").text
    answer = ask("/about/subscriptions")
    assert answer.status == 200
    return BeautifulSoup(answer.text, "html.parser")


def test_nobody_has_subscribed(tracker: Tracker) -> None:
    assert "nobody has subscribed to moments" in seen(tracker).text


def test_what_waits_and_what_is_wrong(tracker: Tracker) -> None:
    """A row for each; what is set aside and a relay that does not come are warned of."""
    for name in "crm", "<b>post</b>":
        tracker.subscribe(name)
    tracker.track("ada", "bought", occurred_at=day(0))
    page = seen(tracker)
    rows = [[one.text for one in row.find_all(["th", "td"])][:4] for row in page.find_all("tr")]
    assert rows[1:] == [["<b>post</b>", "2", "0", "0"], ["crm", "2", "0", "0"]]
    assert page.find(class_="warn") is None
    for _ in range(ATTEMPTS):
        make_due(tracker)
        for batch in tracker.subscription("crm").batches():
            with batch:
                batch.fail(batch.messages[0], "no")
    put_down_long_ago(tracker, "ada")
    warnings = [one.text for one in seen(tracker).find_all(class_="warn")]
    assert warnings[0] == "<b>post</b>: no relay has come for 2 h 10 min."
    assert warnings[1].startswith("crm: 1 message set aside after too many attempts")
    assert len(warnings) == 2


def test_a_file_that_is_sent_has_none(tracker: Tracker) -> None:
    """What waits is about now, and says nothing elsewhere."""
    tracker.subscribe("crm")
    tracker.track("ada", "bought", occurred_at=day(0))
    text = render_file([PAGES["about"]], tracker.report(), Filters())
    assert "What can be asked?" in text
    assert "what waits is about now" in text
    assert "crm" not in text
