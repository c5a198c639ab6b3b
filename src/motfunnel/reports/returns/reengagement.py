"""Re-engagement: how many of the departed whom one wrote to come back.

Its clock, its words, and the question.
"""

from __future__ import annotations

from typing import Final

from motfunnel.domain.columns import NEVER
from motfunnel.domain.instant import Duration
from motfunnel.domain.signal import Signal
from motfunnel.reports.facts.facts import Facts
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, Unit
from motfunnel.reports.measure.clock import Clocks
from motfunnel.reports.measure.grouping import By
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.measure.trend import Per
from motfunnel.reports.window import Asked, Windowed
from motfunnel.reports.windowed import adjust_rate, ask_rate


def attempts(facts: Facts, asked: Asked) -> Clocks:
    """From the first outreach of each departure that had one to its return."""
    found = facts.episodes(*asked.columns("outreach", "returned"), attempted=asked.cohort)
    clocks = Clocks(
        names=facts.names,
        contact=found.contact,
        key=found.outreach,
        started=found.outreach,
        ended=found.returned,
        stage=found.stage,
        reason=found.reason,
    )
    return clocks.at([place for place, at in enumerate(found.outreach) if at != NEVER])


REENGAGEMENT: Final = Windowed(
    name="re-engagement",
    definition=(
        "of the departed whose first outreach lies in the cohort and was observed for the whole "
        "window, the share that returned within it after that outreach; it describes, and says "
        "nothing about whether the outreach had any effect"
    ),
    since="the first outreach",
    event="returned",
    clocks=attempts,
    start=Signal.OUTREACH,
    departures="started",
)


def reengagement(
    inquiry: Inquiry,
    *,
    within: Duration,
    attempted: Bounds | None = None,
    by: By = None,
    adjust: By = None,
    per: Per | None = None,
    unit: Unit = "contact",
    confidence: float = CONFIDENCE,
) -> Rate:
    """How many of the departed whom one wrote to come back; describes, and proves no effect.

    Numerator: mature attempted episodes that returned within the window of their first
    outreach. Denominator: episodes whose first outreach lies in the cohort and was observed
    for the whole window. An empty denominator gives None.

    Args:
        within: the window after the first outreach; its edge belongs to it.
        attempted: the cohort: first outreaches from the first instant on, before the second.
        by: as in ``recidivism``; a trait's value, and the property, are those at the first
            outreach.
        adjust: what to hold alike between these groups, as in ``recidivism``.
        per: ``day``, ``week``, ``month``, ``quarter`` or ``year``: a row for each such period of
            the first outreach, with the change from the period before; None: one row of all.
        unit: ``contact`` for each contact's first attempted episode, ``episode`` for all.
        confidence: of the intervals.
    """
    answer = ask_rate(inquiry, REENGAGEMENT, within, attempted, by, unit, confidence, per)
    return adjust_rate(inquiry, REENGAGEMENT, answer, by, adjust)
