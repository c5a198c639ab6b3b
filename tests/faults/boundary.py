"""Every statement that an engine sends, COMMIT included, seen just before the driver sends it.

Listens at the driver, because the hot statements of the store go past SQLAlchemy's own events.
A BEGIN that a driver sends with the first statement of a transaction is not seen apart from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from sqlalchemy import Engine, event

from motfunnel.store.engine.timeouts import CONNECT, psycopg_connection, pymysql_connection

Seen = Callable[[str], object]
Connected = Callable[[int], object]


def before_each(engine: Engine, seen: Seen, connected: Connected = lambda _: None) -> None:
    """Tell of every statement of the connections that the engine makes from now on.

    Args:
        engine: that has not connected yet.
        seen: is called with each statement before it is sent.
        connected: is called with the server's number of each new session.
    """
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda connection, _: connection.set_trace_callback(seen))
        return
    make = _psycopg if engine.dialect.name == "postgresql" else _pymysql

    def connect(_: object, __: object, arguments: Any, options: Any) -> Any:
        connection = make(seen)(*arguments, **options)
        is_postgresql = isinstance(connection, psycopg.Connection)
        connected(connection.info.backend_pid if is_postgresql else connection.thread_id())
        return connection

    own = CONNECT[engine.dialect.driver]
    if event.contains(engine, "do_connect", own):  # the first that connects would be the only one
        event.remove(engine, "do_connect", own)
    event.listen(engine, "do_connect", connect)


def _psycopg(seen: Seen) -> Callable[..., Any]:
    class Cursor(psycopg.Cursor[Any]):
        def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
            seen(str(query))
            return super().execute(query, *arguments, **options)

        def executemany(self, query: Any, *arguments: Any, **options: Any) -> None:
            seen(str(query))
            super().executemany(query, *arguments, **options)

    class Connection(psycopg_connection()):  # type: ignore[misc]
        def commit(self) -> None:
            seen("COMMIT")
            super().commit()

        def rollback(self) -> None:
            seen("ROLLBACK")
            super().rollback()

    def connect(*arguments: Any, **options: Any) -> Any:
        return Connection.connect(*arguments, cursor_factory=Cursor, **options)

    return connect


def _pymysql(seen: Seen) -> Callable[..., Any]:
    class Connection(pymysql_connection()):  # type: ignore[misc]
        def query(self, sql: Any, unbuffered: bool = False) -> int:
            seen(str(sql))
            changed: int = super().query(sql, unbuffered)
            return changed

        def commit(self) -> None:
            seen("COMMIT")
            super().commit()

        def rollback(self) -> None:
            seen("ROLLBACK")
            super().rollback()

    return Connection
