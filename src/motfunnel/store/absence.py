"""Tables that are missing or of another version: telling it from an error, and saying what to run.

Makes no tables and mends none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Inspector, Table, inspect
from sqlalchemy.exc import DBAPIError

from motfunnel.errors import SchemaError
from motfunnel.store.tables import Tables

CREATE: Final = (
    "run your migrations (alembic upgrade head), or call tracker.create_tables() outside of the "
    "transaction if you keep none"
)
"""What to do about missing tables, where no framework is known to make them."""

_POSTGRESQL: Final = ("42P01", "42703", "3F000")  # no such table, column, schema
_MARIADB: Final = (1049, 1054, 1146)  # no such database, column, table
_SQLITE: Final = ("no such table", "no such column", "has no column named", "unknown database")


@contextmanager
def teaching(remedy: str) -> Iterator[None]:
    """Where a statement of ours does not find its table or column, say what makes them.

    Raises:
        SchemaError: the tables are missing, or of another version.
    """
    try:
        yield
    except DBAPIError as error:
        if _is_absence(error):
            raise absent(remedy, _words(error)) from error
        raise


def absent(remedy: str, what: str) -> SchemaError:
    """The error for tables that are missing, or lack something."""
    words = " ".join(what.split("\n", maxsplit=1)[0].split())
    return SchemaError(
        "the tables of motfunnel are not there, or are those of another version "
        f"({words}); {remedy}"
    )


def missing_parts(connection: Connection, tables: Tables) -> list[str]:
    """Name the tables, and the columns of others, that the database does not have."""
    found, missing = inspect(connection), []
    for table in tables.metadata.sorted_tables:
        lacking = _lacking(found, table)
        missing += [table.name] if lacking is None else [f"{table.name}.{one}" for one in lacking]
    return missing


def _lacking(found: Inspector, table: Table) -> list[str] | None:
    if not found.has_table(table.name, schema=table.schema):
        return None
    there = {column["name"] for column in found.get_columns(table.name, table.schema)}
    return [column.name for column in table.columns if column.name not in there]


def _words(error: DBAPIError) -> str:
    """What the database said, without its number."""
    said = error.orig.args if error.orig is not None else ()
    return str(said[-1] if said else error)


def _is_absence(error: DBAPIError) -> bool:
    cause: Any = error.orig
    number = cause.args[0] if cause is not None and cause.args else None
    if type(number) is int:
        return number in _MARIADB
    state = getattr(cause, "sqlstate", None)
    if state is not None:
        return state in _POSTGRESQL
    return any(words in str(cause) for words in _SQLITE)
