"""Conversion: how many get from one stage to another in time.

Its clock, its words, and the question.
"""

from __future__ import annotations

from typing import Final

from attrs import evolve

from motfunnel.domain.columns import NEVER, column, pick
from motfunnel.domain.instant import Duration
from motfunnel.domain.moment import MomentKind
from motfunnel.errors import QuestionError
from motfunnel.reports.facts.facts import Facts
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds
from motfunnel.reports.measure.clock import Clocks
from motfunnel.reports.measure.grouping import By
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.measure.trend import Per
from motfunnel.reports.remarks import not_reached
from motfunnel.reports.window import Asked, MakeClocks, Windowed
from motfunnel.reports.windowed import adjust_rate, ask_rate

REACHING: Final = frozenset({MomentKind.OPENING, MomentKind.CONVERSION})


def between_stages(low: int, high: int) -> MakeClocks:
    """Make the clocks from reaching a stage to reaching a higher one; a leap reaches both."""

    def clocks(facts: Facts, asked: Asked) -> Clocks:
        found = facts.moments(REACHING, "at", "labels", *asked.events)
        labels, stages = facts.names.labels, facts.funnel.stages
        first = labels[stages[0]]
        # Of one erased before the funnel changed, a stage may be gone.
        places = {stage: number for number, stage in enumerate(stages)}
        rank = [places.get(text, 0) for text in labels.texts]
        starts, ends, whose = list[int](), column(), -1
        for place, (contact, label) in enumerate(zip(found.contacts, found.labels, strict=True)):
            reached = rank[label]
            if contact != whose and reached >= low:
                whose = contact
                starts.append(place)
                ends.append(NEVER)
            if contact == whose and reached >= high and ends[-1] == NEVER:
                ends[-1] = found.at[place]
        return Clocks(
            names=facts.names,
            contact=column(pick(found.contacts, starts)),
            key=pick(found.events, starts),
            started=column(pick(found.at, starts)),
            ended=ends,
            stage=column(
                first if labels.texts[one] is None else one for one in pick(found.labels, starts)
            ),
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
        clocks=between_stages(low, high),
        start=REACHING,
        groups=frozenset({"stage"}),
    )


def conversion(
    inquiry: Inquiry,
    start: str,
    goal: str,
    *,
    within: Duration,
    reached: Bounds | None = None,
    by: By = None,
    adjust: By = None,
    per: Per | None = None,
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
        by: ``stage`` (the one reached when the clock started), ``source``, a trait, or ``event``
            or ``property:NAME`` of the event that reached it, as in ``recidivism``.
        adjust: what to hold alike between these groups, as in ``recidivism``.
        per: ``day``, ``week``, ``month``, ``quarter`` or ``year``: a row for each such period of
            the start, with the change from the period before; None: one row of all.
        confidence: of the intervals.
    """
    rate = conversion_of(*_places(inquiry.funnel.stages, start, goal), inquiry.funnel.stages)
    answer = ask_rate(inquiry, rate, within, reached, by, "contact", confidence, per)
    held = adjust_rate(inquiry, rate, answer, by, adjust)
    return evolve(held, lacking=not_reached(inquiry.funnel, goal))


def _places(stages: tuple[str, ...], start: str, goal: str) -> tuple[int, int]:
    """Which stages these are."""
    for stage in (start, goal):
        if stage not in stages:
            raise QuestionError(f"no stage is called {stage!r}; there are: {', '.join(stages)}")
    low, high = stages.index(start), stages.index(goal)
    if low >= high:
        raise QuestionError(f"{goal} does not come after {start}; nobody converts backwards")
    return low, high
