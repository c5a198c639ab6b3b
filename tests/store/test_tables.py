"""The tables: names that every database and host can live with, and rows that say all there is."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, inspect
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.schema import CreateTable

from motfunnel.store.schema.tables import tables
from motfunnel.store.schema.types import MARIADB_COLLATION

pytestmark = pytest.mark.every_database

DIALECTS = [sqlite.dialect(), postgresql.dialect(), mysql.dialect()]  # type: ignore[no-untyped-call]


def test_names() -> None:
    """Tables, indexes and constraints have names of ours, of at most thirty characters."""
    for table in tables().metadata.sorted_tables:
        named: list[Any] = [table, *table.indexes, *table.constraints]
        for one in named:
            assert isinstance(one.name, str), one
            assert one.name.startswith("motfunnel_")
            assert len(one.name) <= 30
        assert not table.foreign_keys


def test_every_key_begins_with_the_tenant() -> None:
    """The rows of a tenant, and of each of its contacts, lie together."""
    kept = tables()
    for table in kept.metadata.sorted_tables:
        if table is not kept.version:
            assert next(iter(table.primary_key.columns)).name == "tenant"


def test_every_text_compares_by_code_point() -> None:
    """No text is left to a collation that takes two texts for one."""
    for table in tables().metadata.sorted_tables:
        in_postgresql, in_mariadb = (
            str(CreateTable(table).compile(dialect=dialect)) for dialect in DIALECTS[1:]
        )
        for line in in_postgresql.splitlines():
            assert ("VARCHAR" in line or "TEXT" in line) is ('COLLATE "C"' in line), line
        for line in in_mariadb.splitlines():
            if "VARCHAR" in line or "TEXT" in line:
                assert MARIADB_COLLATION in line


def test_one_set_of_tables_a_schema() -> None:
    """Tables of a schema are made once, and apart from those of another."""
    assert tables("crm") is tables("crm")
    assert tables("crm") is not tables()
    assert {table.schema for table in tables("crm").metadata.sorted_tables} == {"crm"}


@pytest.mark.usefixtures("url")
def test_what_is_made_is_what_is_meant(engine: Engine) -> None:
    """The database has each column, nullable or not, and each key, as the tables say."""
    kept = tables()
    kept.metadata.create_all(engine)
    found = inspect(engine)
    for table in kept.metadata.sorted_tables:
        columns = {column["name"]: column["nullable"] for column in found.get_columns(table.name)}
        assert columns == {column.name: column.nullable for column in table.columns}
        key = found.get_pk_constraint(table.name)["constrained_columns"]
        assert key == [column.name for column in table.primary_key.columns]
