"""The dashboard: from a request to a response, without a framework.

Closed unless it is told who may look. Reads and never writes; asks through the cache, so that a
question that many look at is answered once. WSGI, ASGI, Flask and Django hand it their requests.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from typing import Any, Final

from attrs import evolve

from motfunnel.dashboard.cache import MEMORY, Busy, Cache, Deadline, Surroundings, Unfinished
from motfunnel.dashboard.kept import Asking, Whose
from motfunnel.dashboard.links import Links, clean_prefix
from motfunnel.dashboard.source import SOURCES, Source, is_alone
from motfunnel.dashboard.web.message import Request, Response, Unreadable, finished, policy
from motfunnel.dashboard.web.visit import AGAIN, Visit, meanwhile, said
from motfunnel.domain.instant import Duration, read_duration
from motfunnel.errors import (
    EventError,
    MissingExtraError,
    MotfunnelError,
    QuestionError,
    SettingError,
    StoreError,
    install,
)
from motfunnel.store.kept.changes import Changes

FRESH: Final = timedelta(minutes=5)
"""How old an answer may be, where nothing else is said."""

KEPT: Final = timedelta(days=2)
"""How old an answer of a refresh may be, where nothing else is said."""

PATIENCE: Final = timedelta(seconds=20)
"""How long a request waits for its answers, where nothing else is said."""

Authorize = Callable[[Any], object]
"""Says of a framework's request whether it may look; a text is also for whom alone it is."""

_CLOSED: Final = (
    "the dashboard is closed until you say who may look: write "
    "Dashboard(tracker, authorize=lambda request: …), with what is true of your staff only"
)
_NO_TRACKER: Final = (
    "the dashboard reads by a Tracker, not by {}; give it a Tracker, or a function that is given "
    "the request and gives one"
)


class Dashboard:
    """The pages, ready to be mounted by ``wsgi``, ``asgi``, Flask or Django.

    Args:
        tracker: whose contacts are shown, a tracker's or those of classified files; or a function
            that is given the framework's request and gives one, where there are several tenants.
        authorize: is given the framework's request, and says whether it may look. A text lets it
            look, too, and says for whom alone the answers are kept. There is no default.
        contact_url: gives the address of your own page of a contact, or None.
        fresh: how old an answer may be, such as ``5m``; ``0s``: each is computed anew. Erasures,
            rebuilds and imports show at once all the same, and so does a merge, where none
            came before it within this.
        kept: how old an answer may be that ``motfunnel refresh`` has kept in the store, such as
            ``2d``; ``0s``: none is shown.
        patience: how long a request waits for an answer before it says so; None: as long as it
            takes, in the thread of the request.
        static_url: where you serve the files of ``write_assets`` yourself.
        prefix: the path that browsers see before the dashboard's, where a proxy takes it away; by
            default the one that the framework knows.
        memory: how many bytes of answers are kept at most.
        surroundings: gives what a computation in a thread of its own stands in.

    Raises:
        SettingError: nobody said who may look, or something else cannot be used.
    """

    def __init__(
        self,
        tracker: Source | Callable[[Any], Source],
        *,
        authorize: Authorize | None = None,
        contact_url: Callable[[str], str | None] | None = None,
        fresh: Duration = FRESH,
        kept: Duration = KEPT,
        patience: Duration | None = PATIENCE,
        static_url: str | None = None,
        prefix: str | None = None,
        memory: int = MEMORY,
        surroundings: Surroundings = nullcontext,
    ) -> None:
        if authorize is None:
            raise SettingError("authorize", _CLOSED)
        if not callable(authorize):
            raise SettingError("authorize", f"{authorize!r} is not a function; {_CLOSED}")
        if not (isinstance(tracker, SOURCES) or callable(tracker)):
            raise SettingError("tracker", _NO_TRACKER.format(type(tracker).__name__))
        _check_extra()
        self.authorize: Authorize = authorize
        self.prefix: str | None = None if prefix is None else clean_prefix(prefix)
        self._tracker = tracker
        self._fresh, self._kept = _span("fresh", fresh), _span("kept", kept)
        self._patience = None if patience is None else _span("patience", patience)
        self._surroundings = surroundings
        self._cache = Cache(memory)
        self._seen: dict[tuple[Any, str], tuple[Changes, float]] = {}
        self._policy = policy(static_url)
        self._links = Links("", static_url=static_url, contact_url=contact_url)

    def respond(self, request: Request, granted: object = None) -> Response:
        """Answer a request.

        Args:
            request: what is asked for.
            granted: what ``authorize`` said of it, where it has been asked already.
        """
        return finished(self._respond(request, granted), request, self._policy)

    def _respond(self, request: Request, granted: object) -> Response:
        links = evolve(self._links, prefix=request.prefix if self.prefix is None else self.prefix)
        if request.method not in ("GET", "HEAD"):
            told = said(405, "Not allowed", "Pages are looked at, and change nothing.", None)
            return evolve(told, headers={"Allow": "GET, HEAD"})
        granted = self.authorize(request.native) if granted is None else granted
        if not granted:
            return said(403, "Not for you", "Who may look here is for its owner to say.", None)
        scope = granted if isinstance(granted, str) else ""
        asked = partial(self._asked, request.native, scope)
        return _answered(Visit(request=request, links=links, asked=asked))

    def _source_of(self, native: Any) -> Source:
        if isinstance(self._tracker, SOURCES):
            return self._tracker
        found = self._tracker(native)
        if not isinstance(found, SOURCES):
            raise SettingError("tracker", _NO_TRACKER.format(type(found).__name__))
        return found

    def _asked(self, native: Any, scope: str) -> tuple[Source, Asking]:
        """Whom a request asks, and how; what was kept of people who are erased by now goes."""
        tracker = self._source_of(native)
        whose = self._known(Whose.of(tracker, scope))
        is_endless = self._patience is None or is_alone(tracker)
        seconds = None if self._patience is None or is_endless else self._patience.total_seconds()
        how = Asking(
            cache=self._cache,
            fresh=self._fresh,
            deadline=Deadline(seconds),
            surroundings=self._surroundings,
            whose=whose,
            oldest=self._kept,
        )
        return tracker, how

    def _known(self, whose: Whose) -> Whose:
        """Of whom an answer is; after a merge another, but in a storm of them not at each."""
        place, now = (whose.database, whose.tenant), time.monotonic()
        before, changed = self._seen.get(place, (whose.changes, -math.inf))
        if before.resets != whose.changes.resets:
            self._cache.drop(lambda key: isinstance(key, tuple) and whose.is_before(key[0]))
        elif before != whose.changes and now - changed < self._fresh.total_seconds():
            return evolve(whose, changes=before)
        self._seen[place] = (whose.changes, changed if before == whose.changes else now)
        return whose


def _answered(visit: Visit) -> Response:
    """The response to a visit, also where there is no answer."""
    try:
        return visit.respond()
    except (Unreadable, QuestionError, EventError) as error:
        return said(400, "That cannot be read", str(error), visit.links)
    except (Unfinished, Busy) as error:
        told = said(503, "Still counting", meanwhile(error), visit.links)
        return evolve(told, headers={"Retry-After": AGAIN})
    except StoreError as error:
        return said(503, "There is no answer now", error.reason, visit.links)
    except MotfunnelError as error:
        return said(503, "There is no answer now", str(error), visit.links)


def _span(name: str, given: Duration) -> timedelta:
    try:
        span = read_duration(given)
    except ValueError as error:
        raise SettingError(name, str(error)) from None
    if span < timedelta():
        raise SettingError(name, f"{given!r} is below zero; write e.g. '5m'")
    return span


def _check_extra() -> None:
    try:
        import jinja2  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(f"the dashboard needs Jinja2: {install('web')}") from error
