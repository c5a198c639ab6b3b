"""A pool and connections of our own that wait no longer than the call may, by public means alone.

Left to themselves, both drivers wait for an answer for ever. Without a deadline they wait as they
always do. The operating system's look-up of a host's name is not bounded by it.
"""

from __future__ import annotations

import math
import select
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import cache
from time import monotonic
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from motfunnel.store.engine.deadline import is_over, left

_SPENT: Final = "the time of the call is spent"
_POOL_SECONDS: Final = 30
_LEAST_OF_LIBPQ: Final = 2  # it takes whole seconds, and one of them for two
_LEAST: Final = 0.001  # none would mean not to wait at all, which is another mode of a socket
_NO_CONNECTION: Final = 2003  # what PyMySQL says where it cannot connect

POOL_TIMEOUT: Final = 0.05
"""The ``pool_timeout`` of a BoundedPool: how often it looks whether the call's time is over."""


class BoundedPool(QueuePool):
    """A pool in which nobody waits for a connection longer than the call may take."""

    __module__ = QueuePool.__module__  # what a pool logs is SQLAlchemy's, and so is its level

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.line = threading.Lock()

    def connect(self) -> PoolProxiedConnection:
        """Wait for a connection, a little at a time, until the deadline.

        Who has waited a little in vain is not put behind those who come later: one at a time
        waits for the next connection, and the others for their turn to do so.

        Raises:
            sqlalchemy.exc.TimeoutError: the deadline came first.
        """
        until = monotonic() + (left(_POOL_SECONDS) or 0.0)
        if not self.line.locked():
            with suppress(PoolTimeoutError):
                return super().connect()
        if not self.line.acquire(timeout=max(0.0, until - monotonic())):
            raise PoolTimeoutError("all connections of the pool are in use")
        try:
            while True:
                try:
                    return super().connect()
                except PoolTimeoutError:
                    if monotonic() >= until:
                        raise
        finally:
            self.line.release()


def keep_deadlines(engine: Engine) -> None:
    """Have the connections of an engine of ours keep the deadline, where its driver lets them."""
    connect = CONNECT.get(engine.dialect.driver)
    if connect is not None:
        event.listen(engine, "do_connect", connect)


def _connect_psycopg(_: Any, __: Any, cargs: Any, cparams: Any) -> Any:
    return psycopg_connection().connect(*cargs, **cparams)


def _connect_pymysql(_: Any, __: Any, cargs: Any, cparams: Any) -> Any:
    return pymysql_connection()(*cargs, **cparams)


CONNECT: Final[dict[str, Callable[..., Any]]] = {
    "psycopg": _connect_psycopg,
    "pymysql": _connect_pymysql,
}
"""How an engine of ours connects, by the name of its driver."""


@cache
def psycopg_connection() -> Any:
    """The class of psycopg's connections that keep the deadline."""
    import psycopg

    class Connection(psycopg.Connection[Any]):
        """Waits for the server until the deadline, and for the connection to it a little longer."""

        @classmethod
        def connect(cls, *args: Any, **kwargs: Any) -> Any:
            if is_over():
                raise psycopg.OperationalError(_SPENT)
            seconds = left()
            if seconds is not None:
                whole = max(_LEAST_OF_LIBPQ, math.ceil(seconds))
                kwargs["connect_timeout"] = min(whole, kwargs.get("connect_timeout") or whole)
            return super().connect(*args, **kwargs)

        def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
            if left() is None:
                return super().wait(gen, *args, **kwargs)
            try:
                return _wait(gen, self.fileno())
            except TimeoutError:
                self.close()  # what comes of the query is not known any more
                raise psycopg.OperationalError(_SPENT) from None
            except BaseException as error:
                if not isinstance(error, Exception):  # interrupted in the middle
                    self.close()
                raise

    return Connection


def _wait(gen: Generator[int, int, Any], file: int) -> Any:
    """Run a generator of psycopg, which yields what it waits for: to read is 1, to write 2.

    Raises:
        TimeoutError: the deadline came first.
    """
    try:
        wanted = next(gen)
        while ready := _poll(file, wanted):
            wanted = gen.send(ready)
    except StopIteration as stopped:
        return stopped.value
    raise TimeoutError


def _poll(file: int, wanted: int) -> int:
    """Wait for what is wanted of a file, until the deadline; what of it is ready, or 0."""
    if not hasattr(select, "poll"):
        to_read, to_write = ([file] if wanted & bit else [] for bit in (1, 2))
        reading, writing, _ = select.select(to_read, to_write, [], left())
        return (1 if reading else 0) | (2 if writing else 0)
    poll = select.poll()  # a selector does the same, and costs a statement half as much again
    poll.register(file, (wanted & 1 and select.POLLIN) | (wanted & 2 and select.POLLOUT))
    seconds = left()
    ready = 0
    for _, found in poll.poll(None if seconds is None else seconds * 1000):
        is_broken = found & ~(select.POLLIN | select.POLLOUT)
        ready |= wanted if is_broken else 0
        ready |= (found & select.POLLIN and 1) | (found & select.POLLOUT and 2)
    return ready


@cache
def pymysql_connection() -> Any:
    """The class of PyMySQL's connections that keep the deadline, by sockets that do."""
    import pymysql

    plain: Any = pymysql.connections.Connection
    bounded, secure = _sockets()

    class Connection(plain):  # type: ignore[misc]
        """Talks to the server through a socket of ours, which PyMySQL would make otherwise."""

        def connect(self, sock: Any = None) -> None:
            if self.ssl:
                self.ctx.sslsocket_class = secure
            try:
                sock = bounded(fileno=_dial(self).detach())
            except OSError as error:
                message = f"Can't connect to MySQL server on {self.host!r} ({error})"
                raise pymysql.OperationalError(_NO_CONNECTION, message) from error
            super().connect(sock)

    return Connection


def _sockets() -> tuple[type[socket.socket], type[socket.socket]]:
    """The classes of sockets that keep the deadline: a plain one, and one that encrypts.

    Made when they are first needed, which is after gevent has put its own in their place.
    """
    import ssl

    class Socket(socket.socket):
        """Waits as long as its driver says, and not past the deadline."""

        usual: float | None = None

        def settimeout(self, value: float | None, /) -> None:
            self.usual = value
            super().settimeout(value)

        def gettimeout(self) -> float | None:
            return self.usual

        def bound(self) -> None:
            super().settimeout(_at_most(self.usual))

        def recv_into(self, *args: Any, **kwargs: Any) -> int:
            self.bound()
            return super().recv_into(*args, **kwargs)

        def sendall(self, *args: Any, **kwargs: Any) -> None:
            self.bound()
            super().sendall(*args, **kwargs)

    class SecureSocket(Socket, ssl.SSLSocket):
        def do_handshake(self, *args: Any, **kwargs: Any) -> None:
            self.bound()
            super().do_handshake(*args, **kwargs)

    return Socket, SecureSocket


def _dial(connection: Any) -> socket.socket:
    """Connect as PyMySQL does it, by its public parameters."""
    seconds = _at_most(connection.connect_timeout)
    if connection.unix_socket:
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(seconds)
        made.connect(connection.unix_socket)
        return made
    source = (connection.bind_address, 0) if connection.bind_address else None
    made = socket.create_connection((connection.host, connection.port), seconds, source)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return made


def _at_most(seconds: float | None) -> float | None:
    """So many seconds, or as many as are left if fewer, as a socket takes them."""
    bound = left(seconds)
    return None if bound is None else max(bound, _LEAST)
