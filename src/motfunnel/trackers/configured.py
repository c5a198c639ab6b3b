"""The one tracker of an application that wants just one: ``configure`` it, then ``track``.

A framework whose applications have trackers of their own provides them here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from os import PathLike
from typing import TYPE_CHECKING, Any, Final, Literal

from motfunnel.domain.funnel.file import Preset
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import Duration
from motfunnel.errors import NotConfiguredError
from motfunnel.store.hosts.transaction import Host
from motfunnel.trackers.tracker import BUDGET, Tracker, advice_on, now
from motfunnel.tracking.recording.call import Tracked
from motfunnel.tracking.recording.habits import DOORS, near, taught
from motfunnel.tracking.recording.policy import RAISE, OnError
from motfunnel.tracking.spool.spool import LIMIT, WhenFull

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


@taught
def configure(
    database: str | URL | Engine,
    funnel: Funnel | Preset | None = None,
    *,
    tenant: str = "default",
    schema: str | None = None,
    contact_key: Callable[[Any], object] | None = None,
    clock: Callable[[], datetime] = now,
    on_error: OnError = RAISE,
    budget: Duration | None = BUDGET,
    spool: str | PathLike[str] | Literal[False] | None = None,
    spool_limit: int | None = LIMIT,
    spool_full: WhenFull = "refuse",
    host: Callable[[], Host | None] | None = None,
    tombstone_key: str | bytes | None = None,
) -> Tracker:
    """Set up, or replace, the tracker that ``motfunnel.track`` uses; connects to nothing.

    ``funnel`` may be a preset's name; ``contact_key`` turns what ``track`` is given as a contact
    into a text, an int or a UUID; ``on_error`` is ``"raise"``, ``"log"``, or a function of error
    and ``Call``; ``host`` gives the Session to join. ``Tracker`` says more of these and others.
    """
    tracker = Tracker(
        database,
        funnel,
        tenant=tenant,
        schema=schema,
        contact_key=contact_key,
        clock=clock,
        on_error=on_error,
        budget=budget,
        spool=spool,
        spool_limit=spool_limit,
        spool_full=spool_full,
        host=host,
        tombstone_key=tombstone_key,
    )
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


def module_attribute(name: str, names: Collection[str]) -> str:
    """What ``motfunnel`` itself does not define: its version, or what was probably meant.

    Args:
        name: what was asked for.
        names: what it defines.

    Raises:
        AttributeError: it is not a version.
    """
    if name == "__version__":
        return version("motfunnel")
    here = f"; write motfunnel.tracker().{name}" if hasattr(Tracker, name) else ""
    if name in DOORS:
        here = f"; write motfunnel.{DOORS[name]}"
    said = f"module 'motfunnel' has no attribute {name!r}"
    classes = near(name, [one for one in names if one[0].isupper()])
    here = here or (f"; {classes}" if classes else advice_on(Tracker, name))
    raise AttributeError(said + here, name=name)


@taught
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

    Args:
        contact: a text, an int, a UUID, or what the tracker's ``contact_key`` can turn into one; in
            a Django project also an instance of a model.
        event: what happened, by the name that the funnel's rules use.
        properties: what else is to be kept, as JSON.
        occurred_at: when it happened, with a time zone; now if not given.
        id: what makes a retry the same event; a new one if not given.
        bind: the Session or Connection whose transaction this becomes part of; in a Django project
            the alias of a database.

    Returns:
        What the event established, and what a late one revoked.

    Raises:
        EventError: the event cannot be taken; nothing was written.
        NotConfiguredError: there is no tracker.
    """
    on: Any = bind
    return tracker().track(
        contact, event, properties=properties, occurred_at=occurred_at, id=id, bind=on
    )
