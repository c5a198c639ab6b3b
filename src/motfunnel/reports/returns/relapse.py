"""Relapse: how many of those who came back leave again.

Its clock, its words, and the question.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import Duration
from motfunnel.domain.moment import MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, Unit
from motfunnel.reports.measure.clock import Clock, Told
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.measure.window import IN_THE_COHORT, Windowed
from motfunnel.reports.windowed import ask_rate


def relapses(told: Told, _: Funnel) -> Iterator[Clock]:
    """From each return to the next departure."""
    for one, following in pairwise((*told.episodes, None)):
        if one is not None and one.returned_at is not None:
            yield Clock(
                contact=told.contact,
                key=one.number,
                started_at=one.returned_at,
                ended_at=None if following is None else following.departed_at,
                stage=one.stage,
                reason=one.reason,
            )


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
    awaits=frozenset({Signal.LEAVE}),
)


def relapse(
    inquiry: Inquiry,
    *,
    within: Duration,
    returned: Bounds | None = None,
    by: str | None = None,
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
        unit: ``contact`` for each contact's first return in the cohort, ``episode`` for all.
        confidence: of the intervals.
    """
    return ask_rate(inquiry, RELAPSE, within, returned, by, unit, confidence)
