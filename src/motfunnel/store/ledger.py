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
from motfunnel.domain.instant import from_micros
from motfunnel.domain.moment import Episode, Moment
from motfunnel.store.change import Change
from motfunnel.store.checkpoints import (
    JourneyCheckpoint,
    checkpoint_row,
    read_checkpoint_row,
)
from motfunnel.store.contact_rows import ContactRows
from motfunnel.store.contact_state import UNREADABLE, ContactState
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
from motfunnel.store.stored_event import Meant, StoredEvent


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

    def story_after(
        self, state: ContactState, instant: int, *, to_write: bool = True
    ) -> list[StoredEvent]:
        """Read a contact's events after an instant (in microseconds), in no order."""
        members = self.find_members([state.contact], to_write=to_write) if state.aliases else {}
        read = self._run.read_story_after_to_write if to_write else self._run.read_story_after
        after = {"occurred_at": from_micros(instant)}
        return [
            StoredEvent._make(row)
            for key in (state.contact, *members)
            for row in read.fetch_raw(self.connection, self._key(key) | after)
        ]

    def count_events(self, state: ContactState, most: int) -> int:
        """Count a contact's events, no further than so many."""
        members = self.find_members([state.contact]) if state.aliases else {}
        keys, found = [state.contact, *members], 0
        for start in range(0, len(keys), SOME):
            some = self._some(keys[start : start + SOME]) | {"most": most}
            found += self._run.count_events.fetch(self.connection, some)[0]["events"]
        return min(found, most)

    def set_meanings(self, changed: Iterable[Meant]) -> None:
        """Write what events mean, after the funnel or what came before them has changed."""
        self._run.set_meaning.execute_many(
            self.connection,
            [
                self._key(one.contact) | {"id": one.id, "signal": one.signal, "alive": one.alive}
                for one in changed
            ],
        )

    def journey_from(
        self, contact: str, ordinal: int, episode: int, *, to_write: bool = True
    ) -> tuple[list[Moment], list[Episode]]:
        """Read a contact's moments and episodes, each from a number on, in their order."""
        run, key = self._run, self._key(contact)
        read_moments = run.read_moments_to_write if to_write else run.read_moments
        read_episodes = run.read_episodes_to_write if to_write else run.read_episodes
        moments = read_moments.fetch(self.connection, key | {"ordinal": ordinal})
        episodes = read_episodes.fetch(self.connection, key | {"episode": episode})
        return [*map(read_moment, moments)], [*map(read_episode, episodes)]

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
        self._run.delete_checkpoints.execute(self.connection, some)

    def change_moments(self, contact: str, change: Change[Moment]) -> None:
        """Write what has become of moments; only rows that differ."""
        # One by one, by their whole keys: on MariaDB a range would lock the gap behind it too.
        gone = [self._key(contact) | {"ordinal": number} for number in change.gone()]
        self._run.delete_moment.execute_many(self.connection, gone)
        rows = [moment_row(one, number, self.tenant) for number, one in change.made()]
        self._add_moment_rows(rows)

    def change_episodes(self, contact: str, change: Change[Episode]) -> None:
        """Write what has become of episodes; only rows that differ."""
        gone = [self._key(contact) | {"episode": number} for number in change.gone()]
        self._run.delete_episode.execute_many(self.connection, gone)
        rows = [episode_row(one, self.tenant) for _, one in change.made()]
        self._run.add_episode.execute_many(self.connection, rows)

    def checkpoint_before(self, state: ContactState, instant: int) -> JourneyCheckpoint | None:
        """Read the last checkpoint that has seen nothing from an instant (in microseconds) on."""
        if state.checkpoint is None:
            return None
        before = {"last_at": from_micros(instant), "events": state.checkpoint}
        key = self._key(state.contact) | before
        rows = self._run.read_checkpoint_before.fetch(self.connection, key)
        return read_checkpoint_row(rows[0]) if rows else None

    def last_checkpoint(self, state: ContactState) -> JourneyCheckpoint | None:
        """Read the last checkpoint of a contact that holds; None, too, of one that is damaged."""
        if state.checkpoint is None:
            return None
        key = self._key(state.contact) | {"events": state.checkpoint}
        try:
            return read_checkpoint_row(self._run.read_checkpoint.fetch(self.connection, key)[0])
        except UNREADABLE:
            return None

    def checkpoints(self, state: ContactState) -> list[JourneyCheckpoint]:
        """Read the checkpoints of a contact that hold, in their order."""
        if state.checkpoint is None:
            return []
        key = self._key(state.contact) | {"events": 0}
        rows = self._run.read_checkpoints.fetch(self.connection, key)
        return [read_checkpoint_row(row) for row in rows if row["events"] <= state.checkpoint]

    def recorded_since(self, state: ContactState, instant: datetime) -> set[tuple[str, str]]:
        """Find the events of a contact that were recorded from an instant on: key and id."""
        members = self.find_members([state.contact], to_write=False) if state.aliases else {}
        since = {"recorded_at": instant}
        return {
            (row["contact"], row["id"])
            for key in (state.contact, *members)
            for row in self._run.recorded_since.fetch(self.connection, self._key(key) | since)
        }

    def replace_checkpoints(
        self, contact: str, kept: int, checkpoints: Sequence[JourneyCheckpoint]
    ) -> None:
        """Put checkpoints in the place of those that have seen more events than so many."""
        key = self._key(contact)
        read = self._run.read_checkpoints_to_write
        behind = read.fetch(self.connection, key | {"events": kept + 1})
        gone = [key | {"events": row["events"]} for row in behind]
        self._run.delete_checkpoint.execute_many(self.connection, gone)
        self.add_checkpoints(checkpoints)

    def add_checkpoints(self, checkpoints: Iterable[JourneyCheckpoint]) -> None:
        """Insert checkpoints."""
        rows = [checkpoint_row(one, self.tenant) for one in checkpoints]
        self._run.add_checkpoint.execute_many(self.connection, rows)

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
