"""One tenant's rows on one connection: what a transaction of the tracker writes and reads.

Each method is one statement or two. Which of them belong together, the caller decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any

from sqlalchemy.exc import IntegrityError

from motfunnel.domain.event import Event
from motfunnel.domain.moment import Episode, Moment
from motfunnel.store.contact_rows import ContactRows
from motfunnel.store.contact_state import ContactState
from motfunnel.store.rows import (
    episode_row,
    event_row,
    moment_row,
    read_episode,
    read_event,
    read_moment,
    trait_rows,
)
from motfunnel.store.statements import SOME
from motfunnel.store.stored_event import StoredEvent


class Ledger(ContactRows):
    """The rows of one tenant, on one connection."""

    def add_event(self, event: Event, signal: str, recorded_at: datetime) -> bool:
        """Insert an event of a contact that is locked; whether its id is new."""
        row = event_row(event, signal, recorded_at, self.tenant)
        try:
            return self._run.add_event.execute(self.connection, row) == 1
        except IntegrityError:
            # PostgreSQL tells of an id that is taken without one, and answers nothing after it.
            if self.connection.dialect.name == "postgresql" or self.find_event(event) is None:
                raise
            return False

    def add_events(self, events: Iterable[tuple[Event, str]], recorded_at: datetime) -> int:
        """Insert many events, with the names of their signals; how many ids were new."""
        rows = [event_row(event, signal, recorded_at, self.tenant) for event, signal in events]
        return self._run.add_events.execute_many(self.connection, rows)

    def find_event(self, event: Event) -> Event | None:
        """Read the event that has this one's contact and id."""
        key = self._key(event.contact) | {"id": event.id}
        rows = self._run.read_event.fetch(self.connection, key)
        return read_event(rows[0]) if rows else None

    def events(self, key: str) -> list[Event]:
        """Read the events that were recorded under a key, in no order."""
        return [event for event, _ in self.arrivals(key)]

    def arrivals(self, key: str) -> list[tuple[Event, datetime]]:
        """Read the events that were recorded under a key, and when they were, in no order."""
        rows = self._run.read_events.fetch(self.connection, self._key(key))
        return [(read_event(row), row["recorded_at"]) for row in rows]

    def stories(
        self, states: Sequence[ContactState], *, to_write: bool = True
    ) -> dict[str, list[StoredEvent]]:
        """Read the events of some contacts, in no order, by contact; to fold, or only to look.

        The events of a contact are those of its own key, and of all keys merged into it.
        """
        joined = [state.contact for state in states if state.aliases]
        owners = self.find_members(joined, to_write=to_write) if joined else {}
        keys = [*(state.contact for state in states), *owners]
        read = self._run.read_stories_to_write if to_write else self._run.read_stories
        stories: dict[str, list[StoredEvent]] = {}
        for start in range(0, len(keys), SOME):
            some = self._some(keys[start : start + SOME])
            events = map(StoredEvent._make, read.fetch_raw(self.connection, some))
            for key, story in groupby(events, itemgetter(0)):
                stories.setdefault(owners.get(key, key), []).extend(story)
        return stories

    def set_signals(self, changed: Iterable[tuple[StoredEvent, str]]) -> None:
        """Write what events mean, after the funnel changed."""
        self._run.set_signal.execute_many(
            self.connection,
            [self._key(e.contact) | {"id": e.id, "signal": signal} for e, signal in changed],
        )

    def moments(self, contact: str) -> list[Moment]:
        """Read a contact's moments, in their order."""
        rows = self._run.read_moments.fetch(self.connection, self._key(contact))
        return [read_moment(row) for row in rows]

    def journeys(
        self, contacts: Sequence[str]
    ) -> tuple[dict[str, list[Moment]], dict[str, list[Episode]]]:
        """Read the moments and the episodes of some contacts, by contact, in their order."""
        some = self._some(contacts)
        moments = map(read_moment, self._run.read_moments_of_some.fetch(self.connection, some))
        episodes = map(read_episode, self._run.read_episodes_of_some.fetch(self.connection, some))
        by_contact = attrgetter("contact")
        return (
            {contact: list(made) for contact, made in groupby(moments, by_contact)},
            {contact: list(away) for contact, away in groupby(episodes, by_contact)},
        )

    def add_moments(self, moments: Iterable[Moment], first: int = 0) -> None:
        """Insert moments of one contact, from this ordinal on."""
        rows = [moment_row(moment, first + n, self.tenant) for n, moment in enumerate(moments)]
        self._add_moment_rows(rows)

    def add_journeys(self, journeys: Iterable[tuple[list[Moment], Iterable[Episode]]]) -> None:
        """Insert all moments and episodes of contacts that have none stored."""
        self.extend_journeys((0, made, away) for made, away in journeys)

    def extend_journeys(
        self, journeys: Iterable[tuple[int, list[Moment], Iterable[Episode]]]
    ) -> None:
        """Insert moments of some contacts, each from an ordinal on, and episodes that are new."""
        moments: list[dict[str, Any]] = []
        episodes: list[dict[str, Any]] = []
        for first, made, away in journeys:
            moments += [moment_row(m, first + n, self.tenant) for n, m in enumerate(made)]
            episodes += [episode_row(episode, self.tenant) for episode in away]
        self._add_moment_rows(moments)
        if len(episodes) > 1 and self._has_arrays:
            self._write_arrays(self._run.add_episode_arrays, episodes)
        else:
            self._run.add_episode.execute_many(self.connection, episodes)

    def clear_journeys(self, contacts: Sequence[str]) -> None:
        """Delete the moments and episodes of some contacts."""
        if not contacts:
            return
        some = self._some(contacts)
        self._run.delete_moments.execute(self.connection, some)
        self._run.delete_episodes.execute(self.connection, some)

    def replace_journey(self, contact: str, moments: list[Moment], away: list[Episode]) -> None:
        """Write what has become of a journey; what stays as it was is not written again."""
        key = self._key(contact)
        stored = self.moments(contact)
        were_away = [*map(read_episode, self._run.read_episodes.fetch(self.connection, key))]
        first, since = _same(stored, moments), _same(were_away, away)
        # One by one, by their whole keys: on MariaDB a range would lock the gap behind it too.
        gone = [key | {"ordinal": ordinal} for ordinal in range(first, len(stored))]
        self._run.delete_moment.execute_many(self.connection, gone)
        gone = [key | {"episode": one.number} for one in were_away[since:]]
        self._run.delete_episode.execute_many(self.connection, gone)
        self.add_moments(moments[first:], first)
        rows = [episode_row(episode, self.tenant) for episode in away[since:]]
        self._run.add_episode.execute_many(self.connection, rows)

    def find_episode(self, contact: str, number: int) -> Episode:
        """Read an episode."""
        key = self._key(contact) | {"episode": number}
        return read_episode(self._run.read_episode.fetch(self.connection, key)[0])

    def put_episodes(self, episodes: Iterable[Episode]) -> None:
        """Write episodes that began or went on."""
        for episode in episodes:
            self._run.put_episode.execute(self.connection, episode_row(episode, self.tenant))

    def add_traits(self, contact: str, event: Event, recorded_at: datetime) -> None:
        """Insert the traits that an ``identify`` gives a contact."""
        rows = trait_rows(contact, event, recorded_at, self.tenant)
        self._run.add_trait.execute_many(self.connection, rows)

    def _add_moment_rows(self, rows: list[dict[str, Any]]) -> None:
        if len(rows) == 1:
            self._run.add_moment.execute(self.connection, rows[0])
        elif rows and self._has_arrays:
            self._write_arrays(self._run.add_moment_arrays, rows)
        else:
            self._run.add_moment.execute_many(self.connection, rows)


def _same(before: Sequence[object], after: Sequence[object]) -> int:
    """How many of the first are the same."""
    pairs = enumerate(zip(before, after, strict=False))
    return next((n for n, (old, new) in pairs if old != new), min(len(before), len(after)))
