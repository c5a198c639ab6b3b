"""Who opened, and in which group each of them is: the common ground of reports about everyone.

A group's value is the one that held at the opening: so no contact ever changes its group, and what
adds up for all adds up in each. Counts nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import repeat
from typing import Final

from attrs import frozen

from motfunnel.domain.columns import NEVER, Column, column
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import format_duration, to_micros
from motfunnel.domain.moment import MomentKind
from motfunnel.reports.facts.facts import Facts, Keep
from motfunnel.reports.inquiry import Inquiry, told_apart
from motfunnel.reports.measure.clock import EVERYBODY, Clocks, Cohort, choose
from motfunnel.reports.measure.grouping import By, read_grouping
from motfunnel.reports.window import Asked, Windowed

OPENING: Final = frozenset({MomentKind.OPENING})
NOBODY: Final = -1
Places = Sequence[int]
"""Where in columns something stands."""


@frozen(kw_only=True)
class Opened:
    """The contacts that opened, and what can be read of them.

    Attributes:
        source: what can be read.
        by: what they are grouped by; None: not at all.
        groups: of each, by its number, the place of its group in ``names``, and ``NOBODY`` of whom
            is not meant; None: all who opened are one.
        names: the groups, in their order.
        gone: of those who were erased with their counts kept, when, in microseconds since 1970.
        notes: what a reader has to know of the groups.
    """

    source: Facts
    by: str | None
    groups: Column | None
    names: Sequence[str | None] = (None,)
    gone: Mapping[int, int]
    notes: tuple[str, ...] = ()

    def parts(self, contacts: Sequence[int]) -> dict[str | None, Places]:
        """Where in a column of contacts those of each group stand; all together are one group."""
        if self.groups is None:
            return {None: range(len(contacts))}
        places = [column() for _ in self.names]
        for place, contact in enumerate(contacts):
            group = self.groups[contact] if contact < len(self.groups) else NOBODY
            if group != NOBODY:
                places[group].append(place)
        return dict(zip(self.names, places, strict=True))


@contextmanager
def read_opened(
    inquiry: Inquiry,
    name: str,
    by: By,
    cohort: Cohort = EVERYBODY,
    *,
    keeps: Iterable[Keep] = (),
) -> Iterator[Opened]:
    """Read who opened in a cohort, for a report of some name about all of them.

    And what it will ask for besides.
    """
    opening = _openings_of(name)
    groupings = read_grouping(by, opening.name, opening.groups)
    erased, _ = inquiry.erased()
    with inquiry.reading(groupings, OPENING, frozenset({"openings", *keeps})) as source:
        gone = {source.names.people[contact]: to_micros(at) for contact, at in erased.items()}
        groups: Column | None = None
        names: Sequence[str | None] = (None,)
        if groupings is not None:
            clocks = opening.clocks(source, Asked(cohort=cohort, groupings=groupings))
            chosen = choose(clocks, cohort, inquiry.as_of, erased, first_only=True)
            parted = told_apart(source, groupings, opening.start, chosen)
            names = sorted(parted.groups, key=groupings.rank)
            of = [*map(names.index, parted.groups)]
            groups = _by_number(source, chosen.contact, map(of.__getitem__, parted.numbers))
        elif cohort != EVERYBODY:
            groups = _by_number(source, [*_lying_in(cohort, source, gone)], repeat(0))
        unknown = inquiry.unknown(groupings, names, source)
        yield Opened(
            source=source,
            by=None if groupings is None else groupings.written,
            groups=groups,
            names=names,
            gone=gone,
            notes=() if unknown is None else (unknown,),
        )


def began(funnel: Funnel, opened: Opened, first: datetime | None) -> Iterator[str]:
    """That whoever was there before the history began looks new in it for a while.

    Args:
        funnel: the one in use; by its longest patience everybody who was there is heard of.
        opened: of whose openings the first is where the history begins.
        first: since when those opened who are counted; None: since ever.
    """
    earliest = opened.source.earliest()
    every = (funnel.patience_of(stage) for stage in funnel.stages)
    longest = max((one for one in every if isinstance(one, timedelta)), default=None)
    if earliest is None or longest is None or (first or earliest) >= earliest + longest:
        return
    yield (
        f"the history begins at {earliest:%Y-%m-%d}: whoever was there before looks new at first, "
        f"within one patience of it, {format_duration(longest)}"
    )


def _by_number(source: Facts, contacts: Iterable[int], groups: Iterable[int]) -> Column:
    """The group of each contact that is meant, at the place of its number."""
    found = column([NOBODY]) * len(source.names.people.texts)
    for contact, group in zip(contacts, groups, strict=False):
        found[contact] = group
    return found


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


def _clocks(facts: Facts, _: Asked) -> Clocks:
    """The openings, of which each contact has one."""
    contacts, at = facts.openings()
    never = column([NEVER]) * len(at)
    return Clocks(names=facts.names, contact=contacts, started=at, ended=never)
