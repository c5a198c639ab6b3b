"""Folds that are owed: of long histories, to which events came very late.

Such a fold is made of what is there without a lock; what it changes is written within one, if
nothing has happened to the contact meanwhile but events that came after all others. Whoever only
asks takes the same fold, unwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.journey import Entry, source_of
from motfunnel.domain.moment import Moment
from motfunnel.store.database.database import Database
from motfunnel.store.database.retry import persist
from motfunnel.store.ledger.contacts import owed
from motfunnel.store.ledger.ledger import Ledger
from motfunnel.store.ledger.rows import StoredEvent
from motfunnel.store.ledger.state import ContactState, write_state
from motfunnel.store.queries.overlay import lay_over
from motfunnel.store.schema.tables import Tables
from motfunnel.store.schema.types import read_properties
from motfunnel.tracking.recording.fold import (
    Draft,
    difference,
    draft_owed,
    read_in_order,
    settle_locked,
    write,
)
from motfunnel.tracking.recording.recorder import advance

if TYPE_CHECKING:
    from sqlalchemy import Connection

_TRIES: Final = 3
_MOST_FAILURES: Final = 3
_GROWING: Final = ("known", "last_at", "last_signal", "last_stage", "last_id", "events")
"""The columns of a contact, whose fold is owed, that change with each event."""


def settle(
    database: Database, tenant: str, funnel: Funnel, contact: str
) -> tuple[tuple[Moment, ...], tuple[Moment, ...]]:
    """Write the fold that a contact is owed, in transactions of our own.

    Nobody else waits for more than what is written. But a contact of another funnel, and one that
    changes time and again while it is folded, are locked for it.

    Returns:
        The moments that came of it, whose handlers are to be told, and those that went; none where
        another was first.
    """

    def ledger_on(connection: Connection) -> Ledger:
        return Ledger(connection, database.tables.schema, tenant, database.pace)

    for _ in range(_TRIES):
        with database.read() as connection:
            ledger = ledger_on(connection)
            stored = ledger.find_contact(contact, funnel)
            if stored is None or stored.owed_since is None:
                return (), ()
            if stored.fingerprint != funnel.fingerprint:
                break
            made = draft_owed(ledger, stored, funnel, to_write=False)
        came, went = difference(made.before, made.after)
        newer = persist(database, partial(_write_if_holds, ledger_on, made, funnel))
        if newer is not None:
            return (*came, *newer), tuple(went)

    def settle_it(connection: Connection) -> tuple[tuple[Moment, ...], tuple[Moment, ...]]:
        ledger = ledger_on(connection)
        settle_locked(ledger, ledger.lock_contacts([contact], funnel), funnel)
        return tuple(ledger.untold), tuple(ledger.revoked)

    return persist(database, settle_it)


def settle_all(database: Database, tenant: str, funnel: Funnel) -> Iterator[Sequence[Moment]]:
    """Write the folds that are owed; give the moments that came of each.

    One that cannot be written keeps no other from being so, and its error is raised in the end.
    Where several in a row cannot, the database is at fault, and the rest is left to the next time.
    """
    with database.read() as connection:
        contacts = owed(connection, database.tables.contacts, tenant)
    first: Exception | None = None
    in_a_row = 0
    for contact in contacts:
        try:
            came = settle(database, tenant, funnel, contact)[0]
        except Exception as error:
            first, in_a_row = first or error, in_a_row + 1
            if in_a_row == _MOST_FAILURES:
                break
        else:
            in_a_row = 0
            yield came
    if first is not None:
        raise first


def as_if_folded(connection: Connection, database: Database, tenant: str, funnel: Funnel) -> Tables:
    """The tables to ask, as if all folds that are owed had been written; writes nothing."""
    tables = database.tables
    contacts = owed(connection, tables.contacts, tenant)
    if not contacts:
        return tables
    ledger = Ledger(connection, tables.schema, tenant, database.pace)
    drafts = {}
    for contact in contacts:
        stored = ledger.find_contact(contact, funnel)
        if stored is not None and stored.owed_since is not None:
            drafts[contact] = draft_owed(ledger, stored, funnel, to_write=False)
    return lay_over(
        connection,
        tables,
        tenant,
        [write_state(one.folded.state, tenant) for one in drafts.values()],
        {contact: one.moments for contact, one in drafts.items()},
        {contact: one.episodes for contact, one in drafts.items()},
        [meant for one in drafts.values() for meant in one.folded.meanings],
    )


def _write_if_holds(
    ledger_on: Callable[[Connection], Ledger],
    made: Draft,
    funnel: Funnel,
    connection: Connection,
) -> list[Moment] | None:
    """Write a fold, and take what came after it; give the moments of that.

    Returns:
        None, with nothing written, if the fold does not hold any more.
    """
    ledger, contact = ledger_on(connection), made.stored.contact
    folded = made.folded.state
    now = next(iter(ledger.lock_contacts([contact], funnel)), None)
    if now is None or _at_rest(now, ledger) != _at_rest(made.stored, ledger):
        return None
    newer: dict[tuple[str, str], StoredEvent] = {}
    if now.events != folded.events and folded.last is not None:
        newer = {event[:2]: event for event in ledger.story_after(now, folded.last[0] - 1)}
    found = map(Entry._make, read_in_order(newer.values(), funnel))
    entries = [entry for entry in found if folded.follows(entry)]
    if (folded.events or 0) + len(entries) != now.events:  # one came late again
        return None
    write(ledger, made)
    if not entries:
        return []
    [state] = ledger.lock_contacts([contact], funnel)
    state.known = now.known
    sources = {key: source_of(read_properties(one.properties)) for key, one in newer.items()}
    advanced = advance(ledger, state, entries, sources)
    return [moment for moments in advanced.values() for moment in moments]


def _at_rest(state: ContactState, ledger: Ledger) -> dict[str, Any]:
    """What is stored of a contact, but for what each event changes while a fold is owed."""
    row = write_state(state, ledger.tenant)
    return {name: value for name, value in row.items() if name not in _GROWING}
