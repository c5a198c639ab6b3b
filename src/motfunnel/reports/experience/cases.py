"""The clocks of complaints: from a case to its resolution, and from a complaint to what came of it.

A case opens with a complaint and closes with its resolution; one that was resolved may open again.
Estimates nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from typing import Any, Final

from attrs import define, evolve

from motfunnel.domain.columns import NEVER, Codes, column, pick
from motfunnel.domain.moment import MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.reports.experience.recovery import (
    ADVOCACY,
    PURCHASE,
    RECOVERY,
    Complaints,
    first_recoveries,
    read_recovering,
)
from motfunnel.reports.facts.facts import Facts
from motfunnel.reports.facts.relations import Happenings, places_of
from motfunnel.reports.measure.clock import Clocks
from motfunnel.reports.window import Asked, Windowed
from motfunnel.store.queries.happenings import Wanted

DEPARTURE: Final = "departure"
_UNNAMED: Final = 0


@define
class _Case:
    """A case, by the place of the event that opened it."""

    name: int
    place: int
    resolved: int = NEVER
    reopened: int = NEVER
    first: _Case | None = None
    settled: int = 0


def resolutions(facts: Facts, asked: Asked) -> Clocks:
    """From each opening of a case to its resolution."""
    names = Codes()
    names.numbers([None])  # which is _UNNAMED

    def case(name: str, properties: Mapping[str, Any]) -> int:
        return names[facts.funnel.read_stored(name, properties).case]

    wanted = Wanted(
        reads={Signal.COMPLAIN: case, Signal.RESOLVE: case},
        having=MomentKind.COMPLAINT,
        events=bool(asked.events),
    )
    found = facts.happenings(wanted)
    left = facts.moments([MomentKind.DEPART], "at", having=MomentKind.COMPLAINT)
    departures = places_of(left.contacts)
    cases, departed = list[_Case](), column()
    for contact, places in places_of(found.contacts).items():
        gone = pick(left.at, departures.get(contact, ()))
        for one in _cases(found, places):
            cases.append(one)
            # A farewell of the instant of the complaint follows it; so does the resolution's.
            after = bisect_left(gone, found.at[one.place])
            first = gone[after] if after < len(gone) else NEVER
            departed.append(first if first < one.resolved else NEVER)
    opened = [one.place for one in cases]
    return Clocks(
        names=facts.names,
        contact=column(pick(found.contacts, opened)),
        key=pick(found.events, opened),
        started=column(pick(found.at, opened)),
        ended=column(one.resolved for one in cases),
        departed=departed,
        reopened=column(one.reopened for one in cases),
        settled=column(one.settled for one in cases),
    )


def _cases(found: Happenings, places: range) -> list[_Case]:
    """The cases in the order in which they opened; one that opened again is there once more."""
    cases: list[_Case] = []
    for place in places:
        name, at = found.said[place], found.at[place]
        waiting = [case for case in cases if case.resolved == NEVER]
        if found.signals[place] == Signal.COMPLAIN:
            if name == _UNNAMED or all(case.name != name for case in waiting):
                cases.append(_Case(name, place, first=_reopen(cases, name, at)))
            continue
        named = [case for case in waiting if name in (_UNNAMED, case.name)]
        if named:
            named[0].resolved = at
    for case in cases:
        if case.first is not None:  # of several the last one settles it
            case.first.settled = case.resolved
    return cases


def _reopen(cases: list[_Case], name: int, at: int) -> _Case | None:
    """Say of the latest case of a name that it opened again; give the first of that name."""
    former = [case for case in cases if name != _UNNAMED and case.name == name]
    if not former:
        return None
    former[-1].reopened = at
    return former[0]


def outcomes(facts: Facts, asked: Asked) -> Clocks:
    """From each complaint to a purchase, to advocacy, or to a departure: whichever came first.

    At one instant what recovers comes first: who acts at the deadline has not departed, and a
    farewell ranks last.
    """
    recovering = read_recovering(facts)
    made = Complaints.read(facts, asked, MomentKind.APOSTLE, MomentKind.DEPART)
    recovered, causes = first_recoveries(facts, made, recovering)
    departure = facts.names.labels[DEPARTURE]
    for place, (good, bad) in enumerate(zip(recovered, made.departed, strict=True)):
        if bad < good:
            recovered[place], causes[place] = bad, departure
    return made.clocks(facts.names, recovered, causes)


RESOLUTION: Final = Windowed(
    name="resolution",
    definition="of the cases that complaints opened in the cohort, when they were resolved",
    clocks=resolutions,
    start=frozenset({MomentKind.COMPLAINT}),
    groups=frozenset(),
    keeps=frozenset({MomentKind.DEPART}),
)
OUTCOME: Final = evolve(
    RECOVERY,
    name="outcome",
    definition="of the complaints in the cohort, what came of them first",
    clocks=outcomes,
    causes=(PURCHASE, ADVOCACY, DEPARTURE),
    keeps=RECOVERY.keeps | {MomentKind.DEPART},
)
