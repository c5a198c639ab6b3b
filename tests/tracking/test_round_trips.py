"""How often a call waits for the server: with psycopg what it writes goes in one round trip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.track_cost import ORDERS, counted
from motfunnel import Tracker
from tests.tracking.scene import FUNNEL
from tests.tracking.trouble import Proxy

pytestmark = pytest.mark.parametrize("url", ["postgresql"], indirect=True)

OWN = {
    "an event in order, no moment": 2,
    "one that makes a moment": 2,
    "the first of a contact": 3,
    "a farewell": 2,
    "a return": 3,
    "a late one": 5,
    "one that is there already": 3,
}
JOINED = OWN  # the savepoint goes with the statements


@pytest.fixture
def proxy(url: str) -> Iterator[Proxy]:
    """A line to the server on which turns are counted."""
    proxy = Proxy(url)
    yield proxy
    proxy.close()


@pytest.mark.every_database
@pytest.mark.parametrize("is_joined", [False, True], ids=["own", "joined"])
def test_what_is_written_goes_in_one(proxy: Proxy, is_joined: bool, tmp_path: Path) -> None:
    """To lock and look is one round trip, to write and to commit is another."""
    with Tracker(proxy.url, funnel=FUNNEL, spool=tmp_path / "spool") as tracker:
        tracker.create_tables()
        ORDERS.create(tracker.database.engine, checkfirst=True)
        found = counted(tracker, lambda: proxy.turns, is_joined=is_joined)
    assert found == (JOINED if is_joined else OWN)


@pytest.mark.every_database
def test_many_are_sent_together(proxy: Proxy, tmp_path: Path) -> None:
    """A batch waits for the locks, for the ids, and for what it writes; however many they are."""
    events = [{"contact": f"contact {n % 50}", "event": "viewed", "id": f"{n}"} for n in range(150)]
    with Tracker(proxy.url, funnel=FUNNEL, spool=tmp_path / "spool") as tracker:
        tracker.create_tables()
        tracker.track("somebody", "viewed")  # the funnel is stored, and the connection made
        seen = proxy.turns
        answers = tracker.track_many(events)
        assert proxy.turns - seen <= 4
        again = tracker.track_many([*events, {"contact": "contact 0", "event": "viewed"}])
        assert [one.duplicate for one in again] == [True] * 150 + [False]
        assert not any(one.duplicate for one in answers)
