"""The extent of a question: in which tables, whose contacts, up to which instant. Reads nothing.

Says once what every question means by a contact's own, by a period, and by a silence run out.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import frozen
from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, func, select

from motfunnel.store.tables import Tables

Bounds = tuple[datetime | None, datetime | None]
"""From a first instant on, before a second; None leaves an end open."""


def between(at: ColumnElement[Any], period: Bounds) -> list[ColumnElement[bool]]:
    """The conditions that an instant lies in a period."""
    start, end = period
    first = [] if start is None else [at >= start]
    return first if end is None else [*first, at < end]


def overdue(contacts: FromClause, tenant: Any, as_of: Any) -> ColumnElement[bool]:
    """That a contact's silence has run out by an instant, and nobody has written it down.

    Only who is active and has a patience has a deadline; a departure that is written ends it.
    """
    return and_(contacts.c.tenant == tenant, contacts.c.deadline_at <= as_of)


@frozen(kw_only=True)
class Extent:
    """What a question reads.

    Attributes:
        connection: where.
        tables: in which tables.
        tenant: whose contacts.
        as_of: what happened after this instant does not exist.
        erased_only: only of contacts that were erased with their counts kept.
    """

    connection: Connection
    tables: Tables
    tenant: str
    as_of: datetime
    erased_only: bool = False

    def owned(
        self, table: FromClause, key: ColumnElement[Any]
    ) -> tuple[ColumnElement[Any], FromClause]:
        """The contact that a key of a table belongs to now, and the table joined with it."""
        merged = self.tables.contacts.alias()
        into = merged.c.merged_into
        mine = and_(merged.c.tenant == table.c.tenant, merged.c.contact == key, into.is_not(None))
        return func.coalesce(into, key), table.outerjoin(merged, mine)

    def within(self, statement: Select[Any], contact: ColumnElement[Any]) -> Select[Any]:
        """Keep to those of whom an erasure left the counts, where only these are asked for."""
        if not self.erased_only:
            return statement
        e = self.tables.erasures.c
        kept = select(e.token).where(e.tenant == self.tenant, e.counts_kept)
        return statement.where(contact.in_(kept))
