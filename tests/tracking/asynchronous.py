"""What the tests of asyncio share: an event loop with a limit, and hosts of three kinds."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_scoped_session,
    async_sessionmaker,
    create_async_engine,
)

PATIENCE = 60
# SQLAlchemy gives up a cancelled connection of aiosqlite without closing it. From Python 3.13 on,
# whatever collects the garbage is told so.
lets_go = pytest.mark.filterwarnings(
    "ignore:Exception ignored in.*sqlite3.Connection:pytest.PytestUnraisableExceptionWarning"
)
DRIVERS = {"sqlite": "aiosqlite", "postgresql": "psycopg_async", "mysql": "aiomysql"}

Host = AsyncSession | AsyncConnection | async_scoped_session[AsyncSession]


def run(story: Coroutine[Any, Any, Any]) -> None:
    """Run a story on an event loop of its own; one that hangs fails."""
    asyncio.run(asyncio.wait_for(story, PATIENCE))
    gc.collect()  # what is left behind is told of here, and not in the next test


@asynccontextmanager
async def host_engine(engine: Engine) -> AsyncIterator[AsyncEngine]:
    """An engine of a host on asyncio, with room for many tasks."""
    url = engine.url.set(drivername=f"{engine.name}+{DRIVERS[engine.name]}")
    patience = {"timeout": PATIENCE} if engine.name == "sqlite" else {}
    made = create_async_engine(url, pool_size=20, connect_args=patience)
    yield made
    await made.dispose()


@asynccontextmanager
async def a_session(engine: AsyncEngine) -> AsyncIterator[Host]:
    async with AsyncSession(engine) as session:
        yield session


@asynccontextmanager
async def a_scoped_session(engine: AsyncEngine) -> AsyncIterator[Host]:
    session = async_scoped_session(async_sessionmaker(engine), asyncio.current_task)
    yield session
    await session.remove()


@asynccontextmanager
async def a_connection(engine: AsyncEngine) -> AsyncIterator[Host]:
    async with engine.connect() as connection:
        yield connection


HOSTS = {
    "AsyncSession": a_session,
    "async_scoped_session": a_scoped_session,
    "AsyncConnection": a_connection,
}
