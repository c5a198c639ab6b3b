"""The report under asyncio: the questions of ``Report``, each as a coroutine.

All are asked as of one instant, that of the first of them where no other was named.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

from motfunnel.reports.report import Report

if TYPE_CHECKING:
    from motfunnel.tracking.tracker import Tracker

P = ParamSpec("P")
Answer = TypeVar("Answer")


class Runner(Protocol):
    """Runs what is written for a Tracker, as ``AsyncTracker`` does."""

    async def run(self, work: Callable[[Tracker], Answer]) -> Answer:
        """Do work, and give way as ever."""


def _question(
    method: Callable[Concatenate[Report, P], Answer],
) -> Callable[Concatenate[AsyncReport, P], Coroutine[Any, Any, Answer]]:
    """A question of a report, as a coroutine with the same arguments."""

    @wraps(method)
    async def question(self: AsyncReport, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
        return await self.ask(lambda report: method(report, *args, **kwargs))

    return question


class AsyncReport:
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

    complaints: Final = _question(Report.complaints)
    conversion: Final = _question(Report.conversion)
    coverage: Final = _question(Report.coverage)
    departure_after_complaint: Final = _question(Report.departure_after_complaint)
    flows: Final = _question(Report.flows)
    funnel: Final = _question(Report.funnel)
    growth: Final = _question(Report.growth)
    holdout: Final = _question(Report.holdout)
    journey_map: Final = _question(Report.journey_map)
    landmark: Final = _question(Report.landmark)
    lens: Final = _question(Report.lens)
    lifecycle: Final = _question(Report.lifecycle)
    loyalty: Final = _question(Report.loyalty)
    mantel_byar: Final = _question(Report.mantel_byar)
    nps: Final = _question(Report.nps)
    patience: Final = _question(Report.patience)
    reactivation: Final = _question(Report.reactivation)
    recidivism: Final = _question(Report.recidivism)
    recovery: Final = _question(Report.recovery)
    reengagement: Final = _question(Report.reengagement)
    referrals: Final = _question(Report.referrals)
    relapse: Final = _question(Report.relapse)
    retention: Final = _question(Report.retention)
    simulate: Final = _question(Report.simulate)
    touchpoints: Final = _question(Report.touchpoints)
    trait_names: Final = _question(Report.trait_names)
    worklist: Final = _question(Report.worklist)
