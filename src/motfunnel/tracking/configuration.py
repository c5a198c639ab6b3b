"""The one tracker of an application that wants just one: ``configure`` it, then ``track``."""

from __future__ import annotations

from typing import Any

from motfunnel.errors import NotConfiguredError
from motfunnel.tracking.tracked import Tracked
from motfunnel.tracking.tracker import Tracker

_configured: list[Tracker] = []


def configure(database: Any, **options: Any) -> Tracker:
    """Set up the tracker that ``motfunnel.track`` uses; takes what ``Tracker`` takes.

    Connects to nothing. A second call replaces the tracker of the first.
    """
    tracker = Tracker(database, **options)
    _configured[:] = [tracker]
    return tracker


def tracker() -> Tracker:
    """The tracker that was configured.

    Raises:
        NotConfiguredError: none was.
    """
    if not _configured:
        raise NotConfiguredError(
            'call motfunnel.configure("sqlite:///crm.db", funnel=…) once, where your '
            "application starts"
        )
    return _configured[0]


def track(contact: object, event: str, **details: Any) -> Tracked:
    """Record that something happened, with the tracker that was configured.

    Takes what ``Tracker.track`` takes.
    """
    return tracker().track(contact, event, **details)
