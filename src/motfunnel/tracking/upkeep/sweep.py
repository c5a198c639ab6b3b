"""The sweep: writing down departures by silence whose deadline has come.

Reports count them without it; the sweep is what tells handlers. Two that run at once share the
work: on SQLite they take turns, elsewhere each leaves alone what the other has locked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Final

from attrs import define, field

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import to_micros
from motfunnel.domain.moment import Moment
from motfunnel.store.database.database import Database
from motfunnel.store.database.retry import persist
from motfunnel.store.ledger.ledger import Ledger
from motfunnel.store.ledger.state import UNREADABLE, ContactState
from motfunnel.store.ledger.statements import SOME
from motfunnel.store.outbox.post import post
from motfunnel.store.schema.dialects import chunks
from motfunnel.tracking.recording.fold import refold
from motfunnel.tracking.recording.policy import error_of, log_error, write_line
from motfunnel.tracking.recording.refusal import is_refusal

if TYPE_CHECKING:
    from sqlalchemy import Connection

BATCH: Final = 500
"""How many contacts are written in one transaction, at most."""

_LEAST: Final = 50
_LONG: Final = 0.1  # seconds of a transaction: on SQLite nobody else writes meanwhile

_BREATH: Final = 0.025  # longer than who waits for SQLite's lock sleeps until it tries again
_ALWAYS: Final = datetime(1, 1, 1, tzinfo=UTC)


def sweep_in_batches(
    database: Database, tenant: str, funnel: Funnel, as_of: datetime
) -> Iterator[list[Moment]]:
    """Write departures down, some in each transaction; yield those that were committed.

    Goes from the oldest deadline on, and not back to the first one each time: what has just been
    taken out of the index is still in its way until the database has tidied up. In the end it looks
    once more for what others had locked as it came by; what they still have is the next sweep's.
    A contact whose rows are damaged is left out, and said to be so in the log.
    """
    run = _Run(database, tenant, funnel, as_of, size=BATCH)
    while True:
        done: list[tuple[bool, list[Moment], datetime]] = []
        error = error_of(partial(run.sweep_into, done))
        if error is not None:
            run.narrow(error)
            continue
        [(is_full, departed, last)] = done
        took = monotonic() - run.began
        yield departed
        if is_full:
            run.since = last
            if database.is_sqlite and not database.is_joining:
                run.size = _next_size(run.size, took)
                database.pause(_BREATH)
            else:
                run.size = min(BATCH, run.size * 2)
        elif run.since != _ALWAYS:
            run.since = _ALWAYS
        elif not run.tried:
            return


@define
class _Run:
    """A sweep under way.

    Attributes:
        database: where.
        tenant: whose contacts.
        funnel: by which they are classified.
        as_of: whose deadline has come by then.
        size: how many are to be written next.
        since: no deadline before this one is looked for.
        began: when that began.
        tried: the contacts that were to be written last.
        damaged: those that cannot be.
    """

    database: Database
    tenant: str
    funnel: Funnel
    as_of: datetime
    size: int
    since: datetime = _ALWAYS
    began: float = 0.0
    tried: list[str] = field(factory=list)
    damaged: set[str] = field(factory=set)

    def sweep_into(self, done: list[tuple[bool, list[Moment], datetime]]) -> None:
        """Write some down in a transaction."""
        done.append(persist(self.database, self.sweep))

    def sweep(self, connection: Connection) -> tuple[bool, list[Moment], datetime]:
        """Write some down; whether there may be more, the moments, and the last deadline."""
        self.began, self.tried = monotonic(), []
        schema, most = self.database.tables.schema, self.size + len(self.damaged)
        ledger = Ledger(connection, schema, self.tenant, self.database.pace)
        found, last = ledger.lock_overdue(self.as_of, self.since, most, self.funnel)
        states = [state for state in found if state.contact not in self.damaged]
        self.tried = [state.contact for state in states]
        departed = _depart(ledger, _renewed(ledger, states, self.funnel), self.as_of)
        return len(found) == most, ledger.untold + departed, last

    def narrow(self, error: Exception) -> None:
        """Try fewer next, until it is found whose rows are at fault; leave that contact out.

        Raises:
            Exception: it was not for what is stored of one of them.
        """
        if not self.tried or not (isinstance(error, UNREADABLE) or is_refusal(error)):
            raise error
        self.size = len(self.tried) // 2
        if not self.size:
            self.damaged.update(self.tried)
            self.size = BATCH
            log_error("a contact is left out of the sweep", error, damaged=len(self.damaged))


def _next_size(size: int, took: float) -> int:
    """How many contacts to write next, where so many took so many seconds."""
    if took > _LONG:
        return min(BATCH, max(_LEAST, size // 2))
    return min(BATCH, size * 2) if took < _LONG / 4 else size


def _renewed(
    ledger: Ledger, states: Sequence[ContactState], funnel: Funnel
) -> Sequence[ContactState]:
    """The same contacts; those of another funnel, and those that are damaged, are folded first."""
    stale = {one.contact: one for one in states if one.fingerprint != funnel.fingerprint}
    if not stale:
        return states
    damaged = sum(not one.is_readable for one in states)
    if damaged:
        write_line("warning", "damaged rows of contacts are folded anew", contacts=damaged)
    renewed = [one for one in states if one.contact not in stale]
    for some in chunks(stale, SOME):
        refold(ledger, [stale[contact] for contact in some], funnel)
        renewed += ledger.lock_contacts(some, funnel)
    return renewed


def _depart(ledger: Ledger, states: Sequence[ContactState], as_of: datetime) -> list[Moment]:
    """Write down what has come of each; all are written, so that none is found overdue again."""
    departed: list[Moment] = []
    journeys = []
    for state in states:
        moments = state.journey.silence(to_micros(as_of))
        journeys.append((state.moments, moments, state.journey.episodes.values()))
        state.moments += len(moments)
        departed += moments
        post(ledger, state, moments)
    ledger.extend_journeys(journeys)
    ledger.update_contacts(states)
    return departed
