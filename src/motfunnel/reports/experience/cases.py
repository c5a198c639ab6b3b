"""The clocks of complaints: from a case to its resolution, and from a complaint to what came of it.

A case opens with a complaint and closes with its resolution; one that was resolved may open again.
Estimates nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from attrs import define, evolve

from motfunnel.domain.event import Event
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.moment import MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.reports.experience.departure_after_complaint import departures_after_complaint
from motfunnel.reports.experience.recovery import (
    ABOUT_COMPLAINTS,
    ADVOCACY,
    PRAISE_OR_PURCHASE,
    PURCHASE,
    RECOVERY,
    recoveries,
)
from motfunnel.reports.measure.clock import Clock, Happening, Told
from motfunnel.reports.window import Windowed, one_by_one

DEPARTURE: Final = "departure"


@define
class _Case:
    name: str | None
    event: Event
    resolved_at: datetime | None = None
    reopened_at: datetime | None = None


def resolutions(told: Told, funnel: Funnel) -> Iterator[Clock]:
    """From each opening of a case to its resolution."""
    departures = [m.occurred_at for m in told.moments if m.kind is MomentKind.DEPART]
    for case in _cases(told, funnel):
        at, end = case.event.occurred_at, case.resolved_at
        # A farewell of the instant of the complaint follows it, one of the resolution's does too.
        meanwhile = (gone for gone in departures if at <= gone and (end is None or gone < end))
        yield Clock(
            contact=told.contact,
            key=(case.event.contact, case.event.id),
            started_at=at,
            ended_at=end,
            departed_at=next(meanwhile, None),
            reopened_at=case.reopened_at,
        )


def _cases(told: Told, funnel: Funnel) -> list[_Case]:
    """The cases in the order in which they opened; one that opened again is there once more."""
    cases: list[_Case] = []
    for one in sorted(told.happenings, key=_place):
        if one.signal not in (Signal.COMPLAIN, Signal.RESOLVE):
            continue
        name = funnel.read_stored(one.event.name, one.event.properties).case
        waiting = [case for case in cases if case.resolved_at is None]
        if one.signal is Signal.COMPLAIN:
            if name is None or all(case.name != name for case in waiting):
                _reopen(cases, name, one.event.occurred_at)
                cases.append(_Case(name, one.event))
            continue
        named = [case for case in waiting if name is None or case.name == name]
        if named:
            named[0].resolved_at = one.event.occurred_at
    return cases


def _reopen(cases: list[_Case], name: str | None, at: datetime) -> None:
    """Say of the latest case of a name that it opened again."""
    former = [case for case in cases if name is not None and case.name == name]
    if former:
        former[-1].reopened_at = at


def _place(one: Happening) -> tuple[datetime, int, str, str]:
    return one.event.occurred_at, int(one.signal), one.event.id, one.event.contact


def outcomes(told: Told, funnel: Funnel) -> Iterator[Clock]:
    """From each complaint to a purchase, to advocacy, or to a departure: whichever came first.

    At one instant what recovers comes first: who acts at the deadline has not departed, and a
    farewell ranks last.
    """
    recovering, leaving = recoveries(told, funnel), departures_after_complaint(told, funnel)
    for good, bad in zip(recovering, leaving, strict=True):
        if bad.ended_at is not None and (good.ended_at is None or bad.ended_at < good.ended_at):
            yield evolve(good, ended_at=bad.ended_at, cause=DEPARTURE)
        else:
            yield good


RESOLUTION: Final = Windowed(
    name="resolution",
    definition="of the cases that complaints opened in the cohort, when they were resolved",
    clocks=one_by_one(
        resolutions,
        "happenings",
        moments=frozenset({MomentKind.COMPLAINT, MomentKind.DEPART}),
        signals=frozenset({Signal.COMPLAIN, Signal.RESOLVE}),
        having=MomentKind.COMPLAINT,
    ),
    start=frozenset({MomentKind.COMPLAINT}),
    groups=frozenset(),
)
OUTCOME: Final = evolve(
    RECOVERY,
    name="outcome",
    definition="of the complaints in the cohort, what came of them first",
    clocks=one_by_one(
        outcomes,
        "happenings",
        moments=ABOUT_COMPLAINTS | {MomentKind.DEPART},
        signals=PRAISE_OR_PURCHASE,
        having=MomentKind.COMPLAINT,
    ),
    causes=(PURCHASE, ADVOCACY, DEPARTURE),
)
