"""What Django's models cannot say of a table: the name of its key, and how it is stored.

A migration of ours makes its tables with ``CreateTable``, and changes them ``as_ours``, so that
they are those that the store itself would make.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.db import migrations, models

from motfunnel.store.schema.types import MARIADB_COLLATION

_OPTIONS: Final = {
    "sqlite": " WITHOUT ROWID",  # one tree instead of a table and an index beside it
    "mysql": f" ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={MARIADB_COLLATION}",
}


class CreateTable(migrations.CreateModel):
    """Create a model's table as the store would, unless it has made it already."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Create it."""
        model = to_state.apps.get_model(app_label, self.name)
        table = model._meta.db_table
        if table in schema_editor.connection.introspection.table_names():
            return
        with as_ours(schema_editor, table):
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        is_named = model._meta.is_composite_pk or schema_editor.connection.vendor != "postgresql"
        if not is_named and self.allow_migrate_model(schema_editor.connection.alias, model):
            # Django writes a key of one column beside it, without a name.
            schema_editor.execute(f"ALTER INDEX {table}_pkey RENAME TO {table}_pk")


class AddColumn(migrations.AddField):
    """Add a column to a table of ours, unless the store has made it already."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Add it."""
        model = to_state.apps.get_model(app_label, self.model_name)
        connection, table = schema_editor.connection, model._meta.db_table
        if not self.allow_migrate_model(connection.alias, model):
            return
        if self.name not in _columns(connection, table):
            with as_ours(schema_editor, table):
                super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Drop it."""
        table = from_state.apps.get_model(app_label, self.model_name)._meta.db_table
        with as_ours(schema_editor, table):
            super().database_backwards(app_label, schema_editor, from_state, to_state)


class AddIndexOfOurs(migrations.AddIndex):
    """Add an index to a table of ours, unless the store has made it already."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Add it."""
        model = to_state.apps.get_model(app_label, self.model_name)
        connection, table = schema_editor.connection, model._meta.db_table
        if not self.allow_migrate_model(connection.alias, model):
            return
        if self.index.name not in _indexes(connection, table):
            super().database_forwards(app_label, schema_editor, from_state, to_state)


# On SQLite Django reads columns and indexes out of the words that made them, and fails over ours.


def _columns(connection: Any, table: str) -> set[str]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM pragma_table_info(%s)", [table])
            return {name for (name,) in cursor.fetchall()}
        return {one.name for one in connection.introspection.get_table_description(cursor, table)}


def _indexes(connection: Any, table: str) -> set[str]:
    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            return set(connection.introspection.get_constraints(cursor, table))
        cursor.execute("SELECT name FROM sqlite_master WHERE tbl_name = %s", [table])
        return {name for (name,) in cursor.fetchall()}


@contextmanager
def as_ours(schema_editor: Any, table: str) -> Iterator[None]:
    """Have the schema editor write a table's key and options as the store would.

    On SQLite Django makes a table anew for most changes; those belong in here, too.
    """
    key = schema_editor.quote_name(f"{table}_pk")
    options = _OPTIONS.get(schema_editor.connection.vendor, "")
    schema_editor.sql_pk_constraint = f"CONSTRAINT {key} {type(schema_editor).sql_pk_constraint}"
    schema_editor.sql_create_table = type(schema_editor).sql_create_table + options
    try:
        yield
    finally:
        del schema_editor.sql_pk_constraint, schema_editor.sql_create_table


class IndexWhereSet(models.Index):
    """An index over the tenant and a column, without the rows in which the column is empty.

    MariaDB has no such indexes; there it holds all rows.
    """

    def _get_condition_sql(self, model: Any, schema_editor: Any) -> str | None:
        if not schema_editor.connection.features.supports_partial_indexes:
            return None
        column = model._meta.get_field(self.fields[-1]).column
        return f"{schema_editor.quote_name(column)} IS NOT NULL"
