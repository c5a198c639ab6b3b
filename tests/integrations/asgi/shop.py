"""A shop on asyncio, as its authors would write it: one transaction a request, orders, events.

The same shop is served by FastAPI, which hands endpoints their session, and by Starlette, where
calls find the transaction of the running request by themselves.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import Engine, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from motfunnel import AsyncTracker, Moment, Tracker
from tests.tracking.host import ORDERS
from tests.tracking.scene import FUNNEL

current: ContextVar[AsyncSession | None] = ContextVar("current", default=None)


class Shop:
    """What both applications stand on.

    Attributes:
        told: the contacts whose opening a handler was told of, with the orders that were then
            committed: what the handler saw in a session of its own.
    """

    def __init__(self, engine: AsyncEngine, tenant: str) -> None:
        self.engine, self.tenant = engine, tenant
        self.sessions = async_sessionmaker(engine)
        self.told: list[tuple[str, list[int]]] = []
        self.tracker = AsyncTracker(engine, FUNNEL, tenant=tenant, host=current.get)
        self.tracker.on("opening", self.hear)

    async def hear(self, moment: Moment) -> None:
        async with self.sessions() as session:
            mine = ORDERS.c.tenant == self.tenant
            numbers = await session.scalars(select(ORDERS.c.number).where(mine))
            self.told.append((moment.contact, sorted(numbers)))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One transaction, which calls without a bind are part of."""
        async with self.sessions.begin() as session:
            token = current.set(session)
            try:
                yield session
            finally:
                current.reset(token)

    async def order(self, session: AsyncSession, number: int) -> None:
        await session.execute(ORDERS.insert().values(tenant=self.tenant, number=number))

    async def fail(self, how: str | None) -> None:
        """End a request as it was asked to end, after all its work."""
        if how == "refused":
            raise HTTPException(409, "the card was declined")
        if how == "crash":
            raise RuntimeError("a fault of the application's")
        await asyncio.sleep(0)


def fastapi_shop(shop: Shop) -> FastAPI:
    """The shop of FastAPI: the session and ``track`` are dependencies."""

    async def get_session() -> AsyncIterator[AsyncSession]:
        async with shop.sessions.begin() as session:
            yield session

    Sessions = Annotated[AsyncSession, Depends(get_session, scope="function")]

    def get_track(session: Sessions) -> Any:
        return partial(shop.tracker.track, bind=session)

    app = FastAPI(lifespan=partial(lifespan, shop))

    @app.post("/orders/{number}")
    async def order(
        session: Sessions,
        track: Annotated[Any, Depends(get_track, scope="function")],
        number: int,
        how: str | None = None,
    ) -> dict[str, int]:
        await shop.order(session, number)
        tracked = await track(f"contact {number}", "bought", id=str(number))
        assert shop.told == [] or shop.told[-1][0] != tracked.contact
        await shop.fail(how)
        return {"moments": len(tracked.moments)}

    return app


def starlette_shop(shop: Shop) -> Starlette:
    """The shop of Starlette: no call names the transaction that it becomes part of."""

    async def order(request: Request) -> JSONResponse:
        number = int(request.path_params["number"])
        async with shop.transaction() as session:
            await shop.order(session, number)
            tracked = await shop.tracker.track(f"contact {number}", "bought", id=str(number))
            assert (await shop.tracker.contact(f"contact {number}")).events == 1
            await shop.fail(request.query_params.get("how"))
        return JSONResponse({"moments": len(tracked.moments)})

    return Starlette(
        routes=[Route("/orders/{number}", order, methods=["POST"])],
        lifespan=partial(lifespan, shop),
    )


@asynccontextmanager
async def lifespan(shop: Shop, _: object) -> AsyncIterator[None]:
    await shop.tracker.create_tables()
    yield
    await shop.engine.dispose()


def synchronous_shop(engine: Engine, tracker: Tracker) -> FastAPI:
    """A shop of FastAPI whose endpoints are no coroutines: they run in threads."""
    sessions = sessionmaker(engine)

    def get_session() -> Iterator[Session]:
        with sessions.begin() as session:
            yield session

    app = FastAPI()

    @app.post("/orders/{number}")
    def order(
        session: Annotated[Session, Depends(get_session, scope="function")],
        number: int,
        how: str | None = None,
    ) -> dict[str, int]:
        session.execute(ORDERS.insert().values(tenant=tracker.tenant, number=number))
        tracked = tracker.track(f"contact {number}", "bought", id=str(number), bind=session)
        if how is not None:
            raise HTTPException(409, "the card was declined")
        return {"moments": len(tracked.moments)}

    return app
