"""The extent of a question: in which tables, whose contacts, up to which instant. Reads nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import frozen
from sqlalchemy import ColumnElement, Connection, Select, select

from motfunnel.store.tables import Tables


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

    def within(self, statement: Select[Any], contact: ColumnElement[Any]) -> Select[Any]:
        """Keep to those of whom an erasure left the counts, where only these are asked for."""
        if not self.erased_only:
            return statement
        e = self.tables.erasures.c
        kept = select(e.token).where(e.tenant == self.tenant, e.counts_kept)
        return statement.where(contact.in_(kept))
