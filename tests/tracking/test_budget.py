"""A call on its own connection is back within its budget, whatever the database does.

A new connection to PostgreSQL is given whole seconds: what is left, rounded up, and two at least.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from motfunnel import Tracker
from motfunnel.errors import StoreError
from motfunnel.store.engine.deadline import within
from tests.tracking.fleet import in_threads
from tests.tracking.scene import FUNNEL, NOON
from tests.tracking.trouble import silence

BUDGET = 0.7
GRACE = 0.8  # MariaDB counts the wait for a lock in whole seconds on a host's engine

MOST_TO_CONNECT = {"postgresql": 2.0, "mysql": BUDGET}

CALLS: dict[str, Callable[[Tracker], Any]] = {
    "track": lambda tracker: tracker.track("ada", "saw"),
    "track_many": lambda tracker: tracker.track_many([{"contact": "ada", "event": "saw"}]),
    "identify": lambda tracker: tracker.identify("ada", {"plan": "pro"}),
}


@contextmanager
def within_budget(least: float = 0.0, *, most: float = BUDGET) -> Iterator[None]:
    """Time what is done; a busy machine is given as much longer as it is late with a plain wait."""
    done, late = threading.Event(), [0.0]

    def wait_again_and_again() -> None:
        began = monotonic()
        while not done.wait(0.01):
            late[0] += monotonic() - began - 0.01
            began = monotonic()

    watch = threading.Thread(target=wait_again_and_again)
    watch.start()
    began = monotonic()
    try:
        yield
    finally:
        took = monotonic() - began
        done.set()
        watch.join()
    assert least <= took <= most + GRACE + late[0]


def make(url: str | Engine, spool: Path, **options: Any) -> Tracker:
    budget = timedelta(seconds=BUDGET)
    return Tracker(url, funnel=FUNNEL, budget=budget, spool=spool, **options)


def begin(tracker: Tracker) -> None:
    """Make the tables, which may take longer than a call, and a contact."""
    tracker.create_tables()
    tracker.track("ada", "saw", occurred_at=NOON)


def check_bounded(tracker: Tracker, most: float = BUDGET) -> None:
    """Every verb fails in time: with an error of ours, or an answer that has it."""
    with within_budget(most=most), pytest.raises(StoreError):
        tracker.track("ada", "saw")
    tracker.on_error = "log"
    for call in CALLS.values():
        with within_budget(most=most):
            answer = call(tracker)
        [answer] = answer if isinstance(answer, list) else [answer]
        assert isinstance(answer.error, StoreError)
    assert tracker.spool is not None
    assert len(tracker.spool) == len(CALLS)


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_server_that_is_down(scheme: str, tmp_path: Path) -> None:
    """Nobody takes the connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with make(f"{scheme}://root@127.0.0.1:{port}/none", tmp_path / "spool") as tracker:
        check_bounded(tracker)


@pytest.mark.parametrize("scheme", [pytest.param("postgresql", marks=pytest.mark.slow), "mysql"])
def test_a_server_that_says_nothing(scheme: str, tmp_path: Path) -> None:
    """The connection is taken, and never a word comes back."""
    with (
        silence() as port,
        make(f"{scheme}://root@127.0.0.1:{port}/none", tmp_path / "spool") as tracker,
    ):
        check_bounded(tracker, MOST_TO_CONNECT[scheme])


@pytest.mark.slow
@pytest.mark.parametrize("query", ["", "?connect_timeout=60", "?connect_timeout=0"])
@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_budget_of_some_whole_seconds(scheme: str, query: str) -> None:
    """It is kept to the tenth, whatever longer time-out the URL asks for."""
    if (scheme, query) == ("mysql", "?connect_timeout=0"):
        pytest.skip("PyMySQL takes none for an error")
    budget = timedelta(seconds=3)
    with (
        silence() as port,
        Tracker(
            f"{scheme}://root@127.0.0.1:{port}/none{query}", FUNNEL, budget=budget, spool=False
        ) as tracker,
        within_budget(2.9, most=3 - GRACE / 2),
        pytest.raises(StoreError),
    ):
        tracker.track("ada", "saw")


def test_a_shorter_time_out_of_a_url_holds() -> None:
    """It bounds each connection, and the budget the whole call."""
    with (
        silence() as port,
        Tracker(f"postgresql://root@127.0.0.1:{port}/none?connect_timeout=2", FUNNEL) as tracker,
        within(30),
        within_budget(2, most=2),
        pytest.raises(DBAPIError),
    ):
        tracker.database.engine.connect()


@pytest.mark.slow
def test_a_server_without_a_way_to_it(tmp_path: Path) -> None:
    """A full backlog drops what comes, as a firewall does."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = listener.getsockname()[1]
        for _ in range(3):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        for scheme in ("postgresql", "mysql"):
            with make(f"{scheme}://root@127.0.0.1:{port}/none", tmp_path / scheme) as tracker:
                check_bounded(tracker, MOST_TO_CONNECT[scheme])


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    """A folder that is not there."""
    with make(f"sqlite:///{tmp_path}/missing/crm.db", tmp_path / "spool") as tracker:
        check_bounded(tracker)


class Freezer:
    """A line to a server over which nothing goes any more once it is frozen."""

    def __init__(self, url: str) -> None:
        self._target = make_url(url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._flows = threading.Event()
        self._flows.set()
        self._is_closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        port = self._listener.getsockname()[1]
        through = self._target.set(host="127.0.0.1", port=port)
        if through.get_backend_name() == "postgresql":
            through = through.update_query_dict({"sslmode": "disable", "gssencmode": "disable"})
        return through.render_as_string(hide_password=False)

    def freeze(self) -> None:
        self._flows.clear()

    def close(self) -> None:
        self._listener.close()
        self._is_closed = True
        self._flows.set()

    def _accept(self) -> None:
        default = 5432 if self._target.get_backend_name() == "postgresql" else 3306
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(
                (self._target.host or "127.0.0.1", self._target.port or default)
            )
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with one, other:
            while sent := _received(one):
                self._flows.wait()
                if self._is_closed:
                    return
                other.sendall(sent)


def _received(one: socket.socket) -> bytes:
    try:
        return one.recv(65536)
    except OSError:
        return b""


@pytest.mark.parametrize("url", ["postgresql", "mariadb"], indirect=True)
def test_a_server_that_freezes(url: str, tmp_path: Path) -> None:
    """A connection that worked goes dead in the middle, and nobody says so."""
    line = Freezer(url)
    with make(line.url, tmp_path / "spool") as tracker:
        begin(tracker)
        line.freeze()
        tracker.on_error = "log"
        with within_budget(0.8 * BUDGET - 0.1):
            assert isinstance(tracker.track("ada", "saw", id="1").error, StoreError)
        line.close()


def lock(engine: Engine, stack: ExitStack) -> None:
    """Have another connection hold what a call on ada needs."""
    connection = stack.enter_context(engine.connect())
    if engine.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(text("SELECT * FROM motfunnel_contacts FOR UPDATE"))


def test_a_lock_that_another_holds(url: str, engine: Engine, tmp_path: Path) -> None:
    """The contact, or the whole file, is locked by a connection that does not end."""
    with make(url, tmp_path / "spool") as tracker:
        begin(tracker)
        with ExitStack() as stack:
            lock(engine, stack)
            check_bounded(tracker)
        assert tracker.track("ada", "saw").error is None
        tracker.deliver()  # what a slow machine left
        assert tracker.contact("ada").events == 2 + len(CALLS)


def test_a_lock_on_an_engine_of_a_hosts(url: str, engine: Engine, tmp_path: Path) -> None:
    """An engine of the host's keeps its settings, and its calls the budget, as to locks."""
    host = create_engine(url, pool_size=1, max_overflow=0)
    tracker = make(host, tmp_path / "spool", on_error="log")
    begin(tracker)
    before = _lock_timeout(host)
    with ExitStack() as stack:
        lock(engine, stack)
        with within_budget(BUDGET / 2):
            assert isinstance(tracker.track("ada", "saw").error, StoreError)
    assert tracker.track("ada", "saw").error is None
    assert _lock_timeout(host) == before
    host.dispose()


def _lock_timeout(engine: Engine) -> Any:
    question = {
        "sqlite": "PRAGMA busy_timeout",
        "postgresql": "SHOW lock_timeout",
        "mysql": "SELECT @@innodb_lock_wait_timeout",
    }[engine.dialect.name]
    with engine.connect() as connection:
        return connection.execute(text(question)).scalar()


def test_a_pool_that_is_empty(url: str, tmp_path: Path) -> None:
    """All connections are lent to others who do not give them back."""
    with make(url, tmp_path / "spool", on_error="log") as tracker, ExitStack() as stack:
        tracker.create_tables()
        for _ in range(15):
            stack.enter_context(tracker.database.engine.connect())
        with within_budget(0.8 * BUDGET - 0.1):
            assert isinstance(tracker.track("ada", "saw").error, StoreError)


def test_threads_each_have_a_budget(url: str, engine: Engine, tmp_path: Path) -> None:
    """Threads that wait for the same lock wait side by side, not one after the other."""
    with make(url, tmp_path / "spool", on_error="log") as tracker:
        begin(tracker)

        def track(_: int) -> None:
            with within_budget():
                assert tracker.track("ada", "saw").error is not None

        with ExitStack() as stack:
            lock(engine, stack)
            in_threads(*((track, n) for n in range(6)))
        tracker.deliver()
        assert tracker.contact("ada").events == 7


def test_other_verbs_have_none(url: str, engine: Engine, tmp_path: Path) -> None:
    """What an operator does waits for others longer than a call of the host's may."""
    with make(url, tmp_path / "spool") as tracker:
        begin(tracker)
        with ExitStack() as stack:
            lock(engine, stack)
            timer = threading.Timer(2 * BUDGET, stack.close)
            timer.start()
            began = monotonic()
            assert tracker.rebuild() == 1
            assert monotonic() - began > BUDGET
            timer.join()


@pytest.mark.parametrize("budget", [timedelta(0), timedelta(seconds=-1)])
def test_no_budget_at_all_is_refused(budget: timedelta) -> None:
    """A call takes some time."""
    with pytest.raises(ValueError, match="budget"):
        Tracker("sqlite://", budget=budget)


def test_many_bad_events(url: str, engine: Engine, tmp_path: Path) -> None:
    """However many have to be kept apart, and whatever stands in the way, it is one budget."""
    with make(url, tmp_path / "spool", on_error="log") as tracker:
        begin(tracker)
        bad: list[Any] = [{"contact": "", "event": "saw"} for _ in range(500)]
        with ExitStack() as stack:
            connection = stack.enter_context(engine.connect())
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            elif engine.dialect.name == "postgresql":
                connection.execute(text("LOCK TABLE motfunnel_rejects"))
            else:
                connection.execute(text("LOCK TABLES motfunnel_rejects WRITE"))
            for bind in (None, object()):
                with within_budget():
                    answers = tracker.track_many(bad, bind=bind)  # type: ignore[arg-type]
                assert len([answer.error for answer in answers]) == 500
            if engine.dialect.name == "mysql":
                connection.execute(text("UNLOCK TABLES"))
        assert tracker.spool is not None
        assert len(tracker.spool) == 1000
        assert tracker.deliver().rejected == 1000
