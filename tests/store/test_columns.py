"""Rows become columns of integers: instants to the microsecond, and texts by number."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Engine, String, cast, delete, insert, literal, null, select, true
from sqlalchemy.exc import DBAPIError

from motfunnel import Funnel, Tracker
from motfunnel.domain.columns import NEVER, Codes
from motfunnel.domain.instant import EARLIEST, to_micros
from motfunnel.store.queries.columns import micros, read_columns, read_rows
from motfunnel.store.queries.scope import AT_ONCE
from motfunnel.store.schema.tables import tables

LATEST = datetime.max.replace(tzinfo=UTC)
INSTANTS = st.datetimes(EARLIEST.replace(tzinfo=None), datetime.max, timezones=st.just(UTC))
MANY = 3 * AT_ONCE + 1
_SOME = 200


@given(st.lists(INSTANTS, max_size=20))
@example([datetime(2025, 5, 31, 23, 59, 59, 999500, tzinfo=UTC), EARLIEST, LATEST])
@example([datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)])
def test_an_instant_is_read_to_the_microsecond(
    shared_engine: Engine, instants: list[datetime]
) -> None:
    """The database says of an instant what Python says of it."""
    with Tracker(shared_engine, Funnel.ecommerce(), spool=False) as tracker:
        tracker.create_tables()
    t, tenant = tables().erasures, uuid4().hex
    with shared_engine.begin() as connection:
        for n, at in enumerate(instants):
            row = {"tenant": tenant, "token": f"{n:02}", "erased_at": at, "counts_kept": True}
            connection.execute(insert(t), row)
        when = micros(t.c.erased_at, connection.dialect)
        wanted = select(when, t.c.counts_kept).where(t.c.tenant == tenant).order_by(t.c.token)
        read, kept = read_columns(connection, wanted, [None, None])
        connection.execute(delete(t).where(t.c.tenant == tenant))
    assert read.tolist() == [to_micros(at) for at in instants]
    assert kept.tolist() == [1] * len(instants)


def test_what_never_came_is_past_every_instant(shared_engine: Engine) -> None:
    """NULL is later than the last instant of the calendar."""
    at = cast(null(), tables().contacts.c.deadline_at.type)
    with shared_engine.connect() as connection:
        wanted = select(micros(at, connection.dialect))
        (column,) = read_columns(connection, wanted, [None])
    assert column.tolist() == [NEVER]
    assert to_micros(LATEST) < NEVER


def _numbers() -> Any:
    """The numbers from 0 on, and more of them than a driver hands over at a time."""
    first = select(literal(0).label("n")).cte("some", recursive=True)
    some = first.union_all(select(first.c.n + 1).where(first.c.n < _SOME - 1))
    a, b = some.alias("a"), some.alias("b")
    number = (a.c.n * _SOME + b.c.n).label("n")
    each = select(number).select_from(a.join(b, true()))
    return each.where(number < MANY).subquery().c.n


def test_many_rows_keep_their_order(shared_engine: Engine) -> None:
    """More rows than a driver hands over at a time, with a text by number."""
    n, codes = _numbers(), Codes()
    wanted = select(n, "key " + cast((n + 2) % 3, String(5))).order_by(n)
    with shared_engine.connect() as connection:
        numbers, texts = read_columns(connection, wanted, [None, codes])
    assert numbers.tolist() == [*range(MANY)]
    assert codes.texts == ["key 2", "key 0", "key 1"]
    assert texts.tolist() == [number % 3 for number in range(MANY)]


def test_a_reader_who_leaves_keeps_the_connection(shared_engine: Engine) -> None:
    """Rows that nobody reads to their end disturb nothing that comes after."""
    with shared_engine.connect() as connection:
        rows = read_rows(connection, select(_numbers()))
        assert next(rows) == [(0,)]
        assert len(next(rows)) == AT_ONCE
        rows.close()  # type: ignore[attr-defined]
        assert connection.scalar(select(literal(2))) == 2


@pytest.mark.parametrize("shared_engine", ["postgresql"], indirect=True)
def test_an_error_on_the_way_is_one_of_the_databases(shared_engine: Engine) -> None:
    """What a server finds wrong only after some thousand rows is told as everywhere else."""
    n = _numbers()
    with shared_engine.connect() as connection, pytest.raises(DBAPIError):
        read_columns(connection, select(1 // (n - 2 * AT_ONCE)), [None])
