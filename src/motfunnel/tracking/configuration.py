"""The one tracker of an application that wants just one: ``configure`` it, then ``track``.

A framework whose applications have trackers of their own provides them here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from motfunnel.errors import NotConfiguredError
from motfunnel.tracking.tracked import Tracked
from motfunnel.tracking.tracker import Tracker

Provider = Callable[[], Tracker | None]
"""Gives the tracker of the application that is running now, if it has one."""

_CONFIGURE: Final = (
    'call motfunnel.configure("sqlite:///crm.db", funnel=…) once, where your application starts'
)
_configured: list[Tracker] = []
_providers: dict[Provider, str] = {}


def configure(database: Any, **options: Any) -> Tracker:
    """Set up the tracker that ``motfunnel.track`` uses; takes what ``Tracker`` takes.

    Connects to nothing. A second call replaces the tracker of the first.
    """
    tracker = Tracker(database, **options)
    _configured[:] = [tracker]
    return tracker


def provide(provider: Provider, remedy: str = "") -> None:
    """Have a framework say which tracker is the running application's; it goes before all else.

    Args:
        provider: gives it.
        remedy: what to do where it gives none, for the error.
    """
    _providers[provider] = remedy


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
        remedies = [remedy for remedy in _providers.values() if remedy]
        raise NotConfiguredError("; or: ".join(remedies or [_CONFIGURE]))
    return _configured[0]


def track(contact: object, event: str, **details: Any) -> Tracked:
    """Record that something happened, with the tracker that was configured.

    Takes what ``Tracker.track`` takes.
    """
    return tracker().track(contact, event, **details)
