"""Drivers and a pool that keep a call's deadline, for engines of our own.

Left to themselves, libpq waits two seconds for a connection at least, and both drivers for an
answer for ever. Without a deadline they wait as they always do. The operating system's look-up of
a host's name is not bounded by it.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Generator
from functools import cache
from importlib import import_module
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.pool import QueuePool

from motfunnel.store.deadline import left

_SPENT: Final = "the time of the call is spent"
_POOL_SECONDS: Final = 30
_LEAST: Final = 0.001  # PyMySQL takes no zero


class ImpatientPool(QueuePool):
    """A pool in which nobody waits for a connection longer than the call may take."""

    __module__ = QueuePool.__module__  # what a pool logs is SQLAlchemy's, and so is its level

    @property
    def _timeout(self) -> float:
        return left(_POOL_SECONDS) or 0.0

    @_timeout.setter
    def _timeout(self, _: float) -> None:
        """Nothing that is set holds for every call."""


def make_impatient(engine: Engine) -> None:
    """Have an engine of ours connect by a driver that keeps the deadline."""
    connect = CONNECTIONS.get(engine.dialect.driver)
    if connect is not None:
        event.listen(engine, "do_connect", connect)


def _connect_psycopg(_: Any, __: Any, cargs: Any, cparams: Any) -> Any:
    return psycopg_connection().connect(*cargs, **cparams)


def _connect_pymysql(_: Any, __: Any, cargs: Any, cparams: Any) -> Any:
    return pymysql_connection()(*cargs, **cparams)


CONNECTIONS: Final[dict[str, Callable[..., Any]]] = {
    "psycopg": _connect_psycopg,
    "pymysql": _connect_pymysql,
}
"""How an engine of ours connects, by the name of its driver."""


@cache
def psycopg_connection() -> Any:
    """The class of psycopg's connections that keep the deadline."""
    import psycopg

    class Impatient(psycopg.Connection[Any]):
        """Waits for the server, and for the connection to it, until the deadline."""

        def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
            if left() is None:
                return super().wait(gen, *args, **kwargs)
            try:
                return _drive(gen, lambda wanted: (self.pgconn.socket, wanted))
            except TimeoutError:
                self.pgconn.finish()  # what comes of the query is not known any more
                raise psycopg.OperationalError(_SPENT) from None
            except BaseException as error:
                if not isinstance(error, Exception):  # interrupted in the middle
                    self.pgconn.finish()
                raise

        @classmethod
        def _connect_gen(cls, *args: Any, **kwargs: Any) -> Any:
            gen = super()._connect_gen(*args, **kwargs)
            return gen if left() is None else cls._connect_until(gen)

        @classmethod
        def _connect_until(cls, gen: Any) -> Any:
            """Connect without yielding to a loop that counts in whole seconds."""
            try:
                return _drive(gen, lambda wanted: wanted)
            except TimeoutError:
                raise psycopg.OperationalError(_SPENT) from None
            yield

    return Impatient


def _drive(gen: Generator[Any, Any, Any], read: Callable[[Any], tuple[int, int]]) -> Any:
    """Run a generator of psycopg, which yields what it waits for: reading is 1, writing 2.

    Raises:
        TimeoutError: the deadline came first.
    """
    try:
        wanted = next(gen)
        while True:
            ready = _poll(*read(wanted))
            if not ready:
                gen.close()
                raise TimeoutError
            wanted = gen.send(ready)
    except StopIteration as stopped:
        return stopped.value


def _poll(file: int, wanted: int) -> int:
    """Wait for what is wanted of a file, until the deadline; what of it is ready, or 0."""
    if not hasattr(select, "poll"):
        to_read, to_write = ([file] if wanted & bit else [] for bit in (1, 2))
        reading, writing, _ = select.select(to_read, to_write, [], left())
        return (1 if reading else 0) | (2 if writing else 0)
    poll = select.poll()
    mask = (select.POLLIN if wanted & 1 else 0) | (select.POLLOUT if wanted & 2 else 0)
    poll.register(file, mask)
    seconds = left()
    ready = 0
    for _, found in poll.poll(None if seconds is None else seconds * 1000):
        broken = found & ~(select.POLLIN | select.POLLOUT)
        ready |= wanted if broken else 0
        ready |= (1 if found & select.POLLIN else 0) | (2 if found & select.POLLOUT else 0)
    return ready


@cache
def pymysql_connection() -> Any:
    """The class of PyMySQL's connections that keep the deadline."""
    plain: Any = import_module("pymysql.connections").Connection

    class Impatient(plain):  # type: ignore[misc]
        """Gives the server for each command what is left of the call's time."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self._given = (kwargs.get("read_timeout"), kwargs.get("write_timeout"))
            seconds = left()
            if seconds is not None:
                seconds = max(seconds, _LEAST)
                kwargs |= {"read_timeout": seconds, "write_timeout": seconds}
                kwargs["connect_timeout"] = min(seconds, kwargs.get("connect_timeout", 10))
            super().__init__(*args, **kwargs)

        def _execute_command(self, command: Any, sql: Any) -> Any:
            seconds = left()
            if seconds is None:
                self._read_timeout, self._write_timeout = self._given
            else:
                self._read_timeout = self._write_timeout = max(seconds, _LEAST)
            return super()._execute_command(command, sql)

    return Impatient
