"""Erasing contacts: deleting their rows, finding what others' rows say of them, emptying the file.

Says what is deleted, on which database how. Which contacts, and what is left of them, the caller
decides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    Text,
    and_,
    cast,
    delete,
    insert,
    or_,
    select,
    true,
)
from sqlalchemy import update as sql_update
from sqlalchemy.exc import DBAPIError

from motfunnel.domain.event import IDENTIFY, Event
from motfunnel.domain.funnel.value import to_number
from motfunnel.domain.instant import iso
from motfunnel.domain.scrubber import Scrubber, plain_parts
from motfunnel.store.database.database import Database
from motfunnel.store.engine.deadline import waiting_briefly
from motfunnel.store.engine.faults import Fault, fault_of
from motfunnel.store.ledger.rejects import CODED, Reject, all_rejects
from motfunnel.store.ledger.rows import read_event, trait_rows
from motfunnel.store.schema.dialects import chunks, position
from motfunnel.store.schema.tables import Tables

_AT_ONCE: Final = 50
_SQLITE_TRIES: Final = 20


def delete_contacts(
    connection: Connection, tables: Tables, tenant: str, keys: Sequence[str]
) -> int:
    """Delete every row of some keys but rejects; give the number of events that were."""
    events = 0
    for table in tables.metadata.sorted_tables:
        naming = [table.c[name] for name in ("contact", "alias") if name in table.c]
        if naming and table is not tables.rejects:
            is_theirs = or_(*(column.in_(keys) for column in naming))
            gone = connection.execute(delete(table).where(table.c.tenant == tenant, is_theirs))
            events = gone.rowcount if table is tables.events else events
    return events


def copy_events(
    connection: Connection,
    tables: Tables,
    tenant: str,
    token: str,
    ids: Mapping[tuple[str, str | None], str],
    scrubber: Scrubber,
) -> None:
    """Copy events to a token, by new ids and without their properties; they can only be counted."""
    e = tables.events.c
    keys = sorted({contact for contact, _ in ids})
    counted = select(
        e.contact, e.id, e.event, e.occurred_at, e.recorded_at, e.signal, e.alive, e.value
    ).where(e.tenant == tenant, e.contact.in_(keys))
    rows = [
        {
            "tenant": tenant,
            "contact": token,
            "id": ids[row.contact, row.id],
            "event": scrubber.clean_name(row.event),
            "occurred_at": row.occurred_at,
            "recorded_at": row.recorded_at,
            "signal": row.signal,
            "properties": {},
            "alive": row.alive,
            "value": row.value,
        }
        for row in connection.execute(counted).all()
    ]
    connection.execute(insert(tables.events), rows)


def known_contacts(
    connection: Connection, tables: Tables, tenant: str, keys: Collection[str]
) -> set[str]:
    """Find those of some keys of whom anything is recorded."""
    c = tables.contacts.c
    found: set[str] = set()
    for some in chunks(keys, _AT_ONCE):
        mine = select(c.contact).where(c.tenant == tenant, c.contact.in_(some))
        found.update(connection.scalars(mine))
    return found


def unname_referred(
    connection: Connection, tables: Tables, tenant: str, tokens: Mapping[str, str | None]
) -> None:
    """Take keys out of the referrals that erasures left: no event says them any more."""
    m, c = tables.moments.c, tables.contacts.c
    is_left = (c.tenant == m.tenant) & (c.contact == m.contact) & c.erased_at.is_not(None)
    for some in chunks(tokens, _AT_ONCE):
        naming = (
            select(m.contact, m.ordinal, m.referred)
            .join(tables.contacts, is_left)
            .where(m.tenant == tenant, m.referred.in_(some))
        )
        for row in connection.execute(naming).all():
            mine = (m.tenant == tenant) & (m.contact == row.contact) & (m.ordinal == row.ordinal)
            unnamed = sql_update(tables.moments).where(mine)
            connection.execute(unnamed.values(referred=tokens[row.referred]))


def referred_names(connection: Connection, tables: Tables, tenant: str) -> Sequence[str]:
    """All names by which somebody was referred."""
    m = tables.moments.c
    named = select(m.referred).where(m.tenant == tenant, m.referred.is_not(None)).distinct()
    return connection.scalars(named).all()


def all_keys(connection: Connection, tables: Tables, tenant: str) -> set[str]:
    """All keys by which somebody may be known: of contacts, merges, referrals and rejects."""
    named = [
        tables.contacts.c.contact,
        tables.aliases.c.alias,
        tables.aliases.c.contact,
        tables.moments.c.referred,
        tables.rejects.c.contact,
    ]
    found: set[str] = set()
    for column in named:
        mine = select(column).where(column.table.c.tenant == tenant, column.is_not(None))
        found.update(connection.scalars(mine.distinct()))
    return found


def put_erasure(
    connection: Connection,
    tables: Tables,
    tenant: str,
    token: str,
    at: datetime,
    *,
    counts_kept: bool,
) -> None:
    """Note that somebody was erased, and when."""
    row = {"tenant": tenant, "token": token, "erased_at": at, "counts_kept": counts_kept}
    connection.execute(insert(tables.erasures).values(row))


def silent_contacts(
    connection: Connection, tables: Tables, tenant: str, instant: datetime, most: int
) -> Sequence[str]:
    """Some contacts of whom nothing has happened since an instant, and that are not erased."""
    c, p = tables.contacts.c, tables.aliases.c
    merged = select(p.contact).where(p.tenant == tenant, p.merged_at < instant)
    never = c.last_at.is_(None) & c.merged_into.is_(None) & c.contact.in_(merged)
    silent = select(c.contact).where(
        c.tenant == tenant, or_(c.last_at < instant, never), c.erased_at.is_(None)
    )
    return connection.scalars(silent.order_by(c.contact).limit(most)).all()


def drop_rejects_before(
    connection: Connection, tables: Tables, tenant: str, instant: datetime
) -> int:
    """Delete the rejects that were recorded before an instant; how many there were."""
    r = tables.rejects.c
    old = delete(tables.rejects).where(r.tenant == tenant, r.recorded_at < instant)
    return connection.execute(old).rowcount


def erased_contacts(
    connection: Connection, tables: Tables, tenant: str
) -> tuple[dict[str, datetime], int]:
    """Read who was erased: when, of those whose counts were kept; how many, of the others."""
    e = tables.erasures.c
    rows = connection.execute(select(tables.erasures).where(e.tenant == tenant)).all()
    kept = {row.token: row.erased_at for row in rows if row.counts_kept}
    return kept, len(rows) - len(kept)


def events_naming(
    connection: Connection, tables: Tables, tenant: str, keys: Sequence[str]
) -> list[Event]:
    """Find the events in whose words some keys may occur; ``Scrubber`` tells whether they do.

    Looks at every event of the tenant: costs as much as there is.
    """
    e = tables.events.c
    found: dict[tuple[str, str], Event] = {}
    for some in chunks(keys, _AT_ONCE):
        naming = _may_name(connection, some, cast(e.properties, Text), e.id, e.event)
        rows = connection.execute(select(tables.events).where(e.tenant == tenant, naming))
        for row in rows.mappings():
            event = read_event(dict(row))
            found[event.contact, event.id] = event
    return list(found.values())


def replace_event(
    connection: Connection, tables: Tables, tenant: str, stored: Event, cleaned: Event
) -> None:
    """Write an event anew, without what it said of somebody."""
    e = tables.events.c
    connection.execute(
        sql_update(tables.events)
        .where(e.tenant == tenant, e.contact == stored.contact, e.id == stored.id)
        .values(id=cleaned.id, event=cleaned.name, properties=cleaned.properties)
    )


def rejects_naming(
    connection: Connection, tables: Tables, tenant: str, keys: Sequence[str] | None
) -> Iterator[Reject]:
    """Find the rejects in whose words some keys may occur; all of them where None are given.

    What is coded otherwise than in letters, or may be anybody's, is among them.
    """
    r = tables.rejects.c
    if keys is None:
        yield from all_rejects(connection, tables, tenant)
        return
    dialect = connection.dialect
    coded = or_(*(position(r.payload, mark, dialect) > 0 for mark in CODED))
    yield from all_rejects(connection, tables, tenant, where=coded)
    for some in chunks(keys, _AT_ONCE):
        naming = _may_name(connection, some, r.payload, r.contact, r.event, r.reason)
        yield from all_rejects(connection, tables, tenant, where=naming & ~coded)


def naming(
    connection: Connection,
    table: Table,
    tenant: str,
    keys: Sequence[str] | None,
    *columns: ColumnElement[Any],
) -> Iterator[Row[Any]]:
    """Find the rows in whose columns some keys may occur; all of them where None are given."""
    mine = select(table).where(table.c.tenant == tenant)
    if keys is None:
        yield from connection.execute(mine).all()
        return
    for some in chunks(keys, _AT_ONCE):
        yield from connection.execute(mine.where(_may_name(connection, some, *columns))).all()


def compact(database: Database) -> bool:
    """On SQLite, write the file anew and empty its log, so that no freed page keeps a trace.

    Costs the whole file, and waits until nobody else writes. Elsewhere freed rows are the server's
    to clean up.

    Returns:
        Whether nothing is left; False where somebody reads or writes on, for whom it is kept, and
        in the host's transaction, after whose commit it is done.
    """
    if not database.is_sqlite:
        return True
    if database.is_joining:  # it cannot be done in a transaction
        database.after(lambda: database.is_joining or compact(database))
        return False
    try:
        with database.unbound() as connection:
            connection.exec_driver_sql("VACUUM")
            with waiting_briefly(connection):
                for _ in range(_SQLITE_TRIES):
                    checkpoint = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                    if not checkpoint.one()[0]:
                        return True
                    database.pause(0.1)
    except DBAPIError as error:
        if fault_of(error) is not Fault.PASSING:
            raise
    return False


def _may_name(
    connection: Connection, keys: Sequence[str], *columns: ColumnElement[Any]
) -> ColumnElement[bool]:
    """A condition that holds wherever a key occurs in a column, however it is written there.

    Asks for those parts of a key that no way of writing changes, letter by letter: LIKE would know
    wildcards, and on SQLite no case.
    """
    dialect = connection.dialect
    return or_(
        *(
            and_(true(), *(position(column, part, dialect) > 0 for part in plain_parts(key)))
            for key in keys
            for column in columns
        )
    )


def stored_traits(
    connection: Connection, tables: Tables, tenant: str, contacts: Sequence[str]
) -> dict[str, list[tuple[str, str, str]]]:
    """Read the traits of some contacts: of each the event, the trait and the value, sorted."""
    t = tables.traits.c
    mine = select(t.owner, t.event_id, t.trait, t.value).where(
        t.tenant == tenant, t.owner.in_(contacts)
    )
    found: dict[str, list[tuple[str, str, str]]] = {}
    for owner, *said in connection.execute(mine).all():
        found.setdefault(owner, []).append((said[0], said[1], said[2]))
    return {owner: sorted(said) for owner, said in found.items()}


def remake_traits(
    connection: Connection, tables: Tables, tenant: str, owners: Mapping[str, str]
) -> None:
    """Write the traits of some keys anew from their events, each for its owner."""
    t, e = tables.traits.c, tables.events.c
    keys = sorted(owners)
    connection.execute(delete(tables.traits).where(t.tenant == tenant, t.contact.in_(keys)))
    said = select(tables.events).where(e.tenant == tenant, e.contact.in_(keys), e.event == IDENTIFY)
    rows = [
        row
        for found in connection.execute(said).mappings().all()
        for row in trait_rows(
            owners[found["contact"]], read_event(dict(found)), found["recorded_at"], tenant
        )
    ]
    if rows:
        connection.execute(insert(tables.traits), rows)


def recorded_events(
    connection: Connection, tables: Tables, tenant: str, keys: Sequence[str]
) -> list[dict[str, Any]]:
    """Read the events of some keys, ready for JSON, in the order in which they happened."""
    e = tables.events.c
    mine = select(tables.events).where(e.tenant == tenant, e.contact.in_(keys))
    rows = connection.execute(mine.order_by(e.occurred_at, e.id)).all()
    return [
        {
            "event": row.event,
            "occurred_at": iso(row.occurred_at),
            "recorded_at": iso(row.recorded_at),
            "recorded_as": row.contact,
            "id": row.id,
            "signal": row.signal,
            "alive": bool(row.alive),
            "value": None if row.value is None else to_number(row.value),
            "properties": row.properties,
        }
        for row in rows
    ]


def recorded_merges(
    connection: Connection, tables: Tables, tenant: str, keys: Sequence[str]
) -> list[dict[str, Any]]:
    """Read which of some keys were merged into which, ready for JSON, oldest first."""
    p = tables.aliases.c
    mine = select(tables.aliases).where(
        p.tenant == tenant, or_(p.alias.in_(keys), p.contact.in_(keys))
    )
    return [
        {
            "alias": row.alias,
            "contact": row.contact,
            "merged_at": iso(row.merged_at),
            "unmerged_at": None if row.unmerged_at is None else iso(row.unmerged_at),
        }
        for row in connection.execute(mine.order_by(p.merged_at, p.alias)).all()
    ]
