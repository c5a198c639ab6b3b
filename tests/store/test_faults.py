"""What an error of a database means."""

from __future__ import annotations

import sqlite3
from typing import Any

import psycopg
import pymysql
import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from motfunnel.store.engine.faults import Fault, fault_of, name_of, undid_everything

pytestmark = pytest.mark.every_database

PASSING, LOST, AWAY, FINAL = Fault.PASSING, Fault.LOST, Fault.UNREACHABLE, Fault.FINAL
REFUSED = Fault.REFUSED
POSTGRESQL = {
    "40001": PASSING, "40P01": PASSING, "55P03": PASSING, "57014": PASSING,
    "26000": PASSING, "42P05": PASSING,
    "57P01": LOST, "57P02": LOST, "08006": LOST, "57P03": AWAY, "53300": AWAY, "08001": AWAY,
    "53100": FINAL, "25006": FINAL, "23505": REFUSED, "28P01": FINAL,
}  # fmt: skip
MARIADB = {
    1020: PASSING, 1205: PASSING, 1213: PASSING,
    1053: LOST, 1152: LOST, 1927: LOST, 2006: LOST, 2013: LOST, 0: LOST,
    1040: AWAY, 2002: AWAY, 2003: AWAY,
    1021: FINAL, 1114: FINAL, 1290: FINAL, 1062: REFUSED, 1045: FINAL,
}  # fmt: skip
SQLITE = {
    "database is locked": PASSING,
    "database table is locked": PASSING,
    "unable to open database file": AWAY,
    "database or disk is full": FINAL,
    "attempt to write a readonly database": FINAL,
    "disk I/O error": FINAL,
}


def wrapped(error: Exception, driver: Any) -> DBAPIError:
    made = DBAPIError.instance("SELECT 1", None, error, driver.Error)
    assert isinstance(made, DBAPIError)
    return made


@pytest.mark.parametrize(("state", "fault"), POSTGRESQL.items())
def test_postgresql(state: str, fault: Fault) -> None:
    """By the state of SQL."""
    error = psycopg.errors.lookup(state)("words")
    assert fault_of(wrapped(error, psycopg)) is fault
    assert state in name_of(wrapped(error, psycopg))


@pytest.mark.parametrize(("number", "fault"), MARIADB.items())
def test_mariadb(number: int, fault: Fault) -> None:
    """By its number."""
    kind = pymysql.err.InterfaceError if number == 0 else pymysql.err.OperationalError
    assert fault_of(wrapped(kind(number, "words"), pymysql)) is fault


@pytest.mark.parametrize(("words", "fault"), SQLITE.items())
def test_sqlite(words: str, fault: Fault) -> None:
    """By its words, where the driver gives no code."""
    assert fault_of(wrapped(sqlite3.OperationalError(words), sqlite3)) is fault


def test_what_is_no_answer_of_a_database() -> None:
    """A pool that is empty, and a way that is barred, are one; a driver without a state too."""
    assert fault_of(PoolTimeoutError()) is AWAY
    assert fault_of(ConnectionRefusedError()) is AWAY
    assert fault_of(wrapped(psycopg.OperationalError("refused"), psycopg)) is AWAY
    assert fault_of(wrapped(psycopg.ProgrammingError("usage"), psycopg)) is FINAL
    assert fault_of(ValueError()) is FINAL


def test_real_ones(url: str, engine: Engine) -> None:
    """A lock that is not had at once, as the real driver raises it, passes."""
    impatient = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE host (n INTEGER)"))
        connection.execute(text("INSERT INTO host VALUES (1)"))
    with engine.connect() as holder, impatient.connect() as other:
        holder.execute(text("UPDATE host SET n = 2"))
        limit = {
            "sqlite": "PRAGMA busy_timeout = 1",
            "postgresql": "SET lock_timeout = '10ms'",
            "mysql": "SET innodb_lock_wait_timeout = 0",
        }[engine.dialect.name]
        other.execute(text(limit))
        with pytest.raises(DBAPIError) as caught:
            other.execute(text("UPDATE host SET n = 3"))
        assert fault_of(caught.value) is PASSING
        assert not undid_everything(caught.value)
    impatient.dispose()
