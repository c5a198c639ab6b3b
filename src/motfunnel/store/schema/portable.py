"""Copies of the tables for a host's own metadata, with types that are SQLAlchemy's alone.

What a host's migrations write down of them needs no import of ours, and makes the very tables
that ``tables`` makes. Nothing here reads or writes a row: to the columns' values a plain type does
less than ours.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    DateTime,
    MetaData,
    PrimaryKeyConstraint,
    Table,
)
from sqlalchemy import Text as PlainText
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.schema import BLANK_SCHEMA, Index
from sqlalchemy.sql.elements import conv
from sqlalchemy.types import TypeEngine

from motfunnel.store.schema.tables import tables
from motfunnel.store.schema.types import MARIADB, MARIADB_COLLATION, Instant, Properties


def add_plain_tables(metadata: MetaData, schema: str | None = None) -> None:
    """Put a copy of each table that is not there yet into a host's metadata.

    Names stay as they are, whatever naming convention and schema the metadata has.
    """
    for table in tables(schema).metadata.sorted_tables:
        if table.key not in metadata.tables:
            _copy(table, metadata)


def is_table_of_ours(name: str | None) -> bool:
    """Whether a name in a database is that of one of the tables, in whichever schema."""
    return name in _NAMES


def _copy(table: Table, metadata: MetaData) -> None:
    parts: list[Any] = [_copy_column(column) for column in table.columns]
    key = [column.name for column in table.primary_key.columns]
    parts.append(PrimaryKeyConstraint(*key, name=_fixed(table.primary_key)))
    parts += [
        CheckConstraint(one.sqltext, name=_fixed(one))
        for one in table.constraints
        if isinstance(one, CheckConstraint)
    ]
    parts += [_copy_index(one) for one in sorted(table.indexes, key=lambda one: str(one.name))]
    schema: Any = BLANK_SCHEMA if table.schema is None else table.schema
    Table(table.name, metadata, *parts, schema=schema, **table.dialect_kwargs)


def _copy_column(column: Column[Any]) -> Column[Any]:
    copy: Column[Any] = Column(
        column.name,
        _plain(column.type),
        nullable=column.nullable,
        autoincrement=column.autoincrement,
    )
    return copy


def _copy_index(index: Index) -> Index:
    return Index(
        _fixed(index),
        *[column.name for column in index.columns],
        unique=index.unique,
        **index.dialect_kwargs,
    )


def _fixed(named: Any) -> Any:
    """A name that no naming convention of the host's works upon."""
    return conv(str(named.name))


def _plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """The type of SQLAlchemy's that a database keeps in the same way as one of ours."""
    if isinstance(kind, Instant):
        return (
            DateTime()
            .with_variant(postgresql.TIMESTAMP(timezone=True, precision=6), "postgresql")
            .with_variant(mysql.DATETIME(fsp=6), *MARIADB)
        )
    if isinstance(kind, Properties):
        return (
            PlainText()
            .with_variant(JSON(), "postgresql")
            .with_variant(
                mysql.MEDIUMTEXT(charset="utf8mb4", collation=MARIADB_COLLATION), *MARIADB
            )
        )
    return kind


_NAMES: Final = frozenset(table.name for table in tables().metadata.sorted_tables)
