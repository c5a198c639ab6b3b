"""The relay: hands what waits for a subscription on, message by message, until nothing is due."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from typing import Final

from attrs import frozen

from motfunnel.tracking.outbox.message import Message
from motfunnel.tracking.outbox.subscription import LEASE, Batch, Subscription

_SIZE: Final = 100
_FEW: Final = 10
"""As many are taken by each of several at once: what one has taken the others cannot."""
_RESERVE: Final = 5
"""One part in so many of a lease is kept for a message that takes long."""

Send = Callable[[Message], object]
"""Delivers a message, or raises; what it raises may say ``retry_after``, a duration."""


class GoneError(Exception):
    """Nobody is to be told there any more."""


@frozen(kw_only=True)
class Relayed:
    """What a relay did.

    Attributes:
        delivered: how many messages were delivered.
        failed: how many were not, and are tried again later, or are set aside.
    """

    delivered: int = 0
    failed: int = 0


def relay(
    subscription: Subscription, send: Send, *, size: int = _SIZE, lease: timedelta = LEASE
) -> Relayed:
    """Deliver what is due; of a contact whose message fails, nothing behind it.

    Broken off between two messages, it has delivered each one once; killed, at least once.

    Args:
        subscription: whose messages.
        send: delivers one; its error is kept with the message, which is tried again.
        size: how many messages are taken at a time.
        lease: for how long; what a killed relay had taken waits for the end of it. A message is to
            take less than a fifth of that.

    Raises:
        GoneError: nobody is to be told any more; the subscription is left as it is.
    """
    delivered = failed = 0
    for batch in subscription.batches(size, lease=lease):
        done, not_done, stopped = _deliver(batch, send, batch.until - lease / _RESERVE)
        delivered, failed = delivered + done, failed + not_done
        if stopped is not None:
            raise stopped
    return Relayed(delivered=delivered, failed=failed)


def relay_at_once(subscription: Subscription, sends: Sequence[Send]) -> Relayed:
    """Deliver as ``relay`` does, several messages at once: never two of one contact.

    Args:
        subscription: whose messages.
        sends: as many as are to be on their way; each is called in a thread of its own.

    Raises:
        GoneError: as of ``relay``.
    """
    if len(sends) == 1:
        return relay(subscription, sends[0])
    with ThreadPoolExecutor(len(sends), "motfunnel-relay") as pool:
        running = [
            pool.submit(copy_context().run, lambda send=send: relay(subscription, send, size=_FEW))
            for send in sends
        ]
    done = [one.result() for one in running]
    return Relayed(
        delivered=sum(one.delivered for one in done), failed=sum(one.failed for one in done)
    )


def _deliver(batch: Batch, send: Send, until: datetime) -> tuple[int, int, BaseException | None]:
    """Deliver a batch; how many were and were not, and what is to end the relay."""
    delivered = failed = 0
    stopped: BaseException | None = None
    with batch:
        for message in batch:
            if stopped is not None or datetime.now(UTC) > until:
                batch.leave(message)
                continue
            try:
                send(message)
            except GoneError as error:
                batch.leave(message)
                stopped = error
            except Exception as error:
                batch.fail(message, error, after=getattr(error, "retry_after", None))
                failed += 1
            except BaseException as error:
                batch.leave(message)
                stopped = error
            else:
                delivered += 1
    return delivered, failed, stopped
