"""The delivery: what waits in the spool, recorded line by line, in the order in which it was said.

Each event keeps the id and the instant that were fixed when it was set aside, so that it is
recorded once, however often a delivery is broken off and begun again. What is refused goes to the
rejects. What may pass is postponed with all else of its contact, and blocks nobody's. Tells no
handlers: whoever delivers does, once it is done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Final
from uuid import uuid4

from attrs import define, evolve, field, frozen

from motfunnel.errors import ErasedError, EventError, MotfunnelError, StoreError
from motfunnel.store.engine.deadline import is_over, left, within
from motfunnel.store.engine.faults import Fault, fault_of
from motfunnel.text import counted
from motfunnel.tracking.recording.call import Outcome, Tracked
from motfunnel.tracking.recording.encoding import to_text
from motfunnel.tracking.recording.entry import SetAside, reason_of
from motfunnel.tracking.recording.policy import error_of, log_error, write_line
from motfunnel.tracking.recording.recorder import Said
from motfunnel.tracking.recording.refusal import is_refusal
from motfunnel.tracking.spool.segments import Line
from motfunnel.tracking.spool.spool import AT_ONCE, Batch, Spool

_AT_FIRST: Final = 10
"""How many lines are recorded first, to see how long they take."""

_IN_A_ROW: Final = 3
"""So many contacts that fail, and none between them that does not: it is the database's fault."""


@frozen(kw_only=True)
class Delivered:
    """What a delivery did.

    Attributes:
        recorded: how many events were new.
        duplicates: how many had been recorded before, by the call itself or another delivery.
        rejected: how many went to the rejects.
        left: how many still wait.
    """

    recorded: int = 0
    duplicates: int = 0
    rejected: int = 0
    left: int = 0

    def __str__(self) -> str:
        """One line."""
        return (
            f"{counted(self.recorded, 'event')} recorded, {self.duplicates:,} there before, "
            f"{self.rejected:,} rejected, {self.left:,} left"
        )


@frozen(kw_only=True)
class Taker:
    """Who takes what is delivered.

    Attributes:
        read: says what a call means, or raises an EventError.
        record: records events; gives of each what it did, or why it could not be.
        reject: keeps calls among the rejects, from an instant on.
        rehearse: records what is undone; raises where the database as a whole takes nothing.
        budget: how many seconds a call may take; None: as many as it needs.
    """

    read: Callable[[SetAside], Said]
    record: Callable[[Sequence[Said]], list[Outcome]]
    reject: Callable[[Sequence[SetAside], datetime], object]
    rehearse: Callable[[], object]
    budget: float | None


def deliver_all(
    taker: Taker, spool: Spool, delivered: list[Outcome], *, is_asked: bool = False
) -> Delivered:
    """Deliver some at a time, until nothing is due or no time is left.

    Args:
        taker: records.
        spool: what waits.
        delivered: takes the outcomes, as far as it comes.
        is_asked: whether somebody asks for it: then all that waits is tried once, due or not.

    Raises:
        StoreError: the database is not there.
    """
    delivery = _Delivery(taker, spool, delivered)
    mark = uuid4().hex if is_asked else ""
    with spool.delivering() as is_ours:
        while is_ours and not is_over():
            batch = spool.take(delivery.most(), mark=mark)
            if batch is None or not delivery.deliver(batch):
                break
    return evolve(delivery.done, left=len(spool))


@define
class _Delivery:
    """A delivery on its way.

    Attributes:
        taker: records.
        spool: what waits.
        delivered: the outcomes so far.
        done: how many there are of each.
        time: how many seconds there were at first.
        resting: the contacts of whom something failed, and how; no more of theirs is tried.
        failures: how many contacts have failed since something was recorded.
        pace: how many seconds a line of the last batch took; None: there was none yet.
    """

    taker: Taker
    spool: Spool
    delivered: list[Outcome]
    done: Delivered = field(factory=Delivered)
    time: float | None = field(factory=left)
    resting: dict[str, Exception] = field(factory=dict)
    failures: int = 0
    pace: float | None = None

    def most(self) -> int:
        """How many lines to take next: as many as half of the time suffices for, as it seems."""
        seconds = left(self.taker.budget)
        if self.pace is None:
            return _AT_FIRST
        if seconds is None or self.pace * AT_ONCE <= seconds / 2:
            return AT_ONCE
        return max(1, int(seconds / 2 / self.pace))

    def deliver(self, batch: Batch) -> bool:
        """Record a batch, as far as it can be; False: there is no time for it."""
        readable, unread = _read_lines(batch)
        to_try = [(line, aside) for line, aside in readable if _contact(aside) not in self.resting]
        is_fair = self.time is None or (left() or 0.0) >= self.time / 2
        began = monotonic()
        with within(self.taker.budget):
            outcomes = self._record([aside for _, aside in to_try])
            is_late = is_over()
        self.pace = (monotonic() - began) / max(1, len(to_try))
        errors = (one for one in outcomes if isinstance(one, Exception) and not is_refusal(one))
        error = next(errors, None)
        if error is not None:
            if not is_late:  # late, it may be that there was too much to do
                self._check_database(error)
            if len(to_try) > 1:
                self.spool.try_singly(batch)
                return True
            if not is_fair:  # it was given too little time to say that it is the line's fault
                return False
            self.resting[_contact(to_try[0][1])] = error
            self.failures += 1
        by_line = {line: one for (line, _), one in zip(to_try, outcomes, strict=True)}
        told = [(line, a, by_line.get(line) or self.resting[_contact(a)]) for line, a in readable]
        self._settle(batch, told, unread)
        if error is not None and self.failures >= _IN_A_ROW:
            raise error
        return True

    def _check_database(self, error: Exception) -> None:
        """Put down to the lines only what is not the fault of the database as a whole.

        Raises:
            Exception: the error, if not even what is nobody's could be recorded now.
        """
        if _is_away(error):
            raise error
        with within(self.taker.budget):
            failure = error_of(self.taker.rehearse)
        if failure is not None and not is_refusal(failure):
            raise error

    def _record(self, asides: Sequence[SetAside]) -> list[Outcome]:
        fates = [self._read(aside) for aside in asides]
        said = [fate for fate in fates if isinstance(fate, Said)]
        outcomes = iter(self.taker.record(said) if said else [])
        return [next(outcomes) if isinstance(fate, Said) else fate for fate in fates]

    def _read(self, aside: SetAside) -> Said | EventError:
        try:
            return self.taker.read(aside)
        except EventError as error:
            return error
        except StoreError:
            raise
        except Exception as error:
            return EventError(reason_of(error), contact=aside.contact, event=aside.event)

    def _settle(
        self,
        batch: Batch,
        told: Sequence[tuple[Line, SetAside, Outcome]],
        unread: Sequence[Line],
    ) -> None:
        """Take the lines out: what failed for good to the rejects, behind the others what may pass.

        What neither the events nor the rejects take waits on, and is in nobody's way.
        """
        failed = [(line, aside, one) for line, aside, one in told if isinstance(one, Exception)]
        is_last = batch.attempts == len(self.spool.pauses) and not batch.is_early
        hopeless = [one for one in failed if is_last or is_refusal(one[2])]
        if hopeless and not self._has_rejected(hopeless):
            hopeless = []
        gone = {line for line, _, _ in hopeless}
        postponed = {line: None for line, _, _ in failed if line not in gone}
        if unread:
            write_line(
                "warning",
                "lines of the spool cannot be read; they lie beside it",
                lines=len(unread),
            )
        self.spool.settle(batch, postponed=list(postponed), unread=unread)
        self._count([one for line, _, one in told if line not in postponed])

    def _has_rejected(self, failed: Sequence[tuple[Line, SetAside, Exception]]) -> bool:
        asides = [_refused(aside, error) for _, aside, error in failed]
        error = error_of(lambda: self.taker.reject(asides, datetime.now(UTC)))
        if error is not None:
            log_error("rejects were not stored", error)
            if not (is_refusal(error) or is_over()):
                self._check_database(error)
        return error is None

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        rejected = sum(isinstance(one, Exception) for one in outcomes)
        duplicates = sum(isinstance(one, Tracked) and one.duplicate for one in outcomes)
        if len(outcomes) > rejected:
            self.failures = 0
        self.delivered += outcomes
        self.done = evolve(
            self.done,
            recorded=self.done.recorded + len(outcomes) - rejected - duplicates,
            duplicates=self.done.duplicates + duplicates,
            rejected=self.done.rejected + rejected,
        )


def _read_lines(batch: Batch) -> tuple[list[tuple[Line, SetAside]], list[Line]]:
    readable: list[tuple[Line, SetAside]] = []
    unread: list[Line] = []
    for line in batch.lines:
        try:
            readable.append((line, SetAside.from_json(line.raw)))
        except ValueError:
            unread.append(line)
    return readable, unread


def _contact(aside: SetAside) -> str:
    return to_text(aside.contact)


def _is_away(error: Exception) -> bool:
    """Whether no line at all could be recorded now: no database, or no tables."""
    if not isinstance(error, StoreError):
        return isinstance(error, MotfunnelError)
    cause = error.__cause__
    return cause is not None and fault_of(cause) is Fault.UNREACHABLE


def _refused(aside: SetAside, error: Exception) -> SetAside:
    if isinstance(error, ErasedError):
        return aside.emptied(reason_of(error))
    reason = aside.reason if aside.is_refused else reason_of(error)
    return evolve(aside, is_refused=True, reason=reason)
