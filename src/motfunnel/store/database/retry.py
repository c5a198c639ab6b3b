"""Transactions and questions of our own, put again where the database was not to be had.

What the host began is never done again here: its work is not ours to repeat.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Final, NoReturn, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from motfunnel.errors import StoreError
from motfunnel.store.database.database import Database
from motfunnel.store.engine.deadline import is_over, left
from motfunnel.store.engine.faults import FAULTS, Fault, fault_of, name_of
from motfunnel.store.hosts.transaction import Host, host_connection

_ATTEMPTS: Final = 5
_PAUSE: Final = 0.1
_USELESS: Final = (Fault.FINAL, Fault.REFUSED)

Result = TypeVar("Result")


def persist(
    database: Database,
    work: Callable[[Connection], Result],
    *,
    confirm: Callable[[Connection, Result], bool] | None = None,
    is_pipelined: bool = False,
) -> Result:
    """Do work in a transaction of our own; again, where an error may pass.

    Tries a bounded number of times, with pauses of random length, and never past the deadline.

    Args:
        database: where.
        work: is done anew in each transaction.
        confirm: finds out whether an earlier attempt, whose commit was never answered, was
            committed after all, and waits for it if it is still under way. If it was, its result
            is the answer.
        is_pipelined: whether the work minds the pipeline, where there is one.

    Raises:
        StoreError: the attempts or the time are used up, or trying again is of no use.
    """
    unsure: list[Result] = []
    for attempt in range(1, _ATTEMPTS + 1):
        done: list[Result] = []
        try:
            with database.write(is_pipelined=is_pipelined) as connection:
                for earlier in unsure:
                    if confirm is not None and confirm(connection, earlier):
                        return earlier
                done.append(work(connection))
            return done[0]
        except FAULTS as error:
            unsure += done  # the work was done: only of its commit nothing is known
            pause, seconds = random.random() * _PAUSE * attempt, left()
            is_last = attempt == _ATTEMPTS or (seconds is not None and seconds <= pause)
            if is_last or fault_of(error) in _USELESS:
                give_up(error, attempt)
        database.pause(pause)
    raise AssertionError("the last attempt returns or raises")


def ask(database: Database, question: Callable[[], Result]) -> Result:
    """Put a question, and once more where an error may have passed; twice must be as once.

    A server that was restarted has left dead connections in the pool: the first that meets one
    learns of it for all. Within the host's transaction nothing is asked again: that is lost.
    """
    try:
        return question()
    except Exception as error:
        is_fault = isinstance(error, (DBAPIError, OSError, *database.errors))
        if not is_fault or fault_of(error) is Fault.FINAL or is_over() or database.is_in_host():
            raise
    return question()


def ask_lazily(database: Database, question: Callable[[], Iterator[Result]]) -> Iterator[Result]:
    """The same for an answer that is read bit by bit: put again until its first bit is there."""

    def begin() -> tuple[list[Result], Iterator[Result]]:
        rest = question()
        return list(islice(rest, 1)), rest

    first, rest = ask(database, begin)
    yield from first
    yield from rest


@contextmanager
def asking(database: Database) -> Iterator[None]:
    """Turn a fault of the database into our own error, where nothing is tried again."""
    try:
        yield
    except Exception as error:
        if isinstance(error, (*FAULTS, *database.errors)):
            give_up(error)
        raise


def give_up(error: BaseException, attempts: int = 1) -> NoReturn:
    """Raise our own error for one of the database's, which becomes its cause.

    Raises:
        StoreError: always.
    """
    times = "" if attempts == 1 else f", tried {attempts} times"
    what = "did not answer within the budget" if is_over() else fault_of(error).value
    reason = f"the database {what} ({name_of(error)}{times})"
    raise StoreError(reason) from (getattr(error, "orig", None) or error)


def transact(database: Database, work: Callable[[Connection], Result], bind: Host | None) -> Result:
    """Do work in a savepoint of the host's transaction, or else in a transaction that commits."""
    host = database.host() if bind is None else bind
    if host is None:
        return persist(database, work)
    with database.natively(), database.join(host_connection(host)) as connection:
        return work(connection)
