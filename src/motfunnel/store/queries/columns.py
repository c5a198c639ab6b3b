"""Columns of integers, streamed off a statement: how many rows are read without an object for any.

An instant is microseconds since 1970, which the database makes of it; a text becomes the number
that ``Codes`` gives it. Says nothing of what a column means.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Dialect,
    Executable,
    Integer,
    Text,
    cast,
    extract,
    func,
    literal_column,
    type_coerce,
)
from sqlalchemy.types import NullType

from motfunnel.domain.columns import NEVER, Codes, Column, column
from motfunnel.store.engine.compiled import driver_errors
from motfunnel.store.queries.scope import AT_ONCE
from motfunnel.store.schema.types import MARIADB


def micros(at: ColumnElement[Any], dialect: Dialect) -> ColumnElement[int]:
    """An instant in SQL as microseconds since 1970; NULL is ``NEVER``."""
    return func.coalesce(_MICROS.get(dialect.name, _of_text)(at), never())


def raw(properties: ColumnElement[Any], dialect: Dialect) -> ColumnElement[Any]:
    """Properties as the text that is stored, which ``read_properties`` reads."""
    text = cast(properties, Text) if dialect.name == "postgresql" else properties
    return type_coerce(text, NullType())


def never() -> ColumnElement[int]:
    """``NEVER`` in SQL."""
    return literal_column(str(NEVER), BigInteger)


def read_columns(
    connection: Connection, statement: Executable, codes: Sequence[Codes | None]
) -> list[Column]:
    """Read all rows of a statement, as a column of integers each.

    Args:
        connection: where.
        statement: gives integers, flags and texts.
        codes: of each column, what gives its texts their numbers; None: it has integers or flags.
    """
    columns = [column() for _ in codes]
    for rows in read_rows(connection, statement):
        for read, values, code in zip(columns, zip(*rows, strict=True), codes, strict=True):
            read.extend(values if code is None else code.numbers(values))
    return columns


def read_rows(connection: Connection, statement: Executable) -> Iterator[list[tuple[Any, ...]]]:
    """Give the rows of a statement, so many at a time, as the driver gives them.

    For integers and texts, which need no turning over: SQLAlchemy's rows would cost as much again.
    """
    streaming = {"stream_results": True}
    with connection.execute(statement, execution_options=streaming) as result:
        first = result.fetchone()  # SQLAlchemy has read it, and no more, before it is asked for any
        if first is None:
            return
        yield [tuple(first)]
        while rows := _fetch(connection, result.cursor):
            yield rows


def _fetch(connection: Connection, cursor: Any) -> list[tuple[Any, ...]]:
    with driver_errors(connection, cursor):
        return list(cursor.fetchmany(AT_ONCE))


def _of_postgres(at: ColumnElement[Any]) -> ColumnElement[int]:
    return cast(extract("epoch", at) * 1_000_000, BigInteger)


def _of_mariadb(at: ColumnElement[Any]) -> ColumnElement[int]:
    written = (literal_column(one, Text) for one in ("MICROSECOND", "'1970-01-01'"))
    return func.timestampdiff(*written, at, type_=BigInteger())


def _of_text(at: ColumnElement[Any]) -> ColumnElement[int]:
    """SQLite rounds '…00.9995' to the next second: seconds and the rest are read apart."""
    text = type_coerce(at, Text)
    seconds = cast(func.strftime("%s", func.substr(text, 1, 19)), Integer)
    return seconds * 1_000_000 + cast(func.substr(text, 21), Integer)


_MICROS: Final = {"postgresql": _of_postgres, **dict.fromkeys(MARIADB, _of_mariadb)}
