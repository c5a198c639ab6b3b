"""Which rows a copy of a store has, and how they are read and put in by the quickest way there is.

Between databases a value is an integer, a flag or a text. An instant is microseconds since 1970
when it is read, and a text in UTC when it is put in, which is what each side is quickest at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any, Final

from attrs import frozen
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    Table,
    exists,
    select,
)

from motfunnel.store.engine.compiled import driver_errors
from motfunnel.store.queries.columns import micros, raw, read_rows
from motfunnel.store.schema.tables import Tables
from motfunnel.store.schema.types import Instant, Properties

_TENANT: Final = "tenant"
_LEFT_OUT: Final = ("answers", "changes", "version")
"""What can be asked anew, counts how often that was, or belongs to no tenant."""

Rows = list[tuple[Any, ...]]


class Kind(Enum):
    """What the values of a column are."""

    INSTANT = "instant"
    FLAG = "flag"
    NUMBER = "number"
    TEXT = "text"


@frozen
class CopiedTable:
    """A table, as a copy has it: without the tenant, which whoever puts the rows in names.

    Attributes:
        name: what the copy calls it.
        columns: the names of its columns, and of what kind each is.
    """

    name: str
    columns: dict[str, Kind]
    _table: Table

    def read(self, connection: Connection, tenant: str) -> Iterator[Rows]:
        """Give a tenant's rows in the order of their key, so many at a time."""
        table, dialect = self._table, connection.dialect
        wanted = [_plain(table.c[name], dialect).label(name) for name in self.columns]
        mine = select(*wanted).where(table.c[_TENANT] == tenant)
        return read_rows(connection, mine.order_by(*table.primary_key.columns))

    def is_empty(self, connection: Connection, tenant: str) -> bool:
        """Whether nothing of a tenant is there."""
        mine = select(self._table).where(self._table.c[_TENANT] == tenant)
        return not connection.scalar(select(exists(mine.subquery())))

    def put(self, connection: Connection, tenant: str, rows: Rows) -> None:
        """Put in rows of a tenant: by COPY where psycopg 3 is."""
        quote = connection.dialect.identifier_preparer
        names = ", ".join(map(quote.quote, (_TENANT, *self.columns)))
        into = f"{quote.format_table(self._table)} ({names})"
        whole = [(tenant, *row) for row in rows]
        if connection.dialect.driver == "psycopg":
            _copy(connection, f"COPY {into} FROM STDIN", whole)
            return
        mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
        marks = ", ".join([mark] * (1 + len(self.columns)))
        connection.exec_driver_sql(f"INSERT INTO {into} VALUES ({marks})", whole)


def copied_tables(tables: Tables) -> list[CopiedTable]:
    """Give the tables of a copy; that of the contacts comes last, since calls look there first."""
    found = {key: one for key, one in vars(tables).items() if isinstance(one, Table)}
    contacts = found.pop("contacts")
    chosen = {key: one for key, one in found.items() if key not in _LEFT_OUT}
    return [
        CopiedTable(key, {c.name: _kind(c) for c in table.columns if c.name != _TENANT}, table)
        for key, table in (*chosen.items(), ("contacts", contacts))
    ]


def offset(connection: Connection) -> str:
    """Give what stands behind the text of an instant in UTC that is put in there."""
    return "+00" if connection.dialect.name == "postgresql" else ""


def _kind(column: Column[Any]) -> Kind:
    if isinstance(column.type, Instant):
        return Kind.INSTANT
    if isinstance(column.type, Boolean):
        return Kind.FLAG
    return Kind.NUMBER if isinstance(column.type, Integer) else Kind.TEXT


def _plain(column: Column[Any], dialect: Dialect) -> ColumnElement[Any]:
    if isinstance(column.type, Instant):
        return micros(column, dialect)
    return raw(column, dialect) if isinstance(column.type, Properties) else column


def _copy(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    driver: Any = connection.connection.driver_connection
    cursor = driver.cursor()
    with driver_errors(connection, cursor):
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
        cursor.close()
