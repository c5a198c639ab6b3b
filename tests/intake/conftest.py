"""What the tests of imports share: a funnel, a file to write, and what then lies in the store."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from motfunnel import Funnel, Tracker, leave, note, purchase, rating, reach, touch
from motfunnel.intake import Imported, import_file
from motfunnel.store.ledger.rejects import Reject, all_rejects

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FUNNEL = Funnel(
    stages=("visitor", "lead", "customer"),
    rules={
        "seen": touch(),
        "signed": reach("lead"),
        "bought": purchase(),
        "rated": rating("score"),
        "left": leave("reason"),
        "mailed": note(),
    },
    patience={"default": timedelta(days=30)},
)
COLUMNS: dict[str, Any] = {"contact": "who", "event": "what", "at": "when"}

Write = Callable[..., Path]


@pytest.fixture
def tracker(url: str) -> Iterator[Tracker]:
    """A tracker on an empty database, once for each backend."""
    with Tracker(url, FUNNEL, clock=lambda: NOW) as tracker:
        yield tracker


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Tracker]:
    """A tracker on SQLite, for what has nothing to do with the database."""
    with Tracker(f"sqlite:///{tmp_path}/lite.db", FUNNEL, clock=lambda: NOW) as tracker:
        yield tracker


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file of text or bytes, and gives its path."""

    def write(content: str | bytes, name: str = "events.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def take(tracker: Tracker, path: Path, **options: Any) -> Imported:
    """Import with the usual columns."""
    return import_file(tracker, path, **(COLUMNS | options))


def stored(tracker: Tracker) -> list[tuple[str, str, datetime, dict[str, Any]]]:
    """All events: who, what, when, and the properties; ordered."""
    events = tracker.database.tables.events
    with tracker.database.read() as connection:
        rows = connection.execute(select(events).where(events.c.tenant == tracker.tenant)).all()
    return sorted(
        ((row.contact, row.event, row.occurred_at, row.properties) for row in rows),
        key=repr,
    )


def ids(tracker: Tracker) -> set[tuple[str, str]]:
    """The contacts and ids of all events."""
    events = tracker.database.tables.events
    with tracker.database.read() as connection:
        return {(row.contact, row.id) for row in connection.execute(select(events))}


def rejects(tracker: Tracker) -> list[Reject]:
    """All rejects, by line."""
    with tracker.database.read() as connection:
        found = list(all_rejects(connection, tracker.database.tables, tracker.tenant))
    return sorted(found, key=lambda reject: reject.line)


def checkpoints(tracker: Tracker) -> int:
    """How many unfinished imports are noted."""
    imports = tracker.database.tables.imports
    with tracker.database.read() as connection:
        return len(connection.execute(select(imports)).all())
