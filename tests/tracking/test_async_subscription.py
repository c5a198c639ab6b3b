"""Subscriptions under asyncio: the same, awaited."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from motfunnel import AsyncTracker
from motfunnel.errors import QuestionError
from tests.tracking.asynchronous import run
from tests.tracking.scene import day

pytestmark = pytest.mark.every_database


def test_subscribe_and_deliver(make_async: Callable[..., AsyncTracker]) -> None:
    """In batches that are left, tried again, and set aside like any other."""

    async def story() -> None:
        told: list[str] = []
        async with make_async() as tracker:
            subscription = await tracker.subscribe("crm", kinds=["opening", "conversion"])
            for contact in "ada", "bob":
                await tracker.track(contact, "bought", occurred_at=day(0))
            assert (await subscription.waiting()).waiting == 4
            async for batch in subscription.batches(10):
                async with batch:
                    for message in batch:
                        if message.contact == "bob":
                            batch.fail(message, "not now")
                        else:
                            told.append(str(message.moment and message.moment.kind))
            assert told == ["opening", "conversion"]
            assert [one.waiting for one in await tracker.subscriptions()] == [2]
            assert await subscription.failed() == []
            assert await (await tracker.subscription("crm")).retry() == 0
            with pytest.raises(QuestionError):
                await tracker.subscription("cmr")
            assert await tracker.unsubscribe("crm")

    run(story())
