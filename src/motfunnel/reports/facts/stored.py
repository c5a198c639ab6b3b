"""What is stored, as of an instant: what clocks are made of, and by what they are grouped.

Each answer is a statement or two that stream; only what belongs to the cohort is kept. Serves the
questions that take everything into account; ``known`` serves those of an earlier knowledge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import field, frozen

from motfunnel.domain.columns import Codes
from motfunnel.domain.experience import EXPERIENCED
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import from_micros
from motfunnel.domain.moment import UNKNOWN, Moment, MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.reports.facts.facts import (
    Phased,
    Referring,
    Scored,
    Stages,
    Start,
    Traits,
    Unread,
)
from motfunnel.reports.facts.moments import Activity, Moments, Openings
from motfunnel.reports.facts.relations import Episodes, Happenings
from motfunnel.reports.measure.clock import EVERYBODY, Cohort, Names, Readings
from motfunnel.reports.measure.grouping import Grouping, group_named, property_text, trait_at
from motfunnel.reports.measure.trial import ATTEMPTED
from motfunnel.store.queries.activity import read_activity
from motfunnel.store.queries.episodes import read_episodes
from motfunnel.store.queries.events import (
    read_active,
    read_histories,
    read_moment_properties,
    read_scored,
)
from motfunnel.store.queries.groups import read_sources, read_trait, read_trait_names
from motfunnel.store.queries.happenings import Wanted, read_happenings
from motfunnel.store.queries.moments import (
    count_moments,
    read_earliest,
    read_latest_moments,
    read_moment_columns,
    read_openings,
    read_referrals,
    read_stories,
)
from motfunnel.store.queries.phases import count_by_phase, read_ratings_by_phase
from motfunnel.store.queries.scope import Extent

_REACHING = (MomentKind.OPENING, MomentKind.CONVERSION)
_NO_ATTEMPT = -1


@frozen(kw_only=True)
class Stored:
    """The stored contacts of a tenant, as of an instant.

    Attributes:
        extent: whose, and as of when.
        funnel: the definition that classified them.
        names: what the numbers in columns stand for.
    """

    extent: Extent
    funnel: Funnel
    names: Names = field(factory=lambda: Names(people=Codes(), labels=Codes()))

    def episodes(
        self,
        *columns: str,
        first: bool = False,
        departed: Cohort = EVERYBODY,
        attempted: Cohort = EVERYBODY,
    ) -> Episodes:
        """Give departures; of those that were asked for at least."""
        wanted, labels = ("contact", *columns), self.names.labels
        codes = {"contact": self.names.people, "stage": labels, "reason": labels}
        narrow = {"departed": departed, "outreach": attempted}
        read = read_episodes(self.extent, wanted, codes, first=first, narrow=narrow)
        return Episodes(**dict(zip(wanted, read, strict=True)))

    def happenings(self, wanted: Wanted) -> Happenings:
        """Give events of some signals, contact by contact, each contact's in order."""
        return Happenings(**read_happenings(self.extent, self.names.people, wanted))

    def unread(self, signals: Collection[Signal] | None = None) -> Iterator[Unread]:
        """Give the events of each contact, or of some signals those, unread and in no order."""
        return read_histories(self.extent, signals=signals)

    def groups(self, grouping: Grouping, start: Start, chosen: Readings) -> Sequence[str]:
        """Give the group of each of some clocks, which such a start event began."""
        if grouping.is_of_the_clock:
            return grouping.of_the_clock(chosen)
        if grouping.kind == "source":
            return self._sources(chosen)
        if grouping.kind == "trait":
            return self._traits(grouping, chosen)
        return self._properties(grouping, start, chosen)

    def openings(self) -> Openings:
        """Give who opened, and when."""
        return Openings(*read_openings(self.extent, self.names.people))

    def moments(
        self, kinds: Collection[MomentKind], *columns: str, having: MomentKind | None = None
    ) -> Moments:
        """Give the moments of some kinds, contact by contact, each contact's in order."""
        reasons, events = Codes(), Codes()
        found = read_moment_columns(
            self.extent,
            kinds,
            columns,
            people=self.names.people,
            stages=self.funnel.stages,
            reasons=reasons,
            labels=self.names.labels,
            events=events,
            having=having,
        )
        made_by = (found.pop(name, ()) for name in ("keys", "ids"))
        keys, ids = (map(events.texts.__getitem__, one) for one in made_by)
        return Moments(**found, said=reasons.texts, events=[*zip(keys, ids, strict=True)])

    def earliest(self) -> datetime | None:
        """Give when the first contact opened; None where none did."""
        return read_earliest(self.extent)

    def activity(self, bounds: Sequence[datetime], *, erased: bool) -> Activity:
        """Give the stretches in which each contact was active."""
        return Activity(*read_activity(self.extent, self.names.people, bounds, erased=erased))

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
        found, texts = (
            self.happenings(Wanted(reads={Signal.RESEARCH: None})),
            self.names.people.texts,
        )
        for contact, at in zip(found.contacts, found.at, strict=True):
            if texts[contact] in whom:
                loop.researched.setdefault(texts[contact], []).append(from_micros(at))

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
            stories = read_stories(self.extent, _REACHING)
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

    def latest(
        self, contacts: Collection[str], most: int, wanted: Wanted
    ) -> tuple[Mapping[str, Sequence[Moment]], Happenings]:
        """Give so many of the latest moments of some contacts, and events of theirs."""
        return read_latest_moments(self.extent, contacts, most), self.happenings(wanted)

    def _refer(self, found: Referring) -> None:
        found.referrals += read_referrals(self.extent)
        for contact, at in zip(*self.openings(), strict=True):
            found.opened.setdefault(self.names.people.texts[contact], from_micros(at))

    def _sources(self, chosen: Readings) -> Sequence[str]:
        known = self.names.people
        sources = {known[contact]: source for contact, source in read_sources(self.extent)}
        return [group_named(sources.get(contact)) for contact in chosen.contact]

    def _traits(self, grouping: Grouping, chosen: Readings) -> Sequence[str]:
        said = self.traits(grouping.name)
        texts = self.names.people.texts
        return [
            trait_at(said[who], from_micros(at)) if (who := texts[contact]) in said else UNKNOWN
            for contact, at in zip(chosen.contact, chosen.started, strict=True)
        ]

    def _properties(self, grouping: Grouping, start: Start, chosen: Readings) -> Sequence[str]:
        wanted = [*zip(chosen.contact, chosen.key, strict=True)]
        among, values = {*wanted}, dict[object, str]()
        for contact, key, said in self._starts(start, grouping.name):
            if (contact, key) in among:  # of several events of one instant the first by id
                values.setdefault((contact, key), said)
        return [values.get(place, UNKNOWN) for place in wanted]

    def _starts(self, start: Start, name: str) -> Iterator[tuple[int, object, str]]:
        """What a property says of start events, under their contact and the key of its clock."""
        if not isinstance(start, Signal):
            for (who, key), properties in read_moment_properties(self.extent, start):
                yield self.names.people[who], key, property_text(properties, name)
            return
        values = Codes()

        def value(event: str, properties: Mapping[str, Any]) -> int:
            if start is Signal.OUTREACH and not self._is_attempt(event, properties):
                return _NO_ATTEMPT
            return values[property_text(properties, name)]

        found = self.happenings(Wanted(reads={start: value}))
        for contact, at, said in zip(found.contacts, found.at, found.said, strict=True):
            if said != _NO_ATTEMPT:
                yield contact, at, values.texts[said]

    def _is_attempt(self, event: str, properties: Mapping[str, Any]) -> bool:
        return self.funnel.read_stored(event, properties).argument == ATTEMPTED
