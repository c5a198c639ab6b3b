"""Imports that run at once, beside each other and beside live tracking, lose and double nothing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from motfunnel import Tracker
from motfunnel.intake import importer as importing
from motfunnel.tracking.upkeep.check import check_contacts
from tests.intake.conftest import FUNNEL, NOW, Write, ids, take

CONTACTS = 30
ROWS = 900


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that transactions interleave."""
    monkeypatch.setattr(importing, "AT_ONCE", 50)


def history() -> str:
    rows = (
        f"c{n * 7 % CONTACTS},{'bought' if n % 4 else 'seen'},2024-01-01T00:00:{n % 60:02},{n}"
        for n in range(ROWS)
    )
    return "who,what,when,n\n" + "\n".join(rows) + "\n"


def test_the_same_file_twice_at_once(url: str, write: Write) -> None:
    """Each event is there once, whoever was first."""
    path = write(history())

    def run(_: int) -> int:
        with Tracker(url, FUNNEL, clock=lambda: NOW) as tracker:
            return take(tracker, path).rows

    with Tracker(url, FUNNEL, clock=lambda: NOW) as tracker:
        tracker.create_tables()
        with ThreadPoolExecutor(2) as threads:
            rows = list(threads.map(run, range(2)))
        assert rows == [ROWS, ROWS]
        assert len(ids(tracker)) == ROWS
        tracker.finish()
        assert check_contacts(tracker).is_sound


def test_beside_live_tracking(url: str, write: Write) -> None:
    """What is tracked while an import goes on is folded with what it brings."""
    path = write(history())

    def bring(path: Path) -> None:
        with Tracker(url, FUNNEL, clock=lambda: NOW) as tracker:
            take(tracker, path)

    def live(_: Path) -> None:
        with Tracker(url, FUNNEL, clock=lambda: NOW) as tracker:
            for n in range(100):
                at = datetime(2024, 2, 1 + n % 20, tzinfo=UTC)
                tracker.track(f"c{n % CONTACTS}", "bought", occurred_at=at, id=f"live-{n}")

    with Tracker(url, FUNNEL, clock=lambda: NOW) as tracker:
        tracker.create_tables()
        with ThreadPoolExecutor(2) as threads:
            for done in [threads.submit(bring, path), threads.submit(live, path)]:
                done.result()
        assert len(ids(tracker)) == ROWS + 100
        tracker.finish()
        checked = check_contacts(tracker)
        assert checked.is_sound, checked.differences[:3]
        assert checked.contacts == CONTACTS
