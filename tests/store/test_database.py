"""The database: who opens, makes and closes what, and in which transactions."""

from __future__ import annotations

import gc
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, inspect, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, StaticPool

from motfunnel import Tracker
from motfunnel.errors import MissingExtraError, SchemaError, StoreError, UrlError
from motfunnel.store.database.database import Database
from motfunnel.store.ledger.ledger import Ledger
from motfunnel.store.ledger.state import new_state
from motfunnel.store.schema.tables import tables
from motfunnel.store.schema.versions import VERSION
from tests.tracking.fleet import Place, in_threads, track_each
from tests.tracking.scene import DAY, FUNNEL, NOON, Clock, day

pytestmark = pytest.mark.every_database

ROOT = Path(__file__).parents[2]
TABLES = {table.name for table in tables().metadata.sorted_tables}


# Making the tables.


def test_constructing_connects_to_nothing(tmp_path: Path) -> None:
    """A tracker can be constructed where no database answers, and makes no file."""
    for url in ("postgresql://nobody@192.0.2.1/none", "mysql://nobody@192.0.2.1/none"):
        Tracker(url, funnel=FUNNEL).close()
    Tracker(f"sqlite:///{tmp_path}/crm.db", funnel=FUNNEL).close()
    assert not [*tmp_path.iterdir()]


def test_tables_are_made_by_the_first_use(url: str, engine: Engine) -> None:
    """Whatever is asked or told first makes the tables, all of them and no others."""
    with Tracker(url, funnel=FUNNEL) as tracker:
        assert [*tracker.moments()] == []
        tracker.create_tables()
    assert set(inspect(engine).get_table_names()) == TABLES
    with engine.connect() as connection:
        assert connection.scalars(select(tables().version.c.version)).all() == [VERSION]


def test_tables_that_are_there_are_kept(url: str) -> None:
    """A second tracker makes nothing, and finds what the first one wrote."""
    with Tracker(url, funnel=FUNNEL) as first:
        first.track("ada", "saw", id="1", occurred_at=NOON)
    with Tracker(url, funnel=FUNNEL) as second:
        second.create_tables()
        assert second.contact("ada").events == 1


def test_tables_half_made(url: str, engine: Engine) -> None:
    """Tables that a process left half made when it died are made whole by the next."""
    kept = tables()
    kept.metadata.create_all(engine, [kept.contacts, kept.events])
    with Tracker(url, funnel=FUNNEL) as tracker:
        tracker.track("ada", "saw")
    assert set(inspect(engine).get_table_names()) == TABLES


@pytest.mark.parametrize("version", [VERSION + 1, 999])
def test_tables_of_another_version(url: str, engine: Engine, version: int) -> None:
    """Tables that a newer version made are refused, every time, and left as they are."""
    with Tracker(url, funnel=FUNNEL) as tracker:
        tracker.track("ada", "saw", id="1", occurred_at=NOON)
    with engine.begin() as connection:
        connection.execute(update(tables().version).values(version=version))
    with Tracker(url, funnel=FUNNEL) as tracker:
        for _ in range(2):
            with pytest.raises(SchemaError, match=f"version {version}.*install"):
                tracker.track("ada", "saw", id="2", occurred_at=NOON)
            with pytest.raises(SchemaError):
                tracker.contact("ada")
    with engine.connect() as connection:
        assert len(Ledger(connection, None, "default").events("ada")) == 1


# A host's engine.


def test_a_hosts_engine_is_never_closed(engine: Engine) -> None:
    """Closing a tracker closes nothing of the host's."""
    disposed: list[Engine] = []
    event.listen(engine, "engine_disposed", disposed.append)
    with Tracker(engine, funnel=FUNNEL) as tracker:
        tracker.track("ada", "saw")
    assert disposed == []


def test_an_engine_of_ours_is_closed(url: str) -> None:
    """Closing a tracker that was given a URL closes its connections; it can be used again."""
    tracker = Tracker(url, funnel=FUNNEL)
    tracker.track("ada", "saw")
    assert tracker.database.engine.pool.checkedin() == 1  # type: ignore[attr-defined]
    tracker.close()
    assert tracker.database.engine.pool.checkedin() == 0  # type: ignore[attr-defined]
    assert tracker.contact("ada").events == 1
    tracker.close()


HOSTS: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "autocommit": {"isolation_level": "AUTOCOMMIT"},
    "serializable": {"isolation_level": "SERIALIZABLE"},
    "no pool": {"poolclass": NullPool},
}


@pytest.mark.parametrize("options", HOSTS.values(), ids=HOSTS)
def test_any_engine_of_a_hosts(url: str, options: dict[str, Any]) -> None:
    """However the host set its engine up, calls are whole, none is lost, and it stays so."""
    engine = create_engine(url, **options)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda connection, _: connection.execute(WAIT))
    tracker = Tracker(engine, funnel=FUNNEL)
    tracker.create_tables()
    with engine.connect() as connection:
        level = connection.get_isolation_level()

    def track(thread: int) -> None:
        for n in range(6):
            tracker.track("ada", "bought", id=f"{thread}-{n}")
            [*tracker.moments()]

    in_threads(*((track, thread) for thread in range(4)))
    profile = tracker.contact("ada")
    assert (profile.events, profile.purchases) == (24, 24)
    assert [*tracker.moments("ada", as_of=profile.as_of)] == [*profile.moments]
    with engine.connect() as connection:
        assert connection.get_isolation_level() == level
    engine.dispose()


WAIT = "PRAGMA busy_timeout = 30000"


def test_all_or_nothing_on_an_autocommitting_engine(url: str) -> None:
    """A call that fails half-way leaves nothing, even where the host's engine autocommits."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    tracker = Tracker(engine, funnel=FUNNEL)
    tracker.track("cyd", "saw", id="1", occurred_at=NOON)
    with pytest.raises(ValueError, match="taken"):
        tracker.track_many(
            {"contact": contact, "event": "left", "id": "1", "occurred_at": NOON}
            for contact in ("ada", "bob", "cyd")
        )
    assert [tracker.contact(contact).events for contact in ("ada", "bob", "cyd")] == [0, 0, 1]
    engine.dispose()


def test_a_static_pool() -> None:
    """One shared connection in memory, as test suites of hosts have it, is enough."""
    engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    tracker = Tracker(engine, funnel=FUNNEL)
    tracker.track("ada", "saw", occurred_at=NOON)
    assert tracker.sweep() == 1
    assert len([*tracker.moments()]) == 2
    engine.dispose()


def test_in_memory() -> None:
    """A database in memory lives as long as its tracker, and serves several threads."""
    with Tracker("sqlite://", funnel=FUNNEL) as tracker:

        def track(thread: int) -> None:
            for n in range(20):
                tracker.track("ada", "bought", id=f"{thread}-{n}")

        in_threads(*((track, thread) for thread in range(4)))
        assert tracker.contact("ada").purchases == 80


def test_a_file_is_written_ahead(tmp_path: Path) -> None:
    """A SQLite file of ours lets readers read while one writes."""
    with Tracker(f"sqlite:///{tmp_path}/crm.db", funnel=FUNNEL) as tracker:
        tracker.track("ada", "saw")
        with tracker.database.engine.connect() as connection:
            assert connection.scalar(text("PRAGMA journal_mode")) == "wal"


# Transactions.


def test_a_question_sees_one_state(engine: Engine) -> None:
    """What is written while a question is being answered is not part of the answer."""
    database = Database(engine)
    tracker = Tracker(engine, funnel=FUNNEL)
    tracker.track("ada", "saw", id="1", occurred_at=NOON)
    if database.is_sqlite:
        with engine.connect() as connection:  # else a reader would make the writer wait
            connection.execute(text("PRAGMA journal_mode = WAL"))
    with database.read() as connection:
        ledger = Ledger(connection, None, "default")
        assert len(ledger.events("ada")) == 1
        tracker.track("ada", "saw", id="2", occurred_at=NOON)
        assert len(ledger.events("ada")) == 1
    assert tracker.contact("ada").events == 2


def test_a_question_waits_for_nobody(url: str, engine: Engine) -> None:
    """A profile is read while a transaction that writes the same contact is still open."""
    with Tracker(url, funnel=FUNNEL) as tracker:
        tracker.track("ada", "saw", id="1", occurred_at=NOON)
        with tracker.database.write() as connection:
            ledger = Ledger(connection, None, "default")
            ledger.lock_contact("ada", FUNNEL)
            [said] = ledger.events("ada")
            ledger.add_event(type(said)(**(_parts(said) | {"id": "2"})), "touch", NOON)
            assert tracker.contact("ada").events == 1
            assert len([*tracker.moments("ada", as_of=NOON)]) == 1


def _parts(said: Any) -> dict[str, Any]:
    return {name: getattr(said, name) for name in said.__slots__ if not name.startswith("__")}


def test_what_a_locked_contact_has_is_what_was_committed(url: str, engine: Engine) -> None:
    """Once a contact is locked, all that is read of it is the latest, however old the snapshot."""
    with Tracker(url, funnel=FUNNEL) as tracker:
        tracker.track("bob", "saw", id="1", occurred_at=day(0))
        tracker.track("ada", "saw", id="1", occurred_at=day(0))
        if tracker.database.is_sqlite:
            pytest.skip("a file has one writer")
        level = "REPEATABLE READ" if engine.dialect.name != "postgresql" else "READ COMMITTED"
        with engine.connect().execution_options(isolation_level=level) as host:
            ledger = Ledger(host, None, "default")
            assert len(ledger.events("bob")) == 1
            tracker.track("ada", "left", id="2", occurred_at=day(1))
            state = ledger.lock_contact("ada", FUNNEL)
            [said] = [event for event in _committed(tracker) if event.id == "2"]
            assert ledger.find_event(said) == said
            assert not ledger.add_event(said, "leave", NOON)
            assert len(ledger.history(state)[0]) == state.moments == 2
            assert ledger.find_episode("ada", 1).reason == "left"
            assert len(ledger.stories([state])["ada"]) == 2
            host.rollback()


def _committed(tracker: Tracker) -> Iterator[Any]:
    with tracker.database.read() as connection:
        yield from Ledger(connection, None, "default").events("ada")


def test_batches_that_meet_duplicates_late(url: str, engine: Engine) -> None:
    """A batch whose later contact was written meanwhile finds the duplicate all the same."""
    place = Place(url, "default")
    with place.tracker() as tracker:
        said = [("ada", "saw", "1", NOON), ("zoe", "saw", "1", NOON)]
        assert track_each(place, said) == [False, False]
        assert [
            tracked.duplicate
            for tracked in tracker.track_many(
                {"contact": contact, "event": name, "id": id, "occurred_at": at}
                for contact, name, id, at in said
            )
        ] == [True, True]


# Faults.


@pytest.mark.parametrize(
    ("url", "error", "says"),
    [
        ("nonsense", UrlError, "sqlite:///crm.db"),
        ("nosuch://host/db", UrlError, "and not in nosuch"),
        ("postgresql+nosuch://host/db", UrlError, "no driver 'nosuch' of postgresql"),
        ("postgresql+pg8000://host/db", MissingExtraError, "pip install pg8000"),
    ],
)
def test_a_url_that_leads_nowhere(url: str, error: type[Exception], says: str) -> None:
    """A URL that cannot be used is refused at once, and says what to do."""
    with pytest.raises(error, match=says):
        Tracker(url, funnel=FUNNEL)


def test_no_way_to_the_database(tmp_path: Path) -> None:
    """Where the database cannot be opened, our error says so, and the driver's is its cause."""
    with Tracker(f"sqlite:///{tmp_path}/missing/crm.db", funnel=FUNNEL) as tracker:
        with pytest.raises(StoreError, match=r"cannot be reached.*same id") as caught:
            tracker.track("ada", "saw", id="1")
        assert "unable to open" in str(caught.value.__cause__)
        assert (caught.value.contact, caught.value.event, caught.value.id) == ("ada", "saw", "1")
        assert isinstance(caught.value, ConnectionError)


def test_every_error_of_a_driver_is_wrapped(engine: Engine) -> None:
    """A statement that fails raises SQLAlchemy's error, whichever way it was run."""
    calls: list[Callable[[Ledger], object]] = [
        lambda ledger: ledger.events("ada"),
        lambda ledger: ledger.stories([new_state("ada", FUNNEL)]),
        lambda ledger: ledger.lock_contacts(["ada"], FUNNEL),
        lambda ledger: ledger.clear_journeys(["ada"]),
    ]
    for call in calls:
        with (
            pytest.raises(DBAPIError, match="motfunnel_"),
            engine.begin() as connection,
        ):
            call(Ledger(connection, None, "default"))


def test_a_connection_that_was_dropped(url: str, engine: Engine) -> None:
    """A server that dropped an idle connection costs no call: it is made again."""
    if engine.dialect.name == "sqlite":
        pytest.skip("a file drops no connection")
    with Tracker(url, funnel=FUNNEL) as tracker:
        tracker.track("ada", "saw", id="1", occurred_at=NOON)
        own, drop = {
            "postgresql": ("SELECT pg_backend_pid()", "SELECT pg_terminate_backend({})"),
            "mysql": ("SELECT connection_id()", "KILL {}"),
        }[engine.dialect.name]
        with tracker.database.read() as pooled:
            number = pooled.scalar(text(own))
        with engine.connect() as connection:
            connection.execute(text(drop.format(number)))
        assert not tracker.track("ada", "saw", id="2", occurred_at=NOON).duplicate
        assert tracker.track("ada", "saw", id="3", occurred_at=NOON).moments == ()


# Forks.


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks are of POSIX")
def test_a_fork(url: str) -> None:
    """A child uses the tracker that it was forked with, and does the parent no harm."""
    clock = Clock()
    with Tracker(url, funnel=FUNNEL, clock=clock) as tracker:
        tracker.track("ada", "saw", id="0", occurred_at=day(0))
        children = []
        for child in range(4):
            pid = os.fork()
            if pid == 0:
                _be_a_child(tracker, child)
            children.append(pid)
        for n in range(20):
            assert not tracker.track("ada", "saw", id=f"p{n}", occurred_at=day(n)).duplicate
            assert [m.kind.value for m in tracker.moments("ada", as_of=day(n))] == ["opening"]
        assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children] == [0] * 4
        assert tracker.contact("ada").events == 1 + 20 + 4 * 20
        assert tracker.sweep(as_of=day(40)) == 1


def _be_a_child(tracker: Tracker, child: int) -> None:
    """Track and ask, and end at once, without what pytest has to do at its end."""
    signal.alarm(60)
    status = 1
    try:
        for n in range(20):
            at = day(n) + (child + 1) * DAY / 10
            assert not tracker.track("ada", "saw", id=f"{child}-{n}", occurred_at=at).duplicate
            assert tracker.contact("ada", as_of=at).events >= n + 1
        status = 0
    finally:
        os._exit(status)


ENDS_WITHOUT_CLOSING = """
import os, sys
from motfunnel import Tracker
from tests.tracking.scene import FUNNEL, NOON

tracker = Tracker(sys.argv[1], funnel=FUNNEL)
tracker.track("ada", "saw", id="1", occurred_at=NOON)
if "fork" in sys.argv:
    child = os.fork()
    if not child:
        sys.exit()  # as a worker of a server ends: with all that the interpreter does at its end
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
tracker.track("ada", "saw", id="2", occurred_at=NOON)
print(tracker.contact("ada").events)
"""


def test_a_process_that_ends(url: str) -> None:
    """Who forgot to close hears nothing of it, however strict Python is."""
    assert _run("-W", "error", "-c", ENDS_WITHOUT_CLOSING, url) == ("2\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks are of POSIX")
def test_a_child_that_ends(url: str) -> None:
    """It closes no connection of its parent."""
    assert _run("-c", ENDS_WITHOUT_CLOSING, url, "fork") == ("2\n", "")


def _run(*arguments: str) -> tuple[str, str]:
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    return done.stdout, done.stderr


def test_who_drops_a_database_closes_its_connections(url: str) -> None:
    """An engine of our own goes with the last who knew it; an idle connection does not stay."""
    database, closed = Database(url), []
    event.listen(database.engine, "close", lambda *_: closed.append(1))
    with database.connect():
        pass
    del database
    gc.collect()
    assert closed


def test_a_connection_in_use_is_closed_as_it_comes_back(url: str) -> None:
    """It came back to a pool that nobody had any more, and stayed open until it was collected."""
    database, closed = Database(url), []
    event.listen(database.engine, "close", lambda *_: closed.append(1))
    with database.connect() as connection:
        connection.execute(text("SELECT 1"))
        database.dispose()
        assert not closed
        assert connection.scalar(text("SELECT 2")) == 2
    assert closed
    with database.connect() as connection:
        assert connection.scalar(text("SELECT 3")) == 3
    assert len(closed) == 1  # the new pool keeps its own
    database.dispose()
    assert len(closed) == 2


# What a person finds with an SQL client.


def test_instants_in_plain_sql(engine: Engine) -> None:
    """Instants are the database's own: with a time zone, in UTC, or as texts that sort."""
    Tracker(engine, funnel=FUNNEL).track(
        "ada", "saw", occurred_at=datetime(2024, 3, 1, 1, 2, 3, 40, tzinfo=UTC)
    )
    question = "SELECT occurred_at FROM motfunnel_events"
    with engine.connect() as connection:
        found = connection.execute(text(question)).scalar_one()
        kinds = {
            column["name"]: str(column["type"])
            for column in inspect(engine).get_columns("motfunnel_events")
        }
        if engine.dialect.name == "postgresql":
            zone = text(
                "SELECT data_type FROM information_schema.columns WHERE"
                " table_name = 'motfunnel_events' AND column_name = 'occurred_at'"
            )
            assert connection.scalar(zone) == "timestamp with time zone"
            assert found == datetime(2024, 3, 1, 1, 2, 3, 40, tzinfo=UTC)
            day_of = "SELECT (occurred_at AT TIME ZONE 'UTC')::date::text FROM motfunnel_events"
        elif engine.dialect.name == "sqlite":
            assert found == "2024-03-01 01:02:03.000040"
            day_of = "SELECT date(occurred_at) FROM motfunnel_events"
        else:
            assert kinds["occurred_at"] == "DATETIME"
            assert found == datetime(2024, 3, 1, 1, 2, 3, 40)
            day_of = "SELECT cast(date(occurred_at) AS char) FROM motfunnel_events"
        assert connection.scalar(text(day_of)) == "2024-03-01"


def test_properties_in_plain_sql(engine: Engine) -> None:
    """Properties are JSON that the database can look into."""
    Tracker(engine, funnel=FUNNEL).track("ada", "saw", properties={"plan": "pro", "n": 1e22})
    look = {
        "postgresql": "SELECT properties->>'plan' FROM motfunnel_events",
        "sqlite": "SELECT json_extract(properties, '$.plan') FROM motfunnel_events",
        "mysql": "SELECT json_value(properties, '$.plan') FROM motfunnel_events",
    }[engine.dialect.name]
    with engine.connect() as connection:
        assert connection.scalar(text(look)) == "pro"


def test_a_file_from_another_program(tmp_path: Path) -> None:
    """Another program reads a file of ours with nothing but SQLite while we hold it open."""
    with Tracker(f"sqlite:///{tmp_path}/crm.db", funnel=FUNNEL) as tracker:
        tracker.track("ada", "bought", occurred_at=NOON)
        other = sqlite3.connect(f"file:{tmp_path}/crm.db?mode=ro", uri=True)
        found = other.execute("SELECT moment FROM motfunnel_moments ORDER BY ordinal").fetchall()
        other.close()
    assert found == [("opening",), ("conversion",)]
