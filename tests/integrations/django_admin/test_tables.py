"""The tables that Django's migrations make are those that the store makes, on every database."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import override_settings
from sqlalchemy import Engine, create_engine, inspect, text

from motfunnel import Tracker
from motfunnel.integrations.django import models
from motfunnel.store.schema.tables import tables
from motfunnel.store.schema.versions import VERSION
from tests.databases import Databases

TABLES = tables().metadata.sorted_tables
NAMES = [table.name for table in TABLES]

# What may differ, and changes nothing that anybody could notice.
ACCEPTED = {
    # Django writes a key of a single column beside the column, where it can have no name.
    ("sqlite", "motfunnel_schema", "the key's name"),
}


@pytest.fixture
def made(request: pytest.FixtureRequest, databases: Databases, migrated: str) -> Iterator[Engine]:
    """An engine on the tables that the store makes by itself, on the same server."""
    backend = request.node.callspec.params["url"]
    engine = create_engine(databases.shared(backend))
    tables().metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(migrated: str) -> Iterator[Engine]:
    """An engine on what Django made."""
    engine = create_engine(migrated)
    yield engine
    engine.dispose()


def described(engine: Engine, table: str) -> dict[str, Any]:
    """All that the database says of a table."""
    found = inspect(engine)
    key = found.get_pk_constraint(table)
    return {
        "columns": [
            (one["name"], repr(one["type"]), one["nullable"], one["default"])
            for one in found.get_columns(table)
        ],
        "the key": key["constrained_columns"],
        "the key's name": key["name"],
        "indexes": sorted(map(index, found.get_indexes(table)), key=str),
        "checks": sorted(
            (str(one["name"]), one["sqltext"].replace('"', "").replace("`", ""))
            for one in found.get_check_constraints(table)
        ),
        "unique constraints": found.get_unique_constraints(table),
        "foreign keys": found.get_foreign_keys(table),
        "options": found.get_table_options(table),
        "collations": collations(engine, table),
    }


def index(one: Any) -> tuple[Any, ...]:
    condition = [
        str(value).replace('"', "").strip("()")
        for name, value in sorted(one.get("dialect_options", {}).items())
        if name.endswith("_where")
    ]
    return one["name"], one["column_names"], bool(one["unique"]), condition


def collations(engine: Engine, table: str) -> list[tuple[Any, ...]]:
    """The collation and exact type of each column, which reflection may leave out."""
    asked = {
        "sqlite": "SELECT name, upper(type) FROM pragma_table_info(:name)",
        "postgresql": "SELECT attname, format_type(atttypid, atttypmod), attcollation::regcollation"
        "::text FROM pg_attribute WHERE attrelid = cast(:name AS regclass) AND attnum > 0",
        "mysql": "SELECT column_name, column_type, character_set_name, collation_name"
        " FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = :name"
        " ORDER BY ordinal_position",
    }[engine.dialect.name]
    with engine.connect() as connection:
        rows = connection.execute(text(asked), {"name": table}).all()
    return [tuple("BOOLEAN" if cell == "BOOL" else cell for cell in row) for row in rows]


def test_the_tables_are_equal(made: Engine, engine: Engine) -> None:
    """Columns, types, collations, keys, indexes, checks and options are the same, with names."""
    differences = {
        (engine.dialect.name, table, aspect)
        for table in NAMES
        for aspect, said in described(made, table).items()
        if described(engine, table)[aspect] != said
    }
    accepted = {one for one in ACCEPTED if one[0] == engine.dialect.name}
    assert differences == accepted


def test_sqlite_keeps_one_tree(engine: Engine) -> None:
    """On SQLite a table is its key's tree, as the store makes it."""
    if engine.dialect.name != "sqlite":
        pytest.skip("only SQLite has rowids")
    with engine.connect() as connection:
        kept = "SELECT name FROM pragma_table_list WHERE wr AND name LIKE 'motfunnel%'"
        assert set(connection.scalars(text(kept))) == set(NAMES)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_alembic_finds_no_difference(engine: Engine) -> None:
    """A host that compares by Alembic, types and defaults included, has nothing to do."""

    def is_ours(thing: Any, name: str | None, kind: str, *_: object) -> bool:
        return kind != "table" or str(name).startswith("motfunnel_")

    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True, "include_object": is_ours}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, tables().metadata) == []


def test_every_table_has_a_model() -> None:
    """Each table has a model with the same columns, in the same order, and the same defaults."""
    kept = {one._meta.db_table: one for one in apps.get_app_config("motfunnel").get_models()}
    assert set(kept) == set(NAMES)
    for table in TABLES:
        fields = [one for one in kept[table.name]._meta.fields if one.column is not None]
        assert [one.column for one in fields] == [one.name for one in table.columns]
        for field, column in zip(fields, table.columns, strict=True):
            default = getattr(column.default, "arg", None)
            assert (field.default if field.has_default() else None) == default


def test_the_version_is_written(migrated: str) -> None:
    """The tables say of which version they are, so that the store takes them as they are."""
    assert [one.version for one in models.TablesVersion.objects.all()] == [VERSION]
    with Tracker(migrated) as tracker:
        assert tracker.migrate() == (VERSION, VERSION)


def test_tables_that_were_there_before(empty: str) -> None:
    """Tables that motfunnel had made itself are taken over by ``migrate --fake-initial``."""
    from motfunnel import Funnel

    with Tracker(empty, funnel=Funnel.saas()) as tracker:
        tracker.track("ada@example.com", "Signed Up")
        call_command("migrate", fake_initial=True, verbosity=0)
        assert tracker.contact("ada@example.com").events == 1
    assert models.Contact.objects.get().contact == "ada@example.com"
    assert models.TablesVersion.objects.get().version == VERSION


def test_events_that_were_there_before(migrated: str) -> None:
    """Of events from before a column was there, the migration finds out whether they kept alive."""
    from motfunnel import Funnel, leave, rating, touch

    rules = {"saw": touch(), "left": leave(), "rated": rating("score")}
    with Tracker(migrated, funnel=Funnel(stages=("visitor", "customer"), rules=rules)) as tracker:
        for name in ("saw", "left", "rated"):
            tracker.track("ada@example.com", name)
    call_command("migrate", "motfunnel", "0003", verbosity=0)
    call_command("migrate", "motfunnel", verbosity=0)
    found = {one.event: one.alive for one in models.Event.objects.all()}
    assert found == {"saw": True, "left": False, "rated": False}


def test_going_back(migrated: str) -> None:
    """Taking the migrations back leaves nothing of ours."""
    call_command("migrate", "motfunnel", "zero", verbosity=0)
    assert [name for name in connection.introspection.table_names() if "motfunnel" in name] == []


@pytest.mark.parametrize("key", ["BigAutoField", "AutoField", "UUIDField"])
@pytest.mark.parametrize("zones", [True, False])
def test_no_migration_is_missing(key: str, zones: bool) -> None:
    """``makemigrations --check`` finds nothing to do, whatever the project's defaults."""
    assert MigrationRecorder.Migration  # Django makes it once, by the defaults of then
    with override_settings(DEFAULT_AUTO_FIELD=f"django.db.models.{key}", USE_TZ=zones):
        call_command("makemigrations", "motfunnel", check=True, dry_run=True, verbosity=0)


def test_a_router_may_keep_them_out(empty: str) -> None:
    """Where a router wants none of our tables, none is made, and no version written."""
    with override_settings(DATABASE_ROUTERS=[NoTables()]):
        call_command("migrate", verbosity=0)
    assert [name for name in connection.introspection.table_names() if "motfunnel" in name] == []


class NoTables:
    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return (
            None
            if hints.get("model_name") is None and "motfunnel" in app_label
            else (app_label != "motfunnel")
        )


def test_checks_are_silent(migrated: str) -> None:
    """Neither Django's checks of the models nor those of the database have anything to say."""
    call_command("check", "motfunnel", databases=["default"], fail_level="INFO")


def test_the_migration_can_be_written_anew() -> None:
    """Django can write all of it into another file, as ``squashmigrations`` does."""
    from django.db.migrations.writer import MigrationWriter

    names = ["0001_initial", "0002_tombstones", "0003_checkpoints", "0004_alive", "0005_gaps"]
    names.append("0006_values")
    for version, name in enumerate(names, 2):
        written = import_module(f"motfunnel.integrations.django.migrations.{name}")
        migration = written.Migration(name, "motfunnel")
        assert f"PutVersion({version})" in MigrationWriter(migration).as_string()
    assert version == VERSION
