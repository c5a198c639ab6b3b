"""The database under asyncio: the same synchronous statements, run where a driver may be awaited.

SQLAlchemy runs a function in a greenlet; whenever a driver of asyncio has to wait, the greenlet
gives way to the event loop. Starts no thread, and holds no statement of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from sqlalchemy import URL, Connection

from motfunnel.errors import MissingExtraError, install
from motfunnel.store.database.database import Database
from motfunnel.store.engine.deadline import left
from motfunnel.store.engine.engine import make_engine, no_database
from motfunnel.store.hosts.transaction import Host

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import (
        AsyncConnection,
        AsyncEngine,
        AsyncSession,
        async_scoped_session,
    )

    AsyncHost: TypeAlias = AsyncSession | AsyncConnection | async_scoped_session[Any]

Result = TypeVar("Result")


class AsyncDatabase(Database):
    """A database whose driver is one of asyncio; all that it does, it does within ``run``.

    Args:
        bind: a URL, or the host's own AsyncEngine.
        schema: the schema of the tables; None for the database's default.
    """

    def __init__(self, bind: str | URL | AsyncEngine, schema: str | None = None) -> None:
        _require_greenlet()
        from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

        if isinstance(bind, AsyncEngine):
            self._asyncio = bind
        elif not isinstance(bind, str | URL):
            raise no_database(bind, "AsyncTracker")
        else:
            self._asyncio = AsyncEngine(make_engine(bind, self.pause, is_async=True))
        super().__init__(self._asyncio.sync_engine, schema)
        self._owned = self._asyncio is not bind
        self._road = AsyncSession(self._asyncio)  # it never connects; only its greenlets are used

    @contextmanager
    def write(self, *, is_pipelined: bool = False) -> Iterator[Connection]:
        """A transaction of our own, given up when the call's time is spent."""
        with _limited(left()), super().write(is_pipelined=is_pipelined) as connection:
            yield connection

    async def run(self, work: Callable[[], Result]) -> Result:
        """Do work that is written for a synchronous database."""
        return await self._road.run_sync(lambda _: work())

    def pause(self, seconds: float) -> None:
        """Let others work for a while."""
        wait_for(asyncio.sleep(seconds))

    async def close(self) -> None:
        """Close the connections of an engine that was made here."""
        if self._owned:
            await self._asyncio.dispose()
            self.forget_memory()


async def run_on_host(bind: AsyncHost, work: Callable[[Host], Result]) -> Result:
    """Do work that is written for a synchronous bind in the transaction of an asynchronous one.

    Raises:
        TypeError: the bind is synchronous, or no bind at all.
    """
    return await _asynchronous(bind).run_sync(work)


def synchronous(bind: AsyncHost) -> Host:
    """What holds the transaction of an asynchronous bind, for what runs within ``run``.

    Raises:
        TypeError: the bind is synchronous, or no bind at all, or not open.
    """
    given = _asynchronous(bind)
    host = getattr(given, "sync_session", None) or getattr(given, "sync_connection", None)
    if host is None:
        raise TypeError("the AsyncConnection is not open yet; await it first")
    return cast("Host", host)


def _asynchronous(bind: object) -> AsyncSession | AsyncConnection:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_scoped_session
    from sqlalchemy.orm import Session, scoped_session

    if isinstance(bind, async_scoped_session):
        bind = bind()
    if isinstance(bind, AsyncSession | AsyncConnection):
        return bind
    if isinstance(bind, Session | scoped_session | Connection):
        raise TypeError(f"a {type(bind).__name__} is synchronous; call track(…) of a Tracker")
    raise TypeError(f"bind must be an AsyncSession or AsyncConnection, not {type(bind).__name__}")


def wait_for(awaitable: Awaitable[Result]) -> Result:
    """Await, within ``run`` or the host's own call, as a synchronous function."""
    from sqlalchemy.util import await_only

    return await_only(awaitable)


@contextmanager
def _limited(seconds: float | None) -> Iterator[None]:
    """Let what is inside take so long, within ``run``.

    Raises:
        TimeoutError: it took longer, and was cancelled.
    """
    if seconds is None:
        yield
        return
    limit = asyncio.timeout(seconds)
    wait_for(limit.__aenter__())
    try:
        yield
    except BaseException as error:
        wait_for(limit.__aexit__(type(error), error, error.__traceback__))
        raise
    wait_for(limit.__aexit__(None, None, None))


def _require_greenlet() -> None:
    if find_spec("greenlet") is None:
        raise MissingExtraError(f"asyncio needs greenlet: {install('async')}")
