"""Relapse: how many of those who came back leave again.

Its clock, its words, and the question.
"""

from __future__ import annotations

from typing import Final

from motfunnel.domain.columns import NEVER, column
from motfunnel.domain.instant import Duration
from motfunnel.domain.moment import MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.reports.facts.facts import Facts
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, Unit
from motfunnel.reports.measure.clock import Clocks
from motfunnel.reports.measure.grouping import By
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.measure.trend import Per
from motfunnel.reports.window import IN_THE_COHORT, Asked, Windowed
from motfunnel.reports.windowed import adjust_rate, ask_rate


def relapses(facts: Facts, asked: Asked) -> Clocks:
    """From each return to the next departure."""
    found = facts.episodes(*asked.columns("departed", "returned", "stage"))
    following = zip(found.contact[1:], found.departed[1:], strict=True)
    nexts = [
        departed if contact == who else NEVER
        for who, (contact, departed) in zip(found.contact, [*following, (-1, NEVER)], strict=False)
    ]
    clocks = Clocks(
        names=facts.names,
        contact=found.contact,
        key=found.number,
        started=found.returned,
        ended=column(nexts),
        stage=found.stage,
        reason=found.reason,
    )
    return clocks.at([place for place, at in enumerate(found.returned) if at != NEVER])


RELAPSE: Final = Windowed(
    name="relapse",
    definition=(
        f"of the returns {IN_THE_COHORT}, the share followed by the contact's next departure "
        "within it"
    ),
    since="the return",
    event="departed again",
    clocks=relapses,
    start=frozenset({MomentKind.RECIDIVISM}),
    departures="awaited",
    awaits=frozenset({Signal.LEAVE}),
)


def relapse(
    inquiry: Inquiry,
    *,
    within: Duration,
    returned: Bounds | None = None,
    by: By = None,
    adjust: By = None,
    per: Per | None = None,
    unit: Unit = "contact",
    confidence: float = CONFIDENCE,
) -> Rate:
    """How many of those who came back leave again.

    Numerator: mature returns followed by the contact's next departure within the window.
    Denominator: returns in the cohort that were observed for the whole window. An empty
    denominator gives None.

    Args:
        within: the window after the return; its edge belongs to it.
        returned: the cohort: returns from the first instant on, before the second.
        by: as in ``recidivism``; stage and reason are those with which it had left, a trait's
            value, and the property, those at the return.
        adjust: what to hold alike between these groups, as in ``recidivism``.
        per: ``day``, ``week``, ``month``, ``quarter`` or ``year``: a row for each such period of
            the return, with the change from the period before; None: one row of all.
        unit: ``contact`` for each contact's first return in the cohort, ``episode`` for all.
        confidence: of the intervals.
    """
    answer = ask_rate(inquiry, RELAPSE, within, returned, by, unit, confidence, per)
    return adjust_rate(inquiry, RELAPSE, answer, by, adjust)
