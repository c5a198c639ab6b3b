"""A tracker on each kind of database, with a tenant of its own and a clock moved by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from motfunnel import AsyncTracker, Tracker
from motfunnel.store.database.database import Database
from tests.tracking.scene import FUNNEL, PATIENT, Clock


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until it is moved."""
    return Clock()


@pytest.fixture
def tenant() -> str:
    """A tenant that no other test has."""
    return uuid4().hex


@pytest.fixture
def make_tracker(shared_engine: Engine, clock: Clock, tenant: str) -> Callable[..., Tracker]:
    """Another tracker of the same tenant on the same database; takes what ``Tracker`` takes."""
    Database(shared_engine).create_tables()

    def make(**options: object) -> Tracker:
        given: dict[str, object] = {"funnel": FUNNEL, "tenant": tenant, "clock": clock}
        return Tracker(shared_engine, **(given | options))  # type: ignore[arg-type]

    return make


@pytest.fixture
def tracker(make_tracker: Callable[..., Tracker]) -> Tracker:
    """A tracker of a tenant without contacts, once for each backend."""
    return make_tracker()


@pytest.fixture
def async_url(shared_engine: Engine) -> str:
    """The shared database, without a driver: ours chooses one."""
    url = shared_engine.url.set(drivername=shared_engine.url.get_backend_name())
    return url.render_as_string(hide_password=False)


@pytest.fixture
def make_async(async_url: str, tracker: Tracker, clock: Clock) -> Callable[..., AsyncTracker]:
    """Makes an AsyncTracker beside the tracker; takes what it takes."""
    tracker.create_tables()

    def make(database: Any = async_url, **options: Any) -> AsyncTracker:
        given: dict[str, Any] = {
            "funnel": FUNNEL,
            "tenant": tracker.tenant,
            "clock": clock,
            "budget": PATIENT,
        } | options
        return AsyncTracker(database, **given)

    return make


def refuse_poison(engine: Engine, table: str) -> None:
    """Have a trigger of the host's refuse rows of one event in a table of ours."""
    raised = {
        "sqlite": f"""
            CREATE TRIGGER refuse_{table} BEFORE INSERT ON {table}
            WHEN NEW.event = 'poison'
            BEGIN SELECT RAISE(ABORT, 'no poison'); END
        """,
        "postgresql": f"""
            CREATE FUNCTION refuse_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF NEW.event = 'poison' THEN RAISE EXCEPTION 'no poison'; END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER refuse_{table} BEFORE INSERT ON {table}
            FOR EACH ROW EXECUTE FUNCTION refuse_{table}()
        """,
        "mysql": f"""
            CREATE TRIGGER refuse_{table} BEFORE INSERT ON {table} FOR EACH ROW
            IF NEW.event = 'poison' THEN
                SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no poison';
            END IF
        """,
    }
    with engine.begin() as connection:
        connection.exec_driver_sql(raised[engine.dialect.name])


def admit_poison(engine: Engine, table: str) -> None:
    """Take that trigger away."""
    on = f" ON {table}" if engine.dialect.name == "postgresql" else ""
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TRIGGER refuse_{table}{on}")


@pytest.fixture
def guarded(engine: Engine) -> Engine:
    """A database with a trigger of the host's that lets no poison in."""
    Database(engine).create_tables()
    refuse_poison(engine, "motfunnel_events")
    return engine
