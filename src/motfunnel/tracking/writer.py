"""The writer: from calls to events that are recorded, in a transaction of our own or the host's.

What the host brings – contact keys, a clock, handlers – runs before a transaction of ours begins or
after it has ended. Keeps the budget of a call, and the tracker's policy where it fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from attrs import evolve

from motfunnel.domain.event import IDENTIFY
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.marker import Marker
from motfunnel.errors import EventError, StoreError
from motfunnel.store.database.rehearsal import ROOM, rehearse
from motfunnel.store.database.retry import asking, persist
from motfunnel.store.engine.deadline import left, within
from motfunnel.store.hosts.transaction import (
    Attempt,
    Joined,
    after_commit,
    attempt_to_join,
    host_connection,
    is_undone,
)
from motfunnel.store.ledger import funnels
from motfunnel.store.ledger.confirm import is_event_of
from motfunnel.store.ledger.ledger import Ledger, Owing
from motfunnel.tracking.reader import Reader
from motfunnel.tracking.recording.call import Call, Outcome, Tracked, failed_call
from motfunnel.tracking.recording.handlers import Listeners
from motfunnel.tracking.recording.interpreter import uuid7
from motfunnel.tracking.recording.owed import settle
from motfunnel.tracking.recording.policy import RAISE, OnError, error_of, log_error, tell
from motfunnel.tracking.recording.probe import probe_of
from motfunnel.tracking.recording.recorder import Said, record_all
from motfunnel.tracking.recording.refusal import is_refusal, record_apart, refused
from motfunnel.tracking.spool.delivery import Taker, deliver_all
from motfunnel.tracking.spool.keeper import Keeper
from motfunnel.tracking.spool.spool import Spool

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.pool import Pool

_RESERVE = 0.2  # of a call's budget, to put what was not recorded into the spool
_SHARE = 0.5  # of what is left of a call's budget, for what others left in the spool, or owe
_MOST = 0.25  # seconds of it: a call is not there to empty the spool
_FOLDED = 25_000  # events a second of what is left, that a call dares to fold for those before it


class Writer(Reader):
    """Records what is said in calls.

    Attributes:
        budget: how long a call on its own connection may keep the host waiting.
        on_error: what becomes of errors.
        spool: where calls wait that the database was not there for; None: nowhere.
        marker: knows who was erased; None where the host gave no ``tombstone_key``.
        _keeper: keeps what could not be recorded.
        _listeners: the handlers, to be told after a commit.
        _put: by pool, with what ``tracked`` the funnel is known to be stored there.
        _last_write_at: when this process last saw an event of its own committed.
    """

    budget: timedelta | None
    on_error: OnError
    spool: Spool | None
    marker: Marker | None
    _keeper: Keeper
    _listeners: Listeners
    _put: WeakKeyDictionary[Pool, set[bool]]
    _last_write_at: datetime | None = None

    def _say(self, calls: Sequence[Call], bind: object) -> list[Tracked]:
        """Record what was said; tell handlers, and of errors by the policy."""
        host = self.database.host() if bind is None else bind
        if host is not None:
            with self.database.natively():
                return self._take(calls, host)
        with self._within_budget():
            answers = self._take(calls, None)
            delivered = self._deliver(answers)
        self._tell([*answers, *delivered])
        return answers

    def _say_many(self, events: Iterable[Mapping[str, Any]], bind: object) -> list[Tracked]:
        """Record what was said in mappings with the names of the parts of an event."""
        if not callable(self.on_error) and self.on_error == RAISE:
            return self._say([self.interpreter.read_mapping(event) for event in events], bind)
        calls: list[Call] = []

        def read() -> None:
            for event in events:
                calls.append(self._read_leniently(event))

        error = error_of(read)
        if error is not None:  # what gives the events failed, or is nothing that gives any
            calls.append(Call(verb="track_many", extra=events))
            log_error("the events could not be had", error)
        return self._say(calls, bind)

    def _read_leniently(self, event: Any) -> Call:
        try:
            return self.interpreter.read_mapping(event)
        except Exception:
            with suppress(Exception):  # whose it is, if that can be told
                return Call(verb="track_many", contact=event["contact"], extra=event)
            return Call(verb="track_many", extra=event)

    def _within_budget(self) -> AbstractContextManager[None]:
        return within(self._seconds())

    def _seconds(self) -> float | None:
        return None if self.budget is None else self.budget.total_seconds()

    def _take(self, calls: Sequence[Call], bind: object) -> list[Tracked]:
        if not callable(self.on_error) and self.on_error == RAISE:
            with asking(self.database):
                funnel = self.funnel
            said = [self._read(funnel, call) for call in calls]
            return self._record_all(said, None if bind is None else host_connection(bind))
        return self._take_leniently(calls, bind)

    def _read(self, funnel: Funnel, call: Call) -> Said:
        """Read what a call means; an error says under what id it was made."""
        try:
            return self.interpreter.take_call(funnel, call)
        except EventError as error:
            error.id = call.id if error.id is None else error.id
            raise

    def _take_leniently(self, calls: Sequence[Call], bind: object) -> list[Tracked]:
        attempt = attempt_to_join(bind)
        readied, outcomes = self._try(calls, attempt)
        return self._answer(list(zip(readied, outcomes, strict=True)), attempt)

    def _try(self, calls: Sequence[Call], attempt: Attempt) -> tuple[list[Call], list[Outcome]]:
        """Record what can be, in most of the time: some is left to keep the others."""
        seconds, trouble = left(), attempt.error
        with within(None if seconds is None else seconds * (1 - _RESERVE)):
            readied = [self._ready(call) for call in calls]
            fates = [
                trouble if trouble is not None and isinstance(fate, Said) else fate
                for _, fate in readied
            ]
            good = [fate for fate in fates if isinstance(fate, Said)]
            done = iter(self._record_each(good, attempt.host) if good else [])
        outcomes = [next(done) if isinstance(fate, Said) else fate for fate in fates]
        return [call for call, _ in readied], outcomes

    def _ready(self, call: Call) -> tuple[Call, Said | Exception]:
        """Fix a call's id and contact, and read what it means."""
        if call.id is None:
            call = evolve(call, id=str(uuid7(datetime.now(UTC))))
        try:
            if self.interpreter.contact_key is not None and not call.is_keyed:
                call = evolve(
                    call, contact=self.interpreter.key(call.contact, call.event), is_keyed=True
                )
            with asking(self.database):
                funnel = self.funnel
            return call, self.interpreter.take_call(funnel, call)
        except Exception as error:
            return call, error

    def _answer(self, outcomes: Sequence[tuple[Call, Outcome]], attempt: Attempt) -> list[Tracked]:
        """Keep what failed, tell of it, and answer."""
        failed = [(call, one) for call, one in outcomes if isinstance(one, Exception)]
        if failed:
            with self._within_budget():
                kept = self._keeper.keep(failed, attempt)
            with within(None):  # what the host does about it is not for us to bound
                for call, (_, error) in zip(kept, failed, strict=True):
                    tell(self.on_error, self.database.native(error), call)
        return [
            one if isinstance(one, Tracked) else failed_call(call, self.database.native(one))
            for call, one in outcomes
        ]

    def _record_all(self, said: Sequence[Said], host: Joined | None) -> list[Tracked]:
        """Record all events or none; an error names the event that is at fault.

        Raises:
            EventError: one of them was refused.
            DBAPIError: the database was at fault, in a transaction of the host's.
            StoreError: likewise, in one of our own.
        """
        try:
            return self._record(said, host)
        except Exception as error:
            if not is_refusal(error) or (host is not None and is_undone(host, error)):
                raise
            if len(said) == 1 or isinstance(error, EventError):
                named = refused(error, said[0])
                raise named from named.__cause__
        return self._record(said, host, apart=True, is_strict=True)

    def _record_each(self, said: Sequence[Said], host: Joined | None) -> list[Outcome]:
        """Record events; of each, what it did, or why it could not be.

        Raises:
            DBAPIError: the host's whole transaction is gone.
        """
        try:
            try:
                return [*self._record(said, host)]
            except Exception as error:
                if not is_refusal(error) or (host is not None and is_undone(host, error)):
                    raise
                if len(said) == 1:
                    return [refused(error, said[0])]
            return self._record(said, host, apart=True)
        except Exception as error:
            if host is not None and is_undone(host, error):
                raise
            return [error for _ in said]

    def _record(
        self,
        said: Sequence[Said],
        host: Joined | None,
        *,
        apart: bool = False,
        is_strict: bool = False,
    ) -> list[Any]:
        """Record events in a transaction of our own or the host's."""
        now = self.clock()
        owing: Owing = {}
        work = partial(
            self._record_on, said=said, now=now, apart=apart, is_strict=is_strict, owing=owing
        )
        if host is None:
            confirm = partial(self._is_recorded, said=said, now=now)
            try:
                answers: list[Any] = persist(
                    self.database, work, confirm=confirm, is_pipelined=not apart
                )
            except StoreError as error:
                _name(error, said)
                raise
            self._note_written(self.database.engine.pool, said, now)
            return self._settle(answers, owing) if owing else answers
        with self.database.join(host, is_pipelined=not apart) as connection:
            answers = work(connection)
        after_commit(host, partial(self._committed, host.engine.pool, answers, said, now))
        return answers

    def _record_on(
        self,
        connection: Connection,
        said: Sequence[Said],
        now: datetime,
        apart: bool = False,
        is_strict: bool = False,
        owing: Owing | None = None,
    ) -> list[Any]:
        """Record events on a connection, all of them or, if ``apart``, those that can be.

        If ``is_strict`` too, the first that cannot be undoes the others, and is named.
        """
        funnel = self.funnel
        schema, pace = self.database.tables.schema, self.database.pace
        ledger = Ledger(connection, schema, self.tenant, pace)
        if not self._is_put(connection, tracked=_has_news(said)):
            self._put_funnel(ledger.connection, funnel, now, tracked=_has_news(said))
        if owing is not None:
            ledger.owing = owing
        if not apart:
            return [*record_all(ledger, funnel, said, now, self.clock, self.marker)]
        outcomes = record_apart(connection, ledger, funnel, said, now, self.clock, self.marker)
        for outcome in outcomes if is_strict else ():
            if isinstance(outcome, EventError):
                raise outcome
        return outcomes

    def _settle(self, answers: list[Any], owing: Owing) -> list[Any]:
        """Write what contacts of a call were owed already, if its budget will do for it.

        The first new answer of each then says what came of it, the later ones nothing. Where all
        are of events that were there already, only handlers are told.
        """
        seconds = left()
        for contact, (behind, keys) in owing.items():
            mine = [
                number
                for number, one in enumerate(answers)
                if isinstance(one, Tracked) and one.contact in keys
            ]
            if not mine or (seconds is not None and behind > seconds * _FOLDED):
                continue
            write = partial(self._settle_one, answers, mine, contact)
            with within(None if seconds is None else seconds * _SHARE):
                error = error_of(write)
            if error is not None:  # the call itself has succeeded, and the sweep does it
                log_error("a fold that is owed was not written", error)
        return answers

    def _settle_one(self, answers: list[Any], mine: Sequence[int], contact: str) -> None:
        came, went = settle(self.database, self.tenant, self.funnel, contact)
        for number in mine:
            if answers[number].deferred:
                settled = evolve(answers[number], moments=came, revoked=went, deferred=False)
                answers[number], came, went = settled, (), ()
        with within(None):  # what handlers do is not for us to bound
            self._listeners.tell(came)

    def _rehearse(self, now: datetime) -> bool:
        """Track what is undone; whether that was done.

        Raises:
            StoreError: the database does not take it, so that it takes nothing.
        """
        # PostgreSQL would leave large rows to be vacuumed; there it is tried otherwise.
        size = 0 if self.database.engine.dialect.name == "postgresql" else ROOM
        said = probe_of(now, size=size)
        return rehearse(self.database, lambda on: self._record_on(on, said, now))

    def _is_recorded(
        self,
        connection: Connection,
        answers: Sequence[Outcome],
        said: Sequence[Said],
        now: datetime,
    ) -> bool:
        """Whether an attempt that was never answered has written its events after all."""
        ledger = Ledger(connection, self.database.tables.schema, self.tenant)
        tables = self.database.tables
        for one, answer in zip(said, answers, strict=True):
            if isinstance(answer, Tracked) and not answer.duplicate:
                event = one.event
                return is_event_of(ledger, tables, self.funnel, event.contact, event.id, now)
        return False

    def _committed(
        self, pool: Pool, answers: Sequence[Outcome], said: Sequence[Said], now: datetime
    ) -> None:
        self._note_written(pool, said, now)
        self._tell(answers)

    def _tell(self, answers: Iterable[Outcome]) -> None:
        told = (answer for answer in answers if isinstance(answer, Tracked))
        self._listeners.tell(moment for answer in told for moment in answer.moments)

    def _note_written(self, pool: Pool, said: Sequence[Said], now: datetime) -> None:
        self._last_write_at = now  # not asked for anew: a clock that fails would break a commit
        self._note_put(pool, tracked=_has_news(said))

    def _note_put(self, pool: Pool, *, tracked: bool) -> None:
        """Note that the funnel is stored, unless that is part of what may still be rolled back."""
        if not self.database.is_joining:
            self._put.setdefault(pool, set()).add(tracked)

    def _is_put(self, connection: Connection, *, tracked: bool) -> bool:
        """Whether the funnel is known to be stored where this is a connection to."""
        return tracked in self._put.get(connection.engine.pool, ())

    def _put_funnel(
        self, connection: Connection, funnel: Funnel, now: datetime, *, tracked: bool = True
    ) -> None:
        """Store the funnel with the data, until it has once been committed there."""
        if not self._is_put(connection, tracked=tracked):
            funnels.put_funnel(
                connection, self.database.tables, self.tenant, funnel, now, tracked=tracked
            )

    def _deliver(self, answers: Sequence[Tracked]) -> list[Outcome]:
        """Record what waits in the spool, once the database has been there for a call."""
        spool, seconds = self.spool, left()
        if spool is None or not spool.exists():
            return []
        if all(answer.error is not None for answer in answers):
            return []
        delivered: list[Outcome] = []
        with within(_MOST if seconds is None else min(seconds * _SHARE, _MOST)):
            error = error_of(lambda: deliver_all(self._taker(), spool, delivered))
        if error is not None:  # the call itself has succeeded
            log_error("the spool was not delivered", error)
        return delivered

    def _taker(self) -> Taker:
        """Who takes what waits in the spool.

        Raises:
            NoFunnelError: without one, nothing can be told of what waits.
        """
        return Taker(
            read=partial(self.interpreter.take_again, self.funnel),
            record=lambda said: self._record_each(said, None),
            reject=self._keeper.reject,
            rehearse=lambda: self._rehearse(self.clock()),
            budget=self._seconds(),
        )


def _has_news(said: Sequence[Said]) -> bool:
    """Whether something happened: traits may be told of a history that is finished, too."""
    return any(one.event.name != IDENTIFY for one in said)


def _name(error: StoreError, said: Sequence[Said]) -> None:
    """Put into an error what the call was about, where it was about one event."""
    if len(said) == 1:
        event = said[0].event
        error.contact, error.event, error.id = event.contact, event.name, event.id
