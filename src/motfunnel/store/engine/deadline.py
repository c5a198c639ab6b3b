"""The budget of a call, and how long a database may wait: also in the queue for SQLite's lock.

Kept in the context of the call, so that drivers, pools and pauses find it; threads, greenlets and
tasks each have their own. Begins SQLite's transactions, since only who asks anew can stop waiting.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from time import monotonic
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from motfunnel.store.engine.compiled import cursor_of
from motfunnel.store.engine.faults import Fault, fault_of, sqlite_fault
from motfunnel.store.engine.pipeline import send
from motfunnel.store.engine.turns import Turn
from motfunnel.store.schema.types import MARIADB

_deadline: ContextVar[float | None] = ContextVar("motfunnel_deadline", default=None)

BUSY_SECONDS: Final = 30
"""How long to wait for SQLite's one write lock, where the call has no bound."""

FILES: Final = "PRAGMA database_list"
"""Asks SQLite for its databases, the main one first: a number, a name and a file of each."""

_LONGEST_NAP: Final = 0.02
_PATH: Final = "motfunnel_path"
_BUSY: Final = "motfunnel_busy"
_JOURNAL: Final = "motfunnel_journal"
_LOCK_WAIT: Final = "motfunnel_lock_wait"


@contextmanager
def within(seconds: float | None) -> Iterator[None]:
    """Give what is inside so many seconds, or as many as it has left if fewer; None: no bound."""
    outer = _deadline.get()
    if seconds is None:
        deadline = None
    else:
        deadline = monotonic() + seconds if outer is None else min(outer, monotonic() + seconds)
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


def left(most: float | None = None) -> float | None:
    """How many seconds are left, at least none and at most so many; None: no bound."""
    deadline = _deadline.get()
    if deadline is None:
        return most
    seconds = max(0.0, deadline - monotonic())
    return seconds if most is None else min(seconds, most)


def is_over() -> bool:
    """Whether no time is left."""
    return left() == 0.0


@contextmanager
def bounded(connection: Connection, *, is_ours: bool) -> Iterator[None]:
    """Have a server give up waiting for a lock when the call does, in the open transaction.

    Else it would go on, and hold what it has locked already, though nobody waits for it.
    """
    seconds = left()
    if connection.dialect.name == "postgresql":
        _bound_postgresql(connection, seconds, is_ours=is_ours)
        yield
    elif connection.dialect.name in MARIADB and is_ours:
        _set_lock_wait(connection, None if seconds is None else max(1, math.ceil(seconds)))
        yield
    elif connection.dialect.name in MARIADB and seconds is not None:
        with _lock_wait_of_a_host(connection, max(1, int(seconds))):
            yield
    else:
        yield


def begin_immediate(
    connection: Connection, pause: Callable[[float], object], *, is_ours: bool
) -> None:
    """Take SQLite's write lock, asking again and again: its own waiting stops the whole thread.

    Those who wait in it also come less often the longer they have waited.
    """

    def begin() -> None:
        with cursor_of(connection) as cursor:
            cursor.execute("BEGIN IMMEDIATE")

    if is_ours:
        _wait_at_most(connection, 0)
        begin_in_turn(begin, pause, _path(connection))
        if not _writes_ahead(connection):  # its commit waits for those who read
            allow_waiting(connection)
        return
    usual = _pragma(connection, "busy_timeout")
    _set_busy_timeout(connection, 0)
    try:
        begin_in_turn(begin, pause, _path(connection))
    finally:
        if not connection.invalidated:  # the call was cancelled, and nothing is to hide that
            _set_busy_timeout(connection, usual)


def begin_in_turn(begin: Callable[[], object], pause: Callable[[float], object], path: str) -> None:
    """Try to begin until nobody else writes, those who came first before those who came later.

    Args:
        begin: begins, and must not wait by itself.
        pause: lets others go first.
        path: the database's file; empty where it has none.
    """
    until = monotonic() + (left(BUSY_SECONDS) or 0.0)
    turn = Turn(path)
    try:
        while True:
            is_next, is_last = turn.has_come(), monotonic() >= until
            if is_next or is_last:
                try:
                    begin()
                    return
                except Exception as error:  # SQLAlchemy's, or that of whoever lends the connection
                    if fault_of(error) is not Fault.PASSING or is_last:
                        raise
            turn.wait()
            nap = random.uniform(0.0005, 0.002) if is_next else random.uniform(0.001, 0.006)
            pause(min(nap, max(0.0, until - monotonic())))
    finally:
        turn.leave()


def write_ahead(driver: Any, pause: Callable[[float], object], synchronous: str = "full") -> None:
    """Have readers and the writer of a file not wait for each other; a crash harms neither.

    Args:
        driver: the driver's new connection.
        pause: lets others go first.
        synchronous: ``normal`` waits for the disk at a checkpoint of the log alone, and no more at
            each commit: a loss of power then undoes the last commits, and never harms the file.
    """
    until = monotonic() + (left(BUSY_SECONDS) or 0.0)
    while True:
        try:
            cursor = driver.cursor()  # asyncio's drivers, too, have adapted cursors
            try:
                cursor.execute("PRAGMA journal_mode = WAL")
                cursor.fetchall()
                if synchronous != "full":
                    cursor.execute(f"PRAGMA synchronous = {synchronous}")
            finally:
                cursor.close()
            return
        except Exception as error:  # the driver's own, which the engine wraps
            if sqlite_fault(error) is not Fault.PASSING or monotonic() >= until:
                raise
        pause(random.uniform(0.0005, _LONGEST_NAP))


def allow_waiting(connection: Connection) -> None:
    """Let SQLite wait, on a connection of ours, for a log that another is just recovering."""
    _wait_at_most(connection, int(1000 * (left(BUSY_SECONDS) or 0.0)))


@contextmanager
def waiting_briefly(connection: Connection) -> Iterator[None]:
    """Have SQLite answer at once where it would have to wait for others, on any engine."""
    usual = _pragma(connection, "busy_timeout")
    _set_busy_timeout(connection, 0)
    try:
        yield
    finally:
        if not connection.invalidated:
            _set_busy_timeout(connection, usual)


def _bound_postgresql(connection: Connection, seconds: float | None, *, is_ours: bool) -> None:
    if seconds is None:
        return
    limit = max(1, int(seconds * 1000))
    settings = ["lock_timeout"] if is_ours else ["lock_timeout", "statement_timeout"]
    calls = [f"set_config('{name}', '{limit}', true)" for name in settings]
    send(connection, (f"SELECT {', '.join(calls)}", None))


def _set_lock_wait(connection: Connection, seconds: int | None) -> None:
    """Set it for a session of ours, where it is another already: sessions are used again."""
    info = connection.info
    if info.get(_LOCK_WAIT) != seconds:
        wanted = "DEFAULT" if seconds is None else str(seconds)
        connection.exec_driver_sql(f"SET SESSION innodb_lock_wait_timeout = {wanted}")
        info[_LOCK_WAIT] = seconds


@contextmanager
def _lock_wait_of_a_host(connection: Connection, seconds: int) -> Iterator[None]:
    usual = connection.exec_driver_sql("SELECT @@innodb_lock_wait_timeout").scalar_one()
    if usual <= seconds:
        yield
        return
    connection.exec_driver_sql(f"SET SESSION innodb_lock_wait_timeout = {seconds}")
    try:
        yield
    finally:
        with suppress(DBAPIError):  # one that cannot be told so is closed
            if not connection.invalidated:
                connection.exec_driver_sql(f"SET SESSION innodb_lock_wait_timeout = {usual}")


def _set_busy_timeout(connection: Connection, milliseconds: int) -> None:
    _pragma(connection, f"busy_timeout = {milliseconds}")


def _wait_at_most(connection: Connection, milliseconds: int) -> None:
    """Set it for a connection of ours, where it is another already: ours begin with none."""
    if connection.info.get(_BUSY, 0) != milliseconds:
        _set_busy_timeout(connection, milliseconds)
        connection.info[_BUSY] = milliseconds


def _writes_ahead(connection: Connection) -> bool:
    """Whether the file has a log, so that who holds the write lock waits for nobody any more."""
    if _JOURNAL not in connection.info:
        connection.info[_JOURNAL] = _pragma(connection, "journal_mode")
    return bool(connection.info[_JOURNAL] == "wal")


def _path(connection: Connection) -> str:
    """The file of the database, as SQLite has opened it; empty for one in memory."""
    if _PATH not in connection.info:
        with cursor_of(connection) as cursor:
            cursor.execute(FILES)
            connection.info[_PATH] = cursor.fetchone()[2] or ""
    path: str = connection.info[_PATH]
    return path


def _pragma(connection: Connection, words: str) -> Any:
    with cursor_of(connection) as cursor:
        cursor.execute(f"PRAGMA {words}")
        found = cursor.fetchone()
        return found[0] if found else None
