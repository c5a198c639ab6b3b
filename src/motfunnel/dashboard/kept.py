"""A report whose answers are kept for a while, for all who ask the same of the same contacts.

Asked within ``fresh``, a question is answered once. Its key tells apart databases, tenants,
funnels, scopes and instants, so that nobody sees what was computed for another. Counts nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from inspect import signature
from typing import Any, Final
from zoneinfo import ZoneInfo

from attrs import define, evolve, field, frozen

from motfunnel.classified import Files
from motfunnel.dashboard.cache import Cache, Computed, Deadline, Surroundings
from motfunnel.dashboard.source import ONLY_STORES, Source, newest, telling_faults
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import EPOCH, iso
from motfunnel.errors import MotfunnelError, QuestionError, StoreError
from motfunnel.reports.question import Question
from motfunnel.reports.report import Questions, Report
from motfunnel.store.database.retry import asking
from motfunnel.store.kept.changes import Changes, read_changes
from motfunnel.store.outbox.subscriptions import Waiting
from motfunnel.trackers.tracker import Tracker
from motfunnel.tracking.upkeep.upkeep import Health

_QUESTIONS: Final = {name for name, one in vars(Questions).items() if isinstance(one, Question)}
_PLAIN: Final = (str, int, float, type(None), timedelta, date, ZoneInfo)


class UnansweredError(MotfunnelError, ConnectionError):
    """The database did not answer a question; asking again changes nothing."""


@frozen(kw_only=True)
class Whose:
    """Of whom an answer is: what tells it from those of others, whatever is asked.

    Attributes:
        database: where they are stored.
        tenant: whose contacts.
        fingerprint: of the funnel.
        scope: of whom ``authorize`` said that this is for them alone.
        changes: how often what was recorded had been changed: nobody who was erased is in an
            answer for long, and what was merged or imported is in the next.
    """

    database: Hashable
    tenant: str
    fingerprint: str
    scope: str
    changes: Changes

    @classmethod
    def of(cls, tracker: Source, scope: str) -> Whose:
        """Of a source's contacts, for some people."""
        if isinstance(tracker, Files):
            return cls(
                database=tracker.identity,
                tenant=tracker.tenant,
                fingerprint=tracker.funnel.fingerprint,
                scope=scope,
                changes=Changes(0, 0),
            )
        database = tracker.database
        with asking(database):
            fingerprint = tracker.funnel.fingerprint
            with database.read() as connection:
                changes = read_changes(connection, database.tables, tracker.tenant)
        url = database.engine.url.render_as_string(hide_password=True)
        return cls(
            database=(database.name, url) if database.name else database.engine,
            tenant=tracker.tenant,
            fingerprint=fingerprint,
            scope=scope,
            changes=changes,
        )

    def is_before(self, other: object) -> bool:
        """Whether what was kept of others is of the same contacts, and holds no more."""
        return (
            isinstance(other, Whose)
            and (other.database, other.tenant) == (self.database, self.tenant)
            and other.changes.resets != self.changes.resets
        )


@frozen(kw_only=True)
class Said:
    """What was answered.

    Attributes:
        answer: it itself.
        at: the instant up to which it knows what was recorded.
    """

    answer: Any
    at: datetime


@define(kw_only=True)
class Asking:
    """How a request asks: where answers are kept, how old they may be, how long it waits.

    Attributes:
        cache: where answers are kept.
        fresh: how old an answer may be; zero: not at all.
        deadline: until when the request waits.
        surroundings: what a computation in a thread of its own stands in.
        whose: of whom the answers are.
        oldest: how old an answer of a refresh may be.
        pinned: the instant up to which the latest answers know, for addresses.
        computed: the answers that were given.
    """

    cache: Cache
    fresh: timedelta
    deadline: Deadline
    surroundings: Surroundings
    whose: Whose
    oldest: timedelta = timedelta()
    pinned: dict[str, str] = field(factory=dict)
    computed: list[Computed] = field(factory=list)

    def epoch(self, instant: datetime) -> datetime:
        """The instant, rounded down to what is fresh enough."""
        return instant - (instant - EPOCH) % self.fresh if self.fresh else instant

    def as_of(self, tracker: Source) -> datetime:
        """The instant of a question that names none: rounded down, and not beyond what is known."""
        epoch = self.epoch(tracker.clock())
        found = self.get(("as_of", epoch), partial(newest, tracker))
        instant: datetime = found.value
        return min(instant, epoch)

    def get(self, key: Hashable, compute: Callable[[], Any]) -> Computed:
        """What is kept under a key, or is computed now."""
        return self.cache.get(
            (self.whose, key), compute, self.deadline, surroundings=self.surroundings
        )

    def peek(self, key: Hashable) -> Computed | None:
        """What is kept under a key."""
        return self.cache.peek((self.whose, key))

    def soon(self, seconds: float) -> Asking:
        """The same with less patience, where something can do without the answer."""
        is_endless = self.deadline.left() is None
        return self if is_endless else evolve(self, deadline=Deadline(seconds))


class KeptReport(Report):
    """A report that asks only what nobody has asked lately.

    Args:
        tracker: whose contacts.
        how: how it asks.
        as_of: the instant.
        known_by: as of when a number that is looked into was known; the answer that it came from
            is taken while it is kept.
        timezone: the IANA zone of calendar periods.
    """

    def __init__(
        self,
        tracker: Source,
        how: Asking,
        *,
        as_of: datetime,
        known_by: datetime | None = None,
        timezone: str = "UTC",
    ) -> None:
        super().__init__(tracker, as_of=as_of, known_by=known_by, timezone=timezone)
        self._how = how
        self._source, self._clock = tracker, tracker.clock
        self._epoch = how.epoch(tracker.clock() if known_by is None else known_by)

    @property
    def has_store(self) -> bool:
        """Whether it asks a store, and not classified files."""
        return isinstance(self._source, Tracker)

    def _store(self) -> Tracker:
        if not isinstance(self._source, Tracker):
            raise QuestionError(ONLY_STORES)
        return self._source

    def waiting(self) -> list[Waiting]:
        """What waits for each subscription, now."""
        try:
            with telling_faults(self._source):
                return self._store().subscriptions()
        except StoreError as error:
            raise UnansweredError(error.reason) from error

    def health(self) -> Health:
        """How the store is, without a write on trial."""
        found = self._how.get(
            ("health", self._epoch), partial(self._store().health, read_only=True)
        )
        health: Health = found.value
        return health

    def __getattribute__(self, name: str) -> Any:
        """A question as it is asked here; all else as it is."""
        found = super().__getattribute__(name)
        return partial(self._keep, name, found) if name in _QUESTIONS else found

    def _keep(self, name: str, question: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        how = self._how
        try:
            given = signature(question).bind(*args, **kwargs)
        except TypeError:
            return question(*args, **kwargs)  # it says what to write
        given.apply_defaults()
        options = tuple((name, _hashable(value)) for name, value in given.arguments.items())
        key = (name, options, self.as_of, self.timezone.key, self._epoch)
        found = how.peek((*key, None)) if self.known_by is not None else None
        if found is None:
            found = how.get((*key, self.known_by), partial(self._ask, question, args, kwargs))
        how.computed.append(found)
        if self.has_store:  # or nothing is recorded that was not known at any time
            how.pinned["known_by"] = iso(found.value.at)
        return found.value.answer

    def _ask(self, question: Callable[..., Any], args: Any, kwargs: Mapping[str, Any]) -> Said:
        at = self._clock()
        try:
            with telling_faults(self._source):
                return Said(answer=question(*args, **kwargs), at=at)
        except StoreError as error:
            raise UnansweredError(error.reason) from error


def _hashable(value: Any) -> Hashable:
    """A value as a part of a key; what cannot be compared is like nothing else."""
    if isinstance(value, _PLAIN):
        return (type(value), value)
    if isinstance(value, Funnel):
        return value.fingerprint
    if isinstance(value, list | tuple):
        return tuple(map(_hashable, value))
    if isinstance(value, Mapping):
        return tuple((name, _hashable(one)) for name, one in value.items())
    return object()
