"""Episodes as they would have been told at an earlier time, from what was recorded by then.

Folds every contact's events anew, one contact at a time, since the stored state knows more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from attrs import frozen

from motfunnel.domain.event import IDENTIFY, Event
from motfunnel.domain.funnel import Funnel
from motfunnel.domain.journey import Journey, walk
from motfunnel.domain.moment import Episode, MomentKind
from motfunnel.domain.payload import to_json
from motfunnel.store.departures import UNKNOWN, Grouping
from motfunnel.store.pointers import follow
from motfunnel.tracking.fold import source_of


@frozen
class _Told:
    """A contact's episodes, and what their groups depend on."""

    episodes: tuple[Episode, ...]
    opened_at: datetime | None
    source: str | None
    traits: list[tuple[datetime, str]]


def known_episodes(
    journeys: Iterable[tuple[Journey, list[Event]]],
    grouping: Grouping | None,
    into: Mapping[str, str],
) -> Iterator[tuple[Episode, str | None]]:
    """Give all episodes as of an instant, each with its group's value.

    Args:
        journeys: the contacts' journeys, each with its events.
        grouping: by what the episodes are told apart.
        into: the keys that were merged by then, each with the one that it points to.
    """
    told: list[_Told] = []
    referred: dict[str, datetime] = {}
    for journey, events in journeys:
        for moment in journey.moments:
            if moment.kind is not MomentKind.REFERRAL or moment.referred is None:
                continue
            whom = follow(into, moment.referred)
            first = referred.get(whom)
            if whom != journey.contact and (first is None or moment.occurred_at < first):
                referred[whom] = moment.occurred_at
        if journey.episodes:
            told.append(_tell(journey, events, grouping))
    for one in told:
        for episode in one.episodes:
            yield episode, _group(one, episode, grouping, referred)


def known_journeys(
    histories: Iterable[tuple[str, list[Event]]], funnel: Funnel, as_of: datetime
) -> Iterator[tuple[Journey, list[Event]]]:
    """Walk each contact up to an instant; give its journey, and the events again."""
    for contact, events in histories:
        yield walk(contact, funnel, events, as_of=as_of, is_stored=True), events


def _tell(journey: Journey, events: list[Event], grouping: Grouping | None) -> _Told:
    opening = journey.moments[0]
    source = next(source_of(e.properties) for e in events if (e.contact, e.id) == opening.event_key)
    traits: list[tuple[datetime, str]] = []
    if grouping is not None and grouping.is_trait:
        said = (e for e in events if e.name == IDENTIFY and grouping.name in e.properties)
        for event in sorted(said, key=lambda e: (e.occurred_at, e.id)):
            value = event.properties[grouping.name]
            traits.append((event.occurred_at, value if isinstance(value, str) else to_json(value)))
    return _Told(tuple(journey.episodes.values()), opening.occurred_at, source, traits)


def _group(
    told: _Told, episode: Episode, grouping: Grouping | None, referred: dict[str, datetime]
) -> str | None:
    if grouping is None:
        return None
    if grouping.is_trait:
        start = episode.first_outreach_at if grouping.from_outreach else episode.departed_at
        values = [value for at, value in told.traits if start is not None and at <= start]
        return values[-1] if values else UNKNOWN
    if grouping.name == "source":
        first = referred.get(episode.contact)
        was_referred = first is not None and told.opened_at is not None and first <= told.opened_at
        return told.source or ("referral" if was_referred else "direct")
    value: str = getattr(episode, grouping.name)
    return value
