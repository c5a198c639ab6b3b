"""The version of the tables: what this code works with, and what a database has.

Tables and versions that do not fit are refused with what is to be run; nothing is mended here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, inspect, select

from motfunnel.errors import SchemaError
from motfunnel.store.absence import absent, missing_parts
from motfunnel.store.tables import Tables

VERSION: Final = 5
"""The version of the tables that this code reads and writes."""


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
