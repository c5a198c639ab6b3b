"""What was known at an earlier time: the same clocks, from what had been recorded by then.

Folds every contact's events anew, one contact at a time, since the stored state knows more.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime
from functools import cached_property
from itertools import compress, repeat
from operator import add, itemgetter
from typing import Any, Self

from attrs import define, evolve, field, fields

from motfunnel.domain.columns import NEVER, Codes, Column, column, pick
from motfunnel.domain.event import IDENTIFY, Event
from motfunnel.domain.experience import EXPERIENCED
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import from_micros, to_micros
from motfunnel.domain.journey import Entry, Journey, PlainEntry, source_of
from motfunnel.domain.lens import phases
from motfunnel.domain.moment import SILENCE, Episode, Moment, MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.reports.facts.facts import (
    NOTHING,
    Keep,
    Stages,
    Start,
    Unread,
)
from motfunnel.reports.facts.moments import PLACES, Activity, Moments, Openings
from motfunnel.reports.facts.relations import (
    NOBODY,
    Episodes,
    Happenings,
    Purchases,
    Referrals,
    Scored,
    Traits,
)
from motfunnel.reports.facts.stored import Stored
from motfunnel.reports.measure.clock import (
    EVERYBODY,
    Cohort,
    Names,
    Readings,
    bounds_of,
    lies_in,
)
from motfunnel.reports.measure.grouping import Grouping, Partition
from motfunnel.reports.measure.trial import ATTEMPTED
from motfunnel.store.ledger.identity import follow, known_pointers
from motfunnel.store.ledger.rows import StoredEvent, event_of
from motfunnel.store.queries.events import read_histories
from motfunnel.store.queries.groups import read_trait_names, said_as, source_or_referral
from motfunnel.store.queries.happenings import Read, Wanted
from motfunnel.store.queries.phases import Phased, kind_of
from motfunnel.store.queries.purchases import UNSAID
from motfunnel.store.schema.types import read_instant, read_properties
from motfunnel.tracking.recording.fold import read_in_order

_by_key = itemgetter(0, 1)
_EPISODE = tuple(one.name for one in fields(Episodes))  # the order of _as_numbers


@define(kw_only=True)
class Known:
    """The contacts of a tenant as of an instant, by what had been recorded by another.

    Attributes:
        stored: the same contacts, by all that is stored; of those who were erased it knows all
            that is left.
        known_by: what had been recorded by this instant is taken into account.
        groupings: by what clocks will be grouped; what that needs is kept on the way.
        start: which events start them.
        keeps: what will be asked for; it is kept of the first walk, so that one is enough.
    """

    stored: Stored
    known_by: datetime
    groupings: Sequence[Grouping]
    start: Start | None = None
    keeps: frozenset[Keep] = NOTHING
    _kept: Kept = field(factory=lambda: Kept(NOTHING), init=False)
    _referred: dict[str, datetime] = field(factory=dict, init=False)
    _opened: dict[int, tuple[datetime, str | None]] = field(factory=dict, init=False)
    _said: dict[tuple[Grouping, int], Any] = field(factory=dict, init=False)
    _own: set[int] = field(factory=set, init=False)

    @property
    def funnel(self) -> Funnel:
        """The definition in use."""
        return self.stored.funnel

    @property
    def _left(self) -> Stored:
        """What is left of those who were erased."""
        return evolve(self.stored, extent=evolve(self.stored.extent, erased_only=True))

    @property
    def names(self) -> Names:
        """What the numbers of contacts, stages and reasons stand for."""
        return self.stored.names

    def episodes(
        self,
        *columns: str,
        first: bool = False,
        departed: Cohort = EVERYBODY,
        attempted: Cohort = EVERYBODY,
    ) -> Episodes:
        """Give all departures, whichever are asked for: a walk passes by them."""
        known = dict(zip(_EPISODE, self._keep({"episodes"}).episodes, strict=True))
        left = self._left.episodes(*columns, first=first, departed=departed, attempted=attempted)
        both = {name: known[name] + getattr(left, name) for name in ("contact", *columns)}
        return Episodes(**both)

    def happenings(self, wanted: Wanted) -> Happenings:
        """Give events of some signals, contact by contact, each contact's in order."""
        return self._happenings(wanted, self._walked())

    def _happenings(self, wanted: Wanted, walked: Iterable[History]) -> Happenings:
        left, rows, which = self._left.happenings(wanted), [], []
        for one in walked:
            contact = self.names.people[one.contact]
            for entry, stored in one.happenings(wanted.reads):
                if wanted.names is None or stored.event in wanted.names:
                    read = wanted.reads[Signal(entry.signal)]
                    said = read(stored.event, read_properties(stored.properties)) if read else 0
                    rows.append((contact, entry.at, entry.signal, said))
                    which.append((entry.recorded_as, entry.id))
        whole = (left.contacts, left.at, left.signals, left.said)
        for values, more in zip(whole, zip(*rows, strict=True), strict=False):
            values.extend(more)
        return evolve(left, events=[*left.events, *which] if wanted.events else ())

    def _walked(self) -> Iterator[History]:
        """Walk each contact, and keep on the way what is going to be asked for.

        And by what its clocks will be grouped.
        """
        into = self._pointers() if self.groupings else {}
        kept = Kept(NOTHING if self._kept.keeps >= self.keeps else self.keeps)
        for history in self.histories():
            self._own.add(self.names.people[history.contact])
            kept.add(history, self.names)
            if self.groupings:
                self._keep_referrals(history.journey, into)
            for grouping in self.groupings:
                self._keep_groups(history, grouping)
            yield history
        self._kept = kept if kept.keeps else self._kept

    def _keep(self, asked: Set[Keep]) -> Kept:
        """What a walk kept; where it did not keep all that is asked for, another does."""
        if not self._kept.keeps >= asked:
            self.keeps |= asked
            deque(self._walked(), maxlen=0)
        return self._kept

    def histories(self) -> Iterator[History]:
        """Walk each contact up to the instant."""
        for contact, stored in self.unread():
            yield History.walked(contact, stored, self.funnel, self.stored.extent.as_of)

    def unread(self, _: Collection[Signal] | None = None) -> Iterator[Unread]:
        """Give the events of each contact, unread and in no order.

        Whatever signals are asked for, all are given: what is stored of an event's signal may be
        what an earlier funnel read, since this needs no rebuild.
        """
        return read_histories(self.stored.extent, known_by=self.known_by)

    def groups(self, grouping: Grouping, start: Start, chosen: Readings) -> Partition:
        """Give the group of each of some clocks, once all clocks were made."""
        if grouping.is_of_the_clock:
            return grouping.of_the_clock(chosen)
        others = [n for n, contact in enumerate(chosen.contact) if contact not in self._own]
        of_erased = self.stored.groups(grouping, start, chosen.at(others)).names if others else ()
        left = dict(zip(others, of_erased, strict=True))
        own = {"source": self._source, "trait": self._trait}.get(grouping.kind, self._of_event)
        groups = Codes()
        numbers = column(
            groups[left[n] if n in left else grouping.named(own(grouping, chosen, n))]
            for n in range(len(chosen))
        )
        return Partition(numbers, groups.texts)

    def openings(self) -> Openings:
        """Give who opened, and when."""
        contacts, at = self._keep({"openings"}).openings
        left = self._left.openings()
        return Openings(contacts + left.contacts, at + left.at)

    def moments(
        self, kinds: Collection[MomentKind], *columns: str, having: MomentKind | None = None
    ) -> Moments:
        """Give the moments of some kinds, contact by contact, each contact's in order."""
        has_events = "events" in columns
        kept = self._keep({*kinds, "events"} if has_events else {*kinds})
        left, places = self._left.moments(kinds, *columns, having=having), kept.places_of(kinds)
        who, kind, at, labels, why = (pick(one, places) for one in kept.moments)
        reasons, texts = Codes(), self.names.labels.texts
        reasons.numbers(left.said)  # which keep the numbers that they have in what is left
        stages = {stage: n for n, stage in enumerate(self.funnel.stages)}
        made: dict[str, Iterable[int]] = {
            "contacts": who,
            "kinds": kind,
            "at": at,
            "labels": labels,
            "stages": (stages.get(texts[label], 0) for label in labels),
            "reasons": (reasons[texts[reason]] for reason in why),
        }
        asked = ("contacts", "kinds", *(name for name in columns if name != "events"))
        whole = {name: getattr(left, name) + column(made[name]) for name in asked}
        events = [*left.events, *pick(kept.events, places)] if has_events else ()
        return Moments(**whole, said=reasons.texts, events=events)

    def purchases(self) -> Purchases:
        """Give purchases and refunds, contact by contact, each contact's in order."""
        kept, left = self._keep({"purchases"}).purchases, self._left.purchases()
        return Purchases(*(one + more for one, more in zip(kept, left, strict=True)))

    def earliest(self) -> datetime | None:
        """Give when the first contact opened; None where none did."""
        first = min(self.openings().at, default=None)
        return None if first is None else from_micros(first)

    def activity(self, bounds: Sequence[datetime], *, erased: bool) -> Activity:
        """Give the stretches in which each contact was seen."""
        ends, bits = [*map(to_micros, bounds)], dict[int, int]()
        for contact, at in zip(*self._keep({"activity"}).activity, strict=True):
            bits[contact] = bits.get(contact, 0) | 1 << bisect_right(ends, at)
        left = self._left.activity(bounds, erased=erased)
        return Activity(column(bits) + left.contacts, [*bits.values(), *left.stretches])

    def kinds(self, period: Cohort) -> tuple[Column, ...]:
        """Give how many moments of each kind contacts had in a period."""
        contacts, kinds = column(), column()
        for one in self.histories():
            for moment in one.journey.moments:
                if lies_in(period, moment.occurred_at):
                    contacts.append(self.names.people[one.contact])
                    kinds.append(PLACES[moment.kind])
        known, left = (contacts, kinds, column([1]) * len(kinds)), self._left.kinds(period)
        return tuple(map(add, known, left))

    def phased(
        self, signals: Collection[Signal], period: Cohort, *, promoters: bool = False
    ) -> Iterator[Phased]:
        """Give the events of a period by signal and phase."""
        found, (start, end) = Phased(column(), column()), bounds_of(period)
        for one in self._walked():
            for entry, phase in phases(one.entries):
                if entry.signal in signals and start <= entry.at < end:
                    promoter = entry.signal == Signal.RATING and entry.reading.argument == 1
                    found.contacts.append(self.names.people[one.contact])
                    found.kinds.append(kind_of(entry.signal, phase, promoter=promoter))
        yield found
        yield from self._left.phased(signals, period, promoters=promoters)

    def referrals(self) -> Referrals:
        """Give who referred whom, whenever that was."""
        kept, into, left = self._keep({"referrals"}), self._pointers(), self._left.referrals()
        people, texts = self.names.people, Codes()
        texts.numbers(left.texts)  # which keep the numbers that they have in what is left
        whom = column(
            NOBODY if moment.referred is None else people[follow(into, moment.referred)]
            for moment in kept.referrals
        )
        return Referrals(
            contacts=left.contacts + column(people[one.contact] for one in kept.referrals),
            at=left.at + column(to_micros(one.occurred_at) for one in kept.referrals),
            referred=left.referred + whom,
            ids=left.ids + column(texts[one.event_id] for one in kept.referrals),
            keys=left.keys + column(texts[one.recorded_as] for one in kept.referrals),
            texts=texts.texts,
        )

    def seen(self, period: Cohort) -> Column:
        """Give who had an event in a period that kept the contact alive."""
        start, end = bounds_of(period)
        who, when = self._keep({"activity"}).activity
        known = {contact for contact, at in zip(who, when, strict=True) if start <= at < end}
        return column(known) + self._left.seen(period)

    def scored(
        self,
        period: Cohort,
        read: Read,
        /,
        *,
        staged: bool = False,
        naming: str | None = EXPERIENCED,
    ) -> Iterator[Scored]:
        """Give the events of a period, in no order: what they mean may not be what is stored."""
        start, end = bounds_of(period)
        for one in self.histories():
            stored, contact = [*one.between(start, end)], self.names.people[one.contact]
            at, events = [at for at, _ in stored], [event for _, event in stored]
            stages = self._stages_of(one, contact).at if staged else None
            yield Scored(
                contacts=column([contact]) * len(events),
                at=column(at),
                said=column(read(e.event, read_properties(e.properties)) for e in events),
                stages=column(
                    stages(contact, when, e.event, e.properties)
                    for when, e in zip(at, events, strict=True)
                    if stages
                ),
                events=[(e.contact, e.event, e.id) for e in events],
            )
        yield from self._left.scored(period, read, staged=staged, naming=naming)

    def _stages_of(self, one: History, contact: int) -> Stages:
        labels = self.names.labels
        made = [m for m in one.journey.moments if m.kind is MomentKind.CONVERSION]
        reached = Moments(
            contacts=column([contact]) * len(made),
            kinds=column(),
            at=column(to_micros(moment.occurred_at) for moment in made),
            labels=column(labels[moment.to_stage] for moment in made),
        )
        return Stages(reached, self.names, self.funnel)

    def traits(self, name: str) -> Traits:
        """Give what was said of a trait; of who was erased all that is left is stored."""
        people, stored, values = self.names.people, self.stored.traits(name), Codes()
        rows = dict[int, list[tuple[int, str]]]()
        for contact, at, said in zip(stored.contacts, stored.at, stored.said, strict=True):
            rows.setdefault(contact, []).append((at, str(stored.values[said])))
        for one in self.histories():
            rows[people[one.contact]] = said_of(name, one.events)
        each = [one for mine in rows.values() for one in mine]
        return Traits(
            contacts=column(contact for contact, mine in rows.items() for _ in mine),
            at=column(at for at, _ in each),
            said=column(values.numbers(text for _, text in each)),
            values=[*values.texts, None],
        )

    def trait_names(self) -> Sequence[str]:
        """Give the names of all traits that any contact had."""
        return read_trait_names(self.stored.extent, self.known_by)

    def latest(
        self, contacts: Collection[str], most: int, wanted: Wanted
    ) -> tuple[Mapping[str, Sequence[Moment]], Happenings]:
        """Give so many of the latest moments of some contacts, and events of theirs."""
        last: dict[str, Sequence[Moment]] = {}

        def passing() -> Iterator[History]:
            for one in self._walked():
                if one.contact in contacts:
                    last[one.contact] = one.journey.moments[-most:]
                    yield one

        return last, self._happenings(wanted, passing())

    def __attrs_post_init__(self) -> None:
        if any(one.is_of_the_event for one in self.groupings):
            self.keeps |= {"events"}

    def _pointers(self) -> dict[str, str]:
        """Into whom contacts had been merged."""
        extent = self.stored.extent
        return known_pointers(extent.connection, extent.tables, extent.tenant, self.known_by)

    def _keep_referrals(self, journey: Journey, into: dict[str, str]) -> None:
        for moment in journey.moments:
            if moment.kind is not MomentKind.REFERRAL or moment.referred is None:
                continue
            whom = follow(into, moment.referred)
            first = self._referred.get(whom)
            if whom != journey.contact and (first is None or moment.occurred_at < first):
                self._referred[whom] = moment.occurred_at

    def _keep_groups(self, history: History, grouping: Grouping) -> None:
        contact = self.names.people[history.contact]
        if grouping.kind == "source" and history.journey.moments:
            self._opened[contact] = opening_of(history)
        elif grouping.kind == "trait":
            self._said[grouping, contact] = said_of(grouping.name, history.events)
        elif grouping.is_of_the_event and self.start is not None:
            said = self._said[grouping, contact] = dict[object, str | None]()
            for key, event in _starts(history, self.start):
                said.setdefault(key, grouping.of_event(event.name, event.properties))

    def _source(self, _: Grouping, chosen: Readings, place: int) -> str:
        contact = chosen.contact[place]
        opened_at, source = self._opened[contact]
        referred = self._referred.get(self.names.people.texts[contact])
        return source_or_referral(source, opened_at, referred)

    def _trait(self, grouping: Grouping, chosen: Readings, place: int) -> str | None:
        said: list[tuple[int, str]] = self._said[grouping, chosen.contact[place]]
        by_then = bisect_right(said, chosen.started[place], key=itemgetter(0))
        return said[by_then - 1][1] if by_then else None

    def _of_event(self, grouping: Grouping, chosen: Readings, place: int) -> str | None:
        said: dict[object, str | None] = self._said[grouping, chosen.contact[place]]
        key = chosen.key[place] if chosen.key else next(iter(said), None)
        if key not in said and grouping.kind == "event" and self._departs(chosen, place):
            return SILENCE
        return said.get(key)

    def _departs(self, chosen: Readings, place: int) -> bool:
        """Whether a silence started a clock."""
        departs = not isinstance(self.start, Signal) and MomentKind.DEPART in (self.start or ())
        return departs and chosen.reason[place] == self.names.labels[SILENCE]


def _as_numbers(one: Episode, labels: Codes) -> tuple[int, ...]:
    instants = (one.departed_at, one.returned_at, one.first_outreach_at)
    read = (NEVER if at is None else to_micros(at) for at in instants)
    return one.number, *read, labels[one.stage], labels[one.reason], one.customer


def opening_of(history: History) -> tuple[datetime, str | None]:
    """When a contact opened, and the source that it gave."""
    opening = history.journey.moments[0]
    event = next(e for e in history.events if (e.contact, e.id) == opening.event_key)
    return opening.occurred_at, source_of(event.properties)


def said_of(trait: str, events: Iterable[Event]) -> list[tuple[int, str]]:
    """What was said of a trait, in order, with when that was in microseconds since 1970."""
    said = [e for e in events if e.name == IDENTIFY and trait in e.properties]
    ordered = sorted(said, key=lambda event: (event.occurred_at, event.id))
    return [(to_micros(event.occurred_at), said_as(event.properties, trait)) for event in ordered]


def _starts(history: History, start: Start) -> Iterator[tuple[object, Event]]:
    """The start events of clocks, each under the key of its clock."""
    if isinstance(start, Signal):
        for entry, stored in history.happenings({start}):
            if start is not Signal.OUTREACH or entry.reading.argument == ATTEMPTED:
                yield entry.at, event_of(stored)
        return
    by_key: dict[tuple[str, str | None], Event] = {(e.contact, e.id): e for e in history.events}
    for moment in history.journey.moments:
        if moment.kind in start and moment.event_key in by_key:
            key = moment.event_key if moment.episode is None else moment.episode
            yield key, by_key[moment.event_key]


class Kept:
    """What is kept of a walk, in columns.

    Attributes:
        keeps: what is.
        episodes: in the order of the columns of ``Episodes``.
        openings: contacts, and when each opened.
        activity: contacts, and instants at which each was kept alive.
        purchases: in the order of the columns of ``Purchases``.
        moments: contacts, kinds, instants, labels of the stages they led to, and of reasons.
        events: of moments, the events that made them.
        referrals: the moments that are referrals, of which there are few.
    """

    def __init__(self, keeps: Set[Keep]) -> None:
        self.keeps: Set[Keep] = keeps
        self.episodes: list[Column] = [column() for _ in _EPISODE]
        self.openings: list[Column] = [column(), column()]
        self.activity: list[Column] = [column(), column()]
        self.purchases: list[Column] = [column() for _ in Purchases._fields]
        self.moments: list[Column] = [column() for _ in range(5)]
        self.events: list[tuple[str, str | None]] = []
        self.referrals: list[Moment] = []

    def add(self, history: History, names: Names) -> None:
        """Keep of a contact what is asked for."""
        contact, moments, labels = (
            names.people[history.contact],
            history.journey.moments,
            names.labels,
        )
        if "episodes" in self.keeps:
            for episode in history.journey.episodes.values():
                _append(self.episodes, contact, *_as_numbers(episode, labels))
        if "openings" in self.keeps and moments:
            _append(self.openings, contact, to_micros(moments[0].occurred_at))
        if "activity" in self.keeps:
            touches = column(history.touches())
            self.activity[0].extend(repeat(contact, len(touches)))
            self.activity[1].extend(touches)
        if "purchases" in self.keeps:
            for row in history.purchases():
                _append(self.purchases, contact, *row)
        if "referrals" in self.keeps:
            self.referrals += (one for one in moments if one.kind is MomentKind.REFERRAL)
        self._add_moments(contact, moments, labels)

    def _add_moments(self, contact: int, moments: Sequence[Moment], labels: Codes) -> None:
        for one in moments:
            if one.kind in self.keeps:
                said = labels[one.to_stage], labels[one.reason]
                _append(self.moments, contact, PLACES[one.kind], to_micros(one.occurred_at), *said)
                if "events" in self.keeps:
                    self.events.append(one.event_key)

    def places_of(self, kinds: Collection[MomentKind]) -> Sequence[int]:
        """At which places moments of some kinds stand."""
        asked = {PLACES[kind] for kind in kinds}
        return [place for place, kind in enumerate(self.moments[1]) if kind in asked]


def _append(columns: Sequence[Column], *row: int) -> None:
    for values, value in zip(columns, row, strict=True):
        values.append(value)


class History:
    """A contact's events and what they make of it.

    Attributes:
        journey: its way up to the instant.
    """

    def __init__(
        self, journey: Journey, ordered: Sequence[PlainEntry], stored: Sequence[StoredEvent]
    ) -> None:
        self.journey = journey
        self._ordered = ordered
        self._stored = stored

    @classmethod
    def walked(
        cls, contact: str, stored: Sequence[StoredEvent], funnel: Funnel, as_of: datetime
    ) -> Self:
        """Walk a contact's events, none of which is later than the instant."""
        journey = Journey(contact, funnel)
        ordered = read_in_order(stored, funnel)
        journey.advance_all(ordered)
        journey.silence(to_micros(as_of))
        return cls(journey, ordered, stored)

    @property
    def contact(self) -> str:
        """The contact."""
        return self.journey.contact

    @property
    def entries(self) -> Iterator[Entry]:
        """Its events in the one order, with what they mean."""
        return map(Entry._make, self._ordered)

    @cached_property
    def events(self) -> list[Event]:
        """Its events, in no order."""
        return [*map(event_of, self._stored)]

    def between(self, start: int, end: int) -> Iterator[tuple[int, StoredEvent]]:
        """Its events from an instant on, before another, each with when it was."""
        for one in self._stored:
            at = to_micros(read_instant(one.occurred_at))
            if start <= at < end:
                yield at, one

    def touches(self) -> Iterator[int]:
        """When the contact was kept alive, in order, in microseconds since 1970."""
        return (entry[0] for entry in compress(self._ordered, self.journey.alive))

    def purchases(self) -> Iterator[tuple[int, int, int]]:
        """Of its purchases and refunds, in the one order: when, whether it is one, the value."""
        for at, signal, _, _, _, reading in self._ordered:
            if signal == Signal.PURCHASE or reading.value is not None:
                worth = UNSAID if reading.value is None else reading.value
                yield at, int(signal != Signal.PURCHASE), worth

    def happenings(self, signals: Collection[Signal]) -> Iterator[tuple[Entry, StoredEvent]]:
        """Its events of some signals, in the one order, with what is stored of them."""
        wanted = [one for one in self.entries if one.signal in signals]
        stored = {_by_key(one): one for one in self._stored} if wanted else {}
        return ((one, stored[one.recorded_as, one.id]) for one in wanted)
