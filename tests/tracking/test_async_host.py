"""An AsyncTracker whose host says, for every call, which transaction it is to be part of."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from motfunnel import AsyncTracker, Moment, Tracker
from motfunnel.intake import import_file
from tests.tracking.asynchronous import HOSTS, host_engine, run
from tests.tracking.host import event_ids
from tests.tracking.scene import FUNNEL, row_counts


@pytest.mark.parametrize("opened", HOSTS.values(), ids=HOSTS)
def test_a_call_shares_the_fate_of_the_hosts_transaction(
    shared_engine: Engine, tracker: Tracker, make_async: Callable[..., AsyncTracker], opened: Any
) -> None:
    """Reads see it at once, handlers hear of it after the commit, and theirs commit alone."""
    current: ContextVar[Any] = ContextVar("current", default=None)

    async def story() -> None:
        async with host_engine(shared_engine) as engine, make_async(host=current.get) as joining:

            @joining.on("opening")
            async def hear(moment: Moment) -> None:
                await joining.track(moment.contact, "synced", id=f"told of {moment.contact}")

            for contact, end in (("ada", "rollback"), ("bob", "commit")):
                async with opened(engine) as host:
                    token = current.set(host)
                    assert (await joining.contact(contact)).events == 0
                    await joining.track(contact, "saw", id=contact)
                    assert (await joining.contact(contact)).events == 1
                    await joining.merge("anonymous", into=contact)
                    await getattr(host, end)()
                current.reset(token)
                kept = 2 if end == "commit" else 0
                assert (await joining.contact(contact)).events == kept
            assert (await joining.identity("anonymous")).contact == "bob"
            await joining.track("cleo", "saw", id="cleo")

    run(story())
    told = ["told of bob", "told of cleo"]
    assert event_ids(shared_engine, tracker.tenant) == ["bob", "cleo", *told]


def test_a_host_of_the_wrong_kind() -> None:
    """What is synchronous, is nothing of SQLAlchemy's or is not open is refused in words."""
    engine = create_async_engine("sqlite+aiosqlite://")
    hosts: dict[str, Any] = {
        "synchronous": Session(create_engine("sqlite://")),
        "not str": "a session",
        "not open": AsyncConnection(engine),
    }

    async def story() -> None:
        for words, host in hosts.items():
            async with AsyncTracker(
                "sqlite://", FUNNEL, host=partial(lambda h: h, host)
            ) as tracker:
                with pytest.raises(TypeError, match=words):
                    await tracker.track("ada", "saw")
        async with AsyncTracker(engine, FUNNEL, host=lambda: None) as tracker:
            await tracker.track("ada", "saw")
        async with AsyncSession(engine) as session:
            with pytest.raises(TypeError, match="is asynchronous"):
                Tracker("sqlite://", FUNNEL, host=lambda: session).track("ada", "saw")  # type: ignore[arg-type,return-value]
        await engine.dispose()

    run(story())


def test_work_that_is_written_for_a_tracker(
    shared_engine: Engine,
    tracker: Tracker,
    make_async: Callable[..., AsyncTracker],
    tmp_path: Path,
) -> None:
    """An import runs over the asynchronous driver, and its errors are raised as ever."""
    file = tmp_path / "events.csv"
    file.write_text("who,what,when\nada,saw,2024-01-01\nada,bought,2024-01-02\n")
    columns: dict[str, Any] = {"contact": "who", "event": "what", "at": "when"}

    async def story() -> None:
        async with make_async() as other:
            imported = await other.run(lambda tracker: import_file(tracker, file, **columns))
            assert imported.added == 2
            with pytest.raises(ZeroDivisionError):
                await other.run(lambda _: 1 // 0)

    run(story())
    assert row_counts(shared_engine, tracker.tenant)["motfunnel_events"] == 2
