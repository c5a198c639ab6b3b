"""The version of the tables: what this code works with, and what a database has, or lacks.

Tables and versions that do not fit are refused with what is to be run; nothing is mended here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Inspector, Table, inspect, select
from sqlalchemy.exc import DBAPIError

from motfunnel.errors import SchemaError
from motfunnel.store.schema.tables import Tables

VERSION: Final = 7
"""The version of the tables that this code reads and writes."""

CREATE: Final = (
    "run your migrations (alembic upgrade head), or call tracker.create_tables() outside of the "
    "transaction if you keep none"
)
"""What to do about missing tables, where no framework is known to make them."""

_POSTGRESQL: Final = ("42P01", "42703", "3F000")  # no such table, column, schema
_MARIADB: Final = (1049, 1054, 1146)  # no such database, column, table
_SQLITE: Final = ("no such table", "no such column", "has no column named", "unknown database")


def put_version(connection: Connection, tables: Tables, remedy: str) -> None:
    """Check the tables, and write their version down where nobody has.

    Raises:
        SchemaError: they are missing, or of another version.
    """
    if not has_version(connection, tables, remedy):
        row = {"version": VERSION, "recorded_at": datetime.now(UTC)}
        connection.execute(tables.version.insert().values(row))


def has_version(connection: Connection, tables: Tables, remedy: str) -> bool:
    """Check that all tables are there and of this version; whether a row says so.

    There is none where a host's migrations made them, and nothing of ours has run since.

    Raises:
        SchemaError: they are missing, or of another version.
    """
    version = tables.version
    if not inspect(connection).has_table(version.name, schema=version.schema):
        raise absent(remedy, f"there is no {version.name}")
    found = connection.scalar(select(version.c.version))
    if found is None and (missing := missing_parts(connection, tables)):
        raise absent(remedy, f"there is no {', '.join(missing)}")
    if found is not None:
        _check(found)
    return found is not None


def _check(found: int) -> None:
    if found > VERSION:
        raise too_new(found)
    if found < VERSION:
        raise SchemaError(
            f"the tables are of version {found}, and this motfunnel works with version "
            f"{VERSION}; stop what writes to them and run: motfunnel migrate"
        )


def too_new(found: int) -> SchemaError:
    """The error that refuses tables of a version yet to come."""
    return SchemaError(
        f"the tables are of version {found}, and this motfunnel knows version {VERSION}; "
        "install the motfunnel that made them, or a newer one"
    )


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
