"""The report under asyncio: the questions of ``Report``, each as a coroutine.

All are asked as of one instant, that of the first of them where no other was named.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from motfunnel.reports.question import Asynchronous
from motfunnel.reports.report import Questions, Report
from motfunnel.trackers.runner import Runner

if TYPE_CHECKING:
    from motfunnel.trackers.tracker import Tracker

Answer = TypeVar("Answer")


class AsyncReport(Questions, Asynchronous):
    """Rates and reports of one tenant, as of an instant, for an application on asyncio.

    Made by ``AsyncTracker.report``; asks nothing before the first question. An answer computes for
    a while where contacts are very many, and the event loop waits for that.

    Args:
        tracker: whose contacts.
        asked: what ``Tracker.report`` takes.
    """

    def __init__(self, tracker: Runner, **asked: Any) -> None:
        self._tracker, self._asked = tracker, asked
        self._report: Report | None = None

    async def ask(self, question: Callable[[Report], Answer]) -> Answer:
        """Put a question that is a function of a ``Report``, or several that belong together.

        Raises:
            QuestionError: an instant is naive or yet to come, or there is no such zone.
        """
        return await self._tracker.run(lambda tracker: question(self._of(tracker)))

    def _of(self, tracker: Tracker) -> Report:
        if self._report is None:
            made = tracker.report(**self._asked)  # meanwhile another task may have asked
            self._report = self._report or made
        return self._report
