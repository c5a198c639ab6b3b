"""Plain Alembic: it makes our tables, or leaves them alone; it never drops them."""

from __future__ import annotations

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata, produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, Engine, Integer, MetaData, Table, inspect
from sqlalchemy.schema import Column

from motfunnel import Tracker
from motfunnel.errors import SchemaError
from motfunnel.integrations.alembic import add_tables, include_object, upgrade_tables
from motfunnel.store.database.database import Database
from motfunnel.store.schema.tables import tables
from motfunnel.store.schema.types import MARIADB
from motfunnel.store.schema.versions import VERSION
from motfunnel.tracking.upkeep.check import check_contacts
from tests.store.test_migrations import put_released
from tests.tracking.scene import FUNNEL, day

CONVENTION = {
    "pk": "pk_%(table_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
}


@pytest.fixture
def metadata() -> MetaData:
    """A host's metadata, with a convention for names, and our tables."""
    metadata = MetaData(naming_convention=CONVENTION)
    Table("orders", metadata, Column("number", Integer, primary_key=True))
    add_tables(metadata)
    return metadata


def context(connection: Connection, **options: Any) -> MigrationContext:
    """What an ``env.py`` configures."""
    strict = {"compare_type": True, "compare_server_default": True} | options
    return MigrationContext.configure(connection, opts=strict)


def shape(engine: Engine) -> dict[str, Any]:
    """All that the database knows of our tables."""
    found, shapes = inspect(engine), {}
    for name in sorted(tables().metadata.tables):
        columns = [
            {key: str(value) for key, value in one.items()}
            | {"collation": str(getattr(one["type"], "collation", None))}
            for one in found.get_columns(name)
        ]
        checks = [
            one
            for one in found.get_check_constraints(name)
            if one["name"] and str(one["name"]).startswith("motfunnel_")
        ]
        indexes = sorted(
            (one["name"], one["column_names"], _words(one.get("dialect_options", {})))
            for one in found.get_indexes(name)
        )
        key = found.get_pk_constraint(name)
        has_options = engine.dialect.name in MARIADB
        options = found.get_table_options(name) if has_options else {}
        shapes[name] = (columns, key, indexes, repr(checks), repr(options))
    return shapes


def _words(options: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted((name, str(value)) for name, value in options.items())


def test_a_migration_makes_the_very_tables(engine: Engine, metadata: MetaData) -> None:
    """What autogenerate writes imports nothing of ours, and makes what we would have made."""
    with engine.connect() as connection:
        migration = context(connection)
        upgrade = produce_migrations(migration, metadata).upgrade_ops
        assert upgrade is not None
        code = render_python_code(upgrade)
        assert "import motfunnel" not in code
        assert "from motfunnel" not in code
        with Operations.context(migration) as op:
            run(code, op)
        connection.commit()
        assert compare_metadata(context(connection), metadata) == []
    made = shape(engine)
    metadata.drop_all(engine)
    Database(engine).create_tables()
    assert made == shape(engine)


def test_tables_that_a_tracker_made_are_found(engine: Engine, metadata: MetaData) -> None:
    """Where the tables are there already, autogenerate has nothing to do with them."""
    Database(engine).create_tables()
    with engine.connect() as connection:
        [(kind, table)] = compare_metadata(context(connection), metadata)
    assert (kind, table.name) == ("add_table", "orders")


def test_the_version_is_written_down_on_first_use(engine: Engine, metadata: MetaData) -> None:
    """A migration writes no row; the tracker's first transaction of its own does."""
    metadata.create_all(engine)
    tracker, version = Tracker(engine, FUNNEL), tables().version
    with engine.begin() as connection:
        tracker.track("ada", "bought", bind=connection)
        assert connection.scalars(version.select()).all() == []
    assert tracker.contact("ada").presence == "active"
    with engine.connect() as connection:
        assert connection.scalars(version.select()).all() == [VERSION]


def test_tables_of_an_unknown_version_are_not_taken_for_this_ones(
    engine: Engine, metadata: MetaData
) -> None:
    """Where no version is written down and a column is missing, the error names it."""
    metadata.create_all(engine)
    with engine.begin() as connection:
        Operations(context(connection)).drop_column("motfunnel_moments", "recorded_as")
    with pytest.raises(SchemaError, match=r"motfunnel_moments\.recorded_as"):
        Tracker(engine, FUNNEL).contact("ada")


def test_a_host_that_does_not_take_them_leaves_them_alone(engine: Engine) -> None:
    """With include_object autogenerate drops its own tables only; without, ours too."""
    Database(engine).create_tables()
    strange = MetaData()
    Table("motfunnel_of_the_hosts", strange, Column("number", Integer, primary_key=True))
    strange.create_all(engine)
    with engine.connect() as connection:
        careless = {one[1].name for one in compare_metadata(context(connection), MetaData())
                    if one[0] == "remove_table"}  # fmt: skip
        kept = context(connection, include_object=include_object)
        [(kind, table)] = compare_metadata(kept, MetaData())
    assert careless > set(tables().metadata.tables)
    assert (kind, table.name) == ("remove_table", "motfunnel_of_the_hosts")


def test_tables_of_a_schema(metadata: MetaData) -> None:
    """They go into the schema that is named, and else into the default one, whatever the host's."""
    mine = MetaData(schema="shop")
    add_tables(mine)
    add_tables(mine, "crm")
    add_tables(mine, "crm")
    names = set(tables().metadata.tables)
    assert set(mine.tables) == names | {f"crm.{name}" for name in names}


def test_a_later_version_is_a_step_in_a_migration(engine: Engine, metadata: MetaData) -> None:
    """A migration of the host's brings the tables to the next version, with every row kept."""
    put_released(engine, 1)
    with engine.begin() as connection:
        upgrade_tables(connection, 1, VERSION)
    with engine.connect() as connection:
        migration = context(connection, compare_server_default=False)
        [(kind, table)] = compare_metadata(migration, metadata)
    assert (kind, table.name) == ("add_table", "orders")
    with engine.begin() as connection:
        upgrade_tables(connection, 1, VERSION)  # changes nothing
    tracker = Tracker(engine, FUNNEL, clock=lambda: day(400))
    tracker.rebuild()  # how scores are read has changed since
    assert check_contacts(tracker).is_sound


def test_a_version_that_there_is_not(engine: Engine) -> None:
    """Versions that are not known, or in the wrong order, are refused."""
    with engine.connect() as connection:
        for before, after in ((VERSION, VERSION + 1), (2, 1), (0, 1)):
            with pytest.raises(SchemaError, match="no way from version"):
                upgrade_tables(connection, before, after)


def run(code: str, op: Operations) -> None:
    """Run the body of a migration."""
    import sqlalchemy
    from sqlalchemy.dialects import mysql, postgresql

    body = "\n".join(line.removeprefix("    ") for line in code.splitlines())
    exec(body, {"op": op, "sa": sqlalchemy, "mysql": mysql, "postgresql": postgresql})
