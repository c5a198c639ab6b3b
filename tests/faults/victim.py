"""A process that does an operation and kills itself, as by `kill -9`, before its Nth statement.

Says over a pipe which sessions of the server it had, and that it came to its end, if it did.
Does nothing to the process that starts it.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import define, field, frozen
from sqlalchemy import Engine, text

from motfunnel import Tracker
from motfunnel.store.database.migrations import migrate
from tests.faults.boundary import before_each
from tests.faults.operations import OPERATIONS, open_tracker
from tests.tracking.fleet import Place, context

PATIENCE = 60
_GONE = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE pid = :id",
    "mysql": "SELECT count(*) FROM information_schema.processlist WHERE id = :id",
}


@define
class Fuse:
    """Counts statements, and kills the process before one of them."""

    fatal: int
    count: int = 0
    is_lit: bool = False

    def __call__(self, _: str) -> None:
        if self.is_lit:
            self.count += 1
            if self.count == self.fatal:
                os.kill(os.getpid(), signal.SIGKILL)


@frozen
class Death:
    """How a victim ended.

    Attributes:
        survived: whether it came to its end, because it had fewer statements.
        statements: how many it had, of one that survived.
    """

    survived: bool
    statements: int = field(default=0)


def kill_at(engine: Engine, place: Place, operation: str, directory: Path, fatal: int) -> Death:
    """Do an operation in a process that dies before a statement; wait till its session is gone."""
    return _kill(engine, _do, place, operation, directory, fatal)


def kill_while_making_tables(engine: Engine, place: Place, fatal: int) -> Death:
    """Make the tables in a process that dies before a statement."""
    return _kill(engine, _make_tables, place, fatal)


def kill_while_migrating(engine: Engine, place: Place, fatal: int) -> Death:
    """Migrate the tables in a process that dies before a statement."""
    return _kill(engine, _migrate, place, fatal)


def _kill(engine: Engine, task: Callable[..., None], *arguments: Any) -> Death:
    reading, writing = context.Pipe(duplex=False)
    process = context.Process(target=task, args=(writing, *arguments))
    process.start()
    writing.close()
    process.join(PATIENCE)
    assert process.exitcode in (0, -signal.SIGKILL), f"the victim ended with {process.exitcode}"
    sessions: list[int] = []
    statements = None
    try:
        while reading.poll():
            kind, number = reading.recv()
            if kind == "session":
                sessions.append(number)
            else:
                statements = number
    except EOFError:
        pass
    reading.close()
    for session in sessions:
        _wait_until_gone(engine, session)
    return Death(statements is not None, statements or 0)


def _do(said: Any, place: Place, operation: str, directory: Path, fatal: int) -> None:
    tracker = open_tracker(place.url, place.tenant)
    fuse = _lay(said, tracker, fatal)
    tracker.create_tables()
    fuse.is_lit = True
    OPERATIONS[operation].act(tracker, directory)
    said.send(("statements", fuse.count))


def _make_tables(said: Any, place: Place, fatal: int) -> None:
    tracker = open_tracker(place.url, place.tenant)
    fuse = _lay(said, tracker, fatal)
    fuse.is_lit = True
    tracker.create_tables()
    said.send(("statements", fuse.count))


def _migrate(said: Any, place: Place, fatal: int) -> None:
    tracker = open_tracker(place.url, place.tenant)
    fuse = _lay(said, tracker, fatal)
    fuse.is_lit = True
    migrate(tracker.database)
    said.send(("statements", fuse.count))


def _lay(said: Any, tracker: Tracker, fatal: int) -> Fuse:
    fuse = Fuse(fatal)
    before_each(tracker.database.engine, fuse, lambda id: said.send(("session", id)))
    return fuse


def _wait_until_gone(engine: Engine, session: int) -> None:
    """Wait until a server has noticed that nobody is there any more, and let go of its locks."""
    until = time.monotonic() + PATIENCE
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        while connection.scalar(text(_GONE[engine.dialect.name]), {"id": session}):
            assert time.monotonic() < until, f"session {session} does not end"
            time.sleep(0.005)
