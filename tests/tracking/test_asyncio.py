"""Many tasks at once, in transactions of their own or the host's, some of them cancelled."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from motfunnel import AsyncTracker, Moment, Tracked, Tracker
from motfunnel.errors import ConflictError
from motfunnel.store.schema.tables import tables
from motfunnel.tracking.upkeep.check import check_contacts
from tests.tracking.asynchronous import HOSTS, host_engine, lets_go, run
from tests.tracking.host import ORDERS, event_ids, orders
from tests.tracking.scene import NOON, PATIENT, day

TASKS = 100


@pytest.mark.parametrize("opened", HOSTS.values(), ids=HOSTS)
@pytest.mark.parametrize("is_async", [True, False], ids=["AsyncTracker", "Tracker"])
def test_joined(
    shared_engine: Engine,
    tracker: Tracker,
    make_async: Callable[..., AsyncTracker],
    opened: Any,
    is_async: bool,
) -> None:
    """Events share the fate of the host's transaction, and handlers wait for its commit."""
    ORDERS.create(shared_engine, checkfirst=True)
    told: list[str] = []

    async def story() -> None:
        other = make_async()
        track = other.track if is_async else tracker.atrack
        (other if is_async else tracker).on("opening", lambda moment: told.append(moment.contact))
        kept: list[int] = []
        async with host_engine(shared_engine) as engine:
            for number in range(0, 80, 4):
                async with opened(engine) as host:

                    async def both(number: int, host: Any = host) -> None:
                        row = ORDERS.insert().values(tenant=tracker.tenant, number=number)
                        await track(f"{number}", "saw", id=number, occurred_at=NOON, bind=host)
                        await host.execute(row)

                    await both(number)
                    savepoint = await host.begin_nested()
                    await both(number + 1)
                    await (savepoint.rollback() if number % 8 else savepoint.commit())
                    with pytest.raises(ConflictError):
                        await track(f"{number}", "left", id=number, bind=host)
                    await both(number + 2)
                    assert len(told) == len(kept)
                    await (host.rollback() if number % 3 == 0 else host.commit())
                if number % 3:
                    kept += [number, *([] if number % 8 else [number + 1]), number + 2]
        await other.close()
        assert told == [str(number) for number in kept]
        assert orders(shared_engine, tracker.tenant) == kept
        assert event_ids(shared_engine, tracker.tenant) == sorted(map(str, kept))
        assert check_contacts(tracker).is_sound

    run(story())


@pytest.mark.parametrize("contacts", [pytest.param(1, marks=pytest.mark.slow), 30])
@pytest.mark.parametrize("way", ["AsyncTracker", "atrack", "AsyncSession"])
def test_many_tasks(
    shared_engine: Engine,
    make_tracker: Callable[..., Tracker],
    make_async: Callable[..., AsyncTracker],
    way: str,
    contacts: int,
) -> None:
    """A hundred tasks at once on one contact, or on many, lose nothing, and none hangs."""
    tracker = make_tracker(budget=PATIENT)

    async def story() -> None:
        async with make_async() as other, host_engine(shared_engine) as engine:
            pool = asyncio.Semaphore(20)

            async def track(number: int) -> Tracked:
                said = (f"contact {number % contacts}", ("saw", "bought", "left")[number % 3])
                details: dict[str, Any] = {"id": number, "occurred_at": day(number % 7)}
                if way == "AsyncTracker":
                    return await other.track(*said, **details)
                if way == "atrack":
                    return await tracker.atrack(*said, **details)
                async with pool, AsyncSession(engine) as session, session.begin():
                    if engine.name == "sqlite":
                        await session.execute(text("BEGIN IMMEDIATE"))
                    return await other.track(*said, **details, bind=session)

            answers = await asyncio.gather(*map(track, range(TASKS)))
            assert not any(answer.duplicate for answer in answers)

    run(story())
    assert event_ids(shared_engine, tracker.tenant) == sorted(map(str, range(TASKS)))
    assert check_contacts(tracker).is_sound


@lets_go
def test_cancelled_anywhere(
    shared_engine: Engine, tracker: Tracker, make_async: Callable[..., AsyncTracker]
) -> None:
    """Calls cancelled at any moment wrote all or nothing; their connections serve again."""

    async def story() -> None:
        async with make_async(budget=None) as other:
            said: dict[str, Any] = {"event": "bought", "occurred_at": NOON}
            calls = [{"contact": n % 5, "id": n, **said} for n in range(TASKS)]
            tasks = [asyncio.ensure_future(other.track(**one)) for one in calls]
            for task in tasks:
                await asyncio.sleep(random.random() / 200)
                task.cancel()
            answers = await asyncio.gather(*tasks, return_exceptions=True)
            cancelled = [isinstance(one, asyncio.CancelledError) for one in answers]
            failed = [one for one in answers if isinstance(one, BaseException)]
            assert [one for one in failed if not isinstance(one, asyncio.CancelledError)] == []
            acknowledged = {str(n) for n, one in enumerate(cancelled) if not one}
            assert acknowledged <= {*event_ids(shared_engine, tracker.tenant)}
            assert check_contacts(tracker).is_sound
            assert other._tracker.database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
            again = await asyncio.gather(*(other.track(**one) for one in calls))
            assert all(answer.duplicate for n, answer in enumerate(again) if not cancelled[n])

    run(story())
    assert event_ids(shared_engine, tracker.tenant) == sorted(map(str, range(TASKS)))
    assert check_contacts(tracker).is_sound


@lets_go
def test_waiting_gives_way(
    shared_engine: Engine, tracker: Tracker, make_async: Callable[..., AsyncTracker]
) -> None:
    """While a call waits for another's lock the event loop goes on; the call can be cancelled."""
    tracker.track("ada", "saw", id="1", occurred_at=NOON)
    contacts = tables().contacts
    lock = select(contacts).where(contacts.c.tenant == tracker.tenant).with_for_update()

    async def story() -> None:
        async with make_async() as other:
            await other.track("bob", "saw", id="1", occurred_at=NOON)
            with shared_engine.connect() as connection:
                if shared_engine.name == "sqlite":
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                connection.execute(lock)
                waiting = [
                    asyncio.ensure_future(other.track("ada", "saw", id=id, occurred_at=NOON))
                    for id in ("cancelled", "2")
                ]
                for _ in range(30):
                    await asyncio.sleep(0.01)
                assert not any(task.done() for task in waiting)
                waiting[0].cancel()
                await asyncio.sleep(0.01)
                connection.rollback()
            cancelled, tracked = await asyncio.gather(*waiting, return_exceptions=True)
            assert isinstance(cancelled, asyncio.CancelledError)
            assert not isinstance(tracked, BaseException)

    run(story())
    assert event_ids(shared_engine, tracker.tenant) == ["1", "1", "2"]


@lets_go
def test_cancelled_in_the_hosts_transaction(
    shared_engine: Engine, tracker: Tracker, make_async: Callable[..., AsyncTracker]
) -> None:
    """A host that is cancelled amid a joined call has written nothing, and can begin anew."""
    tracker.track("ada", "saw", id="1", occurred_at=NOON)
    contacts = tables().contacts
    lock = select(contacts).where(contacts.c.tenant == tracker.tenant).with_for_update()

    async def story() -> None:
        told: list[Moment] = []
        async with make_async() as other, host_engine(shared_engine) as engine:
            other.on("opening", told.append)

            async def work(id: str) -> None:
                async with AsyncSession(engine) as session, session.begin():
                    await other.track("bob", "saw", id=id, occurred_at=NOON, bind=session)
                    await other.track("ada", "saw", id=id, occurred_at=NOON, bind=session)

            with shared_engine.connect() as connection:
                if shared_engine.name == "sqlite":
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                connection.execute(lock)
                task = asyncio.ensure_future(work("cancelled"))
                await asyncio.sleep(0.2)
                task.cancel()
                await asyncio.sleep(0.01)
                connection.rollback()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert told == []
            await work("2")
            assert [moment.contact for moment in told] == ["bob"]

    run(story())
    assert event_ids(shared_engine, tracker.tenant) == ["1", "2", "2"]
