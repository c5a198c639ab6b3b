"""The one tracker of an application that wants just one: ``configure`` it, then ``track``.

A framework whose applications have trackers of their own provides them here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Unpack

from motfunnel.domain.funnel import Funnel
from motfunnel.errors import NotConfiguredError
from motfunnel.store.host import Host
from motfunnel.tracking.options import TrackerOptions
from motfunnel.tracking.tracked import Tracked
from motfunnel.tracking.tracker import Tracker

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

Provider = Callable[[], Tracker | None]
"""Gives the tracker of the application that is running now, if it has one."""

_CONFIGURE: Final = (
    'call motfunnel.configure("sqlite:///crm.db", funnel=…) once, where your application starts'
)
_configured: list[Tracker] = []
_providers: dict[Provider, str] = {}
_standing_in: list[Tracker] = []


def configure(
    database: str | URL | Engine, funnel: Funnel | None = None, **options: Unpack[TrackerOptions]
) -> Tracker:
    """Set up the tracker that ``motfunnel.track`` uses; takes what ``Tracker`` takes.

    Connects to nothing. A second call replaces the tracker of the first.
    """
    tracker = Tracker(database, funnel, **options)
    _configured[:] = [tracker]
    return tracker


@contextmanager
def configured(tracker: Tracker) -> Iterator[Tracker]:
    """Have ``motfunnel.track`` use this tracker for a while, whatever else is set up.

    It goes before the tracker that was configured and before those of frameworks, in every thread.
    What is configured meanwhile holds from the end on. Does not close the tracker.
    """
    if not isinstance(tracker, Tracker):
        raise TypeError(f"motfunnel.track needs a Tracker, not a {type(tracker).__name__}")
    _standing_in.append(tracker)
    try:
        yield tracker
    finally:
        latest = max(at for at, one in enumerate(_standing_in) if one is tracker)
        del _standing_in[latest]


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
    if _standing_in:
        return _standing_in[-1]
    for provider in _providers:
        provided = provider()
        if provided is not None:
            return provided
    if not _configured:
        remedies = [remedy for remedy in _providers.values() if remedy]
        raise NotConfiguredError("; or: ".join(remedies or [_CONFIGURE]))
    return _configured[0]


def track(
    contact: object,
    event: str,
    *,
    properties: Mapping[str, Any] | None = None,
    occurred_at: datetime | None = None,
    id: object = None,
    bind: Host | str | None = None,
) -> Tracked:
    """Record that something happened, with the tracker of the running application.

    Takes what its ``track`` takes; in a Django project, ``bind`` names one of its databases.
    """
    on: Any = bind
    return tracker().track(
        contact, event, properties=properties, occurred_at=occurred_at, id=id, bind=on
    )
