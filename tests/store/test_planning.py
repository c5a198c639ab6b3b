"""Planning: what reads whole tables is not compiled first, and nobody else notices."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from motfunnel import Tracker
from motfunnel.store.database.database import Database
from motfunnel.store.ledger.statements import SOME
from tests.tracking.scene import FUNNEL, NOON

JIT = "SHOW jit"


def test_a_report_runs_uncompiled_and_leaves_no_trace(engine: Engine) -> None:
    """On PostgreSQL compiling is off where a report reads, and on again after it."""
    if engine.name != "postgresql":
        pytest.skip("only PostgreSQL compiles")
    database = Database(engine)
    database.create_tables()
    with engine.connect() as connection:
        usual = connection.exec_driver_sql(JIT).scalar()
    with database.read(widely=True) as connection:
        assert connection.exec_driver_sql(JIT).scalar() == "off"
        connection.rollback()
        assert connection.exec_driver_sql(JIT).scalar() == usual
    with database.read() as connection:
        assert connection.exec_driver_sql(JIT).scalar() == usual


def test_elsewhere_nothing_is_said_of_it(engine: Engine) -> None:
    """SQLite and MariaDB are sent no statement about compiling."""
    if engine.name == "postgresql":
        pytest.skip("only PostgreSQL compiles")
    assert not [sql for sql in _statements(engine) if "jit" in sql]


def test_a_transaction_of_the_hosts_keeps_its_settings(engine: Engine) -> None:
    """A report within the host's transaction changes none of its settings."""
    with engine.connect() as connection:
        with Tracker(engine, funnel=FUNNEL, host=lambda: connection) as tracker:
            tracker.create_tables()
            connection.begin()
            tracker.track("ada", "saw", id="1", occurred_at=NOON)
            tracker.report().recidivism(within=timedelta(days=1))
        if engine.name == "postgresql":
            local = "SELECT count(*) FROM pg_settings WHERE name = 'jit' AND source = 'session'"
            assert connection.exec_driver_sql(local).scalar() == 0
        connection.rollback()


def _statements(engine: Engine) -> list[str]:
    sent: list[str] = []

    def note(_: Any, __: Any, sql: str, *___: Any) -> None:
        sent.append(sql)

    event.listen(engine, "before_cursor_execute", note)
    with Tracker(engine, funnel=FUNNEL) as tracker:
        tracker.report().recidivism(within=timedelta(days=1))
    return sent


def test_the_sizes_of_full_tables_are_told(engine: Engine) -> None:
    """After a fold of many contacts PostgreSQL knows how many there are; of few, it is not told."""
    if engine.name != "postgresql":
        pytest.skip("only PostgreSQL has to be told")
    size = "SELECT max(reltuples) FROM pg_class WHERE relname = 'motfunnel_contacts'"
    with Tracker(engine, funnel=FUNNEL) as tracker:
        tracker.create_tables()
        for contacts, known in ((SOME, -1), (2 * SOME + 1, 2 * SOME + 1)):
            with engine.begin() as connection:
                for n in range(contacts):
                    tracker.track(f"c{n}", "saw", id="1", occurred_at=NOON, bind=connection)
            tracker.rebuild()
            with engine.connect() as connection:
                assert connection.exec_driver_sql(size).scalar() == known
