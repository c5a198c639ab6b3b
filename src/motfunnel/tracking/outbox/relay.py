"""The relay: hands what waits for a subscription on, message by message, until nothing is due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from attrs import frozen

from motfunnel.tracking.outbox.message import Message
from motfunnel.tracking.outbox.subscription import Batch, Subscription

_SIZE: Final = 100
_RESERVE: Final = timedelta(minutes=1)
"""Of a lease: longer than a message may take."""

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


def relay(subscription: Subscription, send: Send, *, size: int = _SIZE) -> Relayed:
    """Deliver what is due; of a contact whose message fails, nothing behind it.

    Broken off between two messages, it has delivered each one once; killed, at least once.

    Args:
        subscription: whose messages.
        send: delivers one; its error is kept with the message, which is tried again.
        size: how many messages are taken at a time.

    Raises:
        GoneError: nobody is to be told any more; the subscription is left as it is.
    """
    delivered = failed = 0
    for batch in subscription.batches(size):
        done, not_done, stopped = _deliver(batch, send)
        delivered, failed = delivered + done, failed + not_done
        if stopped is not None:
            raise stopped
    return Relayed(delivered=delivered, failed=failed)


def _deliver(batch: Batch, send: Send) -> tuple[int, int, BaseException | None]:
    """Deliver a batch; how many were and were not, and what is to end the relay."""
    delivered = failed = 0
    stopped: BaseException | None = None
    with batch:
        for message in batch:
            if stopped is not None or datetime.now(UTC) > batch.until - _RESERVE:
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
