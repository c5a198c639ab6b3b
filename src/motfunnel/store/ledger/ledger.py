"""One tenant's rows on one connection: what a transaction of the tracker writes and reads.

Each method is one statement or two. Which of them belong together, the caller decides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, delete, select
from sqlalchemy.exc import IntegrityError

from motfunnel.domain.event import Event, to_json
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import from_micros
from motfunnel.domain.moment import Episode, Moment
from motfunnel.store.database.pace import PACE, Pace
from motfunnel.store.engine.channel import Channel, Read
from motfunnel.store.engine.compiled import Statement
from motfunnel.store.engine.faults import FAULTS, Fault, fault_of
from motfunnel.store.hosts.commit import status_of
from motfunnel.store.hosts.transaction import savepoint
from motfunnel.store.ledger.checkpoints import (
    Change,
    JourneyCheckpoint,
    checkpoint_row,
    read_checkpoint_row,
)
from motfunnel.store.ledger.rows import (
    Meant,
    StoredEvent,
    episode_row,
    event_row,
    moment_row,
    read_episode,
    read_event,
    read_moment,
    trait_rows,
)
from motfunnel.store.ledger.state import (
    UNREADABLE,
    ContactState,
    new_state,
    read_state,
    write_state,
)
from motfunnel.store.ledger.statements import SOME, statements
from motfunnel.store.schema.dialects import batches, chunks
from motfunnel.store.schema.tables import Tables, tables
from motfunnel.store.schema.types import MARIADB

_IDS_AT_ONCE: Final = 5_000

Owing: TypeAlias = dict[str, tuple[int, set[str]]]
"""Contacts whose fold is owed: how many events it takes, and the keys that were recorded under."""


class Ledger(Channel):
    """The rows of one tenant, on one connection."""

    def __init__(
        self, connection: Connection, schema: str | None, tenant: str, pace: Pace = PACE
    ) -> None:
        super().__init__(connection)
        self.tenant = tenant
        self.pace = pace
        self.owing: Owing = {}
        # What came and went of folds that were owed: nobody has been told yet.
        self.untold: list[Moment] = []
        self.revoked: list[Moment] = []
        self.tables: Tables = tables(schema)
        self._run = statements(schema)
        self._subscribed: bool | None = None
        self._looked_up: dict[tuple[str, str], Event | None] = {}

    def has_characters_for(self, key: str) -> bool:
        """Whether the database's encoding can write a key; of another nothing is recorded."""
        connection = self.connection
        if key.isascii() or connection.dialect.name == "sqlite":
            return True
        # Only a server that is asked in vain spoils a transaction, if there is one.
        is_spoiled = (
            connection.dialect.name == "postgresql"
            and connection.exec_driver_sql("SHOW server_encoding").scalar() != "UTF8"
            and status_of(connection) != "IDLE"
        )
        try:
            with savepoint(connection) if is_spoiled else nullcontext():
                self._run.read_contact.fetch(connection, self._key(key))
        except FAULTS as error:
            if fault_of(error) is not Fault.REFUSED:
                raise
            return False
        return True

    def lock_contact(self, contact: str, funnel: Funnel) -> ContactState:
        """Read a contact's state, alone until the transaction ends; make it if it is new.

        The row is looked for first: it is almost always there. But on MariaDB it is put down first:
        it would lock the gap where the row belongs, and deadlock with whoever fills it.
        """
        return read_state(self._lock(contact, funnel)[0], funnel)

    def _lock(self, contact: str, funnel: Funnel, *also: Read) -> list[Any]:
        """Lock a contact's row, and read it; and the rows of what else is read once it is had."""
        run, dialect = self._run, self._connection.dialect
        if dialect.name not in MARIADB:
            found, *rest = self._read((run.lock_contact, self._key(contact)), *also, leniently=True)
            if found:
                return [found[0], *rest]
        empty = write_state(new_state(contact, funnel), self.tenant)
        read = (run.make_contact, empty)
        if not dialect.insert_returning:
            self._write(run.keep_contact, empty)
            read = (run.lock_contact, self._key(contact))
        found, *rest = self._read(read, *also, leniently=True)
        return [found[0], *rest]

    def lock_owner(self, key: str, funnel: Funnel, event: Event | None = None) -> ContactState:
        """Read the state of the contact that a key belongs to, alone; make it if it is new.

        A key that was merged is locked before the contact that it was merged into: who merges or
        unmerges locks in that order too. A pipeline also looks whether the event's id is taken.
        """
        if event is None or self._pipeline is None:
            state = self.lock_contact(key, funnel)
        else:
            place = self._key(key) | {"id": event.id}
            row, known = self._lock(key, funnel, (self._run.read_event, place))
            self._looked_up[key, event.id] = read_event(known[0]) if known else None
            state = read_state(row, funnel)
        while state.merged_into is not None:
            state = self.lock_contact(state.merged_into, funnel)
        return state

    def lock_owners(
        self, keys: Iterable[str], funnel: Funnel, event: Event | None = None
    ) -> dict[str, ContactState]:
        """Read the states of the contacts that some keys belong to, alone, by key.

        Merged keys are locked first and contacts after them, each in the order of keys, so that
        two who do so never wait for each other. ``event`` is the one to be added, if it is one.
        """
        wanted = sorted(set(keys))
        if len(wanted) == 1:
            return {wanted[0]: self.lock_owner(wanted[0], funnel, event)}
        merged = self.find_aliases(wanted)
        order = [*sorted(merged), *sorted({merged.get(key, key) for key in wanted})]
        locked = self._lock_each(order, funnel)
        owners: dict[str, ContactState] = {}
        for key in wanted:
            state = locked[key]
            while state.merged_into is not None:
                above = state.merged_into  # not locked yet, if somebody merged it meanwhile
                state = locked.get(above) or self.lock_contact(above, funnel)
                locked[above] = state
            owners[key] = state
        self.drop_strays(locked.keys() - {*wanted, *(one.contact for one in owners.values())})
        return owners

    def _lock_each(self, keys: Sequence[str], funnel: Funnel) -> dict[str, ContactState]:
        """Lock contacts in this order, and make those that are new: these first, and all at once.

        So nobody waits for a row to be made who has locked one already. MariaDB would lock gaps.
        """
        if self._connection.dialect.name in MARIADB:
            return {key: self.lock_contact(key, funnel) for key in keys}
        empty = write_state(new_state("", funnel), self.tenant)
        new = [empty | {"contact": key} for key in sorted({*keys})]
        self._write_many(self._run.put_contact, new)
        locked: dict[str, ContactState] = {}
        for some in batches(keys, SOME):
            rows = self._rows(self._run.lock_contacts, self._some(some), leniently=True)
            found = {row["contact"]: row for row in rows}
            for key in some:  # who was erased before the lock was had is made again
                row = found.get(key)
                locked[key] = read_state(row, funnel) if row else self.lock_contact(key, funnel)
        return locked

    def look_up(self, events: Sequence[Event]) -> bool:
        """Find out of events of locked contacts whose ids are taken; whether to gather writes.

        On MariaDB it would lock the gaps where the events belong, and nothing is asked.
        """
        if self._connection.dialect.name in MARIADB:
            return False
        self._looked_up |= dict.fromkeys([(one.contact, one.id) for one in events])
        asked: Read = (self._run.find_subscription, {"tenant": self.tenant})
        for some in batches(events, _IDS_AT_ONCE):
            pairs = to_json([(one.contact, one.id) for one in some])
            find: Read = (self._run.find_taken, {"tenant": self.tenant, "pairs": pairs})
            taken, subscribed = self._read(find, asked)
            self._looked_up |= {(row["contact"], row["id"]): read_event(row) for row in taken}
            self._subscribed = bool(subscribed)
        return True

    def drop_strays(self, keys: Iterable[str]) -> None:
        """Delete the rows of keys that were locked for nothing, and made for it, if they are empty.

        They belonged to a contact that was erased before the lock was had.
        """
        contacts = self.tables.contacts
        c = contacts.c
        for some in chunks({*keys}):
            empty = (c.last_at.is_(None), c.merged_into.is_(None), c.aliases == 0)
            mine = (c.tenant == self.tenant, c.contact.in_(some), c.fingerprint != "")
            self.connection.execute(delete(contacts).where(*mine, *empty))

    def find_aliases(self, keys: Sequence[str]) -> dict[str, str]:
        """Find those of some keys that were merged, and the contacts that they belong to."""
        return self._find_owners(self._run.find_aliases, keys)

    def find_members(self, contacts: Sequence[str], *, to_write: bool = True) -> dict[str, str]:
        """Find the keys that were merged into some contacts, and into which."""
        find = self._run.find_members_to_write if to_write else self._run.find_members
        return self._find_owners(find, contacts)

    def lock_contacts(self, contacts: Sequence[str], funnel: Funnel) -> list[ContactState]:
        """Read the states of some contacts, alone until the transaction ends."""
        rows = self._rows(self._run.lock_contacts, self._some(contacts), leniently=True)
        return [read_state(row, funnel) for row in rows]

    def lock_overdue(
        self, as_of: datetime, since: datetime, most: int, funnel: Funnel
    ) -> tuple[list[ContactState], datetime]:
        """Read the states of contacts whose deadline has come, alone until the transaction ends.

        Those with the oldest deadlines come first. What somebody else has locked is left out, where
        the database can do so, so that two who do this share the work.

        Args:
            as_of: whose deadline has come by then.
            since: and not before this one.
            most: how many, at most.
            funnel: by what the states are read.

        Returns:
            The states, and the last of their deadlines.
        """
        bounds = {"tenant": self.tenant, "as_of": as_of, "since": since, "most": most}
        rows = self._rows(self._run.lock_overdue, bounds, leniently=True)
        last: datetime = rows[-1]["deadline_at"] if rows else as_of
        return [read_state(row, funnel) for row in rows], last

    def read_contacts(self, contacts: Sequence[str], funnel: Funnel) -> list[ContactState]:
        """Read the states of some contacts, without locking them."""
        rows = self._rows(self._run.read_contacts, self._some(contacts), leniently=True)
        return [read_state(row, funnel) for row in rows]

    def find_contact(self, contact: str, funnel: Funnel) -> ContactState | None:
        """Read a contact's state; None for one of whom nothing was ever recorded."""
        rows = self._rows(self._run.read_contact, self._key(contact), leniently=True)
        return read_state(rows[0], funnel) if rows else None

    def update_contact(self, state: ContactState) -> None:
        """Write what has changed of a contact that is locked, and as it was read."""
        row = write_state(state, self.tenant)
        before = state.stored or {}
        changed = [name for name in row if name not in before or before[name] != row[name]]
        if self._gathered is not None and self._has_arrays:
            self._write(self._run.update_contact, row)
        elif changed:
            key = {name: row[name] for name in ("tenant", "contact", *changed)}
            self._write(self._run.update_columns(tuple(changed)), key)
        state.stored = row

    def update_contacts(self, states: Sequence[ContactState]) -> None:
        """Write the states of contacts that are locked."""
        rows = [write_state(state, self.tenant) for state in states]
        if len(rows) == 1:
            self._write(self._run.update_contact, rows[0])
        else:
            self._write_many(self._run.update_contacts, rows)

    def owe(self, state: ContactState) -> None:
        """Say that the fold of a contact, which is locked, is owed; its journey stays as it was.

        Nothing departs by silence meanwhile: nobody knows its deadline.
        """
        self._write(self._run.owe_contact, write_state(state, self.tenant))

    def settle(self, erased: Iterable[ContactState], funnel: Funnel) -> None:
        """Say that contacts, of whom only the counts are left, await no fold by this funnel."""
        rows = [self._key(one.contact) | {"fingerprint": funnel.fingerprint} for one in erased]
        self._run.set_fingerprint.execute_many(self.connection, rows)

    def mark_contacts(self, contacts: Iterable[str], funnel: Funnel) -> None:
        """Say that events of these contacts await the fold; make the contacts that are new."""
        new = write_state(new_state("", funnel), self.tenant) | {"fingerprint": ""}
        keys = sorted(contacts)  # in one order, so that two writers do not deadlock
        if keys:
            self._run.mark_contact.execute_columns(self.connection, {"contact": keys}, new)
        owners = sorted({*self.find_aliases(keys).values()} - {*keys})
        if owners:
            self._run.mark_contact.execute_columns(self.connection, {"contact": owners}, new)

    def _find_owners(self, find: Statement, keys: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for some in batches(keys, SOME):
            rows = self._rows(find, self._some(some))
            found |= {row["contact"]: row["merged_into"] for row in rows}
        return found

    def _key(self, contact: str) -> dict[str, Any]:
        return {"tenant": self.tenant, "contact": contact}

    def _some(self, contacts: Sequence[str]) -> dict[str, Any]:
        last = len(contacts) - 1
        some = {f"contact_{n}": contacts[min(n, last)] for n in range(SOME)}
        return {"tenant": self.tenant, **some}

    def add_event(
        self, event: Event, signal: str, recorded_at: datetime, value: int | None = None
    ) -> bool:
        """Insert an event of a contact that is locked; whether its id is new."""
        row = event_row(event, signal, value, recorded_at, self.tenant)
        place = (event.contact, event.id)
        if self._looked_up.get(place) is not None:
            return False
        if place in self._looked_up:
            self._looked_up[place] = event
            self._write(self._run.add_event, row)
            return True
        try:
            return self._run.add_event.execute(self.connection, row) == 1
        except IntegrityError:
            # PostgreSQL tells of an id that is taken without one, and answers nothing after it.
            if self.connection.dialect.name == "postgresql" or self.find_event(event) is None:
                raise
            return False

    def add_events(self, events: Iterable[tuple[Event, str]], recorded_at: datetime) -> int:
        """Insert many events, with the names of their signals; how many ids were new."""
        rows = [
            event_row(event, signal, None, recorded_at, self.tenant) for event, signal in events
        ]
        return self._run.add_events.execute_many(self.connection, rows)

    def find_event(self, event: Event) -> Event | None:
        """Read the event that has this one's contact and id."""
        known = self._looked_up.get((event.contact, event.id))
        if known is not None:
            return known
        key = self._key(event.contact) | {"id": event.id}
        rows = self._rows(self._run.read_event, key)
        return read_event(rows[0]) if rows else None

    def events(self, key: str) -> list[Event]:
        """Read the events that were recorded under a key, in no order."""
        return [event for event, _ in self.arrivals(key)]

    def events_named(self, keys: Sequence[str], names: Collection[str]) -> list[Event]:
        """Read the events of some names that were recorded under some keys, in no order; to write.

        They are a contact's that is locked.
        """
        e = self.tables.events.c
        mine = (e.tenant == self.tenant, e.contact.in_(keys), e.event.in_(names))
        asked = select(self.tables.events).where(*mine)
        if self.connection.dialect.name in MARIADB:  # as all that is read to write
            asked = asked.with_for_update(read=True)
        return [read_event(dict(row)) for row in self.connection.execute(asked).mappings()]

    def arrivals(self, key: str) -> list[tuple[Event, datetime]]:
        """Read the events that were recorded under a key, and when they were, in no order."""
        rows = self._rows(self._run.read_events, self._key(key))
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
        for some in batches(keys, SOME):
            events = map(StoredEvent._make, self._rows(read, self._some(some)))
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
            for row in self._rows(read, self._key(key) | after)
        ]

    def count_events(self, state: ContactState, most: int) -> int:
        """Count a contact's events, no further than so many."""
        members = self.find_members([state.contact]) if state.aliases else {}
        keys, found = [state.contact, *members], 0
        for some in batches(keys, SOME):
            given = self._some(some) | {"most": most}
            found += self._rows(self._run.count_events, given)[0]["events"]
        return min(found, most)

    def set_meanings(self, changed: Iterable[Meant]) -> None:
        """Write what events mean, after the funnel or what came before them has changed."""
        self._write_many(
            self._run.set_meaning,
            [
                self._key(one.contact)
                | {"id": one.id, "signal": one.signal, "alive": one.alive, "value": one.value}
                for one in changed
            ],
        )

    def history(
        self,
        state: ContactState,
        ordinal: int = 0,
        episode: int = 1,
        after: int | None = None,
        *,
        to_write: bool = True,
    ) -> tuple[list[Moment], list[Episode], list[StoredEvent]]:
        """Read a contact's moments and episodes from numbers on, and its events after an instant.

        To fold it anew, or only to look; the events, all of them if ``after`` is None, in no order.
        """
        run, key = self._run, self._key(state.contact)
        read_moments = run.read_moments_to_write if to_write else run.read_moments
        read_episodes = run.read_episodes_to_write if to_write else run.read_episodes
        read_story = run.read_story_to_write if to_write else run.read_story
        reads: list[Read] = [(read_moments, key | {"ordinal": ordinal})]
        reads.append((read_episodes, key | {"episode": episode}))
        if after is None and not state.aliases:
            moments, episodes, rows = self._read(*reads, (read_story, key))
            events = [*map(StoredEvent._make, rows)]
        else:
            moments, episodes = self._read(*reads)
            stories = self.stories([state], to_write=to_write) if after is None else {}
            events = stories.get(state.contact, [])
            if after is not None:
                events = self.story_after(state, after, to_write=to_write)
        return [*map(read_moment, moments)], [*map(read_episode, episodes)], events

    def journeys(
        self, contacts: Sequence[str]
    ) -> tuple[dict[str, list[Moment]], dict[str, list[Episode]]]:
        """Read the moments and the episodes of some contacts, by contact, in their order."""
        some = self._some(contacts)
        moments = map(read_moment, self._rows(self._run.read_moments_of_some, some))
        episodes = map(read_episode, self._rows(self._run.read_episodes_of_some, some))
        by_contact = attrgetter("contact")
        return (
            {contact: list(made) for contact, made in groupby(moments, by_contact)},
            {contact: list(away) for contact, away in groupby(episodes, by_contact)},
        )

    def add_moments(self, moments: Iterable[Moment], first: int = 0) -> None:
        """Insert moments of one contact, from this ordinal on."""
        rows = [moment_row(moment, first + n, self.tenant) for n, moment in enumerate(moments)]
        self._write_many(self._run.add_moment, rows)

    def extend_journeys(
        self, journeys: Iterable[tuple[int, list[Moment], Iterable[Episode]]]
    ) -> None:
        """Insert moments of some contacts, each from an ordinal on, and episodes that are new."""
        moments: list[dict[str, Any]] = []
        episodes: list[dict[str, Any]] = []
        for first, made, away in journeys:
            moments += [moment_row(m, first + n, self.tenant) for n, m in enumerate(made)]
            episodes += [episode_row(episode, self.tenant) for episode in away]
        self._write_many(self._run.add_moment, moments)
        self._write_many(self._run.add_episode, episodes)

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
        self._write_many(self._run.delete_moment, gone)
        rows = [moment_row(one, number, self.tenant) for number, one in change.made()]
        self._write_many(self._run.add_moment, rows)

    def change_episodes(self, contact: str, change: Change[Episode]) -> None:
        """Write what has become of episodes; only rows that differ."""
        gone = [self._key(contact) | {"episode": number} for number in change.gone()]
        self._write_many(self._run.delete_episode, gone)
        rows = [episode_row(one, self.tenant) for _, one in change.made()]
        self._write_many(self._run.add_episode, rows)

    def checkpoint_before(self, state: ContactState, instant: int) -> JourneyCheckpoint | None:
        """Read the last checkpoint that has seen nothing from an instant (in microseconds) on.

        None, too, of one that is damaged, or that an earlier version left.
        """
        if state.checkpoint is None:
            return None
        before = {"last_at": from_micros(instant), "events": state.checkpoint}
        key = self._key(state.contact) | before
        rows = self._rows(self._run.read_checkpoint_before, key)
        try:
            return read_checkpoint_row(rows[0]) if rows else None
        except UNREADABLE:
            return None

    def last_checkpoint(self, state: ContactState) -> JourneyCheckpoint | None:
        """Read the last checkpoint of a contact that holds; None, too, of one that is damaged."""
        if state.checkpoint is None:
            return None
        key = self._key(state.contact) | {"events": state.checkpoint}
        try:
            return read_checkpoint_row(self._rows(self._run.read_checkpoint, key)[0])
        except UNREADABLE:
            return None

    def checkpoints(self, state: ContactState) -> list[JourneyCheckpoint]:
        """Read the checkpoints of a contact that hold, in their order."""
        if state.checkpoint is None:
            return []
        key = self._key(state.contact) | {"events": 0}
        rows = self._rows(self._run.read_checkpoints, key)
        return [read_checkpoint_row(row) for row in rows if row["events"] <= state.checkpoint]

    def recorded_since(self, state: ContactState, instant: datetime) -> set[tuple[str, str]]:
        """Find the events of a contact that were recorded from an instant on: key and id."""
        members = self.find_members([state.contact], to_write=False) if state.aliases else {}
        since = {"recorded_at": instant}
        return {
            (row["contact"], row["id"])
            for key in (state.contact, *members)
            for row in self._rows(self._run.recorded_since, self._key(key) | since)
        }

    def replace_checkpoints(
        self, contact: str, kept: int, checkpoints: Sequence[JourneyCheckpoint]
    ) -> None:
        """Put checkpoints in the place of those that have seen more events than so many."""
        key = self._key(contact)
        read = self._run.read_checkpoints_to_write
        behind = self._rows(read, key | {"events": kept + 1})
        gone = [key | {"events": row["events"]} for row in behind]
        self._write_many(self._run.delete_checkpoint, gone)
        self.add_checkpoints(checkpoints)

    def add_checkpoints(self, checkpoints: Iterable[JourneyCheckpoint]) -> None:
        """Insert checkpoints."""
        rows = [checkpoint_row(one, self.tenant) for one in checkpoints]
        self._write_many(self._run.add_checkpoint, rows)

    def find_episode(self, contact: str, number: int) -> Episode:
        """Read an episode."""
        key = self._key(contact) | {"episode": number}
        return read_episode(self._rows(self._run.read_episode, key)[0])

    def put_episodes(self, episodes: Iterable[Episode]) -> None:
        """Write episodes that began or went on."""
        for episode in episodes:
            self._write(self._run.put_episode, episode_row(episode, self.tenant))

    @property
    def is_subscribed(self) -> bool:
        """Whether anybody is to be told of anything; asked once in a transaction."""
        if self._subscribed is None:
            found = self._rows(self._run.find_subscription, {"tenant": self.tenant})
            self._subscribed = bool(found)
        return self._subscribed

    @property
    def may_be_subscribed(self) -> bool:
        """The same, unless to ask would cost more than to find out as messages are put down."""
        return (self._pipeline is not None and self._subscribed is None) or self.is_subscribed

    def add_messages(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Put messages down for each subscription that asks for them, in their order."""
        for row in rows:
            self._write(self._run.add_message, {"tenant": self.tenant, **row})

    def add_traits(self, contact: str, event: Event, recorded_at: datetime) -> None:
        """Insert the traits that an ``identify`` gives a contact."""
        rows = trait_rows(contact, event, recorded_at, self.tenant)
        self._write_many(self._run.add_trait, rows)
