"""Subscriptions for an application on asyncio: the same, awaited."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from types import TracebackType
from typing import Self, TypeVar

from attrs import frozen

from motfunnel.store.outbox.subscriptions import Waiting
from motfunnel.trackers.runner import Runner
from motfunnel.tracking.outbox.message import Message
from motfunnel.tracking.outbox.subscription import LEASE, Batch, Subscription

Answer = TypeVar("Answer")


@frozen
class AsyncSubscription:
    """Moments that are kept for somebody until they are delivered, as by ``Subscription``.

    Attributes:
        tracker: whose.
        name: what it is called.
    """

    tracker: Runner
    name: str

    async def batches(
        self, size: int = 100, *, lease: timedelta = LEASE
    ) -> AsyncIterator[AsyncBatch]:
        """Give what waits, some at a time, until nothing is due: ``async with batch:``."""
        while True:
            batch = await self._ask(lambda mine: mine.claim(size, lease))
            if not batch.messages:
                return
            yield AsyncBatch(self.tracker, batch)

    async def waiting(self) -> Waiting:
        """Count what waits."""
        return await self._ask(Subscription.waiting)

    async def failed(self) -> list[tuple[Message, str]]:
        """Give the messages that are set aside, each with its last error."""
        return await self._ask(Subscription.failed)

    async def retry(self) -> int:
        """Have the messages that are set aside tried again; how many they are."""
        return await self._ask(Subscription.retry)

    async def drop_failed(self) -> int:
        """Delete the messages that are set aside; how many they were."""
        return await self._ask(Subscription.drop_failed)

    async def _ask(self, question: Callable[[Subscription], Answer]) -> Answer:
        return await self.tracker.run(lambda tracker: question(Subscription(tracker, self.name)))


@frozen(eq=False)
class AsyncBatch:
    """Messages that nobody else is given until the lease ends, as in ``Batch``.

    Attributes:
        tracker: whose.
        batch: the messages, and what became of them.
    """

    tracker: Runner
    batch: Batch

    def __iter__(self) -> Iterator[Message]:
        """Give the messages, but for those that come behind one that was not delivered."""
        return iter(self.batch)

    def fail(self, message: Message, error: object, *, after: timedelta | None = None) -> None:
        """Say that one was not delivered: it is tried again, and what is behind it."""
        self.batch.fail(message, error, after=after)

    def leave(self, message: Message) -> None:
        """Say that one was not tried: anybody may take it at once, and what is behind it."""
        self.batch.leave(message)

    async def __aenter__(self) -> Self:
        """Begin to deliver."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Delete what was delivered, as ``Batch`` does."""
        await self.tracker.run(lambda _: self.batch.__exit__(kind, error, trace))
