"""What is stored, as of an instant: what clocks are made of, and by what they are grouped.

Each answer is a statement or two that stream; only what belongs to the cohort is kept. Serves the
questions that take everything into account; ``known`` serves those of an earlier knowledge.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from attrs import field, frozen

from motfunnel.domain.columns import Codes, Column, column
from motfunnel.domain.experience import EXPERIENCED
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.moment import SILENCE, Moment, MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.reports.facts.facts import (
    StageAt,
    Stages,
    Start,
    Unread,
)
from motfunnel.reports.facts.moments import Activity, Moments, Openings
from motfunnel.reports.facts.relations import (
    NOBODY,
    Episodes,
    Happenings,
    Purchases,
    Referrals,
    Scored,
    Traits,
)
from motfunnel.reports.facts.starts import Starts
from motfunnel.reports.measure.clock import EVERYBODY, Cohort, Names, Readings
from motfunnel.reports.measure.grouping import Grouping, Partition
from motfunnel.reports.measure.trial import ATTEMPTED
from motfunnel.store.queries.activity import read_activity
from motfunnel.store.queries.episodes import read_episodes
from motfunnel.store.queries.events import (
    read_active,
    read_histories,
    read_scored,
)
from motfunnel.store.queries.groups import read_sources, read_starts, read_trait, read_trait_names
from motfunnel.store.queries.happenings import Read, Wanted, read_happenings, read_merged
from motfunnel.store.queries.moments import (
    count_moments,
    read_earliest,
    read_latest_moments,
    read_moment_columns,
    read_openings,
    read_referrals,
)
from motfunnel.store.queries.phases import Firsts, Phased, read_phased
from motfunnel.store.queries.purchases import read_purchases
from motfunnel.store.queries.scope import Extent
from motfunnel.store.schema.types import read_properties

_NO_ATTEMPT = -1
_REMEMBERED: Final = 4096
"""Of so many different events it is remembered what they say."""


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

    def groups(self, grouping: Grouping, start: Start, chosen: Readings) -> Partition:
        """Give the group of each of some clocks, which such a start event began."""
        if grouping.is_of_the_clock:
            return grouping.of_the_clock(chosen)
        if grouping.kind == "source":
            return self._sources(grouping, chosen)
        if grouping.kind == "trait":
            traits = self.traits(grouping.name)
            return Partition.of(
                traits.held(chosen.contact, chosen.started), traits.values, grouping
            )
        return self._of_events(grouping, start, chosen)

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

    def purchases(self) -> Purchases:
        """Give purchases and refunds, contact by contact, each contact's in order."""
        return Purchases(*read_purchases(self.extent, self.names.people))

    def earliest(self) -> datetime | None:
        """Give when the first contact opened; None where none did."""
        return read_earliest(self.extent)

    def activity(self, bounds: Sequence[datetime], *, erased: bool) -> Activity:
        """Give the stretches in which each contact was seen."""
        return Activity(*read_activity(self.extent, self.names.people, bounds, erased=erased))

    def kinds(self, period: Cohort) -> tuple[Column, ...]:
        """Give how many moments of each kind contacts had in a period."""
        return count_moments(self.extent, self.names.people, period)

    def phased(
        self, signals: Collection[Signal], period: Cohort, *, promoters: bool = False
    ) -> Iterator[Phased]:
        """Give the events of a period by signal and phase."""
        bought = self.happenings(Wanted(reads={Signal.PURCHASE: None}, first=True))
        firsts = Firsts(self.openings(), (bought.contacts, bought.at))

        @lru_cache(_REMEMBERED)
        def promotes(event: str, unread: Any) -> bool:
            return self.funnel.read_stored(event, read_properties(unread)).argument == 1

        told = promotes if promoters else None
        return read_phased(self.extent, self.names.people, signals, period, firsts, told)

    def referrals(self) -> Referrals:
        """Give who referred whom, whenever that was."""
        names, events, people = Codes(), Codes(), self.names.people
        who, at, whom, ids, keys = read_referrals(self.extent, names, events)
        number = [NOBODY if text is None else people[text] for text in names.texts]
        contacts, referred = (column(map(number.__getitem__, one)) for one in (who, whom))
        return Referrals(contacts, at, referred, ids, keys, events.texts)

    def seen(self, period: Cohort) -> Column:
        """Give who had an event in a period that kept the contact alive."""
        return read_active(self.extent, self.names.people, period)

    def scored(
        self,
        period: Cohort,
        read: Read,
        /,
        *,
        staged: bool = False,
        naming: str | None = EXPERIENCED,
    ) -> Iterator[Scored]:
        """Give the events of a period that may have a score, so many at a time, in no order."""
        people, stage_at = self.names.people, self._stages() if staged else None
        merged = read_merged(self.extent, people)

        @lru_cache(_REMEMBERED)
        def meaning(event: str, unread: Any) -> int:
            return read(event, read_properties(unread))

        for rows in read_scored(self.extent, period, naming=naming):
            keys, at, names, ids, unread = zip(*rows, strict=True)
            contacts = column(people.numbers(keys))
            if merged:
                contacts = column(merged.get(one, one) for one in contacts)
            yield Scored(
                contacts=contacts,
                at=column(at),
                said=column(map(meaning, names, unread)),
                stages=column(map(stage_at, contacts, at, names, unread) if stage_at else ()),
                events=[*zip(keys, names, ids, strict=True)],
            )

    def _stages(self) -> StageAt:
        reached = self.moments([MomentKind.CONVERSION], "at", "labels")
        return Stages(reached, self.names, self.funnel).at

    def traits(self, name: str) -> Traits:
        """Give what was said of a trait, contact by contact, each contact's in order."""
        values = Codes()
        contacts, at, said = read_trait(self.extent, name, self.names.people, values)
        return Traits(contacts, at, said, [*values.texts, None])

    def trait_names(self) -> Sequence[str]:
        """Give the names of all traits that any contact has."""
        return read_trait_names(self.extent, None)

    def latest(
        self, contacts: Collection[str], most: int, wanted: Wanted
    ) -> tuple[Mapping[str, Sequence[Moment]], Happenings]:
        """Give so many of the latest moments of some contacts, and events of theirs."""
        return read_latest_moments(self.extent, contacts, most), self.happenings(wanted)

    def _sources(self, grouping: Grouping, chosen: Readings) -> Partition:
        people, sources = self.names.people, Codes()
        contacts, said = read_sources(self.extent, people, sources)
        source_of = column([sources[None]]) * len(people.texts)
        for contact, source in zip(contacts, said, strict=True):
            source_of[contact] = source
        values = column(map(source_of.__getitem__, chosen.contact))
        return Partition.of(values, sources.texts, grouping)

    def _of_events(self, grouping: Grouping, start: Start, chosen: Readings) -> Partition:
        """By what start events are called, or what one of their properties says."""
        values, people = Codes(), self.names.people
        said, unmade = Starts.of(chosen), values[None]

        @lru_cache(_REMEMBERED)
        def read(event: str, unread: Any) -> int:
            return values[grouping.of_event(event, read_properties(unread))]

        if isinstance(start, Signal):
            for contact, at, value in self._events(start, grouping, values):
                said.put(contact, at, value)
        else:
            for who, key, value in read_starts(self.extent, start, read):
                said.put(people[who], key, value)
            if grouping.kind == "event" and MomentKind.DEPART in start:
                said.put_where(chosen.reason, self.names.labels[SILENCE], values[SILENCE])
        return Partition.of(said.values(unmade), values.texts, grouping)

    def _events(
        self, start: Signal, grouping: Grouping, values: Codes
    ) -> Iterator[tuple[int, int, int]]:
        """Of events of a signal the contact, the instant and the number of the value."""

        def value(event: str, properties: Mapping[str, Any]) -> int:
            if start is Signal.OUTREACH and not self._is_attempt(event, properties):
                return _NO_ATTEMPT
            return values[grouping.of_event(event, properties)]

        found = self.happenings(Wanted(reads={start: value}))
        for contact, at, said in zip(found.contacts, found.at, found.said, strict=True):
            if said != _NO_ATTEMPT:
                yield contact, at, said

    def _is_attempt(self, event: str, properties: Mapping[str, Any]) -> bool:
        return self.funnel.read_stored(event, properties).argument == ATTEMPTED
