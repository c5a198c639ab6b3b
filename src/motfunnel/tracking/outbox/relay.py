"""The relay: hands what waits for a subscription on, message by message, until nothing is due."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Final

from attrs import define, field, frozen

from motfunnel.tracking.outbox.message import Message
from motfunnel.tracking.outbox.subscription import LEASE, Batch, Subscription, error_text

_SIZE: Final = 100
_FEW: Final = 10
"""As many are taken by each of several at once: what one has taken the others cannot."""
_RESERVE: Final = 5
"""One part in so many of a lease is kept for a message that takes long."""

Send = Callable[[Message], object]
"""Delivers a message, or raises; what it raises may have ``retry_after``, for how long whoever
receives wants to be left alone."""


class GoneError(Exception):
    """Nobody is to be told there any more."""


@frozen(kw_only=True)
class Relayed:
    """What a relay did.

    Attributes:
        delivered: how many messages were delivered.
        failed: how many were not, and are tried again later, or are set aside.
        wait: for how long whoever receives wants to be left alone; what was due then is so still.
        error: what the last that failed met with; each message keeps its own.
    """

    delivered: int = 0
    failed: int = 0
    wait: timedelta | None = None
    error: str | None = field(default=None, eq=False)

    def plus(self, other: Relayed) -> Relayed:
        """Both together."""
        waits = [one.wait for one in (self, other) if one.wait is not None]
        return Relayed(
            delivered=self.delivered + other.delivered,
            failed=self.failed + other.failed,
            wait=max(waits, default=None),
            error=other.error or self.error,
        )


def relay(
    subscription: Subscription, send: Send, *, size: int = _SIZE, lease: timedelta = LEASE
) -> Relayed:
    """Deliver what is due; of a contact whose message fails, nothing behind it.

    Ends at once where whoever receives wants to be left alone. Broken off between two messages, it
    has delivered each one once; killed, at least once.

    Args:
        subscription: whose messages.
        send: delivers one; its error is kept with the message, which is tried again.
        size: how many messages are taken at a time.
        lease: for how long; what a killed relay had taken waits for the end of it. A message is to
            take less than a fifth of that.

    Raises:
        GoneError: nobody is to be told any more; the subscription is left as it is.
    """
    done = Relayed()
    for batch in subscription.batches(size, lease=lease):
        one = _Delivery(batch, send, batch.until - lease / _RESERVE).made()
        done = done.plus(one)
        if done.wait is not None:
            break
    return done


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
    return reduce(Relayed.plus, [one.result() for one in running])


@define
class _Delivery:
    """A batch on its way, until something ends that.

    Attributes:
        batch: the messages.
        send: delivers one.
        until: later none is begun.
    """

    batch: Batch
    send: Send
    until: datetime
    _done: Relayed = field(factory=Relayed, init=False)
    _stopped: BaseException | None = field(default=None, init=False)

    def made(self) -> Relayed:
        """Deliver; what came of it.

        Raises:
            BaseException: what ended it, once all that was done is noted.
        """
        with self.batch:
            for message in self.batch:
                if self._is_over():
                    self.batch.leave(message)
                else:
                    self._deliver(message)
        if self._stopped is not None:
            raise self._stopped
        return self._done

    def _is_over(self) -> bool:
        is_ended = self._stopped is not None or self._done.wait is not None
        return is_ended or datetime.now(UTC) > self.until

    def _deliver(self, message: Message) -> None:
        try:
            self.send(message)
        except GoneError as error:
            self.batch.leave(message)
            self._stopped = error
        except Exception as error:
            wait = getattr(error, "retry_after", None)
            self.batch.fail(message, error, after=wait)
            self._done = self._done.plus(Relayed(failed=1, wait=wait, error=error_text(error)))
        except BaseException as error:
            self.batch.leave(message)
            self._stopped = error
        else:
            self._done = self._done.plus(Relayed(delivered=1))
