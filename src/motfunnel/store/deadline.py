"""The instant at which a call must be back with its host, for all that waits on the way.

Kept in the context of the call, so that drivers, pools and pauses find it; threads, greenlets and
tasks each have their own. Stops nothing by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

_deadline: ContextVar[float | None] = ContextVar("motfunnel_deadline", default=None)


@contextmanager
def within(seconds: float | None) -> Iterator[None]:
    """Give what is inside so many seconds, or as many as it has left if fewer; None: no bound."""
    outer = _deadline.get()
    if seconds is None:
        deadline = None
    else:
        deadline = monotonic() + seconds if outer is None else min(outer, monotonic() + seconds)
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


def left(most: float | None = None) -> float | None:
    """How many seconds are left, at least none and at most so many; None: no bound."""
    deadline = _deadline.get()
    if deadline is None:
        return most
    seconds = max(0.0, deadline - monotonic())
    return seconds if most is None else min(seconds, most)


def is_over() -> bool:
    """Whether no time is left."""
    return left() == 0.0
