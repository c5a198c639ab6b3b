"""In a request of FastAPI or Starlette an event shares the fate of the request's transaction."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import Engine, create_engine
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.applications import Starlette

from motfunnel import Tracker
from motfunnel.tracking.upkeep.check import check_contacts
from tests.databases import Databases, NoServer
from tests.integrations.asgi.shop import Shop, fastapi_shop, starlette_shop, synchronous_shop
from tests.tracking.asynchronous import lets_go, run
from tests.tracking.host import ORDERS, event_ids, orders
from tests.tracking.scene import FUNNEL

DRIVERS = {
    "aiosqlite": "sqlite",
    "asyncpg": "postgresql",
    "psycopg_async": "postgresql",
    "aiomysql": "mariadb",
}
AT_ONCE = 12
KEPT = [n for n in range(AT_ONCE + 2) if n % 3]  # of the requests that are made at once
Make = Callable[[Shop], FastAPI | Starlette]


@pytest.fixture(
    params=[
        pytest.param(name, marks=() if backend == "sqlite" else pytest.mark.slow)
        for name, backend in DRIVERS.items()
    ]
)
def driver(request: pytest.FixtureRequest) -> str:
    """A driver of asyncio."""
    name: str = request.param
    return name


@pytest.fixture
def engine(driver: str, databases: Databases) -> Any:
    """An engine for looking at what the shop has stored."""
    try:
        engine = create_engine(databases.shared(DRIVERS[driver]))
    except NoServer as absence:
        pytest.skip(str(absence))
    ORDERS.create(engine, checkfirst=True)
    yield engine
    engine.dispose()


@pytest.fixture(params=[fastapi_shop, starlette_shop], ids=["FastAPI", "Starlette"])
def make(request: pytest.FixtureRequest) -> Make:
    """Makes the application of a shop."""
    made: Make = request.param
    return made


@pytest.fixture
def tracker(engine: Engine) -> Tracker:
    """A tracker of the shop's tenant, for looking at what is stored."""
    return Tracker(engine, FUNNEL, tenant=uuid4().hex)


@asynccontextmanager
async def serving(
    make: Make, engine: Engine, driver: str, tenant: str
) -> AsyncIterator[tuple[Shop, AsyncClient]]:
    """A shop that is open, and a client of it."""
    url = engine.url.set(drivername=f"{engine.name}+{driver}")
    shop = Shop(create_async_engine(url, pool_size=AT_ONCE), tenant)
    app = make(shop)
    transport = ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=transport, base_url="http://shop") as client,
    ):
        yield shop, client


def is_whole(engine: Engine, tracker: Tracker) -> list[int]:
    """The orders that are there, each of which has its event."""
    there = orders(engine, tracker.tenant)
    assert event_ids(engine, tracker.tenant) == sorted(map(str, there))
    assert check_contacts(tracker).is_sound
    return there


async def ask_at_once(client: AsyncClient) -> None:
    """Make many requests, of which every third is refused."""
    # On MariaDB the very first events of a store, all of which write its funnel, would deadlock.
    assert (await client.post(f"/orders/{AT_ONCE + 1}")).status_code == 200
    ways = {n: {} if n % 3 else {"how": "refused"} for n in range(AT_ONCE)}
    asked = [client.post(f"/orders/{n}", params=way) for n, way in ways.items()]
    answers = await asyncio.gather(*asked)
    assert [one.status_code for one in answers] == [200 if n in KEPT else 409 for n in ways]


def test_a_request_commits(make: Make, engine: Engine, driver: str, tracker: Tracker) -> None:
    """The order and its event are there, and handlers, told after the commit, have seen it."""

    async def story() -> None:
        async with serving(make, engine, driver, tracker.tenant) as (shop, client):
            answer = await client.post("/orders/1")
            assert (answer.status_code, answer.json()) == (200, {"moments": 2})
            assert shop.told == [("contact 1", [1])]

    run(story())
    assert is_whole(engine, tracker) == [1]


@pytest.mark.parametrize("how", ["refused", "crash"])
def test_a_request_fails(
    make: Make, engine: Engine, driver: str, tracker: Tracker, how: str
) -> None:
    """Whatever the endpoint raises, neither is there and nobody is told; the next request works."""

    async def story() -> None:
        async with serving(make, engine, driver, tracker.tenant) as (shop, client):
            failed = await client.post("/orders/1", params={"how": how})
            assert failed.status_code == (409 if how == "refused" else 500)
            assert shop.told == []
            assert (await client.post("/orders/2")).status_code == 200
            assert shop.told == [("contact 2", [2])]

    run(story())
    assert is_whole(engine, tracker) == [2]


def test_requests_at_once(make: Make, engine: Engine, driver: str, tracker: Tracker) -> None:
    """Each is part of its own transaction: those that fail take nothing of the others with them."""

    async def story() -> None:
        async with serving(make, engine, driver, tracker.tenant) as (shop, client):
            await ask_at_once(client)
            assert {contact for contact, _ in shop.told} == {f"contact {n}" for n in KEPT}

    run(story())
    assert is_whole(engine, tracker) == KEPT


@lets_go
def test_a_client_leaves(make: Make, engine: Engine, driver: str, tracker: Tracker) -> None:
    """A request that is cancelled, at whatever point, leaves both or neither, and no connection."""

    async def story() -> None:
        async with serving(make, engine, driver, tracker.tenant) as (shop, client):
            for number in range(3 * AT_ONCE):
                asked = asyncio.ensure_future(client.post(f"/orders/{number}"))
                await asyncio.sleep(random.random() / 50)
                asked.cancel()
                await asyncio.wait([asked])
            assert (await client.post("/orders/1000")).status_code == 200
            assert shop.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
            told = [int(contact.split()[1]) for contact, _ in shop.told]
        there = is_whole(engine, tracker)
        assert 1000 in told
        assert len(told) == len({*told})
        assert {*told} <= {*there}

    run(story())


def test_endpoints_in_threads(engine: Engine, tracker: Tracker) -> None:
    """An endpoint that is not a coroutine joins its Session with a Tracker."""
    told: list[str] = []
    tracker.on("opening", lambda moment: told.append(moment.contact))
    tracker.create_tables()

    async def story() -> None:
        app = synchronous_shop(engine, tracker)
        transport = ASGITransport(app, raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url="http://shop") as client:
            await ask_at_once(client)

    run(story())
    assert is_whole(engine, tracker) == KEPT
    assert sorted(told) == sorted(f"contact {n}" for n in KEPT)
