"""What is read contact by contact for reports that count stories: moments, and activity.

The same from what is stored and from what was known at an earlier time. Counts nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from attrs import evolve

from motfunnel.domain.moment import Moment, MomentKind
from motfunnel.reports.facts.known import Known
from motfunnel.reports.facts.stored import Stored
from motfunnel.reports.measure.timeline import Timeline
from motfunnel.store.queries.events import read_activity
from motfunnel.store.queries.moments import read_stories

Source = Stored | Known


def stories(
    source: Source, kinds: Collection[MomentKind]
) -> Iterator[tuple[str, Sequence[Moment]]]:
    """Give the moments of some kinds, contact by contact, each contact's in order."""
    if isinstance(source, Known):
        for one in source.histories():
            mine = [moment for moment in one.journey.moments if moment.kind in kinds]
            if mine:
                yield one.contact, mine
    yield from read_stories(_stored(source).extent, kinds)


def activity(
    source: Source, timeline: Timeline, erased: Mapping[str, datetime]
) -> Iterator[tuple[str, Sequence[int]]]:
    """Give the stretches in which each contact was active, in order.

    Active is a contact with an event that kept it alive: a rating or a complaint of one who has
    departed does not.
    """
    if isinstance(source, Known):
        for one in source.histories():
            found = sorted({timeline.stretch(at) for at in one.touches()})
            if found:
                yield one.contact, found
    yield from read_activity(_stored(source).extent, timeline.bounds, erased=bool(erased))


def _stored(source: Source) -> Stored:
    """What is stored; where an earlier knowledge is asked for, only of those who were erased."""
    if isinstance(source, Stored):
        return source
    return evolve(source.stored, extent=evolve(source.stored.extent, erased_only=True))
