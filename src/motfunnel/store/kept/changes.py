"""How often what was recorded was changed: by a merge, an erasure, a rebuild or an import.

Answers from before such a change hold no more, and whoever keeps some looks here. A merge adds a
row of its own, so that two transactions of a host's never wait for each other over it. What ends
the answers that are kept in the store, too, counts in one row, which whoever keeps them locks.
"""

from __future__ import annotations

from typing import Final
from uuid import uuid4

from attrs import frozen
from sqlalchemy import Connection, case, delete, func, insert, select, update

from motfunnel.store.schema.dialects import chunks, insert_or_keep
from motfunnel.store.schema.tables import Tables

MANY: Final = 100
"""Rows of merges beyond so many are gathered into one."""

_GATE: Final = ""


@frozen
class Changes:
    """How often what was recorded was changed.

    Attributes:
        resets: by an erasure, a rebuild or an import; nothing that was kept before holds.
        merges: by a merge, or one that was taken back.
    """

    resets: int
    merges: int


def read_changes(connection: Connection, tables: Tables, tenant: str) -> Changes:
    """Read how often what was recorded of a tenant's contacts was changed; it only grows."""
    c = tables.changes.c
    resets = func.sum(case((c.token == _GATE, c.number), else_=0))
    found = select(resets, func.sum(c.number)).where(c.tenant == tenant)
    of_resets, of_all = (int(one or 0) for one in connection.execute(found).one())
    return Changes(of_resets, of_all - of_resets)


def note_merge(connection: Connection, tables: Tables, tenant: str) -> None:
    """Count a merge, or one that was taken back, without a lock that others would wait for."""
    row = {"tenant": tenant, "token": str(uuid4()), "number": 1}
    connection.execute(insert(tables.changes).values(row))


def end_answers(connection: Connection, tables: Tables, tenant: str) -> None:
    """Count what ends all answers that are kept, and delete those of the store.

    Who is keeping some just then waits for the commit, and keeps none.
    """
    lock_answers(connection, tables, tenant)
    c = tables.changes.c
    mine = (c.tenant == tenant) & (c.token == _GATE)
    connection.execute(update(tables.changes).where(mine).values(number=c.number + 1))
    connection.execute(delete(tables.answers).where(tables.answers.c.tenant == tenant))


def lock_answers(connection: Connection, tables: Tables, tenant: str) -> int:
    """Let nobody else keep or end answers until the commit; how often they were ended."""
    c = tables.changes.c
    row = {"tenant": tenant, "token": _GATE, "number": 0}
    connection.execute(insert_or_keep(tables.changes, connection.dialect), row)
    mine = (c.tenant == tenant) & (c.token == _GATE)
    return int(connection.scalar(select(c.number).where(mine).with_for_update()) or 0)


def gather_merges(connection: Connection, tables: Tables, tenant: str) -> None:
    """Make one row of those of many merges; in a transaction of its own, that comes first in it."""
    c = tables.changes.c
    lock_answers(connection, tables, tenant)
    each = select(c.token, c.number).where(c.tenant == tenant, c.token != _GATE)
    rows = {row.token: row.number for row in connection.execute(each)}
    if len(rows) <= MANY:
        return
    for some in chunks(rows):
        old = delete(tables.changes).where(c.tenant == tenant, c.token.in_(some))
        connection.execute(old)
    all_of_them = {"tenant": tenant, "token": str(uuid4()), "number": sum(rows.values())}
    connection.execute(insert(tables.changes).values(all_of_them))
