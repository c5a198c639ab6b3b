"""Health: well where a call would be recorded, else what is wrong, in words; nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text, update

from motfunnel import AsyncTracker, Health, Tracker
from motfunnel.errors import RefusedError, StoreError
from motfunnel.intake.importer import import_file
from motfunnel.store.database.rehearsal import ROOM
from motfunnel.store.schema.tables import tables
from tests.tracking.scene import DAY, FUNNEL, NOON, Clock, day

Make = Callable[..., Tracker]
pytestmark = pytest.mark.every_database


def test_figures(tracker: Tracker, clock: Clock) -> None:
    """Health says when this process wrote, what waits, and what is due."""
    assert tracker.health().last_write_at is None
    assert tracker.health().is_empty
    assert f"nothing was ever recorded of the tenant '{tracker.tenant}'" in str(tracker.health())
    tracker.track("ada", "saw", id="1", occurred_at=day(0))
    health = tracker.health()
    assert (health.last_write_at, health.rejects, health.outdated) == (clock.now, 0, 0)
    assert (health.is_writable, health.is_well, health.is_empty) == (True, True, False)
    assert (health.overdue, health.to_dict()["overdue"]) == (1, 1)
    tracker.sweep()
    health = tracker.health()
    assert (health.overdue, health.sweep_lag) == (0, timedelta())
    assert health.to_dict()["sweep_lag"] == 0
    assert str(health) == "0 rejects, 0 spooled, 0 outdated, no departure waits for a sweep"


def test_the_sweep_is_late_since_it_had_something_to_do(tracker: Tracker, clock: Clock) -> None:
    """From the deadline on; but not before the event was recorded that had long run out by then."""
    now = clock.now
    tracker.track("old", "saw", id="1", occurred_at=day(0))
    assert tracker.health().sweep_lag == timedelta()
    clock.now = now + timedelta(hours=3)
    assert tracker.health().sweep_lag == timedelta(hours=3)
    assert "1 departure wait" in str(tracker.health())
    tracker.track("new", "saw", id="1", occurred_at=now)
    tracker.sweep()
    assert tracker.health().sweep_lag == timedelta()
    clock.now = now + 10 * DAY + timedelta(minutes=20)
    assert tracker.health().sweep_lag == timedelta(minutes=20)
    tracker.track("other", "saw", id="1", occurred_at=day(0))
    assert (tracker.health().overdue, tracker.health().sweep_lag) == (2, timedelta(minutes=20))


def test_a_store_that_was_only_imported_into(
    tracker: Tracker, clock: Clock, tmp_path: Path
) -> None:
    """A sweep that never ran is not days behind; what no sweep would write yet, waits for none."""
    file = tmp_path / "history.csv"
    file.write_text(
        "contact,event,at\nada,saw,2001-01-01T00:00:00Z\nbob,saw,2001-03-01T00:00:00Z\n"
    )
    import_file(tracker, file, contact="contact", event="event", at="at")
    clock.now += 7 * DAY
    health = tracker.health()
    assert (health.overdue, health.sweep_lag, health.is_well) == (1, None, True)
    assert "1 departure wait for a sweep, which has never run" in str(health)
    assert tracker.sweep() == 1
    health = tracker.health()
    assert (health.overdue, health.sweep_lag) == (0, timedelta())


def everything(engine: Engine) -> dict[str, list[Any]]:
    """All rows of all tables."""
    with engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(table.select())))
            for table in tables().metadata.sorted_tables
        }


def test_nothing_is_left(url: str, engine: Engine) -> None:
    """What is tried is undone: no row is added or changed, and on SQLite the file is as it was."""
    with Tracker(url, FUNNEL, spool=False) as tracker:
        tracker.track("ada", "bought", occurred_at=NOON)
        before = everything(engine)
        for _ in range(3):
            assert tracker.health().is_writable
        assert everything(engine) == before
        assert tracker.track("ada", "bought", occurred_at=day(1)).moments
    database = make_url(url).database
    if engine.dialect.name == "sqlite" and database is not None:
        assert b"motfunnel probe" not in Path(database).read_bytes()


# What makes a store one that cannot be written, on a database of the test's own.


@contextmanager
def read_only(url: str, engine: Engine) -> Iterator[Any]:
    """Sessions whose transactions are read-only; of SQLite, a file that is opened so."""
    if engine.dialect.name == "sqlite":
        yield f"sqlite:///file:{make_url(url).database}?mode=ro&uri=true"
        return
    settings = {
        "postgresql": {"options": "-c default_transaction_read_only=on"},
        "mysql": {"init_command": "SET SESSION TRANSACTION READ ONLY"},
    }[engine.dialect.name]
    yield make_url(url).update_query_dict(settings).render_as_string(hide_password=False)


@contextmanager
def locked(url: str, engine: Engine) -> Iterator[Any]:
    """Somebody who holds what every call needs, and does not come to an end."""
    lock = {
        "sqlite": "BEGIN IMMEDIATE",
        "postgresql": "LOCK TABLE motfunnel_contacts IN SHARE MODE",
        "mysql": "LOCK TABLES motfunnel_contacts READ",
    }[engine.dialect.name]
    with engine.connect() as connection:
        connection.exec_driver_sql(lock)
        yield url
        if engine.dialect.name == "mysql":
            connection.exec_driver_sql("UNLOCK TABLES")


@contextmanager
def refusing(url: str, engine: Engine) -> Iterator[Any]:
    """A trigger of somebody's that takes no event."""
    refusals = {
        "sqlite": [
            "CREATE TRIGGER no BEFORE INSERT ON motfunnel_events "
            "BEGIN SELECT RAISE(ABORT, 'ada said no'); END"
        ],
        "postgresql": [
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql "
            "AS $$ BEGIN RAISE 'ada said no'; END $$",
            "CREATE TRIGGER no BEFORE INSERT ON motfunnel_events EXECUTE FUNCTION no()",
        ],
        "mysql": [
            "CREATE TRIGGER no BEFORE INSERT ON motfunnel_events FOR EACH ROW "
            "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'ada said no'"
        ],
    }
    with engine.begin() as connection:
        for statement in refusals[engine.dialect.name]:
            connection.exec_driver_sql(statement)
    yield url


@contextmanager
def full(url: str, engine: Engine) -> Iterator[Any]:
    """A file that may not grow (where a server's disk is full, another test shows)."""
    if engine.dialect.name != "sqlite":
        pytest.skip("a file's size is bounded on SQLite only")
    bounded = create_engine(url)

    @event.listens_for(bounded, "connect")
    def bound(driver: Any, _: object) -> None:
        pages = driver.execute("PRAGMA page_count").fetchone()[0]
        driver.execute(f"PRAGMA max_page_count = {pages}")

    yield bounded
    bounded.dispose()


TROUBLES: dict[Any, str] = {
    read_only: "read-only",
    locked: "did not answer within the budget",
    refusing: "it refused",
    full: "full",
}


@pytest.mark.parametrize(
    "trouble",
    [read_only, pytest.param(locked, marks=pytest.mark.slow), refusing, full],
    ids=lambda one: one.__name__,
)
def test_well_is_whose_calls_are_recorded(
    url: str, engine: Engine, trouble: Callable[[str, Engine], Any]
) -> None:
    """Where a call would fail health says so, and why, within its budget; and afterwards not."""
    with Tracker(url, FUNNEL, spool=False) as tracker:
        tracker.track("ada", "saw", occurred_at=NOON)
        assert tracker.health().is_well
    with trouble(url, engine) as bind:
        tracker = Tracker(bind, FUNNEL, spool=False, budget=timedelta(seconds=2))
        began = monotonic()
        health = tracker.health()
        assert monotonic() - began < 4
        large = {"text": "x" * (ROOM // 2)}
        with pytest.raises((StoreError, RefusedError)):
            tracker.track("bob", "saw", properties=large)
        tracker.close()
    check_unwritable(health, TROUBLES[trouble])


def check_unwritable(health: Health, words: str) -> None:
    """Hold it to be an answer on which whoever is on call can act."""
    assert not health.is_well
    assert health.is_writable is False or "readonly" in (health.error or "").lower()
    assert health.reason is not None
    assert words in health.reason
    assert health.error is not None
    assert health.reason in str(health)
    assert health.error in str(health)
    assert "ada" not in str(health)
    assert health.to_dict()["is_well"] is False


def test_a_database_that_is_away(tmp_path: Path) -> None:
    """A database that does not answer is an answer about health, and no error."""
    with Tracker(f"sqlite:///{tmp_path}/missing/crm.db") as tracker:
        health = tracker.health()
    assert (health.is_well, health.is_writable, health.rejects) == (False, None, None)
    assert health.reason == (
        "its file cannot be opened; this user needs its folder, and the right to write it"
    )
    assert str(health).startswith("the store cannot be asked: its file cannot be opened")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"port": 1}, "it cannot be reached"),
        ({"database": "no_such_database"}, "the server has no such database"),
        ({"username": "nobody_at_all", "password": "wrong"}, "it does not let this user in"),
    ],
)
@pytest.mark.parametrize("url", ["postgresql", "mariadb"], indirect=True)
def test_a_server_that_is_not_to_be_had(url: str, wrong: dict[str, Any], words: str) -> None:
    """Each has words that say where to look, and none of them has a password."""
    with Tracker(make_url(url).set(**wrong), FUNNEL, spool=False) as tracker:
        health = tracker.health()
    assert health.is_writable is None
    assert words in str(health)
    assert "wrong" not in str(health)


def test_tables_of_another_version(url: str, engine: Engine) -> None:
    """Tables that are newer, or lack something, are told with what is to be run."""
    with Tracker(url, FUNNEL) as tracker:
        tracker.create_tables()
    version = tables().version
    with engine.begin() as connection:
        connection.execute(update(version).values(version=99))
    with Tracker(url, FUNNEL, spool=False) as tracker:
        health = tracker.health()
        assert (health.error, health.is_well) == ("SchemaError", False)
        assert "the tables are of version 99" in str(health)


def test_a_tenant_without_a_funnel(tracker: Tracker, make_tracker: Make) -> None:
    """The database is well then: what is missing is named."""
    tracker.create_tables()
    health = make_tracker(funnel=None).health()
    assert health.error == "NoFunnelError"
    assert f"the tenant '{tracker.tenant}' has none in this database" in str(health)


def test_in_a_transaction_of_the_hosts(url: str, engine: Engine) -> None:
    """Its work is not touched; on SQLite, where it holds the lock, nothing is tried."""
    joining: list[Connection] = []
    tracker = Tracker(engine, FUNNEL, host=lambda: joining[0] if joining else None, spool=False)
    tracker.create_tables()
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE of_host (id INTEGER)"))
        connection.commit()
        joining.append(connection)
        connection.execute(text("INSERT INTO of_host VALUES (1)"))
        health = tracker.health()
        assert health.is_well
        assert health.is_writable is (None if engine.dialect.name == "sqlite" else True)
        connection.execute(text("INSERT INTO of_host VALUES (2)"))
        connection.commit()
        assert connection.scalar(text("SELECT count(*) FROM of_host")) == 2
    joining.clear()
    assert everything(engine)["motfunnel_contacts"] == []


def test_of_an_async_tracker(make_async: Callable[..., AsyncTracker]) -> None:
    """An AsyncTracker's health is the same."""

    async def ask() -> Health:
        async with make_async(spool=False) as tracker:
            return await tracker.health()

    assert asyncio.run(ask()).is_writable
