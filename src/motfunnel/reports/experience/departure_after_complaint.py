"""Departure after a complaint: how many of those who complain leave.

Its clock, its words, and the question.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from operator import itemgetter
from typing import Final

from motfunnel.domain.columns import NEVER, column, pick
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import Duration
from motfunnel.domain.moment import MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.reports.experience.recovery import complaints_of
from motfunnel.reports.facts.facts import Facts
from motfunnel.reports.facts.moments import PLACES
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, Unit
from motfunnel.reports.measure.clock import Clock, Clocks, Told
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.window import IN_THE_COHORT, Asked, Windowed
from motfunnel.reports.windowed import ask_rate


def departures_after_complaint(told: Told, funnel: Funnel) -> Iterator[Clock]:
    """From each complaint to the next departure."""
    departures = [(n, m) for n, m in enumerate(told.moments) if m.kind is MomentKind.DEPART]
    for place, stage, complaint in complaints_of(told, funnel):
        later = bisect_right(departures, place, key=itemgetter(0))
        yield Clock(
            contact=told.contact,
            key=complaint.event_key,
            started_at=complaint.occurred_at,
            ended_at=departures[later][1].occurred_at if later < len(departures) else None,
            stage=stage,
        )


def departures(facts: Facts, asked: Asked) -> Clocks:
    """The same of everybody, in columns."""
    kinds = frozenset({MomentKind.COMPLAINT, MomentKind.CONVERSION, MomentKind.DEPART})
    columns = ("at", "labels", *asked.events)
    found = facts.moments(kinds, *columns, having=MomentKind.COMPLAINT)
    complaint, depart = PLACES[MomentKind.COMPLAINT], PLACES[MomentKind.DEPART]
    labels = facts.names.labels
    first, none = labels[facts.funnel.stages[0]], labels[None]
    places, stages, ends = list[int](), column(), column()
    stage = whose = waiting = -1
    moments = zip(found.contacts, found.kinds, found.labels, strict=True)
    for place, (contact, kind, label) in enumerate(moments):
        if contact != whose:
            whose, stage, waiting = contact, first, len(places)
        stage = stage if label == none else label
        if kind == complaint:
            places.append(place)
            stages.append(stage)
            ends.append(NEVER)
        elif kind == depart:
            ends[waiting:] = column([found.at[place]]) * (len(places) - waiting)
            waiting = len(places)
    return Clocks(
        names=facts.names,
        contact=column(pick(found.contacts, places)),
        key=pick(found.events, places),
        started=column(pick(found.at, places)),
        ended=ends,
        stage=stages,
    )


DEPARTURE_AFTER_COMPLAINT: Final = Windowed(
    name="departure after complaint",
    definition=f"of the complaints {IN_THE_COHORT}, the share followed by a departure within it",
    since="the complaint",
    event="departed",
    clocks=departures,
    start=frozenset({MomentKind.COMPLAINT}),
    groups=frozenset({"stage"}),
    awaits=frozenset({Signal.LEAVE}),
    note="complaints of contacts that have already departed count too, as the definition says",
)


def departure_after_complaint(
    inquiry: Inquiry,
    *,
    within: Duration,
    complained: Bounds | None = None,
    by: str | None = None,
    unit: Unit = "contact",
    confidence: float = CONFIDENCE,
) -> Rate:
    """How many of those who complain leave.

    Numerator: mature complaints followed by a DEPART within the window. Denominator:
    complaints in the cohort that were observed for the whole window, of contacts that were
    away already too. An empty denominator gives None.

    Args:
        within: the window after the complaint; its edge belongs to it.
        complained: the cohort, as in ``recovery``.
        by: as in ``recovery``.
        unit: as in ``recovery``.
        confidence: of the intervals.
    """
    return ask_rate(inquiry, DEPARTURE_AFTER_COMPLAINT, within, complained, by, unit, confidence)
