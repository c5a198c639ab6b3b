"""Other systems' histories as events: people become contacts, what they did an event each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from motfunnel import Funnel, Tracker, touch

VIEWS = Funnel(
    stages=("visitor", "customer"), rules={"viewed": touch()}, patience={"default": None}
)
"""Every view is a touch, and nobody departs by silence: what an event-counting system assumes."""


def at(told: str) -> datetime:
    """An instant as sources write it: without a zone in UTC, a date at noon."""
    found = datetime.fromisoformat(told if len(told) > len("2020-01-01") else f"{told}T12:00")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def tell(
    tracker: Tracker,
    history: Mapping[str, Iterable[str]],
    event: str = "viewed",
    properties: Mapping[str, Any] | None = None,
) -> None:
    """Record, for each contact, one event at each instant."""
    tracker.track_many(
        {
            "contact": contact,
            "event": event,
            "occurred_at": at(when),
            "properties": properties or {},
        }
        for contact, times in history.items()
        for when in times
    )
