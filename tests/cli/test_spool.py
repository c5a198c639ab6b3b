"""What waits on this machine, seen and delivered by an operator."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from motfunnel import Funnel, Tracker
from tests.cli.conftest import Run


@pytest.fixture
def waiting(filled: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A store for which two calls wait, one of them beyond mending."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    funnel = Funnel.from_toml("funnel.toml")
    Path("store.db").rename("away.db")
    Path("store.db").mkdir()
    with Tracker("sqlite:///store.db", funnel=funnel, on_error="log") as tracker:
        at = datetime(2024, 4, 1, tzinfo=UTC)
        tracker.track("ada\x1b[2J", "bought", occurred_at=at, id="1")
        tracker.track("bob", "bought", occurred_at=at, id="2", properties={"a": {1}})
    Path("store.db").rmdir()
    Path("away.db").rename("store.db")
    return filled


def test_seen_and_delivered(waiting: Run) -> None:
    """Counted, listed on safe lines, delivered; the exit code says that something was refused."""
    assert waiting("spool", "count").stdout == "2\n"
    first, _ = waiting("spool", "list").stdout.splitlines()
    assert "bought" in first
    assert "\x1b" not in first
    done = waiting("spool", "deliver", code=1).stdout
    assert done == "1 event recorded, 0 there before, 1 rejected, 0 left\n"
    assert waiting("spool", "count").stdout == "0\n"
    assert waiting("spool", "list").stdout == ""
    assert "0 events recorded" in waiting("spool", "deliver").stdout
    assert "1 rejected" in waiting("import", "--retry-rejects", code=1).stdout


def test_a_file_that_is_named(waiting: Run, tmp_path: Path) -> None:
    """The application may have named another."""
    [spool] = (tmp_path / "state" / "motfunnel").glob("*.jsonl")
    spool.rename("mine.jsonl")
    assert waiting("spool", "count").stdout == "0\n"
    assert waiting("spool", "count", "--spool", "mine.jsonl").stdout == "2\n"
    waiting("spool", "deliver", "--spool", "mine.jsonl", code=1)
    assert not Path("mine.jsonl").exists()
