"""Statements that wait for one another, and are sent together: with psycopg in one round trip.

What a call writes, and its commit, is answered at once in place of one after the other. Elsewhere
nothing waits. Whoever reads must send what waits first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Connection

from motfunnel.store.engine.compiled import cursor_of, driver_errors

Sent = tuple[str, Any]
"""A statement, and its parameters, as the driver takes them."""

_BEGIN: Final[Sent] = ("BEGIN ISOLATION LEVEL READ COMMITTED", None)
_COMMIT: Final[Sent] = ("COMMIT", None)
_open: WeakKeyDictionary[Connection, Pipeline] = WeakKeyDictionary()


class Pipeline:
    """What waits to be sent on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: list[tuple[Sent, bool]] = []
        self.has_sent: bool = False

    def add(self, statement: Sent, *, is_read: bool = False) -> None:
        """Have a statement sent with the next ones; its answer is read, or nobody's."""
        self._waiting.append((statement, is_read))

    def send(self) -> list[Any]:
        """Send what waits, in its order; give the cursors of what is read."""
        if not self._waiting:
            return []
        waiting, self._waiting, self.has_sent = self._waiting, [], True
        proxied, readers = self._connection.connection, []
        writer, driver = proxied.cursor(), cast("Any", proxied.driver_connection)
        with driver_errors(self._connection, writer), driver.pipeline():
            for (sql, bound), is_read in waiting:
                if is_read:
                    readers.append(proxied.cursor())
                    readers[-1].execute(sql, bound)
                else:
                    writer.execute(sql, bound)
        return readers

    def commit(self) -> None:
        """Send what waits, and the commit with it: SQLAlchemy then finds nothing to commit."""
        self.add(_COMMIT)
        self.send()


@contextmanager
def pipelined(connection: Connection) -> Iterator[Pipeline | None]:
    """Have what is inside put statements into a pipeline, and send the last of them at the end."""
    if not _can_pipeline(connection):
        yield None
        return
    pipeline = _open[connection] = Pipeline(connection)
    try:
        yield pipeline
        pipeline.send()
    finally:
        del _open[connection]


@contextmanager
def pipelined_transaction(connection: Connection) -> Iterator[Pipeline | None]:
    """The same on a connection of ours, with the beginning and the commit in the pipeline, too.

    A transaction that psycopg begins by itself begins with a round trip of its own.
    """
    if not _can_pipeline(connection):
        yield None
        return
    driver: Any = connection.connection.driver_connection
    driver.autocommit = True
    pipeline = _open[connection] = Pipeline(connection)
    pipeline.add(_BEGIN)
    try:
        yield pipeline
        pipeline.commit()
    finally:
        del _open[connection]
        with suppress(connection.dialect.loaded_dbapi.Error):  # of a connection that is lost
            driver.rollback()
            driver.autocommit = False


def pipeline_of(connection: Connection) -> Pipeline | None:
    """The pipeline that is open on a connection; None where each statement is sent by itself."""
    return _open.get(connection)


def send(connection: Connection, statement: Sent) -> None:
    """Send a statement whose answer nobody reads; it waits in the pipeline, if one is open."""
    pipeline = _open.get(connection)
    if pipeline is not None:
        pipeline.add(statement)
        return
    words, bound = statement
    with cursor_of(connection) as cursor:
        cursor.execute(words) if bound is None else cursor.execute(words, bound)


def _can_pipeline(connection: Connection) -> bool:
    """Whether it is psycopg's own connection, with a client library that can do so."""
    dialect: Any = connection.dialect
    if dialect.driver != "psycopg" or dialect.is_async or hasattr(dialect, "lender"):
        return False
    return bool(dialect.loaded_dbapi.Pipeline.is_supported())
