"""What is read contact by contact for reports that count stories: moments, and activity.

The same from what is stored and from what was known at an earlier time. Counts nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from attrs import evolve

from motfunnel.domain.moment import Moment, MomentKind
from motfunnel.domain.signal import KEEPS_ALIVE, RETURNS
from motfunnel.reports.clock import Told
from motfunnel.reports.known import Known, make_told
from motfunnel.reports.stored import Stored
from motfunnel.reports.timeline import Timeline
from motfunnel.store.happenings import read_activity
from motfunnel.store.story import read_stories

Source = Stored | Known


def stories(
    source: Source, kinds: Collection[MomentKind]
) -> Iterator[tuple[str, Sequence[Moment]]]:
    """Give the moments of some kinds, contact by contact, each contact's in order."""
    if isinstance(source, Known):
        for journey, _ in source.histories():
            mine = [moment for moment in journey.moments if moment.kind in kinds]
            if mine:
                yield journey.contact, mine
    yield from read_stories(_stored(source).extent, kinds)


def activity(
    source: Source, timeline: Timeline, erased: Mapping[str, datetime]
) -> Iterator[tuple[str, Sequence[int]]]:
    """Give the stretches in which each contact was active, in order.

    Active is a contact with an event that kept it alive: a rating or a complaint of one who has
    departed does not.
    """
    if isinstance(source, Known):
        for journey, events in source.histories():
            told = make_told(journey, events, timeline.as_of)
            found = sorted({timeline.stretch(at) for at in touches(told)})
            if found:
                yield journey.contact, found
    yield from read_activity(_stored(source).extent, timeline.bounds, erased=bool(erased))


def _stored(source: Source) -> Stored:
    """What is stored; where an earlier knowledge is asked for, only of those who were erased."""
    if isinstance(source, Stored):
        return source
    return evolve(source.stored, extent=evolve(source.stored.extent, erased_only=True))


def touches(told: Told) -> Iterator[datetime]:
    """Give the instants at which a contact was kept alive."""
    for one in told.happenings:
        at = one.event.occurred_at
        if KEEPS_ALIVE[one.signal] and (RETURNS[one.signal] or not _is_away(told, at)):
            yield at


def _is_away(told: Told, at: datetime) -> bool:
    return any(
        episode.departed_at < at and (episode.returned_at is None or episode.returned_at > at)
        for episode in told.episodes
    )
