"""A receiver that keeps what it is told: it is to end with the moments that are stored."""

from __future__ import annotations

from collections import Counter
from typing import Any

from attrs import define, field

from motfunnel import Moment
from motfunnel.tracking.outbox.message import Message
from motfunnel.tracking.outbox.subscription import Subscription


@define
class Replica:
    """Does each message once, whatever is delivered twice.

    Attributes:
        moments: what is established, and not revoked.
        done: the ids of the messages that were done.
    """

    moments: Counter[tuple[Any, ...]] = field(factory=Counter)
    done: set[str] = field(factory=set)

    def take(self, message: Message) -> None:
        """Do what a message says, once.

        Order is kept for each contact: of a moment that a merge moved, its revocation under one key
        may come before it was established under the other.
        """
        if message.id in self.done:
            return
        self.done.add(message.id)
        assert message.moment is not None
        step = 1 if message.type == "moment.established" else -1
        self.moments[content(message.moment)] += step

    def standing(self) -> Counter[tuple[Any, ...]]:
        """What stands; nothing was revoked more often than established."""
        assert all(count >= 0 for count in self.moments.values())
        return +self.moments

    def drain(self, subscription: Subscription, size: int = 100) -> None:
        """Take all that is due."""
        for batch in subscription.batches(size):
            with batch:
                for message in batch:
                    self.take(message)


def content(moment: Moment) -> tuple[Any, ...]:
    """What a moment says but for whose it is and of which episode: a merge changes these alone."""
    said = moment.to_dict()
    return tuple(said[name] for name in said if name not in {"contact", "episode"})
