"""Alembic: the tables in a host's metadata, or left alone by its autogenerate.

Needs no Alembic itself. A host does one or the other: either its migrations make the tables, or
motfunnel does.
"""

from __future__ import annotations

from typing import Any

from motfunnel.store.database.migrations import upgrade
from motfunnel.store.schema.portable import add_plain_tables, is_table_of_ours
from motfunnel.store.schema.tables import tables

__all__ = ["add_tables", "include_object", "upgrade_tables"]


def add_tables(metadata: Any, schema: str | None = None) -> None:
    """Put the tables into a host's metadata, so that its migrations make and keep them.

    Their types are SQLAlchemy's, so that a migration imports nothing of motfunnel's. A table that
    is there already stays as it is.

    Args:
        metadata: the MetaData that ``env.py`` gives as ``target_metadata``.
        schema: the schema that the tracker is given, too.
    """
    add_plain_tables(metadata, schema)


def include_object(
    thing: Any, name: str | None, type_: str, reflected: bool, compare_to: Any
) -> bool:
    """Leave the tables alone that are in the database and not in the host's metadata.

    Without it, the next autogenerate would drop them. It is what ``context.configure`` takes.
    """
    is_strange = type_ == "table" and reflected and compare_to is None
    return not (is_strange and is_table_of_ours(name))


def upgrade_tables(connection: Any, before: int, after: int, *, schema: str | None = None) -> None:
    """Bring the tables from one version to another, with all rows kept: in a host's migration.

    What autogenerate cannot know, a later motfunnel does here: what a new column holds in the rows
    that are there, and how a key is changed.

    Args:
        connection: that of the migration, ``op.get_bind()``.
        before: the version of the tables up to then.
        after: the version from then on.
        schema: the schema of the tables.

    Raises:
        SchemaError: there are no such versions.
    """
    upgrade(connection, tables(schema), before, after)
