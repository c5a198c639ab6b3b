"""Who opened, and in which group each of them is: the common ground of reports about everyone.

A group's value is the one that held at the opening: so no contact ever changes its group, and what
adds up for all adds up in each. Counts nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from attrs import frozen

from motfunnel.domain.columns import NEVER, column
from motfunnel.domain.instant import to_micros
from motfunnel.domain.moment import MomentKind
from motfunnel.reports.facts.facts import Facts, Keep
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.clock import EVERYBODY, Clocks, Cohort, choose
from motfunnel.reports.measure.grouping import Grouping, read_grouping
from motfunnel.reports.window import Asked, Windowed

OPENING: Final = frozenset({MomentKind.OPENING})
Places = Sequence[int]
"""Where in columns something stands."""


@frozen(kw_only=True)
class Opened:
    """The contacts that opened, and what can be read of them.

    Attributes:
        source: what can be read.
        by: what they are grouped by; None: not at all.
        groups: of each, by its number, its group; None: all who opened are one.
        gone: of those who were erased with their counts kept, when, in microseconds since 1970.
        notes: what a reader has to know of the groups.
    """

    source: Facts
    by: str | None
    groups: Mapping[int, str | None] | None
    gone: Mapping[int, int]
    notes: tuple[str, ...] = ()

    def parts(self, contacts: Sequence[int]) -> dict[str | None, Places]:
        """Where in a column of contacts those of each group stand; all together are one group."""
        if self.groups is None:
            return {None: range(len(contacts))}
        together = self.by is None
        values = (None,) if together else sorted({*self.groups.values()}, key=str)
        places = {group: column() for group in values}
        for place, contact in enumerate(contacts):
            if contact in self.groups:
                places[self.groups[contact]].append(place)
        return {**places}


@contextmanager
def read_opened(
    inquiry: Inquiry,
    name: str,
    by: str | None,
    cohort: Cohort = EVERYBODY,
    *,
    keeps: Iterable[Keep] = (),
) -> Iterator[Opened]:
    """Read who opened in a cohort, for a report of some name about all of them.

    And what it will ask for besides.
    """
    opening = _openings_of(name)
    grouping = read_grouping(by, opening.name, opening.groups)
    erased, _ = inquiry.erased()
    with inquiry.reading(grouping, OPENING, frozenset({"openings", *keeps})) as source:
        gone = {source.names.people[contact]: to_micros(at) for contact, at in erased.items()}
        groups: dict[int, str | None] | None = None
        if grouping is not None:
            groups = _grouped(inquiry, source, grouping, opening, cohort, erased)
        elif cohort != EVERYBODY:
            groups = dict.fromkeys(_lying_in(cohort, source, gone))
        unknown = inquiry.unknown(grouping, {*(groups or {}).values()}, source)
        notes = () if unknown is None else (unknown,)
        yield Opened(source=source, by=by, groups=groups, gone=gone, notes=notes)


def _grouped(
    inquiry: Inquiry,
    source: Facts,
    grouping: Grouping,
    opening: Windowed,
    cohort: Cohort,
    erased: Mapping[str, datetime],
) -> dict[int, str | None]:
    clocks = opening.clocks(source, Asked(cohort=cohort, grouping=grouping))
    chosen = choose(clocks, cohort, inquiry.as_of, erased, first_only=True)
    return dict(zip(chosen.contact, source.groups(grouping, opening.start, chosen), strict=True))


def _lying_in(cohort: Cohort, source: Facts, gone: Mapping[int, int]) -> Iterator[int]:
    """Who opened in a cohort, and was not erased before."""
    start, end = (None if at is None else to_micros(at) for at in cohort)
    since, until = -NEVER if start is None else start, NEVER if end is None else end
    for contact, at in zip(*source.openings(), strict=True):
        if since <= at < until and at <= gone.get(contact, NEVER):
            yield contact


def _openings_of(name: str) -> Windowed:
    """The openings that a report of some name tells apart, as a rate has its start events."""
    return Windowed(
        name=name,
        definition="",
        clocks=_clocks,
        start=OPENING,
        groups=frozenset(),
    )


def _clocks(facts: Facts, asked: Asked) -> Clocks:
    """The openings; with the events that made them, where a property of these is asked for."""
    if asked.events:
        found = facts.moments(OPENING, "at", *asked.events)
        contacts, at, key = found.contacts, found.at, found.events
    else:
        contacts, at = facts.openings()
        key = ()
    never = column([NEVER]) * len(at)
    return Clocks(names=facts.names, contact=contacts, key=key, started=at, ended=never)
