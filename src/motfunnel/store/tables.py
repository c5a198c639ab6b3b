"""The tables, as a person with an SQL client finds them.

Every key begins with the tenant and then the contact, so that tables can be partitioned by contact
and one contact's rows lie together. There are few indexes: each is a random write on every event.

| table | holds |
|---|---|
| contacts | the state of each contact after its latest event, and the deadline of its silence |
| events | what happened, as it was said; never changed |
| moments, episodes | what the journey made of the events; can always be made again |
| checkpoints | of a long history, the journey's state at every so-many-th event |
| traits | what ``identify`` said, with the instant from which it holds |
| aliases | which keys were merged into which, from when to when |
| erasures | that somebody was erased, and when; not who |
| tombstones | of who was erased, a hash that only the host's secret can make; none without one |
| redactions | which events of others named somebody who was erased, and in which parts |
| rejects | input that could not be taken, and why |
| funnels | the definitions by which contacts were classified |
| imports | how far an unfinished import of a file has come |
| schema | the version of these tables |
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import MetaData, Table

from motfunnel.store.columns import COLUMNS, PREFIX
from motfunnel.store.types import MARIADB_COLLATION


class Tables:
    """The tables of one schema (None: the database's default)."""

    def __init__(self, schema: str | None = None) -> None:
        self.metadata: MetaData = MetaData(schema=schema)
        self.schema = schema
        for name, make in COLUMNS.items():
            setattr(self, name, self._table(name, make()))

    contacts: Table
    events: Table
    moments: Table
    episodes: Table
    checkpoints: Table
    traits: Table
    aliases: Table
    erasures: Table
    tombstones: Table
    redactions: Table
    rejects: Table
    funnels: Table
    imports: Table
    version: Table

    def _table(self, name: str, columns: list[Any]) -> Table:
        return Table(
            PREFIX + ("schema" if name == "version" else name),
            self.metadata,
            *columns,
            # One tree instead of a table and an index beside it.
            sqlite_with_rowid=False,
            mysql_engine="InnoDB",
            mysql_charset="utf8mb4",
            mysql_collate=MARIADB_COLLATION,
            mariadb_engine="InnoDB",
            mariadb_charset="utf8mb4",
            mariadb_collate=MARIADB_COLLATION,
        )


@cache
def tables(schema: str | None = None) -> Tables:
    """The tables of a schema, made once."""
    return Tables(schema)
