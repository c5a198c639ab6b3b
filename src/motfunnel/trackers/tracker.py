"""The Tracker: what a host holds in its hands.

Each verb opens one short transaction of its own, and tells handlers after the commit. Constructing
one connects to nothing, and it starts no thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

from motfunnel.domain.event import IDENTIFY
from motfunnel.domain.funnel.file import Preset
from motfunnel.domain.funnel.funnel import Funnel, read_funnel
from motfunnel.domain.instant import TOLERANCE, Duration, When
from motfunnel.domain.marker import Marker
from motfunnel.domain.moment import MomentKind, MomentName
from motfunnel.store.database.asyncio import run_on_host
from motfunnel.store.database.database import Database
from motfunnel.store.hosts.transaction import Host
from motfunnel.trackers.options import (
    check_schema,
    check_spool_full,
    check_spool_limit,
    check_tenant,
    read_budget,
)
from motfunnel.tracking.outbox.subscription import Publisher
from motfunnel.tracking.people.assign import Assigner
from motfunnel.tracking.people.custodian import Custodian
from motfunnel.tracking.reader import moment_kind
from motfunnel.tracking.recording.call import IDENTIFYING, Call, Outcome, Tracked
from motfunnel.tracking.recording.habits import taught, verb_of
from motfunnel.tracking.recording.handlers import Handler, HandlerT, Listeners, is_telling
from motfunnel.tracking.recording.interpreter import Interpreter
from motfunnel.tracking.recording.policy import RAISE, OnError, check_policy
from motfunnel.tracking.recording.unmapped import Sightings
from motfunnel.tracking.spool.delivery import Delivered, deliver_all
from motfunnel.tracking.spool.keeper import Keeper
from motfunnel.tracking.spool.spool import LIMIT, Spool, WhenFull, default_path
from motfunnel.tracking.upkeep.upkeep import Upkeep

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

    from motfunnel.reports.report import Report
    from motfunnel.store.database.asyncio import AsyncHost

BUDGET = timedelta(seconds=5)
"""How long a call may keep its host waiting, where nothing else is said."""


def now() -> datetime:
    """What time it is: the clock of a tracker that is given none."""
    return datetime.now(UTC)


class Tracker(Upkeep, Custodian, Assigner, Publisher):
    """Records events, and answers what they mean.

    Args:
        database: a URL, or the host's own Engine, which is used as it is and never closed.
        funnel: the definition, or the name of a preset; without one, the one that is stored with
            the data.
        tenant: whose contacts these are; a tracker sees no other tenant's.
        schema: the database schema of the tables.
        contact_key: turns what the host passes as a contact into a text, an int or a UUID.
        clock: says what time it is: for tests, and for replaying a history as if it were now.
        on_error: what becomes of an error in ``track``, ``track_many`` and ``identify``:
            ``"raise"``; ``"log"``; or a callable that is given the error and the ``Call``, whose
            ``kept`` says where it is kept. But for the first, no ``Exception`` reaches the host,
            save one with which the database undid the host's own transaction. What is no
            ``Exception`` (an interrupt, a cancellation, gevent's timeouts) always does.
        budget: the longest that these three may keep the host waiting on a connection of the
            tracker's own, as a timedelta or a text such as ``5s``, whether the database is down,
            locked or frozen; None for no bound. The operating system's look-up of a host's name is
            not bounded. On an engine of the host's it bounds the waiting for locks (and
            PostgreSQL's statements), but not the connecting, the pool and a server that is frozen:
            those are the engine's to bound.
        spool: a file for what the database was not there for, with ``on_error`` other than
            ``"raise"``; by default one for each store in the user's state folder, made when it is
            needed; False for none.
        spool_limit: how many bytes may wait there; None for no bound.
        spool_full: what becomes of a call that finds no room there: ``"refuse"`` it, which is then
            kept nowhere, or ``"drop"`` the oldest. Either is counted, and raises nothing.
        host: gives the Session or Connection whose transaction a call becomes part of that names no
            ``bind``, and that reads see; where it gives None, calls commit by themselves. Sweeps,
            rebuilds, imports and erasures always do, and so do the calls of a handler: by then
            the host's transaction has ended.
        tombstone_key: a secret of the host's, of 16 bytes or more, that is stored nowhere. With it
            ``forget`` keeps a keyed hash of each key of the contact, by which imports, retries and
            deliveries refuse what it did until then; without it nothing is kept, and they bring
            it back.
    """

    @taught
    def __init__(
        self,
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
    ) -> None:
        check_tenant(tenant)
        self.database: Database = self._open(database, check_schema(schema))
        if host is not None:
            self.database.host = lambda: None if is_telling() else host()
        self.tenant = tenant
        self.marker: Marker | None = (
            None if tombstone_key is None else Marker(tombstone_key, tenant)
        )
        self._funnel = read_funnel(funnel)
        self.clock = clock
        self.interpreter: Interpreter = Interpreter(contact_key, clock, TOLERANCE, Sightings())
        self._listeners = Listeners()
        self._put = WeakKeyDictionary()
        self.on_error: OnError = check_policy(on_error)
        self.budget: timedelta | None = read_budget(budget)
        self.spool: Spool | None = self._open_spool(
            spool, check_spool_limit(spool_limit), check_spool_full(spool_full)
        )
        self._keeper = Keeper(self.database, tenant, self.spool)

    @taught
    def track(
        self,
        contact: object,
        event: str,
        *,
        properties: Mapping[str, Any] | None = None,
        occurred_at: datetime | None = None,
        id: object = None,
        bind: Host | None = None,
    ) -> Tracked:
        """Record that something happened; costs one step, or a fold of this contact if late.

        Args:
            contact: a text, an int, a UUID, or what ``contact_key`` can turn into one.
            event: what happened, by the name that the funnel's rules use.
            properties: what else is to be kept, as JSON.
            occurred_at: when it happened, with a time zone; now if not given.
            id: what makes a retry the same event; a new one if not given.
            bind: the host's Session or Connection, whose transaction this becomes part of: the
                event is there if the host commits, and handlers are told after that. The tables
                must be there already.

        Returns:
            What the event established, and what a late one revoked.

        Raises:
            EventError: the event cannot be taken; nothing was written.
            ConflictError: the id is taken by an event with other content.
            StoreError: the database did not take it in time. In a transaction of the host's, its
                own error is raised instead.
        """
        call = Call(
            verb="track",
            contact=contact,
            event=event,
            properties=properties,
            occurred_at=occurred_at,
            id=id,
        )
        return self._say([call], bind)[0]

    @taught
    async def atrack(
        self,
        contact: object,
        event: str,
        *,
        properties: Mapping[str, Any] | None = None,
        occurred_at: datetime | None = None,
        id: object = None,
        bind: AsyncHost | None = None,
    ) -> Tracked:
        """Record that something happened, from asyncio; otherwise as ``track``.

        Args:
            contact: as in ``track``.
            event: as in ``track``.
            properties: as in ``track``.
            occurred_at: as in ``track``.
            id: as in ``track``.
            bind: the host's AsyncSession or AsyncConnection, whose transaction this becomes part
                of. Without one, ``track`` runs in a thread of asyncio's; a task that is cancelled
                meanwhile does not stop it.
        """
        track = partial(
            self.track, contact, event, properties=properties, occurred_at=occurred_at, id=id
        )
        if bind is None:
            return await asyncio.to_thread(track)
        if self._funnel is None:
            await asyncio.to_thread(getattr, self, "funnel")
        return await run_on_host(bind, lambda host: track(bind=host))

    def track_many(
        self, events: Iterable[Mapping[str, Any]], *, bind: Host | None = None
    ) -> list[Tracked]:
        """Record many events in one transaction: all of them, or none.

        Where ``on_error`` does not raise, those that are refused are kept apart, and the others
        recorded.

        Args:
            events: mappings with the names that ``track`` takes: contact, event, and optionally
                properties, occurred_at and id.
            bind: as in ``track``.

        Returns:
            An answer to each, in the order given.
        """
        return self._say_many(events, bind)

    @taught
    def identify(
        self,
        contact: object,
        traits: Mapping[str, Any],
        *,
        occurred_at: datetime | None = None,
        id: object = None,
        bind: Host | None = None,
    ) -> Tracked:
        """Say what is known of a contact from an instant on; changes no moment.

        Reports group by traits. The contact counts as known from now on.
        """
        call = Call(
            verb=IDENTIFYING,
            contact=contact,
            event=IDENTIFY,
            properties=traits,
            occurred_at=occurred_at,
            id=id,
        )
        return self._say([call], bind)[0]

    def deliver(self) -> Delivered:
        """Record what waits in the spool, and tell handlers; the next successful call does so too.

        This also tries, once, what was tried in vain and would else wait for its next attempt.

        Raises:
            StoreError: the database is not there; what could not be recorded still waits.
        """
        outcomes: list[Outcome] = []
        if self.spool is None or not self.spool.exists():
            return Delivered()
        try:
            return deliver_all(self._taker(), self.spool, outcomes, is_asked=True)
        finally:
            self._tell(outcomes)

    def on(
        self, kind: MomentKind | MomentName, handler: Handler | None = None
    ) -> Callable[[HandlerT], HandlerT]:
        """Have a handler told of every moment of a kind, after the commit, at most once.

        Works as a decorator too. ``track``, ``track_many`` and ``sweep`` tell; a rebuild or an
        import does not. For what must not be missed, ``subscribe``.
        """
        told_of = moment_kind(kind)

        def add(wanted: HandlerT) -> HandlerT:
            self._listeners.add(told_of, wanted)
            return wanted

        if handler is not None:
            add(handler)
        return add

    @taught
    def report(
        self,
        *,
        as_of: When | None = None,
        known_by: When | None = None,
        timezone: str = "UTC",
    ) -> Report:
        """Ask for rates and reports as of an instant, by what was known at another."""
        from motfunnel.reports.report import Report

        return Report(self, as_of=as_of, known_by=known_by, timezone=timezone)

    if not TYPE_CHECKING:  # or a checker would take any name

        def __getattr__(self, name: str) -> object:
            """Say what was probably meant; asked only for what is not there.

            Raises:
                AttributeError: always.
            """
            raise no_attribute(self, name)

    def __repr__(self) -> str:
        """Where it records, without a password, and whose contacts these are."""
        given = vars(self)  # one whose making failed has neither
        return f"<Tracker {given.get('database')!r} tenant={given.get('tenant')!r}>"

    def _open(self, database: Any, schema: str | None) -> Database:
        return Database(database, schema)

    def _open_spool(
        self,
        given: str | PathLike[str] | Literal[False] | None,
        limit: int | None,
        full: WhenFull,
    ) -> Spool | None:
        if isinstance(given, bool):
            if given:
                raise ValueError("spool is True; name a file, or leave it out for the usual one")
            return None
        path = default_path(self.database.name, self.tenant) if given is None else Path(given)
        return None if path is None else Spool(path, self.database.pause, limit=limit, full=full)


def no_attribute(tracker: object, name: str) -> AttributeError:
    """The error for what a tracker does not have; it says what was probably meant."""
    kind = type(tracker)
    said = f"a tracker has no {name!r}{advice_on(kind, name)}"
    return AttributeError(said, name=name, obj=tracker)


def advice_on(kind: type, name: str) -> str:
    """What to write for a name that a class of trackers does not have, behind a semicolon."""
    if name.startswith("_"):
        return ""
    from motfunnel.reports.report import Report

    verbs, questions = (
        [one for one in dir(of) if not one.startswith("_")] for of in (kind, Report)
    )
    advice = verb_of(name, verbs, questions)
    return f"; {advice}" if advice else ""
