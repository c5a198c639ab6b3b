"""PostgreSQL's DateStyle, in which it writes the instants that drivers read as text.

psycopg reads none but ISO. A role or a database may have another, and so may a host's session,
which gets it back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError


@contextmanager
def iso_dates(connection: Connection) -> Iterator[None]:
    """Have instants written in ISO; costs two statements where they are not, and else nothing."""
    usual = _date_style(connection)
    if usual is None or usual.startswith("ISO"):
        yield
        return
    _set(connection, "ISO")
    try:
        yield
    finally:
        if not (connection.closed or connection.invalidated):
            with suppress(SQLAlchemyError):  # a transaction that failed takes it back by itself
                _set(connection, usual)


def _date_style(connection: Connection) -> str | None:
    """What the server last told the driver; None of a driver that reads no text."""
    if connection.dialect.name != "postgresql":
        return None
    driver: Any = connection.connection.driver_connection
    info = getattr(driver, "info", None)  # psycopg and psycopg2 have it alike, asyncpg has none
    style: str | None = None if info is None else info.parameter_status("DateStyle")
    return style


def _set(connection: Connection, style: str) -> None:
    connection.exec_driver_sql(f"SELECT set_config('datestyle', '{style}', false)")
