"""What runs work on an event loop, as ``AsyncTracker`` does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from motfunnel.trackers.tracker import Tracker

Answer = TypeVar("Answer")


class Runner(Protocol):
    """Runs what is written for a Tracker."""

    async def run(self, work: Callable[[Tracker], Answer]) -> Answer:
        """Do work, and give way as ever."""
