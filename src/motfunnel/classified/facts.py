"""The facts of classified files: the third source of what questions ask for.

Each answer is a statement or two of SQL; what they mean is said where the store says it too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import chain, groupby, islice, repeat
from operator import itemgetter
from typing import Any, Final

from attrs import field, frozen

from motfunnel.batch.database import text, texts
from motfunnel.classified.relations import AMONG, Relations, instant, one_of, where, within
from motfunnel.domain.columns import NEVER, Codes, Column, column
from motfunnel.domain.experience import EXPERIENCED
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import from_micros
from motfunnel.domain.lens import Phase
from motfunnel.domain.moment import SILENCE, Moment, MomentKind
from motfunnel.domain.signal import OPENS, Signal
from motfunnel.reports.facts.facts import StageAt, Stages, Start, Unread
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
from motfunnel.reports.facts.starts import Starts
from motfunnel.reports.measure.clock import EVERYBODY, Cohort, Names, Readings
from motfunnel.reports.measure.grouping import Grouping, Partition
from motfunnel.reports.measure.trial import ATTEMPTED
from motfunnel.store.ledger.rows import StoredEvent
from motfunnel.store.queries.groups import UNSET
from motfunnel.store.queries.happenings import Read, Wanted
from motfunnel.store.queries.phases import Phased, kind_of
from motfunnel.store.queries.purchases import UNSAID

_EPISODE: Final = {
    "contact": "contact",
    "number": "episode",
    "departed": "epoch_us(departed_at)",
    "returned": "returned_at",
    "outreach": "first_outreach_at",
    "stage": "stage",
    "reason": "reason",
    "customer": "customer::BIGINT",
}
_NO_ATTEMPT: Final = -1
_EMPTY: Final = "{}"
_AT_ONCE: Final = 5_000
_WORD: Final = 60
_MILLIONTHS: Final = "(value::DECIMAL(38, 6) * 1000000)::BIGINT"
_REMEMBERED: Final = 4096


@frozen(kw_only=True)
class Filed:
    """The contacts of classified files, as of an instant.

    Attributes:
        read: reads the files.
        funnel: the definition that classified them.
        names: what the numbers in columns stand for.
    """

    read: Relations
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
        chosen = [*within("departed_at", departed), *within("first_outreach_at", attempted)]
        made = ", ".join(f"{self._of_episode(name)} AS {name}" for name in wanted)
        which = where([*chosen, *(["episode = 1"] if first else [])])
        query = (
            f"SELECT {made} FROM {self.read.episodes()}{which}{'' if first else self.read.order}"
        )
        codes = {"contact": self.names.people, "stage": labels, "reason": labels}
        return Episodes(**self.read.columns(query, codes))

    def _of_episode(self, name: str) -> str:
        made = _EPISODE[name]
        if name not in ("returned", "outreach"):
            return made
        return f"CASE WHEN {self.read.until(made)} THEN epoch_us({made}) ELSE {NEVER} END"

    def happenings(self, wanted: Wanted) -> Happenings:
        """Give events of some signals, contact by contact, each contact's in order."""
        if not wanted.reads:
            return Happenings(column(), column(), column(), column())
        if wanted.first or not (wanted.is_read or wanted.events):
            query, some = self._happened(wanted, ["contact AS contacts"]), wanted.contacts or ()
            found = self.read.columns(query, {"contacts": self.names.people}, some)
            return Happenings(**found, said=column([0]) * len(found["at"]), events=())
        return self._said(wanted)

    def _said(self, wanted: Wanted) -> Happenings:
        """Events of which something is read."""
        people, which = self.names.people, list[tuple[str, str]]()
        meaning = {int(one): _remembering(read or _nothing) for one, read in wanted.reads.items()}
        found = column(), column(), column(), column()
        read = _labels([one for one, reader in wanted.reads.items() if reader is not None])
        said = f"CASE WHEN {read} THEN properties END"
        for contact, at, signal, event, properties, id in self.read.rows(
            self._happened(wanted, ["contact"], ["event", said, "id"]), wanted.contacts or ()
        ):
            values = (people[contact], at, signal, meaning[signal](event, properties or _EMPTY))
            for one, value in zip(found, values, strict=True):
                one.append(value)
            if wanted.events:
                which.append((contact, id))
        return Happenings(*found, events=which)

    def _happened(self, wanted: Wanted, who: list[str], more: Sequence[str] = ()) -> str:
        """The statement that reads events."""
        ranks = " ".join(f"WHEN {text(one.label)} THEN {int(one)}" for one in wanted.reads)
        rank = f"CASE signal {ranks} END"
        chosen = [_labels(wanted.reads)]
        if wanted.names is not None:
            chosen.append(one_of("event", wanted.names))
        if wanted.having is not None:
            chosen.append(self.read.having(wanted.having))
        if wanted.contacts is not None:
            chosen.append(f"contact IN {AMONG}" if wanted.contacts else "false")
        of = f"FROM {self.read.events()}{where(chosen)}"
        if wanted.first:
            (signal,) = wanted.reads
            at = "epoch_us(min(occurred_at)) AS at"
            return f"SELECT {who[0]}, {at}, {int(signal)} AS signals {of} GROUP BY contact"
        made = [*who, "epoch_us(occurred_at) AS at", f"{rank} AS signals", *more]
        # The canonical order has the stage of a reach before the id.
        by_id = f" ORDER BY file, contact, occurred_at, {rank}, id"
        order = by_id if Signal.REACH in wanted.reads else self.read.order
        return f"SELECT {', '.join(made)} {of}{order}"

    def groups(self, grouping: Grouping, start: Start, chosen: Readings) -> Partition:
        """Give the group of each of some clocks, which such a start event began."""
        if grouping.is_of_the_clock:
            return grouping.of_the_clock(chosen)
        if grouping.kind == "source":
            return self._sources(grouping, chosen)
        if grouping.kind == "trait":
            traits = self.traits(grouping.name)
            values = traits.held(chosen.contact, chosen.started)
            return Partition.of(values, traits.values, grouping)
        return self._of_events(grouping, start, chosen)

    def unread(self, signals: Collection[Signal] | None = None) -> Iterator[Unread]:
        """Give the events of each contact, or of some signals those, unread."""
        rows = self.read.rows(
            "SELECT contact, id, event, make_timestamp(epoch_us(occurred_at)), signal, properties, "
            f"alive, {_MILLIONTHS} FROM {self.read.events()} "
            f"WHERE {_labels(Signal if signals is None else signals)}{self.read.order}"
        )
        for contact, history in groupby(rows, itemgetter(0)):
            yield contact, [*map(StoredEvent._make, history)]

    def openings(self) -> Openings:
        """Give who opened, and when."""
        query = "SELECT contact AS contacts, epoch_us(opened_at) AS at "
        query += (
            f"FROM {self.read.contacts()} WHERE {self.read.until('opened_at')}{self.read.order}"
        )
        return Openings(**self.read.columns(query, {"contacts": self.names.people}))

    def moments(
        self, kinds: Collection[MomentKind], *columns: str, having: MomentKind | None = None
    ) -> Moments:
        """Give the moments of some kinds, contact by contact, each contact's in order."""
        reasons, labels = Codes(), self.names.labels
        made = {"contacts": "contact", "kinds": _KIND} | {
            name: _MOMENT[name].format(stages=texts(self.funnel.stages)) for name in columns
        }
        events = Codes()
        if made.pop("events", None):
            made |= {"keys": "contact", "ids": "event_id"}
        chosen = [one_of("moment", kinds)]
        chosen += [] if having is None else [self.read.having(having)]
        wanted = ", ".join(f"{value} AS {name}" for name, value in made.items())
        query = f"SELECT {wanted} FROM {self.read.moments()}{where(chosen)}{self.read.order}"
        codes = {"contacts": self.names.people, "reasons": reasons, "labels": labels}
        found: dict[str, Any] = self.read.columns(query, codes | {"keys": events, "ids": events})
        made_by = (found.pop(name, ()) for name in ("keys", "ids"))
        keys, ids = (map(events.texts.__getitem__, one) for one in made_by)
        return Moments(**found, said=reasons.texts, events=[*zip(keys, ids, strict=True)])

    def earliest(self) -> datetime | None:
        """Give when the first contact opened; None where none did."""
        first = min(self.openings().at, default=None)
        return None if first is None else from_micros(first)

    def activity(self, bounds: Sequence[datetime], *, erased: bool) -> Activity:
        """Give the stretches in which each contact was seen."""
        numbers = range(len(bounds) + 1)
        bit = _choose(bounds, [1 << number % _WORD for number in numbers])
        word = _choose(bounds[_WORD - 1 :: _WORD], range(len(bounds) // _WORD + 1))
        query = (
            f"SELECT contact, bit_or(({bit})::BIGINT) AS bits, {word} AS word "
            f"FROM {self.read.events()} WHERE alive GROUP BY contact, word"
        )
        found = self.read.columns(query, {"contact": self.names.people})
        joined: dict[int, int] = {}
        for contact, bits, word_of in zip(*found.values(), strict=True):
            joined[contact] = joined.get(contact, 0) | bits << _WORD * word_of
        return Activity(column(joined), [*joined.values()])

    def kinds(self, period: Cohort) -> tuple[Column, ...]:
        """Give how many moments of each kind contacts had in a period."""
        found = self.read.columns(
            f"SELECT contact, {_KIND} AS kind, count(*) AS moments "
            f"FROM {self.read.moments()}{where(within('occurred_at', period))} GROUP BY ALL",
            {"contact": self.names.people},
        )
        return (*found.values(),)

    def phased(
        self, signals: Collection[Signal], period: Cohort, *, promoters: bool = False
    ) -> Iterator[Phased]:
        """Give the events of a period by signal and phase."""
        opening = _labels([one for one in Signal if OPENS[one]])
        firsts = (
            f"SELECT contact, min(place) FILTER ({opening}) AS opening, "
            f"min(place) FILTER (signal = {text(Signal.PURCHASE.label)}) AS purchase "
            f"FROM {self.read.events()} GROUP BY contact"
        )
        phase = (
            f"CASE WHEN place < coalesce(opening, {NEVER}) THEN {int(Phase.BEFORE_OPENING)} "
            f"WHEN place <= coalesce(purchase, {NEVER}) THEN {int(Phase.TO_FIRST_PURCHASE)} "
            f"ELSE {int(Phase.AFTER_FIRST_PURCHASE)} END"
        )
        ranks = " ".join(f"WHEN {text(one.label)} THEN {int(one)}" for one in signals)
        promotes = f"signal = {text(Signal.RATING.label)} AND argument = 1"
        found = self.read.columns(
            f"SELECT contact, CASE signal {ranks} END AS rank, {phase} AS phase, "
            f"({promotes if promoters else 'false'})::BIGINT AS promoter, count(*) AS events "
            f"FROM {self.read.events()} JOIN ({firsts}) USING (contact)"
            f"{where([_labels(signals), *within('occurred_at', period)])} GROUP BY ALL",
            {"contact": self.names.people},
        )
        told = zip(found["rank"], found["phase"], found["promoter"], strict=True)
        kinds = [kind_of(signal, at, promoter=bool(is_one)) for signal, at, is_one in told]
        each = (map(repeat, one, found["events"]) for one in (found["contact"], kinds))
        yield Phased(*(column(chain.from_iterable(one)) for one in each))

    def referrals(self) -> Referrals:
        """Give who referred whom, whenever that was."""
        people, named, events = self.names.people, Codes(), Codes()
        found = self.read.columns(
            "SELECT contact AS contacts, epoch_us(occurred_at) AS at, referred, event_id AS ids, "
            f"recorded_as AS keys FROM {self.read.moments()} "
            f"WHERE moment = {text(MomentKind.REFERRAL)}{self.read.order}",
            {"contacts": people, "referred": named, "ids": events, "keys": events},
        )
        number = [NOBODY if whom is None else people[whom] for whom in named.texts]
        found["referred"] = column(map(number.__getitem__, found["referred"]))
        return Referrals(**found, texts=events.texts)

    def seen(self, period: Cohort) -> Column:
        """Give who had an event in a period that kept the contact alive."""
        which = where(["alive", *within("occurred_at", period)])
        query = f"SELECT DISTINCT contact FROM {self.read.events()}{which}"
        return self.read.columns(query, {"contact": self.names.people})["contact"]

    def purchases(self) -> Purchases:
        """Give purchases and refunds, contact by contact, each contact's in order."""
        is_other = f"signal != {text(Signal.PURCHASE.label)}"
        found = self.read.columns(
            "SELECT contact AS contacts, epoch_us(occurred_at) AS at, "
            f"({is_other})::BIGINT AS refund, "
            f"coalesce({_MILLIONTHS}, {UNSAID}) AS value "
            f"FROM {self.read.events()} WHERE NOT {is_other} OR value IS NOT NULL "
            "ORDER BY file, contact, occurred_at, refund DESC, id",
            {"contacts": self.names.people},
        )
        return Purchases(**found)

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
        meaning, stage_at = _remembering(read), self._stages() if staged else None
        scored = f"signal = {text(Signal.RATING.label)}"
        if naming is not None:
            quoted = text(f'"{naming}"')
            scored = f"{scored} OR contains(properties, {quoted})"
        which = where([scored, *within("occurred_at", period)])
        rows = self.read.rows(
            "SELECT contact, epoch_us(occurred_at), event, id, properties "
            f"FROM {self.read.events()}{which}"
        )
        while some := [*islice(rows, _AT_ONCE)]:
            keys, at, names, ids, unread = zip(*some, strict=True)
            contacts = column(self.names.people.numbers(keys))
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
        found = self.read.columns(
            f"SELECT contact, epoch_us(occurred_at) AS at, coalesce(value, {text(UNSET)}) AS said "
            f"FROM {self.read.traits()} WHERE trait = {text(name)}{self.read.order}",
            {"contact": self.names.people, "said": values},
        )
        return Traits(found["contact"], found["at"], found["said"], [*values.texts, None])

    def trait_names(self) -> Sequence[str]:
        """Give the names of all traits that any contact has."""
        query = f"SELECT DISTINCT trait FROM {self.read.traits()}"
        return sorted(trait for (trait,) in self.read.rows(query))

    def latest(
        self, contacts: Collection[str], most: int, wanted: Wanted
    ) -> tuple[Mapping[str, Sequence[Moment]], Happenings]:
        """Give so many of the latest moments of some contacts, and events of theirs."""
        story = self._stories(f"contact IN {AMONG}", contacts) if contacts else ()
        last = {contact: moments[-most:] for contact, moments in story}
        return last, self.happenings(wanted)

    def _stories(
        self, which: str, some: Collection[str] = ()
    ) -> Iterator[tuple[str, list[Moment]]]:
        """Some moments, contact by contact, each contact's in order."""
        rows = self.read.rows(
            "SELECT contact, moment, epoch_us(occurred_at), event_id, from_stage, to_stage, "
            f"reason, episode, referred FROM {self.read.moments()} WHERE {which}{self.read.order}",
            some,
        )
        for contact, moments in groupby(rows, itemgetter(0)):
            yield contact, [*map(_moment, moments)]

    def _sources(self, grouping: Grouping, chosen: Readings) -> Partition:
        """By what the opening said, else by whether a referral came before it."""
        people, sources = self.names.people, Codes()
        referrals = (
            "SELECT referred, min(occurred_at) AS first "
            f"FROM {self.read.moments()} WHERE moment = {text(MomentKind.REFERRAL)} "
            "AND referred != contact GROUP BY referred"
        )
        found = self.read.columns(
            "SELECT contact, coalesce(source, CASE WHEN first <= opened_at THEN 'referral' "
            f"ELSE 'direct' END) AS source FROM {self.read.contacts()} "
            f"LEFT JOIN ({referrals}) ON referred = contact WHERE opened_at IS NOT NULL",
            {"contact": people, "source": sources},
        )
        source_of = column([sources[None]]) * len(people.texts)
        for contact, source in zip(*found.values(), strict=True):
            source_of[contact] = source
        values = column(map(source_of.__getitem__, chosen.contact))
        return Partition.of(values, sources.texts, grouping)

    def _of_events(self, grouping: Grouping, start: Start, chosen: Readings) -> Partition:
        """By what start events are called, or what one of their properties says."""
        values, people, said = Codes(), self.names.people, Starts.of(chosen)
        unmade = values[None]
        read = _remembering(lambda event, told: values[grouping.of_event(event, told)])
        if isinstance(start, Signal):
            for contact, at, value in self._events(start, grouping, values):
                said.put(contact, at, value)
        else:
            for contact, episode, id, event, properties in self.read.rows(
                "SELECT m.contact, episode, id, event, properties "
                f"FROM {self.read.moments()} AS m "
                f"JOIN {self.read.events()} AS e ON (e.contact, e.id) = (m.contact, m.event_id) "
                f"WHERE {one_of('moment', start)}"
            ):
                key = (contact, id) if episode is None else episode
                said.put(people[contact], key, read(event, properties))
            if grouping.kind == "event" and MomentKind.DEPART in start:
                said.put_where(chosen.reason, self.names.labels[SILENCE], values[SILENCE])
        return Partition.of(said.values(unmade), values.texts, grouping)

    def _events(
        self, start: Signal, grouping: Grouping, values: Codes
    ) -> Iterator[tuple[int, int, int]]:
        """Of events of a signal the contact, the instant and the number of the value."""

        def value(event: str, properties: Mapping[str, Any]) -> int:
            if start is Signal.OUTREACH:
                meant = self.funnel.read_stored(event, properties)
                if meant.argument != ATTEMPTED:
                    return _NO_ATTEMPT
            return values[grouping.of_event(event, properties)]

        found = self.happenings(Wanted(reads={start: value}))
        for contact, at, said in zip(found.contacts, found.at, found.said, strict=True):
            if said != _NO_ATTEMPT:
                yield contact, at, said


def _labels(signals: Iterable[Signal]) -> str:
    """That an event's signal is one of several."""
    return one_of("signal", [one.label for one in signals])


def _nothing(_: str, __: Mapping[str, Any]) -> int:
    """Of an event of which nothing is asked."""
    return 0


_PLACES: Final = " ".join(f"WHEN {text(kind)} THEN {place}" for kind, place in PLACES.items())
_KIND: Final = f"CASE moment {_PLACES} END"
_MOMENT: Final = {
    "at": "epoch_us(occurred_at)",
    "stages": "coalesce(list_position({stages}, to_stage) - 1, 0)",
    "labels": "to_stage",
    "reasons": "reason",
    "events": "event_id",
}


def _moment(row: tuple[Any, ...]) -> Moment:
    contact, kind, at, event_id, from_stage, to_stage, reason, episode, referred = row
    return Moment(
        contact=contact,
        kind=MomentKind(kind),
        occurred_at=from_micros(at),
        event_id=event_id,
        from_stage=from_stage,
        to_stage=to_stage,
        reason=reason,
        episode=episode,
        referred=referred,
    )


def _remembering(read: Read) -> Callable[[str, str], int]:
    """Read of the name of an event and of its properties, as they are written."""

    @lru_cache(_REMEMBERED)
    def meaning(event: str, written: str) -> int:
        return read(event, json.loads(written))

    return meaning


def _choose(bounds: Sequence[datetime], values: Sequence[int]) -> str:
    """The value that stands at how many of the bounds an instant has reached, found by halving."""
    if not bounds:
        return str(values[0])
    middle = len(bounds) // 2
    below = _choose(bounds[:middle], values[: middle + 1])
    above = _choose(bounds[middle + 1 :], values[middle + 1 :])
    return f"CASE WHEN occurred_at < {instant(bounds[middle])} THEN {below} ELSE {above} END"
