"""The one tracker of an application that wants just one: ``configure`` it, then ``track``.

A framework whose applications have trackers of their own provides them here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from motfunnel.errors import NotConfiguredError
from motfunnel.tracking.tracked import Tracked
from motfunnel.tracking.tracker import Tracker

Provider = Callable[[], Tracker | None]
"""Gives the tracker of the application that is running now, if it has one."""

_configured: list[Tracker] = []
_providers: list[Provider] = []


def configure(database: Any, **options: Any) -> Tracker:
    """Set up the tracker that ``motfunnel.track`` uses; takes what ``Tracker`` takes.

    Connects to nothing. A second call replaces the tracker of the first.
    """
    tracker = Tracker(database, **options)
    _configured[:] = [tracker]
    return tracker


def provide(provider: Provider) -> None:
    """Have a framework say which tracker is the running application's; it goes before all else."""
    if provider not in _providers:
        _providers.append(provider)


def tracker() -> Tracker:
    """The tracker of the running application, or else the one that was configured.

    Raises:
        NotConfiguredError: none was.
    """
    for provider in _providers:
        provided = provider()
        if provided is not None:
            return provided
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
