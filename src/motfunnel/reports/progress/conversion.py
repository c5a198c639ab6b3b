"""Conversion: how many get from one stage to another in time.

Its clock, its words, and the question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import Duration
from motfunnel.domain.moment import MomentKind
from motfunnel.errors import QuestionError
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds
from motfunnel.reports.measure.clock import Clock, Told
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.window import Windowed, one_by_one
from motfunnel.reports.windowed import ask_rate


def between_stages(low: int, high: int) -> Callable[[Told, Funnel], Iterator[Clock]]:
    """Make the clock from reaching a stage to reaching a higher one; a leap reaches both."""

    def clocks(told: Told, funnel: Funnel) -> Iterator[Clock]:
        rank = {stage: number for number, stage in enumerate(funnel.stages)}
        start = end = None
        for moment in told.moments:
            # Of one erased before the funnel changed, a stage may be gone.
            reached = rank.get(moment.to_stage or "", 0)
            if start is None and reached >= low:
                start = moment
            if start is not None and end is None and reached >= high:
                end = moment
        if start is not None:
            yield Clock(
                contact=told.contact,
                key=start.event_key,
                started_at=start.occurred_at,
                ended_at=None if end is None else end.occurred_at,
                stage=start.to_stage or funnel.stages[0],
            )

    return clocks


def conversion_of(low: int, high: int, stages: tuple[str, ...]) -> Windowed:
    """The rate of reaching one stage from another."""
    return Windowed(
        name="conversion",
        definition=(
            f"of the contacts that reached {stages[low]} (or a higher stage) in the cohort and "
            f"were observed for the whole window after it, the share that reached {stages[high]} "
            "(or a higher one) within it"
        ),
        since=f"reaching {stages[low]}",
        event=f"reached {stages[high]}",
        clocks=one_by_one(
            between_stages(low, high),
            "moments",
            moments=frozenset({MomentKind.OPENING, MomentKind.CONVERSION}),
        ),
        start=frozenset({MomentKind.OPENING, MomentKind.CONVERSION}),
        groups=frozenset({"stage"}),
    )


def conversion(
    inquiry: Inquiry,
    start: str,
    goal: str,
    *,
    within: Duration,
    reached: Bounds | None = None,
    by: str | None = None,
    confidence: float = CONFIDENCE,
) -> Rate:
    """How many get from one stage to another in time.

    Numerator: mature contacts that reached the goal, or a higher stage, within the window of
    reaching the start. Denominator: contacts that reached the start, or a higher stage, in the
    cohort and were observed for the whole window. An empty denominator gives None.

    Args:
        start: the stage at which the clock starts; the first stage is reached by the opening.
        goal: a later stage; a leap beyond it reaches it too.
        within: the window; its edge belongs to it.
        reached: the cohort: who reached the start from the first instant on, before the second.
        by: ``stage`` (the one reached when the clock started), ``source``, a trait or
            ``property:NAME`` of the event that reached it, as in ``recidivism``.
        confidence: of the intervals.
    """
    stages = inquiry.funnel.stages
    for stage in (start, goal):
        if stage not in stages:
            raise QuestionError(f"no stage is called {stage!r}; there are: {', '.join(stages)}")
    low, high = stages.index(start), stages.index(goal)
    if low >= high:
        raise QuestionError(f"{goal} does not come after {start}; nobody converts backwards")
    rate = conversion_of(low, high, stages)
    return ask_rate(inquiry, rate, within, reached, by, "contact", confidence)
