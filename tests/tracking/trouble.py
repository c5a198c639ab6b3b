"""Trouble for a database's clients: errors of the drivers' own at any statement, cut lines.

Nothing of ours is replaced, and no database is pretended: statements run on the real one until the
trouble comes.
"""

from __future__ import annotations

import select
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pymysql
from sqlalchemy import URL, Engine, create_engine, event, make_url, text

Fault = Callable[[Any], None]
"""Is given the driver's connection, and raises."""


class Injector:
    """Brings a fault before the n-th statement of an engine; commits count as statements.

    Args:
        engine: whose connections, made from now on, are watched.
    """

    def __init__(self, engine: Engine) -> None:
        self.count = 0
        self._at: int | None = None
        self._fault: Fault | None = None
        self._always = False
        event.listen(engine, "do_connect", _ask_for_factory)
        event.listen(engine, "connect", self._watch)

    def bring(self, fault: Fault, at: int, *, always: bool = False) -> None:
        """Bring the fault once, or from then on."""
        self.count, self._at, self._fault, self._always = 0, at, fault, always

    @property
    def has_come(self) -> bool:
        """Whether it has been brought."""
        return self._at is not None and self.count >= self._at

    def mend(self) -> None:
        """Bring nothing any more."""
        self._at = None

    def _watch(self, driver: Any, _: object) -> None:
        def before() -> None:
            self.count += 1
            at = self._at
            if at is not None and (self.count >= at if self._always else self.count == at):
                assert self._fault is not None
                self._fault(driver)

        driver_commit = driver.commit
        if isinstance(driver, sqlite3.Connection):
            driver.before = before  # type: ignore[attr-defined]
            return
        if isinstance(driver, psycopg.Connection):
            driver.cursor_factory = _watched(psycopg.Cursor, before)
        else:
            driver.cursorclass = _watched(pymysql.cursors.Cursor, before)

        def commit() -> None:
            # Of a transaction that ended in a pipeline, nothing is left to be committed.
            if not (isinstance(driver, psycopg.Connection) and _is_idle(driver)):
                before()
            driver_commit()

        driver.commit = commit


def _watched(kind: Any, before: Callable[[], None]) -> Any:
    class Watched(kind):  # type: ignore[misc]
        def execute(self, *args: Any, **kwargs: Any) -> Any:
            before()
            return super().execute(*args, **kwargs)

        def executemany(self, *args: Any, **kwargs: Any) -> Any:
            before()
            return super().executemany(*args, **kwargs)

    return Watched


@contextmanager
def around_statements(
    engine: Engine, before: Callable[[str], object], after: Callable[[str], object]
) -> Iterator[None]:
    """Call back around each statement that a server's driver is given, on connections made anew."""

    def connected(driver: Any, _: object) -> None:
        name = "cursor_factory" if isinstance(driver, psycopg.Connection) else "cursorclass"

        class Cursor(getattr(driver, name)):  # type: ignore[misc]
            def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
                before(str(query))
                done = super().execute(query, *args, **kwargs)
                after(str(query))
                return done

        setattr(driver, name, Cursor)

    engine.dispose()
    event.listen(engine, "connect", connected)
    try:
        yield
    finally:
        event.remove(engine, "connect", connected)
        engine.dispose()


def _is_idle(driver: psycopg.Connection[Any]) -> bool:
    return driver.info.transaction_status is psycopg.pq.TransactionStatus.IDLE


class _SQLite(sqlite3.Connection):
    before: Callable[[], None] = staticmethod(lambda: None)

    def cursor(self, *_: Any) -> Any:
        return super().cursor(_watched(sqlite3.Cursor, self.before))

    def commit(self) -> None:
        self.before()
        super().commit()


def _ask_for_factory(dialect: Any, _: object, __: object, options: dict[str, Any]) -> None:
    if dialect.name == "sqlite":
        options["factory"] = _SQLite


def raising(error: Exception) -> Fault:
    """A fault that raises this."""

    def bring(_: Any) -> None:
        raise error

    return bring


def disconnecting(url: str) -> Fault:
    """A fault by real means: the server ends the session."""
    admin = create_engine(url, isolation_level="AUTOCOMMIT")

    def bring(driver: Any) -> None:
        with admin.connect() as connection:
            if isinstance(driver, psycopg.Connection):
                kill = "SELECT pg_terminate_backend(:own, 5000)"
                connection.execute(text(kill), {"own": driver.info.backend_pid})
            else:
                connection.execute(text(f"KILL {driver.thread_id()}"))
        admin.dispose()

    return bring


def passing_faults(backend: str) -> dict[str, Exception]:
    """What goes away when one tries again, as each driver raises it."""
    faults: dict[str, dict[str, Exception]] = {
        "sqlite": {"locked": sqlite3.OperationalError("database is locked")},
        "postgresql": {
            "locked": psycopg.errors.LockNotAvailable("lock timeout"),
            "deadlock": psycopg.errors.DeadlockDetected("deadlock detected"),
            "serialization": psycopg.errors.SerializationFailure("could not serialize"),
        },
        "mysql": {
            "locked": pymysql.err.OperationalError(1205, "Lock wait timeout exceeded"),
            "deadlock": pymysql.err.OperationalError(1213, "Deadlock found"),
            "serialization": pymysql.err.OperationalError(1020, "Record has changed"),
        },
    }
    return faults[backend]


def final_faults(backend: str) -> dict[str, Exception]:
    """What trying again does not help, likewise."""
    faults: dict[str, dict[str, Exception]] = {
        "sqlite": {
            "disk full": sqlite3.OperationalError("database or disk is full"),
            "read-only": sqlite3.OperationalError("attempt to write a readonly database"),
        },
        "postgresql": {
            "disk full": psycopg.errors.DiskFull("could not extend file"),
            "read-only": psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT"),
        },
        "mysql": {
            "disk full": pymysql.err.OperationalError(1114, "The table is full"),
            "read-only": pymysql.err.OperationalError(1290, "--read-only"),
        },
    }
    return faults[backend]


class Proxy:
    """A line to a server that is cut when a COMMIT has gone by, if it is told to.

    Attributes:
        cuts: how often it was.
        turns: how often something was answered since something was sent: round trips.
    """

    def __init__(self, url: str) -> None:
        self._target = make_url(url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._marker: bytes | None = None
        self._is_marked = False
        self.cuts = self.turns = 0
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The URL of the database behind it."""
        port = self._listener.getsockname()[1]
        target = self._target.difference_update_query(["host"])
        through: URL = target.set(host="127.0.0.1", port=port)
        if through.get_backend_name() == "postgresql":
            through = through.update_query_dict({"sslmode": "disable", "gssencmode": "disable"})
        return through.render_as_string(hide_password=False)

    def cut_next(self, marker: str = "") -> None:
        """Let the next COMMIT after this text go by, and keep back its answer."""
        self._marker, self._is_marked = marker.encode(), False

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _is_to_be_cut(self, sent: bytes) -> bool:
        if self._marker is None:
            return False
        self._is_marked = self._is_marked or self._marker in sent
        if not self._is_marked or b"COMMIT" not in sent:
            return False
        self._marker = None
        return True

    def _connected(self) -> socket.socket:
        default = 5432 if self._target.get_backend_name() == "postgresql" else 3306
        port, folder = self._target.port or default, self._target.query.get("host")
        if folder is None:
            return socket.create_connection((self._target.host or "127.0.0.1", port))
        server = socket.socket(socket.AF_UNIX)  # of the server that the tests bring
        server.connect(f"{folder}/.s.PGSQL.{port}")
        return server

    def _carry(self, client: socket.socket) -> None:
        server = self._connected()
        with client, server:
            is_cutting = is_asked = False
            while True:
                ready, _, _ = select.select([client, server], [], [], 60)
                for one in ready:
                    try:
                        sent = one.recv(65536)
                    except OSError:
                        return
                    if not sent:
                        return
                    if one is client and self._is_to_be_cut(sent):
                        self.cuts, is_cutting = self.cuts + 1, True
                    if one is server and is_cutting:
                        return  # it has been done; in a pipeline more is sent before that is said
                    self.turns += is_asked and one is server
                    is_asked = one is client
                    (server if one is client else client).sendall(sent)


@contextmanager
def silence() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        yield listener.getsockname()[1]
