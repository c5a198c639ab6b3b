"""What is stored, as of an instant: what clocks are made of, and by what they are told apart.

Each answer is a statement or two that stream; only what belongs to the cohort is kept. Serves the
questions that take everything into account; ``known`` serves those of an earlier knowledge.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime

from attrs import frozen

from motfunnel.domain.event import Event
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.moment import UNKNOWN, Moment
from motfunnel.domain.signal import Signal
from motfunnel.reports.measure.clock import EVERYBODY, Clock, Cohort, Happening, Reading, Told
from motfunnel.reports.measure.grouping import Grouping, GroupOf, property_text, trait_at
from motfunnel.reports.measure.trial import trial_rules
from motfunnel.reports.measure.window import Windowed
from motfunnel.store.ledger.rows import StoredEvent
from motfunnel.store.queries.episodes import read_episodes
from motfunnel.store.queries.events import (
    read_events_by_signal,
    read_first_purchases,
    read_histories,
    read_moment_properties,
)
from motfunnel.store.queries.groups import read_sources, read_trait
from motfunnel.store.queries.moments import read_stories
from motfunnel.store.queries.scope import Extent

Unread = tuple[str, list[StoredEvent]]
"""A contact, and events of it."""

_READ_BY_THE_FUNNEL = (Signal.RATING, Signal.OUTREACH)


@frozen(kw_only=True)
class Stored:
    """The stored contacts of a tenant, as of an instant.

    Attributes:
        extent: whose, and as of when.
        funnel: the definition that classified them.
    """

    extent: Extent
    funnel: Funnel

    def clocks(self, rate: Windowed, cohort: Cohort = EVERYBODY) -> Iterator[Clock]:
        """Make the clocks of all contacts, or of a cohort at least, contact by contact."""
        for told in _READERS[rate.reads](self, rate, cohort):
            yield from rate.clocks(told, self.funnel)

    def unread(self, signals: Collection[Signal] | None = None) -> Iterator[Unread]:
        """Give the events of each contact, or of some signals those, unread and in no order."""
        return read_histories(self.extent, signals=signals)

    def groups(self, grouping: Grouping, rate: Windowed, chosen: Sequence[Reading]) -> GroupOf:
        """Say how to find the group of a clock, for those that were chosen."""
        if grouping.is_of_the_clock:
            return grouping.of_the_clock
        if grouping.kind == "source":
            return self._by_source(chosen)
        if grouping.kind == "trait":
            return self._by_trait(grouping, chosen)
        return self._by_property(grouping, rate, chosen)

    def _by_source(self, chosen: Sequence[Reading]) -> GroupOf:
        wanted = {one.clock.contact for one in chosen}
        found = read_sources(self.extent)
        sources = {contact: source for contact, source in found if contact in wanted}
        return lambda clock: sources.get(clock.contact, UNKNOWN)

    def _by_trait(self, grouping: Grouping, chosen: Sequence[Reading]) -> GroupOf:
        said: dict[str, list[tuple[datetime, str]]] = {one.clock.contact: [] for one in chosen}
        for contact, one in read_trait(self.extent, grouping.name):
            if contact in said:
                said[contact].append(one)
        return lambda clock: trait_at(said[clock.contact], clock.started_at)

    def _by_property(
        self, grouping: Grouping, rate: Windowed, chosen: Sequence[Reading]
    ) -> GroupOf:
        wanted = {(one.clock.contact, one.clock.key) for one in chosen}
        values: dict[object, str] = {}
        for key, properties in self._properties(rate):
            if key in wanted:  # of several events of one instant the first by id
                values.setdefault(key, property_text(properties, grouping.name))
        return lambda clock: values.get((clock.contact, clock.key), UNKNOWN)

    def _properties(self, rate: Windowed) -> Iterator[tuple[object, dict[str, object]]]:
        if not isinstance(rate.start, Signal):
            yield from read_moment_properties(self.extent, rate.start)
            return
        for contact, events in read_events_by_signal(self.extent, [rate.start]):
            for one in self._happenings(events):
                if rate.start is not Signal.OUTREACH or one.argument == 1:
                    yield (contact, one.event.occurred_at), dict(one.event.properties)

    def _episodes(self, rate: Windowed, cohort: Cohort) -> Iterator[Told]:
        narrow = {} if rate.starts_at is None else {rate.starts_at: cohort}
        for contact, episodes in read_episodes(self.extent, narrow):
            yield Told(contact=contact, episodes=episodes)

    def _moments(self, rate: Windowed, _: Cohort) -> Iterator[Told]:
        for contact, moments in self._stories(rate):
            yield Told(contact=contact, moments=moments)

    def _purchases(self, rate: Windowed, _: Cohort) -> Iterator[Told]:
        moments = dict(self._stories(rate))  # of each contact one
        for contact, at in read_first_purchases(self.extent):
            mine = moments.get(contact, ())
            yield Told(contact=contact, moments=mine, first_purchase_at=at)

    def _beside_moments(self, rate: Windowed, _: Cohort) -> Iterator[Told]:
        """The moments of all are read first: they are few, and a connection streams one thing."""
        moments = dict(self._stories(rate))
        found = read_events_by_signal(self.extent, rate.signals, having=rate.having)
        for contact, events in found:
            mine = moments.pop(contact, ())
            yield Told(contact=contact, moments=mine, happenings=[*self._happenings(events)])
        for contact, mine in moments.items():
            yield Told(contact=contact, moments=mine)

    def _trials(self, _: Windowed, __: Cohort) -> Iterator[Told]:
        names = trial_rules(self.funnel)
        found = read_events_by_signal(self.extent, [Signal.OUTREACH], names=names)
        assigned = {contact: [*self._happenings(events)] for contact, events in found}
        for contact, episodes in read_episodes(self.extent):
            if contact in assigned:
                mine = assigned.pop(contact)
                yield Told(contact=contact, episodes=episodes, happenings=mine)

    def assignments(self, contacts: Collection[str]) -> Iterator[Told]:
        """Give the outreaches of some contacts by events that assign to the arms of a trial."""
        names = trial_rules(self.funnel)
        if names:
            found = read_events_by_signal(
                self.extent, [Signal.OUTREACH], names=names, contacts=contacts
            )
            for contact, events in found:
                yield Told(contact=contact, happenings=[*self._happenings(events)])

    def _stories(self, rate: Windowed) -> Iterator[tuple[str, Sequence[Moment]]]:
        first_only = rate.reads == "purchases"
        return read_stories(self.extent, rate.moments, having=rate.having, first_only=first_only)

    def _happenings(self, events: Sequence[tuple[Signal, Event]]) -> Iterator[Happening]:
        for signal, event in events:
            argument = 0
            if signal in _READ_BY_THE_FUNNEL:
                argument = self.funnel.read_stored(event.name, event.properties).argument
            yield Happening(signal=signal, argument=argument, event=event)


_READERS: dict[str, Callable[[Stored, Windowed, Cohort], Iterator[Told]]] = {
    "episodes": Stored._episodes,
    "moments": Stored._moments,
    "purchases": Stored._purchases,
    "happenings": Stored._beside_moments,
    "trials": Stored._trials,
}
