"""What is stored, as of an instant: what clocks are made of, and by what they are told apart.

Each answer is a statement or two that stream; only what belongs to the cohort is kept. Serves the
questions that take everything into account; ``known`` serves those of an earlier knowledge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime

from attrs import frozen

from motfunnel.domain.event import Event
from motfunnel.domain.experience import EXPERIENCED
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.moment import UNKNOWN, Moment, MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.reports.facts.facts import Phased, Referring, Scored, Stages, Traits, Unread
from motfunnel.reports.measure.clock import EVERYBODY, Clock, Cohort, Happening, Reading, Told
from motfunnel.reports.measure.grouping import (
    Grouping,
    GroupOf,
    group_named,
    property_text,
    trait_at,
)
from motfunnel.reports.measure.timeline import Timeline
from motfunnel.reports.measure.trial import trial_rules
from motfunnel.reports.measure.window import Windowed
from motfunnel.store.queries.episodes import read_episodes
from motfunnel.store.queries.events import (
    read_active,
    read_activity,
    read_events_by_signal,
    read_first_purchases,
    read_histories,
    read_moment_properties,
    read_scored,
)
from motfunnel.store.queries.groups import read_sources, read_trait, read_trait_names
from motfunnel.store.queries.moments import (
    count_moments,
    read_latest_moments,
    read_openings,
    read_referrals,
    read_stories,
)
from motfunnel.store.queries.phases import count_by_phase, read_ratings_by_phase
from motfunnel.store.queries.scope import Extent

_READ_BY_THE_FUNNEL = (Signal.RATING, Signal.OUTREACH)
_REACHING = (MomentKind.OPENING, MomentKind.CONVERSION)


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

    def openings(self) -> Iterator[tuple[str, datetime]]:
        """Give when each contact opened."""
        return read_openings(self.extent)

    def stories(self, kinds: Collection[MomentKind]) -> Iterator[tuple[str, Sequence[Moment]]]:
        """Give the moments of some kinds, contact by contact, each contact's in order."""
        return read_stories(self.extent, kinds)

    def activity(self, timeline: Timeline, *, erased: bool) -> Iterator[tuple[str, Sequence[int]]]:
        """Give the stretches in which each contact was active, in order."""
        return read_activity(self.extent, timeline.bounds, erased=erased)

    def kinds(self, period: Cohort) -> Iterator[tuple[str, MomentKind, int]]:
        """Give how many moments of each kind contacts had in a period."""
        return count_moments(self.extent, period)

    def phased(
        self, signals: Collection[Signal], period: Cohort, loop: Referring | None = None
    ) -> Iterator[Phased]:
        """Give the events of a period by signal and phase."""
        unread = frozenset[Signal]() if loop is None else frozenset({Signal.RATING})
        for one in count_by_phase(self.extent, frozenset(signals) - unread, period):
            yield Phased(one.contact, one.signal, one.phase, promoter=False, events=one.events)
        if loop is None:
            return
        for rated in read_ratings_by_phase(self.extent, period):
            promoter = self.funnel.read_stored(rated.name, rated.properties).argument == 1
            yield Phased(rated.contact, Signal.RATING, rated.phase, promoter=promoter, events=1)
        self._refer(loop)
        whom = {one.referred for one in loop.referrals}
        for contact, events in read_events_by_signal(self.extent, [Signal.RESEARCH]):
            if contact in whom:
                loop.researched[contact] = [event.occurred_at for _, event in events]

    def referring(self, period: Cohort, found: Referring | None = None) -> Referring:
        """Give who referred whom, who opened, and who was active in a period, beside others."""
        found = found or Referring()
        self._refer(found)
        found.active.update(read_active(self.extent, period))
        return found

    def scored(
        self, period: Cohort, *, staged: bool = False, naming: str | None = EXPERIENCED
    ) -> Iterator[Scored]:
        """Give the events of a period that may have a score, in no order."""
        reached: dict[str, Stages] = {}
        if staged:
            stories = self.stories(_REACHING)
            reached = {contact: Stages(moments, self.funnel) for contact, moments in stories}
        nowhere = Stages((), self.funnel)
        for contact, event in read_scored(self.extent, period, naming=naming):
            yield Scored(contact, event, reached.get(contact, nowhere).at(event))

    def traits(self, name: str) -> Traits:
        """Give what was said of a trait, of each contact in order."""
        said: Traits = defaultdict(list)
        for contact, one in read_trait(self.extent, name):
            said[contact].append(one)
        return said

    def trait_names(self) -> Sequence[str]:
        """Give the names of all traits that any contact has."""
        return read_trait_names(self.extent, None)

    def lately(self, contacts: Collection[str], most: int) -> Iterator[Told]:
        """Give so many of the latest moments of some contacts, and how a trial assigned them."""
        last = read_latest_moments(self.extent, contacts, most)
        names = trial_rules(self.funnel)
        assigned: dict[str, list[Happening]] = {}
        if names:
            found = read_events_by_signal(
                self.extent, [Signal.OUTREACH], names=names, contacts=contacts
            )
            assigned = {contact: [*self._happenings(events)] for contact, events in found}
        for contact in contacts:
            mine, outreaches = last.get(contact, ()), assigned.get(contact, ())
            yield Told(contact=contact, moments=mine, happenings=outreaches)

    def _refer(self, found: Referring) -> None:
        found.referrals += read_referrals(self.extent)
        for contact, at in self.openings():
            found.opened.setdefault(contact, at)

    def _by_source(self, chosen: Sequence[Reading]) -> GroupOf:
        wanted = {one.clock.contact for one in chosen}
        found = read_sources(self.extent)
        sources = {contact: source for contact, source in found if contact in wanted}
        return lambda clock: group_named(sources.get(clock.contact))

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
