"""Recovery: how many of those who complain come round, and whether they buy or praise first.

Its clock, its words, and the question.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime
from operator import itemgetter
from typing import Final

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import Duration
from motfunnel.domain.moment import Moment, MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, Unit
from motfunnel.reports.measure.clock import Clock, Happening, Told
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.window import IN_THE_COHORT, Windowed, one_by_one
from motfunnel.reports.windowed import ask_rate

PURCHASE: Final = "purchase"
ADVOCACY: Final = "advocacy"


def recoveries(told: Told, funnel: Funnel) -> Iterator[Clock]:
    """From each complaint to the first purchase or advocacy after it.

    What recovers ranks before a complaint of the same instant, and so comes later in time.
    """
    recovering = sorted(_recovering(told, funnel))
    for _, stage, complaint in complaints_of(told, funnel):
        at = complaint.occurred_at
        later = bisect_right(recovering, at, key=itemgetter(0))
        first = recovering[later] if later < len(recovering) else None
        yield Clock(
            contact=told.contact,
            key=complaint.event_key,
            started_at=at,
            ended_at=None if first is None else first[0],
            cause=None if first is None else first[2],
            stage=stage,
        )


def _recovering(told: Told, funnel: Funnel) -> Iterator[tuple[datetime, int, str]]:
    """What could recover: its instant, its rank, and of which kind it is."""
    referrals, enough = 0, funnel.apostle_after_referrals
    for one in told.happenings:
        at = one.event.occurred_at
        if one.signal is Signal.PURCHASE:
            yield at, one.signal, PURCHASE
        elif one.signal is Signal.REFER:
            referrals += 1
            if enough is not None and referrals >= enough:
                yield at, one.signal, ADVOCACY
        elif one.signal is Signal.ADVOCATE or _is_promoter(one):
            yield at, one.signal, ADVOCACY
    for moment in told.moments:  # all that is left of the praise of one who was erased
        if moment.kind is MomentKind.APOSTLE:
            yield moment.occurred_at, Signal.ADVOCATE, ADVOCACY


def _is_promoter(one: Happening) -> bool:
    return one.signal is Signal.RATING and one.argument == 1


def complaints_of(told: Told, funnel: Funnel) -> Iterator[tuple[int, str, Moment]]:
    """Each complaint with its place among the moments, and the stage that held at it."""
    stage = funnel.stages[0]
    for place, moment in enumerate(told.moments):
        stage = moment.to_stage or stage
        if moment.kind is MomentKind.COMPLAINT:
            yield place, stage, moment


PRAISE_OR_PURCHASE: Final = frozenset(
    {Signal.PURCHASE, Signal.RATING, Signal.REFER, Signal.ADVOCATE}
)
ABOUT_COMPLAINTS: Final = frozenset(
    {MomentKind.COMPLAINT, MomentKind.CONVERSION, MomentKind.APOSTLE}
)
RECOVERY: Final = Windowed(
    name="recovery",
    definition=(
        f"of the complaints {IN_THE_COHORT}, the share followed within it by a purchase or by "
        "advocacy, whether or not these were moments"
    ),
    since="the complaint",
    event="purchased or advocated",
    clocks=one_by_one(
        recoveries,
        "happenings",
        moments=ABOUT_COMPLAINTS,
        signals=PRAISE_OR_PURCHASE,
        having=MomentKind.COMPLAINT,
    ),
    start=frozenset({MomentKind.COMPLAINT}),
    awaits=PRAISE_OR_PURCHASE,
    groups=frozenset({"stage"}),
    causes=(PURCHASE, ADVOCACY),
)


def recovery(
    inquiry: Inquiry,
    *,
    within: Duration,
    complained: Bounds | None = None,
    by: str | None = None,
    unit: Unit = "contact",
    confidence: float = CONFIDENCE,
) -> Rate:
    """How many of those who complain come round, and whether they buy or praise first.

    Numerator: mature complaints followed, within the window, by a purchase or by advocacy:
    what the funnel takes for it, whether or not it was a moment. Denominator: complaints in
    the cohort that were observed for the whole window. An empty denominator gives None.

    Args:
        within: the window after the complaint; its edge belongs to it. What happened at the
            very instant of the complaint came before it.
        complained: the cohort: complaints from the first instant on, before the second.
        by: ``stage``, ``source``, a trait, or ``property:NAME`` of the complaint, as in
            ``recidivism``.
        unit: ``contact`` for each contact's first complaint in the cohort, ``episode`` for all.
        confidence: of the intervals.
    """
    return ask_rate(inquiry, RECOVERY, within, complained, by, unit, confidence)
