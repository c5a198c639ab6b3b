"""The sweep: writing down departures by silence whose deadline has come.

Reports count them without it; the sweep is what tells handlers. Two that run at once share the
work: whoever locks a contact second finds it departed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from motfunnel.domain.funnel import Funnel
from motfunnel.domain.instant import to_micros
from motfunnel.domain.moment import Moment
from motfunnel.store.contact_state import ContactState
from motfunnel.store.contacts import overdue
from motfunnel.store.database import Database
from motfunnel.store.ledger import Ledger
from motfunnel.store.retrying import persist
from motfunnel.tracking.fold import refold

if TYPE_CHECKING:
    from sqlalchemy import Connection


def sweep_some(
    database: Database, tenant: str, funnel: Funnel, as_of: datetime
) -> list[Moment] | None:
    """Write down the departures of some contacts, in one transaction; None: none are overdue."""

    def sweep(connection: Connection) -> list[Moment] | None:
        contacts = overdue(connection, database.tables.contacts, tenant, as_of)
        if not contacts:
            return None
        ledger = Ledger(connection, database.tables.schema, tenant)
        states = ledger.lock_contacts(contacts, funnel)
        stale = [state for state in states if state.fingerprint != funnel.fingerprint]
        if stale:
            refold(ledger, stale, funnel)
            states = ledger.lock_contacts(contacts, funnel)
        return _depart(ledger, states, to_micros(as_of))

    return persist(database, sweep)


def _depart(ledger: Ledger, states: Sequence[ContactState], until: int) -> list[Moment]:
    departed: list[Moment] = []
    changed: list[ContactState] = []
    for state in states:
        moments = state.journey.silence(until)
        if moments:
            ledger.add_moments(moments, state.moments)
            ledger.put_episodes(state.journey.episodes.values())
            state.moments += len(moments)
            departed += moments
            changed.append(state)
    ledger.update_contacts(changed)
    return departed
