"""Subscriptions: who is to be told of which moments, and what waits for them.

A message is deleted once its batch was left without an error, and not before: it is delivered at
least once. What fails is tried again after a growing pause, and set aside after so many attempts;
until it is delivered nothing that came behind it of its contact is.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar
from uuid import uuid4

from attrs import define, field, frozen

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.moment import MomentKind, MomentName
from motfunnel.errors import QuestionError
from motfunnel.store.database.retry import persist
from motfunnel.store.ledger.contacts import next_contacts
from motfunnel.store.ledger.ledger import Ledger
from motfunnel.store.outbox.post import ESTABLISHED, message_row
from motfunnel.store.outbox.subscriptions import Place, Subscriptions, Waiting, Wanted
from motfunnel.store.schema.dialects import tell_sizes
from motfunnel.store.schema.tables import TENANT_LENGTH
from motfunnel.tracking.outbox.message import Message, read_message
from motfunnel.tracking.reader import Reader, moment_kind, question
from motfunnel.tracking.recording.habits import taught

if TYPE_CHECKING:
    from sqlalchemy import Connection

LEASE: Final = timedelta(minutes=5)
ATTEMPTS: Final = 16
"""With the pauses between them they take some 22 hours: a night is not the end of a message."""
_FIRST_PAUSE: Final = 5.0  # seconds
_LONGEST_PAUSE: Final = 6 * 3600.0
_NOBODY_YET: Final = ""
"""Up to which contact a subscription is filled that begins; every key comes after it."""

Result = TypeVar("Result")


class Publisher(Reader):
    """Takes subscriptions, and gives what waits for them."""

    @taught
    def subscribe(
        self,
        name: str,
        *,
        kinds: MomentName | Iterable[MomentKind | MomentName] | None = None,
        stages: str | Iterable[str] | None = None,
        reasons: str | Iterable[str] | None = None,
        from_beginning: bool = False,
        erasures: bool = False,
    ) -> Subscription:
        """Have every moment that is established or revoked from now on kept for somebody.

        Kept in the transaction of the moment itself, whoever stores it: a call, a sweep, an import,
        a merge, a rebuild. A call that is under way in another transaction may come too early for
        it. Where the name is there already, it asks for this from now on; what waits is left.

        Args:
            name: what it is called; a text of at most 63 characters.
            kinds: of these kinds alone.
            stages: of contacts that are at one of these stages once the moment is stored; what is
                revoked comes whatever the stage is by then.
            reasons: departures for one of these reasons alone, e.g. ``silence``.
            from_beginning: of a new one, what is stored already comes first, a message for each
                such moment. Where it was broken off, the next call with this name goes on.
            erasures: tell who was forgotten, too: until that is delivered, the key is kept for it.

        Raises:
            QuestionError: there is no such kind or stage, or the name is none.
            NoFunnelError: of what is stored, or of stages, nothing is known.
        """
        _check_name(name)
        wanted = self._wanted(kinds, stages, reasons, erasures=erasures)
        # Without a funnel what is stored cannot be told, and then nothing is to be left of this.
        funnel = self.funnel if from_beginning else None
        if self._write_down(name, wanted, filled=None if funnel is None else _NOBODY_YET):
            while self._fill(name, self.funnel):
                pass
            # What was put down, for those who look for what is due.
            persist(self.database, lambda on: tell_sizes(on, self.database.tables))
        return Subscription(self, name)

    def subscription(self, name: str) -> Subscription:
        """Give a subscription that is there, to read what waits for it.

        Raises:
            QuestionError: there is none of that name.
        """
        names = _transact(self, Subscriptions.names)
        if name not in names:
            raise _missing(name, names)
        return Subscription(self, name)

    @question
    def subscriptions(self) -> list[Waiting]:
        """Count what waits for each subscription."""
        with self.database.read() as connection:
            mine = Subscriptions(connection, self.database.tables, self.tenant)
            return mine.waiting(datetime.now(UTC))

    def unsubscribe(self, name: str) -> bool:
        """End a subscription, and delete what waits for it; whether there was one."""
        return _transact(self, lambda mine: mine.drop(name))

    def _write_down(self, name: str, wanted: Wanted, *, filled: str | None) -> bool:
        """Write a subscription down; whether moments from before it are still to be put down."""
        now = datetime.now(UTC)

        def put(mine: Subscriptions) -> bool:
            mine.put(name, wanted, now, filled=filled)
            return mine.find(name) != (wanted, None)

        return _transact(self, put)

    def _fill(self, name: str, funnel: Funnel) -> bool:
        """Put the moments of some more contacts down that were there before; whether any are left.

        Who is behind the last of them is told of nothing new yet: that is among theirs by then.
        """
        where = (self.database.tables, self.tenant)

        def fill(connection: Connection) -> bool:
            mine = Subscriptions(connection, *where)
            found = mine.find(name)
            if found is None or found[1] is None:
                return False
            wanted, after = found[0], found[1]
            contacts = next_contacts(connection, where[0].contacts, self.tenant, after)
            if not contacts:
                mine.fill(name, None, [])
                return False
            ledger = Ledger(connection, where[0].schema, self.tenant, self.database.pace)
            states = ledger.lock_contacts(contacts, funnel)
            moments = ledger.journeys(contacts)[0]
            rows = [
                message_row(state, ESTABLISHED, one)
                for state in states
                if state.erased_at is None  # nobody is to be told of what an erasure left
                for one in moments.get(state.contact, ())
                if wanted.takes(one.kind.value, state.journey.stage, one.reason)
            ]
            mine.fill(name, contacts[-1], rows)
            return True

        return persist(self.database, fill)

    def _wanted(
        self,
        kinds: Iterable[MomentKind | str] | None,
        stages: Iterable[str] | None,
        reasons: Iterable[str] | None,
        *,
        erasures: bool,
    ) -> Wanted:
        return Wanted(
            kinds=None if kinds is None else tuple(moment_kind(one).value for one in _many(kinds)),
            stages=None if stages is None else tuple(map(self._stage, _many(stages))),
            reasons=None if reasons is None else tuple(_many(reasons)),
            erasures=erasures,
        )

    def _stage(self, stage: str) -> str:
        if stage not in self.funnel.stages:
            known = ", ".join(self.funnel.stages)
            raise QuestionError(f"there is no stage {stage!r}; there are: {known}")
        return stage


@frozen
class Subscription:
    """Moments that are kept for somebody until they are delivered.

    Attributes:
        publisher: the tracker.
        name: what it is called.
    """

    publisher: Publisher
    name: str

    def batches(self, size: int = 100, *, lease: timedelta = LEASE) -> Iterator[Batch]:
        """Give what waits, some at a time, until nothing is due.

        ``with batch:`` and a loop over it; leaving that without an error says that all of it was
        delivered. A batch that is never entered waits for the end of its lease.

        Args:
            size: how many messages, at most.
            lease: for how long nobody else is given them; whoever takes longer may deliver a
                message that another delivers too.
        """
        while True:
            batch = self.claim(size, lease)
            if not batch.messages:
                return
            yield batch

    def waiting(self) -> Waiting:
        """Count what waits.

        Raises:
            QuestionError: there is no subscription of that name.
        """
        every = self.publisher.subscriptions()
        for one in every:
            if one.subscription == self.name:
                return one
        raise _missing(self.name, [one.subscription for one in every])

    def failed(self) -> list[tuple[Message, str]]:
        """Give the messages that are set aside, each with its last error.

        Nothing that came behind them of their contacts is delivered.
        """
        rows = _transact(self.publisher, lambda mine: mine.failed(self.name))
        return [(read_message(row), row.error or "") for row in rows]

    def retry(self) -> int:
        """Have the messages that are set aside tried again; how many they are."""
        return _transact(self.publisher, lambda mine: mine.retry(self.name, datetime.now(UTC)))

    def drop_failed(self) -> int:
        """Delete the messages that are set aside; how many they were."""
        return _transact(self.publisher, lambda mine: mine.drop_failed(self.name))

    def settle(self, batch: Batch, delivered: Collection[str], stops: Sequence[_Stop]) -> None:
        """Delete what was delivered of a batch, and let others have the rest, in time."""
        now, claim = datetime.now(UTC), batch.claim
        left = {id: place for id, place in batch.places.items() if id not in delivered}

        def settle(mine: Subscriptions) -> None:
            mine.delete(self.name, claim, [batch.places[id] for id in delivered])
            put_off = []
            for stop in stops:
                if stop.error is not None:
                    attempts = stop.message.attempts + 1
                    pause = _pause(attempts) if stop.after is None else stop.after
                    place, due_at = batch.places[stop.message.id], now + pause
                    failed_at = now if attempts >= ATTEMPTS else None
                    mine.put_off(
                        self.name,
                        claim,
                        place,
                        due_at,
                        attempts=attempts,
                        error=stop.error,
                        failed_at=failed_at,
                    )
                    put_off += [] if failed_at else [(place, due_at)]
            mine.release(self.name, claim, left.values())
            for place, due_at in put_off:
                mine.hold_back(self.name, place, due_at)

        _transact(self.publisher, settle)

    def claim(self, size: int, lease: timedelta) -> Batch:
        """Take what is due, so that nobody else is given it until the lease ends."""
        claim, now = str(uuid4()), datetime.now(UTC)
        rows = _transact(
            self.publisher, lambda mine: mine.claim(self.name, size, now, now + lease, claim)
        )
        messages = [read_message(row) for row in rows]
        places = {row.id: (row.contact, row.ordinal) for row in rows}
        return Batch(self, claim, now + lease, messages, places)


@frozen
class _Stop:
    """Where the delivery of a contact's messages stopped.

    Attributes:
        message: the first that was not delivered.
        error: why; None where it was not tried.
        after: how long to wait before it is tried again; None: by the number of attempts.
    """

    message: Message
    error: str | None = None
    after: timedelta | None = None


@define(eq=False)
class Batch:
    """Messages that nobody else is given until the lease ends; each contact's in order.

    Attributes:
        subscription: whose.
        claim: by what they are known to be taken.
        until: when the lease ends.
        messages: the messages.
        places: where each lies, by its id.
    """

    subscription: Subscription
    claim: str
    until: datetime
    messages: Sequence[Message]
    places: Mapping[str, Place] = field(repr=False)
    _stops: dict[str, _Stop] = field(factory=dict, init=False, repr=False)
    _current: Message | None = field(default=None, init=False, repr=False)

    def __iter__(self) -> Iterator[Message]:
        """Give the messages, but for those that come behind one that was not delivered."""
        for message in self.messages:
            if message.contact not in self._stops:
                self._current = message
                yield message
        self._current = None

    def fail(self, message: Message, error: object, *, after: timedelta | None = None) -> None:
        """Say that one was not delivered: it is tried again, and what is behind it.

        Args:
            message: which.
            error: why; its text is kept with the message until it is delivered.
            after: not before so long; by default after a pause that doubles with each attempt.
        """
        self._stops[message.contact] = _Stop(message, error_text(error), after)

    def leave(self, message: Message) -> None:
        """Say that one was not tried: anybody may take it at once, and what is behind it."""
        self._stops[message.contact] = _Stop(message)

    def __enter__(self) -> Self:
        """Begin to deliver."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Delete what was delivered; after an error that is nothing, and the loop's is at fault."""
        delivered: list[str] = []
        if error is None:
            delivered = [one.id for one in self._delivered()]
        elif self._current is not None and isinstance(error, Exception):
            self.fail(self._current, error)
        self.subscription.settle(self, delivered, list(self._stops.values()))

    def _delivered(self) -> Iterator[Message]:
        stopped: set[str] = set()
        for message in self.messages:
            stop = self._stops.get(message.contact)
            if stop is not None and stop.message == message:
                stopped.add(message.contact)
            if message.contact not in stopped:
                yield message


def _missing(name: str, names: Iterable[str]) -> QuestionError:
    known = ", ".join(map(repr, names)) or "none"
    return QuestionError(f"there is no subscription {name!r}; there are: {known}")


def _transact(publisher: Publisher, work: Callable[[Subscriptions], Result]) -> Result:
    """Do work on the subscriptions of a tenant, in a transaction of our own."""
    database, tenant = publisher.database, publisher.tenant
    return persist(database, lambda on: work(Subscriptions(on, database.tables, tenant)))


def _pause(attempts: int) -> timedelta:
    """How long to wait after so many attempts; nobody else waits just as long."""
    most = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempts)
    return timedelta(seconds=most * random.uniform(0.5, 1))


def error_text(error: object) -> str:
    """What is kept of an error with the message that met it."""
    return f"{type(error).__name__}: {error}" if isinstance(error, BaseException) else str(error)


def _many(values: Iterable[Any]) -> Iterable[Any]:
    """Several values; one that is a text is one."""
    return [values] if isinstance(values, str) else values


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name.strip() or len(name) > TENANT_LENGTH:
        raise QuestionError(
            f"a subscription's name is a text of at most {TENANT_LENGTH} characters, not {name!r}"
        )
