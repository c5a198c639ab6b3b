"""The scope of a question: in which tables, whose contacts, up to which instant."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from attrs import frozen
from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, func, select

from motfunnel.store.schema.tables import Tables

Bounds = tuple[datetime | None, datetime | None]
"""From a first instant on, before a second; None leaves an end open."""
AT_ONCE: Final = 5_000
"""How many rows a driver hands over at a time."""


def between(at: ColumnElement[Any], period: Bounds) -> list[ColumnElement[bool]]:
    """The conditions that an instant lies in a period."""
    start, end = period
    first = [] if start is None else [at >= start]
    return first if end is None else [*first, at < end]


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


def is_anything_known(
    connection: Connection, tables: Tables, tenant: str, known_by: datetime
) -> bool:
    """Whether any event had been recorded by an instant."""
    e = tables.events.c
    one = select(e.id).where(e.tenant == tenant, e.recorded_at <= known_by).limit(1)
    return connection.execute(one).first() is not None
