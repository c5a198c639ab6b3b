"""What differs between the databases: upserts, many rows at once, long lists of keys, planners."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Dialect,
    Insert,
    Integer,
    Select,
    Table,
    Update,
    bindparam,
    cast,
    func,
    literal,
    select,
    update,
)

from motfunnel.store.schema.tables import Tables
from motfunnel.store.schema.types import MARIADB

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

Item = TypeVar("Item")

_PLAINLY: Final = "SELECT set_config(name, 'off', true) FROM pg_settings WHERE name = 'jit'"
"""Until the transaction ends; a server that knows no such setting is not asked for it."""


def insert_or_keep(table: Table, dialect: Dialect) -> Insert:
    """Insert a row, or leave the one that has its key; on MariaDB that one is then locked.

    MariaDB's INSERT IGNORE would also swallow other errors, and takes a shared lock on the row,
    over which two writers deadlock. Assigning a key to itself changes nothing and locks it alone.
    """
    first = next(iter(table.primary_key.columns))
    return insert_or_update(table, dialect, [first.name], keep=True)


def insert_or_update(
    table: Table,
    dialect: Dialect,
    names: Sequence[str],
    *,
    keep: bool = False,
    only_changed: bool = False,
) -> Insert:
    """Insert a row, or set these columns of the one that has its key.

    Args:
        table: where.
        dialect: for which database.
        names: the columns to set.
        keep: set nothing after all, only lock.
        only_changed: lock, but do not write anew, a row whose column (the one named) is as given.
    """
    values: dict[str, Any] = {column.name: None for column in table.columns}
    if dialect.name in MARIADB:
        from sqlalchemy.dialects import mysql

        statement = mysql.insert(table).values(values)
        found = {name: table.c[name] if keep else statement.inserted[name] for name in names}
        return statement.on_duplicate_key_update(found)
    insert = _insert_into(table, dialect).values(values)
    key = list(table.primary_key.columns)
    if keep:
        return insert.on_conflict_do_nothing(index_elements=key)
    return insert.on_conflict_do_update(
        index_elements=key,
        set_={name: insert.excluded[name] for name in names},
        where=table.c[names[0]] != insert.excluded[names[0]] if only_changed else None,
    )


def _insert_into(table: Table, dialect: Dialect) -> postgresql.Insert | sqlite.Insert:
    if dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


def position(text: ColumnElement[Any], part: Any, dialect: Dialect) -> ColumnElement[int]:
    """Where a part begins in a text, letter by letter, counted from 1; 0 where it is not in it."""
    find = func.strpos if dialect.name == "postgresql" else func.instr
    return find(text, part)


def insert_arrays(table: Table, fixed: Sequence[str]) -> Insert:
    """Insert many rows by one statement of PostgreSQL, and leave those whose key is there.

    Each parameter is a column's values as a JSON array, but for the columns ``fixed``, which have
    one value for all rows. One round trip and one plan, where executemany makes one a row; and JSON
    because the driver writes its own arrays element by element in Python.
    """
    from sqlalchemy.dialects import postgresql

    rows = _rows_of_arrays(table, fixed)
    insert = postgresql.insert(table).from_select(list(table.columns.keys()), rows)
    return insert.on_conflict_do_nothing(index_elements=list(table.primary_key.columns))


def update_arrays(table: Table, fixed: Sequence[str]) -> Update:
    """Update many rows, each by its whole key, by one statement of PostgreSQL, as above."""
    rows = _rows_of_arrays(table, fixed).subquery("given")
    mine = [column == rows.c[column.name] for column in table.primary_key.columns]
    values = {c.name: rows.c[c.name] for c in table.columns if not c.primary_key}
    return update(table).where(*mine).values(values)


def _rows_of_arrays(table: Table, fixed: Sequence[str]) -> Select[Any]:
    return select(
        *(
            cast(
                bindparam(column.name)
                if column.name in fixed
                else func.json_array_elements_text(cast(bindparam(column.name), JSON)),
                column.type,
            ).label(column.name)
            for column in table.columns
        )
    )


def pairs_in_json(dialect: Dialect, *columns: ColumnElement[Any]) -> Select[Any]:
    """The rows of a JSON array ``pairs`` of arrays of texts, to look among them for columns.

    On SQLite and PostgreSQL.
    """
    if dialect.name == "postgresql":
        pair = func.json_array_elements(cast(bindparam("pairs"), JSON)).column_valued("pair")
        texts = [pair.op("->>")(literal(place, Integer)) for place in range(len(columns))]
        return select(*(cast(text, one.type) for text, one in zip(texts, columns, strict=True)))
    found = func.json_each(bindparam("pairs")).table_valued("value").c.value
    return select(*(func.json_extract(found, f"$[{place}]") for place in range(len(columns))))


def can_skip(dialect: Dialect) -> bool:
    """Whether rows that others have locked can be left out: MariaDB can from 10.6 on."""
    if dialect.name not in MARIADB:
        return True
    version = tuple(getattr(dialect, "server_version_info", None) or ())
    return version >= ((10, 6) if getattr(dialect, "is_mariadb", False) else (8, 0, 1))


def chunks(keys: Collection[str], size: int = 500) -> Iterator[Sequence[str]]:
    """Give keys in their order, so many at a time.

    >>> [*chunks({"c", "a", "b"}, 2)]
    [['a', 'b'], ['c']]
    """
    ordered = sorted(keys)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


def batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Give items as they come, so many at a time.

    >>> [*batches("cab", 2)]
    ['ca', 'b']
    """
    for start in range(0, len(items), size):
        yield items[start : start + size]


def plan_plainly(connection: Connection) -> None:
    """Have no statement compiled in the transaction that this begins."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_PLAINLY)


def tell_sizes(connection: Connection, tables: Tables) -> None:
    """Have the database look at the tables now; at what somebody else locks, it looks later.

    A role that may not do so leaves everything as it is.
    """
    if connection.dialect.name == "postgresql":
        quote = connection.dialect.identifier_preparer.format_table
        names = ", ".join(quote(table) for table in tables.metadata.sorted_tables)
        connection.exec_driver_sql(f"ANALYZE (SKIP_LOCKED) {names}")
