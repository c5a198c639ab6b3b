"""Clocks that moments and events make: from a stage, a first purchase, or a complaint.

Each function takes what is known of a contact, and gives its clocks in order.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import datetime
from operator import itemgetter
from typing import Final

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.moment import Moment, MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.reports.measure.clock import Clock, Happening, Told

PURCHASE: Final = "purchase"
ADVOCACY: Final = "advocacy"


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


def loyalty(told: Told, _: Funnel) -> Iterator[Clock]:
    """From the first purchase to the first LOYALIST."""
    if told.first_purchase_at is not None:
        yield Clock(
            contact=told.contact,
            key=told.first_purchase_at,
            started_at=told.first_purchase_at,
            ended_at=next(
                (m.occurred_at for m in told.moments if m.kind is MomentKind.LOYALIST), None
            ),
        )


def departures_after_complaint(told: Told, funnel: Funnel) -> Iterator[Clock]:
    """From each complaint to the next departure."""
    departures = [(n, m) for n, m in enumerate(told.moments) if m.kind is MomentKind.DEPART]
    for place, stage, complaint in _complaints(told, funnel):
        later = bisect_right(departures, place, key=itemgetter(0))
        yield Clock(
            contact=told.contact,
            key=complaint.event_key,
            started_at=complaint.occurred_at,
            ended_at=departures[later][1].occurred_at if later < len(departures) else None,
            stage=stage,
        )


def recoveries(told: Told, funnel: Funnel) -> Iterator[Clock]:
    """From each complaint to the first purchase or advocacy after it.

    What recovers ranks before a complaint of the same instant, and so comes later in time.
    """
    recovering = sorted(_recovering(told, funnel))
    for _, stage, complaint in _complaints(told, funnel):
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


def _complaints(told: Told, funnel: Funnel) -> Iterator[tuple[int, str, Moment]]:
    """Each complaint with its place among the moments, and the stage that held at it."""
    stage = funnel.stages[0]
    for place, moment in enumerate(told.moments):
        stage = moment.to_stage or stage
        if moment.kind is MomentKind.COMPLAINT:
            yield place, stage, moment
