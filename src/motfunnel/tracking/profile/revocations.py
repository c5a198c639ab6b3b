"""Hindsight: which moments of a contact were so once, until an event that came late took them back.

Nothing of that is stored. It follows from when each event was recorded: the contact is walked in
the order in which its events arrived, and wherever one stands before others that were there already
the journeys without and with it are compared. So it says what could have been known, by anyone who
asked; not who was told. The keys of a contact count as one from the beginning, whenever they were
merged.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Final

from attrs import define, evolve, field

from motfunnel.domain.event import Event
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import from_micros, to_micros
from motfunnel.domain.journey import Entry, Journey, make_entry
from motfunnel.domain.machine import EPISODES
from motfunnel.domain.moment import SILENCE, Moment, MomentKind
from motfunnel.tracking.profile.profile import Revoked

MOST: Final = 100
"""So many late arrivals are looked into, the last ones: each costs a walk of the whole history."""

_place = attrgetter("place")
_Arrival = tuple[datetime, list[Entry]]


def revocations(
    contact: str, funnel: Funnel, recorded: Sequence[tuple[Event, datetime]], as_of: datetime
) -> tuple[Revoked, ...]:
    """Find the moments that were so and are no longer, in the order in which they were taken back.

    A departure by silence was so from its deadline on, if what it rests on had been recorded by
    then. A moment that only changed its number was not taken back.

    Args:
        contact: whose events.
        funnel: what they mean.
        recorded: the events, each with when it was recorded.
        as_of: later events do not exist.
    """
    events = {(event.contact, event.id): event for event, _ in recorded}
    limit = to_micros(as_of)
    walk = _Walk(contact, funnel, limit)
    found: list[Revoked] = []
    for recorded_at, entries in _latest(_arrivals(recorded, funnel, limit)):
        gone, late = walk.arrive(recorded_at, entries)
        by = tuple(events[entry.recorded_as, entry.id] for entry in late)
        found += (Revoked(moment=one, recorded_at=recorded_at, events=by) for one in gone)
    return tuple(found)


def _arrivals(
    recorded: Sequence[tuple[Event, datetime]], funnel: Funnel, limit: int
) -> list[_Arrival]:
    """The events as they arrived; those that were recorded at once, together and in order."""
    told = [
        (recorded_at, make_entry(event, funnel.read_stored(event.name, event.properties)))
        for event, recorded_at in recorded
    ]
    known = sorted(
        (one for one in told if one[1].at <= limit), key=lambda one: (one[0], _place(one[1]))
    )
    return [
        (recorded_at, [entry for _, entry in together])
        for recorded_at, together in groupby(known, key=itemgetter(0))
    ]


def _latest(arrivals: list[_Arrival]) -> list[_Arrival]:
    """Put together all that arrived before the late arrivals that are looked into."""
    late, last = [], None
    for place, (_, entries) in enumerate(arrivals):
        if last is not None and entries[0].place < last:
            late.append(place)
        last = max(last or entries[-1].place, entries[-1].place)
    if len(late) <= MOST:
        return arrivals
    first = late[-MOST]
    before = [entry for _, entries in arrivals[:first] for entry in entries]
    return [(arrivals[first - 1][0], sorted(before, key=_place)), *arrivals[first:]]


@define
class _Walk:
    """A contact's journey by what has arrived so far."""

    contact: str
    funnel: Funnel
    limit: int
    _journey: Journey = field(init=False)
    _known: list[Entry] = field(factory=list, init=False)
    _recorded: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self._journey = Journey(self.contact, self.funnel)

    def arrive(
        self, recorded_at: datetime, entries: list[Entry]
    ) -> tuple[list[Moment], list[Entry]]:
        """Take what arrived; give the moments that are gone with it, and what was late of it."""
        now = to_micros(recorded_at)
        silent = self._believed(now)
        last = self._known[-1].place if self._known else entries[0].place
        late = [entry for entry in entries if entry.place < last]
        before = self._journey.moments if late else []  # what comes in order takes none back
        self._take(entries, is_late=bool(late))
        self._recorded = now
        if not late and not silent:
            return [], []
        so = {evolve(one, episode=None) for one in (*self._journey.moments, *self._pending(now))}
        gone = [one for one in (*before, *silent) if evolve(one, episode=None) not in so]
        waited = [one for one in entries if silent and one.at <= to_micros(silent[0].occurred_at)]
        return gone, late or waited

    def _take(self, entries: list[Entry], *, is_late: bool) -> None:
        self._known += entries
        if is_late:
            self._known.sort(key=_place)
            self._journey = Journey(self.contact, self.funnel)
        self._journey.advance_all(self._known if is_late else entries)

    def _believed(self, now: int) -> list[Moment]:
        """The silence that had run out before now, with all that it rests on known in time."""
        return [
            one for one in self._pending(now - 1) if self._recorded <= to_micros(one.occurred_at)
        ]

    def _pending(self, now: int) -> list[Moment]:
        """The silence that has run out by now with no event after it."""
        deadline = self._journey.deadline
        if deadline is None or deadline > min(now, self.limit):
            return []
        return [
            Moment(
                contact=self.contact,
                kind=MomentKind.DEPART,
                occurred_at=from_micros(deadline),
                reason=SILENCE,
                episode=self._journey.state[EPISODES] + 1,
            )
        ]
