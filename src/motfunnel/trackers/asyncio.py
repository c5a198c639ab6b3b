"""The AsyncTracker: the Tracker for an application on asyncio.

The same verbs over the same core, each a coroutine. Nothing in it waits without giving way to the
event loop, except what the host hands in: a contact_key, a clock, a plain handler.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import datetime
from functools import partial, wraps
from inspect import isawaitable
from os import PathLike
from typing import TYPE_CHECKING, Any, Concatenate, Final, Literal, ParamSpec, Self, TypeVar

from motfunnel.domain.funnel.file import Preset
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import Duration, When
from motfunnel.domain.moment import Moment, MomentKind, MomentName
from motfunnel.domain.trial import Arm
from motfunnel.store.database.asyncio import AsyncDatabase, run_on_host, synchronous, wait_for
from motfunnel.store.hosts.transaction import Host
from motfunnel.trackers.async_subscription import AsyncSubscription
from motfunnel.trackers.tracker import BUDGET, Tracker, no_attribute, now
from motfunnel.tracking.profile.identity import Identity
from motfunnel.tracking.recording.call import Tracked
from motfunnel.tracking.recording.habits import taught
from motfunnel.tracking.recording.handlers import Handler, HandlerT, Listeners
from motfunnel.tracking.recording.policy import RAISE, OnError
from motfunnel.tracking.spool.spool import LIMIT, Spool, WhenFull

if TYPE_CHECKING:
    from sqlalchemy import URL
    from sqlalchemy.ext.asyncio import AsyncEngine

    from motfunnel.reports.report import Report
    from motfunnel.store.database.asyncio import AsyncHost
    from motfunnel.trackers.async_report import AsyncReport

P = ParamSpec("P")
Answer = TypeVar("Answer")


def _verb(
    method: Callable[Concatenate[Tracker, P], Answer],
) -> Callable[Concatenate[AsyncTracker, P], Coroutine[Any, Any, Answer]]:
    """A verb of the Tracker, as a coroutine with the same arguments."""

    @wraps(method)
    async def verb(self: AsyncTracker, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
        return await self.run(lambda tracker: method(tracker, *args, **kwargs))

    return verb


class AsyncTracker:
    """Records events, and answers what they mean, without ever blocking the event loop.

    Belongs to the event loop that it is first used in.

    Args:
        database: a URL, or the host's own AsyncEngine, which is used as it is and never closed.
        funnel: the definition, or the name of a preset; without one, the one that is stored with
            the data.
        tenant: whose contacts these are; a tracker sees no other tenant's.
        schema: the database schema of the tables.
        contact_key: turns what the host passes as a contact into a text, an int or a UUID.
        clock: says what time it is.
        on_error: what becomes of an error, as in ``Tracker``; but not a coroutine function.
        budget: the longest that a call may wait on a connection of the tracker's own.
        spool: a file for what the database was not there for, as in ``Tracker``.
        spool_limit: how many bytes may wait there, as in ``Tracker``.
        spool_full: what becomes of a call that finds no room there, as in ``Tracker``.
        host: gives the AsyncSession or AsyncConnection whose transaction a call becomes part of
            that names no ``bind``, and that reads see, as in ``Tracker``; no coroutine function.
        tombstone_key: a secret by which who was erased is known again, as in ``Tracker``.
    """

    @taught
    def __init__(
        self,
        database: str | URL | AsyncEngine,
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
        host: Callable[[], AsyncHost | None] | None = None,
        tombstone_key: str | bytes | None = None,
    ) -> None:
        self._tracker = _Core(
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
            host=None if host is None else partial(_joined, host),
            tombstone_key=tombstone_key,
        )

    def __repr__(self) -> str:
        """Where it records, without a password, and whose contacts these are."""
        return f"<AsyncTracker{repr(self._tracker).removeprefix('<Tracker')}"

    @property
    def tenant(self) -> str:
        """Whose contacts they are."""
        return self._tracker.tenant

    @property
    def spool(self) -> Spool | None:
        """Where calls wait that the database was not there for."""
        return self._tracker.spool

    @taught
    async def track(
        self,
        contact: object,
        event: str,
        *,
        properties: Mapping[str, Any] | None = None,
        occurred_at: datetime | None = None,
        id: object = None,
        bind: AsyncHost | None = None,
    ) -> Tracked:
        """Record that something happened, as ``Tracker.track`` does.

        A call that is cancelled has written all of the event or nothing; the same id again is safe.
        """
        return await self._record(
            lambda tracker, host: tracker.track(
                contact, event, properties=properties, occurred_at=occurred_at, id=id, bind=host
            ),
            bind,
        )

    async def track_many(
        self, events: Iterable[Mapping[str, Any]], *, bind: AsyncHost | None = None
    ) -> list[Tracked]:
        """Record many events in one transaction, as ``Tracker.track_many`` does."""
        return await self._record(lambda tracker, host: tracker.track_many(events, bind=host), bind)

    @taught
    async def identify(
        self,
        contact: object,
        traits: Mapping[str, Any],
        *,
        occurred_at: datetime | None = None,
        id: object = None,
        bind: AsyncHost | None = None,
    ) -> Tracked:
        """Say what is known of a contact from an instant on, as ``Tracker.identify`` does."""
        return await self._record(
            lambda tracker, host: tracker.identify(
                contact, traits, occurred_at=occurred_at, id=id, bind=host
            ),
            bind,
        )

    def on(
        self, kind: MomentKind | MomentName, handler: Handler | None = None
    ) -> Callable[[HandlerT], HandlerT]:
        """Have a handler, a coroutine function or another, told of every moment of a kind.

        Told after the commit, at most once, and awaited: what told it goes on when it is done.
        """
        return self._tracker.on(kind, handler)

    @taught
    async def merge(
        self,
        old: object,
        *,
        into: object,
        force: bool = False,
        bind: AsyncHost | None = None,
    ) -> Identity:
        """Say that two keys are one contact, as ``Tracker.merge`` does."""
        return await self._record(
            lambda tracker, host: tracker.merge(old, into=into, force=force, bind=host), bind
        )

    async def unmerge(self, old: object, *, bind: AsyncHost | None = None) -> Identity:
        """Take that back, as ``Tracker.unmerge`` does."""
        return await self._record(lambda tracker, host: tracker.unmerge(old, bind=host), bind)

    @taught
    async def assign(
        self, contact: object, *, trial: str, holdout: float, bind: AsyncHost | None = None
    ) -> Arm:
        """Say to which arm of a trial a departed contact belongs, as ``Tracker.assign`` does."""
        return await self._record(
            lambda tracker, host: tracker.assign(contact, trial=trial, holdout=holdout, bind=host),
            bind,
        )

    @taught
    async def subscribe(
        self,
        name: str,
        *,
        kinds: MomentName | Iterable[MomentKind | MomentName] | None = None,
        stages: str | Iterable[str] | None = None,
        reasons: str | Iterable[str] | None = None,
        from_beginning: bool = False,
        erasures: bool = False,
    ) -> AsyncSubscription:
        """Have moments kept for somebody, as ``Tracker.subscribe`` does."""
        await self.run(
            lambda tracker: tracker.subscribe(
                name,
                kinds=kinds,
                stages=stages,
                reasons=reasons,
                from_beginning=from_beginning,
                erasures=erasures,
            )
        )
        return AsyncSubscription(self, name)

    async def subscription(self, name: str) -> AsyncSubscription:
        """Give a subscription that is there, as ``Tracker.subscription`` does."""
        await self.run(lambda tracker: tracker.subscription(name))
        return AsyncSubscription(self, name)

    subscriptions: Final = _verb(Tracker.subscriptions)
    unsubscribe: Final = _verb(Tracker.unsubscribe)
    contact: Final = _verb(Tracker.contact)
    identity: Final = _verb(Tracker.identity)
    export: Final = _verb(Tracker.export)
    forget: Final = _verb(Tracker.forget)
    forget_again: Final = _verb(Tracker.forget_again)
    tombstones: Final = _verb(Tracker.tombstones)
    retain: Final = _verb(Tracker.retain)
    deliver: Final = _verb(Tracker.deliver)
    check: Final = _verb(Tracker.check)
    health: Final = _verb(Tracker.health)
    migrate: Final = _verb(Tracker.migrate)
    sweep: Final = _verb(Tracker.sweep)
    rebuild: Final = _verb(Tracker.rebuild)
    finish: Final = _verb(Tracker.finish)
    settle: Final = _verb(Tracker.settle)
    keep_funnel: Final = _verb(Tracker.keep_funnel)
    create_tables: Final = _verb(Tracker.create_tables)
    check_current: Final = _verb(Tracker.check_current)
    as_of: Final = _verb(Tracker.as_of)

    @taught
    async def moments(
        self,
        contact: object = None,
        *,
        kind: MomentKind | MomentName | None = None,
        since: When | None = None,
        as_of: When | None = None,
    ) -> list[Moment]:
        """Read moments as of an instant, as ``Tracker.moments`` does."""
        return await self.run(
            lambda tracker: tracker.moments(contact, kind=kind, since=since, as_of=as_of)
        )

    @taught
    def report(
        self,
        *,
        as_of: When | None = None,
        known_by: When | None = None,
        timezone: str = "UTC",
    ) -> AsyncReport:
        """Ask for rates and reports, as by ``Tracker.report``; each question is awaited.

        Args:
            as_of: the instant that is asked about.
            known_by: take into account only what had been recorded by this instant.
            timezone: the IANA zone of calendar periods.
        """
        from motfunnel.trackers.async_report import AsyncReport

        return AsyncReport(self, as_of=as_of, known_by=known_by, timezone=timezone)

    async def ask(
        self,
        question: Callable[[Report], Answer],
        *,
        as_of: When | None = None,
        known_by: When | None = None,
        timezone: str = "UTC",
    ) -> Answer:
        """Put several questions that belong together to a report, made as by ``Tracker.report``.

        Args:
            question: a function that asks the report that it is given.
            as_of: the instant that is asked about.
            known_by: take into account only what had been recorded by this instant.
            timezone: the IANA zone of calendar periods.

        Returns:
            What the question returned.
        """
        return await self.run(
            lambda tracker: question(
                tracker.report(as_of=as_of, known_by=known_by, timezone=timezone)
            )
        )

    async def run(self, work: Callable[[Tracker], Answer]) -> Answer:
        """Do work that is written for a Tracker, such as an import, and give way as ever.

        Args:
            work: a function that is given a Tracker, which is good for as long as it runs.

        Returns:
            What it returned.
        """
        return await self._tracker.database.run(lambda: work(self._tracker))

    async def close(self) -> None:
        """Close the connections to a database that was given as a URL."""
        await self._tracker.database.close()

    async def __aenter__(self) -> Self:
        """Use the tracker for a while."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.close()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            """Say what was probably meant; asked only for what is not there.

            Raises:
                AttributeError: always.
            """
            raise no_attribute(self, name)

    async def _record(
        self, work: Callable[[Tracker, Host | None], Answer], bind: AsyncHost | None
    ) -> Answer:
        if bind is None:
            return await self.run(lambda tracker: work(tracker, None))
        return await run_on_host(bind, lambda host: work(self._tracker, host))


class _Core(Tracker):
    """The Tracker that does the work: it waits by giving way to the event loop."""

    database: AsyncDatabase

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._listeners = _AwaitedListeners()

    def _open(self, database: Any, schema: str | None) -> AsyncDatabase:
        return AsyncDatabase(database, schema)


def _joined(host: Callable[[], AsyncHost | None]) -> Host | None:
    bind = host()
    return None if bind is None else synchronous(bind)


class _AwaitedListeners(Listeners):
    """Handlers that may be coroutine functions."""

    _may_await = True

    def _tell_one(self, handler: Handler, moment: Moment) -> None:
        answer = handler(moment)
        if isawaitable(answer):
            wait_for(answer)
