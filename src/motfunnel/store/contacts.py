"""Finding contacts: those whose silence has run out, those to be folded, chunk by chunk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Table, select
from sqlalchemy.sql.elements import ColumnElement

from motfunnel.store.statements import SOME


def overdue(connection: Connection, contacts: Table, tenant: str, as_of: datetime) -> Sequence[str]:
    """Some contacts whose deadline has come, by the index of deadlines; in the order of keys."""
    due = (
        select(contacts.c.contact)
        .where(contacts.c.tenant == tenant, contacts.c.deadline_at <= as_of)
        .order_by(contacts.c.deadline_at)
        .limit(SOME)
    )
    return sorted(connection.scalars(due))


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
