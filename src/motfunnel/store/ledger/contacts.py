"""Finding contacts: whose silence ran out, whose fold is owed, which come next; or how many."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Table, case, func, select
from sqlalchemy.sql.elements import ColumnElement

from motfunnel.domain.moment import Presence
from motfunnel.store.ledger.statements import SOME
from motfunnel.store.schema.tables import Tables, overdue

_OLDEST: Final = 1000


def owed_departures(
    connection: Connection, tables: Tables, tenant: str, as_of: datetime
) -> tuple[int, datetime | None]:
    """How many silences have run out with nothing having written it down, and since when.

    A departure can be written down from its deadline on, but not before the last event of its
    contact was recorded: an old history that has just been imported is owed only since then. Looks
    at the last events of those with the oldest deadlines only.
    """
    c, e = tables.contacts.c, tables.events.c
    count = connection.scalar(select(func.count()).where(overdue(tables.contacts, tenant, as_of)))
    if not count:
        return 0, None
    oldest = (
        select(c.contact, c.deadline_at, c.last_id)
        .where(overdue(tables.contacts, tenant, as_of))
        .order_by(c.deadline_at)
        .limit(_OLDEST)
        .subquery()
    )
    of_last = (e.tenant == tenant) & (e.contact == oldest.c.contact) & (e.id == oldest.c.last_id)
    since = case((e.recorded_at > oldest.c.deadline_at, e.recorded_at), else_=oldest.c.deadline_at)
    first: datetime | None = connection.scalar(
        select(func.min(since)).select_from(oldest.outerjoin(tables.events, of_last))
    )
    return count, first


def owed(connection: Connection, contacts: Table, tenant: str) -> Sequence[str]:
    """The contacts whose fold is owed, by the index of these; those first that wait the longest."""
    waiting = (
        select(contacts.c.contact)
        .where(contacts.c.tenant == tenant, contacts.c.owed_since.is_not(None))
        .order_by(contacts.c.owed_since, contacts.c.contact)
    )
    return connection.scalars(waiting).all()


def count_owed(connection: Connection, contacts: Table, tenant: str) -> int:
    """How many contacts are owed a fold, by the same index."""
    waiting = select(func.count()).where(
        contacts.c.tenant == tenant, contacts.c.owed_since.is_not(None)
    )
    return connection.scalar(waiting) or 0


def was_swept(connection: Connection, contacts: Table, tenant: str) -> bool:
    """Whether a sweep has written down a silence that no later event has ended or overtaken."""
    swept = select(contacts.c.contact).where(
        contacts.c.tenant == tenant,
        contacts.c.presence == Presence.DEPARTED.value,
        contacts.c.departed_at > contacts.c.last_at,
    )
    return connection.scalar(swept.limit(1)) is not None


def without_row(connection: Connection, tables: Tables, tenant: str) -> list[str]:
    """The keys of events whose contact has no row: there are none, unless somebody deleted it."""
    e, c = tables.events.c, tables.contacts.c
    mine = (c.tenant == e.tenant) & (c.contact == e.contact)
    lost = (
        select(e.contact)
        .outerjoin(tables.contacts, mine)
        .where(e.tenant == tenant, c.contact.is_(None))
        .distinct()
    )
    return sorted(connection.scalars(lost))


def next_contacts(
    connection: Connection,
    contacts: Table,
    tenant: str,
    after: str,
    *,
    but_of: str | None = None,
) -> Sequence[str]:
    """The contacts that come next in the order of keys; without those of one fingerprint."""
    where: list[ColumnElement[bool]] = [
        contacts.c.tenant == tenant,
        contacts.c.contact > after,
        contacts.c.merged_into.is_(None),
    ]
    if but_of is not None:
        where.append(contacts.c.fingerprint != but_of)
    following = select(contacts.c.contact).where(*where).order_by(contacts.c.contact).limit(SOME)
    return connection.scalars(following).all()


def all_contacts(connection: Connection, contacts: Table, tenant: str) -> list[str]:
    """The keys of all contacts, in their order; without keys that were merged into one."""
    mine = select(contacts.c.contact).where(
        contacts.c.tenant == tenant, contacts.c.merged_into.is_(None)
    )
    return list(connection.scalars(mine.order_by(contacts.c.contact)))
