"""Who opened, and in which group each of them is: the common ground of reports about everyone.

A group's value is the one that held at the opening: so no contact ever changes its group, and what
adds up for all adds up in each. Counts nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from attrs import frozen

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import from_micros
from motfunnel.domain.moment import MomentKind
from motfunnel.reports.facts.facts import Facts
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.clock import EVERYBODY, Clock, Cohort, Told, choose, lies_in
from motfunnel.reports.measure.grouping import read_grouping
from motfunnel.reports.window import Asked, Windowed, one_by_one

OPENING: Final = frozenset({MomentKind.OPENING})
Groups = Mapping[str, str | None]
"""Of each contact that opened, its group."""


@frozen(kw_only=True)
class Opened:
    """The contacts that opened, and what can be read of them.

    Attributes:
        source: what can be read.
        by: what they are told apart by; None: not at all.
        groups: of each its group.
        earliest: when the first of them opened; None where nobody did.
        erased: when those were erased whose counts were kept.
        notes: what a reader has to know of the groups.
    """

    source: Facts
    by: str | None
    groups: Groups
    earliest: datetime | None
    erased: Mapping[str, datetime]
    notes: tuple[str, ...] = ()

    @property
    def shown(self) -> Sequence[str | None]:
        """The groups that have rows; all together are one, be they none."""
        return (None,) if self.by is None else sorted(set(self.groups.values()), key=str)


@contextmanager
def read_opened(
    inquiry: Inquiry, name: str, by: str | None, cohort: Cohort = EVERYBODY
) -> Iterator[Opened]:
    """Read who opened in a cohort, for a report of some name about all of them."""
    opening = _openings_of(name)
    grouping = read_grouping(by, opening.name, opening.groups)
    erased, _ = inquiry.erased()
    with inquiry.reading(grouping, OPENING) as source:
        groups: dict[str, str | None]
        if grouping is None:
            opened = _lying_in(cohort, source, erased)
            groups = dict.fromkeys(opened)
        else:
            clocks = opening.clocks(source, Asked(cohort=cohort, grouping=grouping))
            chosen = choose(clocks, cohort, inquiry.as_of, erased, first_only=True)
            who = [source.names.people.texts[contact] for contact in chosen.contact]
            values = source.groups(grouping, opening.start, chosen)
            groups = dict(zip(who, values, strict=True))
            opened = dict(zip(who, map(from_micros, chosen.started), strict=True))
        unknown = inquiry.unknown(grouping, {*groups.values()}, source)
        yield Opened(
            source=source,
            by=by,
            groups=groups,
            earliest=min(opened.values(), default=None),
            erased=erased,
            notes=() if unknown is None else (unknown,),
        )


def _lying_in(cohort: Cohort, source: Facts, erased: Mapping[str, datetime]) -> dict[str, datetime]:
    """When those of a cohort opened: what ``choose`` gives, without a clock for everybody."""
    return {
        contact: at
        for contact, at in source.openings()
        if lies_in(cohort, at) and not (contact in erased and erased[contact] < at)
    }


def _openings_of(name: str) -> Windowed:
    """The openings that a report of some name tells apart, as a rate has its start events."""
    return Windowed(
        name=name,
        definition="",
        clocks=one_by_one(_openings, "moments", moments=OPENING),
        start=OPENING,
        groups=frozenset(),
    )


def _openings(told: Told, _: Funnel) -> Iterator[Clock]:
    for moment in told.moments:
        if moment.kind is MomentKind.OPENING:
            key, at = moment.event_key, moment.occurred_at
            yield Clock(contact=told.contact, key=key, started_at=at)
