"""The sweep: writing down departures by silence whose deadline has come.

Reports count them without it; the sweep is what tells handlers. Two that run at once share the
work: on SQLite they take turns, elsewhere each leaves alone what the other has locked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Final

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import to_micros
from motfunnel.domain.moment import Moment
from motfunnel.store.chunks import chunks
from motfunnel.store.contact_state import ContactState
from motfunnel.store.database import Database
from motfunnel.store.ledger import Ledger
from motfunnel.store.retrying import persist
from motfunnel.store.statements import SOME
from motfunnel.tracking.fold import refold

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
    """
    since, size, began = _ALWAYS, BATCH, 0.0

    def sweep(connection: Connection) -> tuple[int, list[Moment], datetime]:
        nonlocal began
        began = monotonic()
        ledger = Ledger(connection, database.tables.schema, tenant, database.pace)
        states, last = ledger.lock_overdue(as_of, since, size, funnel)
        departed = _depart(ledger, _renewed(ledger, states, funnel), as_of)
        return len(states), ledger.untold + departed, last

    while True:
        count, departed, last = persist(database, sweep)
        took = monotonic() - began
        yield departed
        if count == size:
            since = last
            if database.is_sqlite and not database.is_joining:
                size = _next_size(size, took)
                database.pause(_BREATH)
        elif since != _ALWAYS:
            since = _ALWAYS
        elif not count:
            return


def _next_size(size: int, took: float) -> int:
    """How many contacts to write next, where so many took so many seconds."""
    if took > _LONG:
        return min(BATCH, max(_LEAST, size // 2))
    return min(BATCH, size * 2) if took < _LONG / 4 else size


def _renewed(
    ledger: Ledger, states: Sequence[ContactState], funnel: Funnel
) -> Sequence[ContactState]:
    """The same contacts; those that another funnel classified are folded first."""
    stale = {one.contact: one for one in states if one.fingerprint != funnel.fingerprint}
    if not stale:
        return states
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
    ledger.extend_journeys(journeys)
    ledger.update_contacts(states)
    return departed
