"""Migrations: the tables of any released version become today's, with every row kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import Engine, inspect, select, text

from motfunnel import Tracker, rhythm
from motfunnel.errors import SchemaError
from motfunnel.store.database.database import Database
from motfunnel.store.database.migrations import migrate
from motfunnel.store.database.pace import Pace
from motfunnel.store.schema.tables import tables
from motfunnel.store.schema.versions import VERSION
from motfunnel.tracking.upkeep.check import check_contacts
from tests.databases import BACKENDS
from tests.golden.histories import drawn
from tests.tracking.scene import FUNNEL, day, rows_of

pytestmark = pytest.mark.every_database

RELEASED = {
    int(p.stem.rpartition("_")[2]): p for p in (Path(__file__).parent / "released").iterdir()
}
"""Tables as they were made by the released versions, with rows that these wrote."""


def put_released(engine: Engine, version: int) -> dict[str, list[dict[str, Any]]]:
    """Make the tables of a released version, with its rows; give these."""
    released = json.loads(RELEASED[version].read_text("utf-8"))
    dialect = {"mysql": "mariadb"}.get(engine.dialect.name, engine.dialect.name)
    with engine.begin() as connection:
        for statement in released["ddl"][dialect]:
            connection.exec_driver_sql(statement)
        for table, rows in released["rows"].items():
            booleans = {
                column["name"]
                for column in inspect(connection).get_columns(table)
                if "BOOL" in str(column["type"])
            }
            for row in rows:
                values = {
                    name: bool(value)
                    if name in booleans
                    else f"{value}+00"
                    if name.endswith("_at") and value is not None and dialect == "postgresql"
                    else value
                    for name, value in row.items()
                }
                if dialect == "postgresql":
                    columns = inspect(connection).get_columns(table)
                    kinds = {column["name"]: str(column["type"]) for column in columns}
                    places = [
                        f"CAST(:{name} AS {kinds[name].partition(' COLLATE')[0]})".replace(
                            "TIMESTAMP)",
                            "TIMESTAMPTZ)",  # a server may be at home in any zone
                        )
                        for name in row
                    ]
                else:
                    places = [f":{name}" for name in row]
                quote = connection.dialect.identifier_preparer.quote
                names = ", ".join(map(quote, row))
                connection.execute(
                    text(f"INSERT INTO {table} ({names}) VALUES ({', '.join(places)})"), values
                )
    rows_of: dict[str, list[dict[str, Any]]] = released["rows"]
    return rows_of


def shape(engine: Engine) -> dict[str, Any]:
    """What a database says of its tables: columns, keys and indexes."""
    seen = inspect(engine)
    return {
        name: (
            {
                column["name"]: (str(column["type"]), column["nullable"])
                for column in seen.get_columns(name)
            },
            seen.get_pk_constraint(name)["constrained_columns"],
            sorted((i["name"] or "", tuple(i["column_names"])) for i in seen.get_indexes(name)),
        )
        for name in seen.get_table_names()
    }


@pytest.mark.parametrize("version", RELEASED)
def test_the_tables_are_those_of_today(engine: Engine, version: int) -> None:
    """What a migration leaves is what this version would have made."""
    Database(engine).create_tables()
    today = shape(engine)
    with engine.begin() as connection:
        tables().metadata.drop_all(connection)
    put_released(engine, version)
    assert migrate(Database(engine)) == (version, VERSION)
    assert shape(engine) == today
    assert migrate(Database(engine)) == (VERSION, VERSION)


@pytest.mark.parametrize("version", RELEASED)
def test_every_row_is_kept(engine: Engine, version: int) -> None:
    """Contacts, events, moments, traits and rejects are there after it, and bear each other out."""
    before = put_released(engine, version)
    migrate(Database(engine))
    with engine.connect() as connection:
        for table in tables().metadata.sorted_tables:
            if table is tables().version:
                continue
            rows = connection.execute(select(table)).mappings().all()
            assert len(rows) == len(before.get(table.name, ())), table.name
            for row in rows:
                new = {k: v for k, v in row.items() if k not in ("recorded_as", "aliases", "owner")}
                old = next(
                    one
                    for one in before[table.name]
                    if all(one[c.name] == row[c.name] for c in table.primary_key if c.name in one)
                )
                for name, value in old.items():
                    if name.endswith("_at"):
                        assert (value is None) == (new[name] is None)
                    elif not isinstance(new[name], dict):
                        assert new[name] == value
    with Tracker(engine, funnel=FUNNEL) as tracker:
        tracker.rebuild()  # how scores are read has changed since
        assert check_contacts(tracker).is_sound
        traits = tracker.report(as_of=day(100)).recidivism(within=day(5) - day(0), by="plan")
        assert {row.group for row in traits.rows} == {"free", "pro", "unknown"}
        assert tracker.track(
            "ada", "saw", id="1", occurred_at=day(0), properties={"source": "ads"}
        ).duplicate


def _merge_tied(tracker: Tracker) -> None:
    """Ratings at the instant of a return that another key of the contact's made, or its own."""
    for back, late in (
        ("praised", "looked"),
        ("looked", "praised"),
        ("bought", "bought"),
    ):
        said = [
            ("one", "looked", 0, "0"),
            ("one", "unsubscribed", 1, "1"),
            ("two", "rated", 2, "2"),
            ("three", back, 2, "3"),
            ("two", late, 9, "3"),  # an id says nothing of another key's
            ("one", late, 9, "3"),
        ]
        for key, name, at, id in said:
            tracker.track(f"{back} {key}", name, id=id, occurred_at=day(at))
        for key in "two", "three":
            tracker.merge(f"{back} {key}", into=f"{back} one")


@pytest.mark.slow
def test_who_was_kept_alive_is_found_in_older_tables(url: str) -> None:
    """What a fold would store of old events a migration stores: merges, ties and erasures too."""
    with drawn(url, 3) as tracker:
        said = [("bought", 0), ("unsubscribed", 1), ("rated", 2), ("praised", 2), ("rated", 3)]
        for number, (name, at) in enumerate(said):
            tracker.track("tied", name, id=f"{number}", occurred_at=day(at))
        _merge_tied(tracker)
        tracker.forget("c010", keep_counts=True)
        engine = tracker.database.engine
        kept = rows_of(engine, tracker.tenant)
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE motfunnel_events DROP COLUMN alive"))
            connection.execute(tables().version.update().values(version=4))
        assert migrate(Database(engine)) == (4, VERSION)
        assert rows_of(engine, tracker.tenant) == kept
        assert check_contacts(tracker).is_sound
    alive = {(one["signal"], one["alive"]) for one in kept["motfunnel_events"]}
    assert {("rating", True), ("rating", False), ("complain", False)} <= alive


def _take_back_to_5(engine: Engine) -> None:
    """Leave the tables and rows as version 5 had them, checkpoints of a shorter state included."""
    kept = tables().checkpoints
    with engine.begin() as connection:
        for row in connection.execute(select(kept)).mappings().all():
            state, cases = json.loads(row["state"])
            mine = [column == row[column.name] for column in kept.primary_key]
            shorter = json.dumps([state[:11], cases])
            connection.execute(kept.update().where(*mine).values(state=shorter))
        for column in "gaps", "gaps_sum":
            connection.execute(text(f"ALTER TABLE motfunnel_contacts DROP COLUMN {column}"))
        connection.execute(tables().version.update().values(version=5))


def test_gaps_are_counted_by_the_next_fold(url: str) -> None:
    """Who was there before goes on, and keeps no gaps until a late event, or a rebuild, folds it.

    A fold finds no checkpoint from before, and a funnel with a rhythm counts all gaps.
    """
    funnel = evolve(
        FUNNEL, patience={"default": rhythm(2, usual="2d", at_least="1d", at_most="9d")}
    )
    with Tracker(url, funnel=FUNNEL, clock=lambda: day(500)) as tracker:
        engine = tracker.database.engine
        tracker.database.pace = Pace(every=2)
        for contact in "ada", "bob", "cyd":
            for number in range(5):
                tracker.track(contact, "saw", id=f"{number}", occurred_at=day(2 * number))
        _take_back_to_5(engine)
        assert migrate(Database(engine)) == (5, VERSION)

        def gaps() -> dict[str, int | None]:
            rows = rows_of(tracker.database.engine, tracker.tenant)["motfunnel_contacts"]
            assert all((one["gaps"] is None) == (one["gaps_sum"] is None) for one in rows)
            return {one["contact"]: one["gaps"] for one in rows}

        assert check_contacts(tracker).is_sound
        tracker.track("ada", "saw", id="5", occurred_at=day(10))
        tracker.track("bob", "saw", id="5", occurred_at=day(1))
        assert gaps() == {"ada": None, "bob": 5, "cyd": None}
        assert check_contacts(tracker).is_sound
    with Tracker(url, funnel=funnel, clock=lambda: day(500)) as tracker:
        tracker.track("cyd", "saw", id="5", occurred_at=day(9))
        assert gaps() == {"ada": None, "bob": 5, "cyd": 5}
        tracker.rebuild()
        assert gaps() == {"ada": 5, "bob": 5, "cyd": 5}
        assert check_contacts(tracker).is_sound
        silent = {moment.contact: moment.occurred_at for moment in tracker.moments(kind="depart")}
        assert silent["ada"] == day(10 + 2 * 2)


@pytest.mark.parametrize("version", RELEASED)
def test_an_earlier_version_is_refused_until_then(engine: Engine, version: int) -> None:
    """The tracker does not write to tables of an earlier version, and names the command."""
    put_released(engine, version)
    with Tracker(engine, funnel=FUNNEL) as tracker, pytest.raises(SchemaError, match="migrate"):
        tracker.track("ada", "saw")


def test_a_later_version_is_refused(engine: Engine) -> None:
    """Neither the tracker nor a migration touches tables of a version yet to come."""
    Database(engine).create_tables()
    with engine.begin() as connection:
        connection.execute(tables().version.update().values(version=VERSION + 1))
    with pytest.raises(SchemaError, match="newer"):
        migrate(Database(engine))
    with Tracker(engine, funnel=FUNNEL) as tracker, pytest.raises(SchemaError, match="newer"):
        tracker.track("ada", "saw")


def test_nothing_to_migrate(engine: Engine) -> None:
    """An empty database stays empty."""
    assert migrate(Database(engine)) == (0, 0)
    assert inspect(engine).get_table_names() == []


@pytest.mark.slow
@pytest.mark.parametrize("url", ["mariadb"], indirect=True)
def test_a_migration_that_was_killed_goes_on(engine: Engine) -> None:
    """On MariaDB, where each step commits, a migration that stopped anywhere is completed."""
    assert "mariadb" in BACKENDS
    Database(engine).create_tables()
    today = shape(engine)
    stop, finished = 0, False
    while not finished:
        with engine.begin() as connection:
            tables().metadata.drop_all(connection)
        put_released(engine, 1)
        stop += 1
        finished = not _migrate_until(engine, stop)
        migrate(Database(engine))
        assert shape(engine) == today
        with engine.connect() as connection:
            traits = connection.execute(select(tables().traits)).all()
        assert len(traits) == 3
    assert stop > 5


class _Killed(Exception):
    """The process ended here."""


def _migrate_until(engine: Engine, stop: int) -> bool:
    """Migrate until before the statement of this number; whether that was reached."""
    from sqlalchemy import create_engine, event

    doomed, count = create_engine(engine.url), 0

    @event.listens_for(doomed, "before_cursor_execute")
    def kill(connection: Any, *_: object) -> None:
        nonlocal count
        count += 1
        if count == stop:
            connection.invalidate()
            raise _Killed

    try:
        migrate(Database(doomed))
    except _Killed:
        return True
    finally:
        doomed.dispose()
    return False
