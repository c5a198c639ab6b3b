"""The journey: a contact's events walked through the state machine, as readable values.

Puts names, cases and episodes around ``machine.step``, which makes every decision. Walks entries
in the order given; ``walk`` sorts them first. Knows no database and no clock.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from attrs import define, evolve, field, frozen

from motfunnel.domain import machine
from motfunnel.domain.event import Event, Properties, to_json
from motfunnel.domain.funnel.condition import is_blank
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rule import Reading
from motfunnel.domain.instant import from_micros, to_micros, utc
from motfunnel.domain.moment import LEFT, SILENCE, Episode, Moment, MomentKind, Presence
from motfunnel.domain.signal import Signal

PRESENCES = tuple(Presence)
_PLACE = itemgetter(slice(0, 5))  # an entry's place, without a call of Python's
_STAGE, _PURCHASES = machine.STAGE, machine.PURCHASES
# The signals of which a journey keeps more than the step does: cases, and attempts.
_BESIDE = (int(Signal.COMPLAIN), int(Signal.RESOLVE), int(Signal.OUTREACH))
# For each set of bits the kinds of moments that it holds.
_KINDS = tuple(
    tuple(kind for place, kind in enumerate(MomentKind) if made >> place & 1)
    for made in range(1 << len(MomentKind))
)


class Entry(NamedTuple):
    """An event with its meaning; entries sort in the one order that all answers follow."""

    at: int
    signal: int
    stage: int
    id: str
    recorded_as: str
    reading: Reading

    @property
    def place(self) -> tuple[int, int, int, str, str]:
        """Where the event stands in the order."""
        return self[:5]


PlainEntry = tuple[int, int, int, str, str, Reading]
"""What an ``Entry`` holds, which is one of these."""


def make_entry(event: Event, reading: Reading) -> Entry:
    """Put an event in its place in the order, by instant, signal, stage and id."""
    signal = reading.signal
    stage = reading.argument if signal is Signal.REACH else 0
    return Entry(to_micros(event.occurred_at), signal, stage, event.id, event.contact, reading)


@frozen
class OpenCase:
    """A complaint that awaits its resolution.

    Attributes:
        case: its name, or None where it has none of its own.
        event_id: the complaint that opened it.
        opened_at: when.
    """

    case: str | None
    event_id: str
    opened_at: datetime


@define
class Journey:
    """A contact's state, and the moments and episodes that its walk has made.

    A new one starts before the first event; the tracker also starts one from a stored state.

    Attributes:
        contact: whose.
        funnel: what its events mean.
        state: where it stands, as ``machine`` keeps it.
        open_cases: the complaints that await their resolution.
        moments: what was made of the events that it has taken.
        episodes: those that began or went on, by number.
        alive: of each event that it has taken, in their order, 1 where it kept the contact alive.
    """

    contact: str
    funnel: Funnel
    state: list[int] = field(factory=lambda: list(machine.NEW_CONTACT))
    open_cases: list[OpenCase] = field(factory=list)
    moments: list[Moment] = field(factory=list)
    episodes: dict[int, Episode] = field(factory=dict)
    alive: bytearray = field(factory=bytearray)

    def advance(self, entry: Entry) -> list[Moment]:
        """Take one event, no earlier in the order than the one before it."""
        known = len(self.moments)
        self.advance_all((entry,))
        return self.moments[known:]

    def advance_all(self, entries: Iterable[PlainEntry]) -> None:
        """Take events in their order, of which there may be millions: plain tuples will do."""
        state, terms, step = self.state, self.funnel.terms, machine.step
        keep = self.alive.append
        for entry in entries:
            stage, purchases = state[_STAGE], state[_PURCHASES]
            signal = entry[1]
            made = step(state, terms, signal, entry[0], entry[5][1])
            keep(made >= machine.ALIVE)
            made &= machine.MOMENTS
            if made:
                self._tell(made, Entry._make(entry), stage, purchases)
            if signal in _BESIDE:
                self._note_beside(Entry._make(entry))

    def _note_beside(self, entry: Entry) -> None:
        """Keep cases and attempts, which the state machine does not number."""
        if entry.signal == Signal.COMPLAIN:
            self._open_case(entry)
        elif entry.signal == Signal.RESOLVE:
            self._close_case(entry.reading.case)
        else:
            self._count_outreach()

    def silence(self, until: int) -> list[Moment]:
        """Depart by silence, if the patience has run out by the instant (in microseconds)."""
        stage, purchases = self.state[machine.STAGE], self.state[machine.PURCHASES]
        # A note one microsecond later finds it run out, and does nothing else (see ``step``).
        made = machine.step(self.state, self.funnel.terms, machine.NOTE, until + 1, 0)
        nobody = Entry(until + 1, Signal.NOTE, 0, "", "", Reading(Signal.NOTE))
        return self._tell(made, nobody, stage, purchases) if made else []

    @property
    def presence(self) -> Presence:
        """Whether the contact is with us."""
        return PRESENCES[self.state[machine.PRESENCE]]

    @property
    def stage(self) -> str:
        """The name of the highest stage reached."""
        return self.funnel.stages[self.state[machine.STAGE]]

    @property
    def deadline(self) -> int | None:
        """The last instant (in microseconds) at which the contact, if silent, is still here."""
        if self.presence is not Presence.ACTIVE:
            return None
        after = list(self.state)
        made = machine.step(after, self.funnel.terms, machine.NOTE, machine.FOREVER, 0)
        return after[machine.DEPARTED_AT] if made else None

    def _tell(self, made: int, entry: Entry, stage: int, purchases: int) -> list[Moment]:
        """Name the moments of one step, and keep the episodes up with them."""
        told: list[Moment] = []
        for kind in _KINDS[made]:
            moment = self._moment(kind, entry, stage)
            told.append(moment)
            if kind is MomentKind.DEPART:
                self._open_episode(moment, stage, purchases)
            elif kind is MomentKind.RECIDIVISM:
                self._close_episode(moment)
        self.moments += told
        return told

    def _moment(self, kind: MomentKind, entry: Entry, stage: int) -> Moment:
        at, event_id = entry.at, entry.id or None
        from_stage = to_stage = reason = episode = referred = recorded_as = None
        if entry.recorded_as != self.contact:
            recorded_as = entry.recorded_as or None
        if kind is MomentKind.DEPART:
            departed_at = self.state[machine.DEPARTED_AT]
            reason = entry.reading.reason or LEFT
            if departed_at < entry.at:  # said: at the event; silent: at a deadline before it
                at, event_id, reason, recorded_as = departed_at, None, SILENCE, None
            episode = self.state[machine.EPISODES]
        elif kind is MomentKind.RECIDIVISM:
            episode = self.state[machine.EPISODES]
        elif kind is MomentKind.CONVERSION:
            from_stage, to_stage = self.funnel.stages[stage], self.stage
        elif kind is MomentKind.REFERRAL:
            referred = entry.reading.referred
        return Moment(
            contact=self.contact,
            kind=kind,
            occurred_at=from_micros(at),
            event_id=event_id,
            from_stage=from_stage,
            to_stage=to_stage,
            reason=reason,
            episode=episode,
            referred=referred,
            recorded_as=recorded_as,
        )

    def _open_episode(self, depart: Moment, stage: int, purchases: int) -> None:
        number = self.state[machine.EPISODES]
        self.episodes[number] = Episode(
            contact=self.contact,
            number=number,
            departed_at=depart.occurred_at,
            reason=depart.reason or LEFT,
            stage=self.funnel.stages[stage],
            customer=purchases > 0,
        )

    def _close_episode(self, back: Moment) -> None:
        number = self.state[machine.EPISODES]
        self.episodes[number] = evolve(
            self.episodes[number], returned_at=back.occurred_at, return_event_id=back.event_id
        )

    def _count_outreach(self) -> None:
        if self.presence is Presence.DEPARTED and self.state[machine.OUTREACHES]:
            number = self.state[machine.EPISODES]
            self.episodes[number] = evolve(
                self.episodes[number],
                outreaches=self.state[machine.OUTREACHES],
                first_outreach_at=from_micros(self.state[machine.FIRST_OUTREACH]),
            )

    def _open_case(self, entry: Entry) -> None:
        case = entry.reading.case
        if case is None or all(open_case.case != case for open_case in self.open_cases):
            self.open_cases.append(OpenCase(case, entry.id, from_micros(entry.at)))

    def _close_case(self, case: str | None) -> None:
        for place, open_case in enumerate(self.open_cases):
            if case is None or open_case.case == case:
                del self.open_cases[place]
                return


def source_of(properties: Properties) -> str | None:
    """The source that an opening event gives; None where it gives none."""
    source = properties.get("source")
    if is_blank(source):
        return None
    return source if isinstance(source, str) else to_json(source)


def walk(
    contact: str,
    funnel: Funnel,
    events: Iterable[Event],
    *,
    as_of: datetime | None = None,
    is_stored: bool = False,
) -> Journey:
    """Fold a contact's events, in whatever order and however often they come, into its journey.

    Args:
        contact: whose events.
        funnel: what they mean.
        events: the history.
        as_of: the instant of the question: later events do not exist for it, and a silence that
            has run out by then is a departure. Without it, all events and no more are taken.
        is_stored: the events were recorded, so that what the funnel would refuse is a note.

    Returns:
        The journey, with all its moments and episodes.
    """
    limit = None if as_of is None else to_micros(utc(as_of))
    journey = Journey(contact, funnel)
    for entry in in_order(events, funnel.read_stored if is_stored else funnel.read):
        if limit is None or entry.at <= limit:
            journey.advance(entry)
    if limit is not None:
        journey.silence(limit)
    return journey


def in_order(
    events: Iterable[Event], read: Callable[[str, Mapping[str, Any]], Reading]
) -> Iterator[Entry]:
    """Sort events into the one order; of several with one id the first in it is taken."""
    history = list(events)
    if len({(event.contact, event.id) for event in history}) < len(history):
        # Conflicting events may tie in the order; which is first must not depend on arrival.
        history.sort(key=lambda event: (event.name, json.dumps(event.properties, sort_keys=True)))
    entries = [make_entry(event, read(event.name, event.properties)) for event in history]
    entries.sort(key=_PLACE)
    taken: set[tuple[str, str]] = set()
    for entry in entries:
        key = (entry.recorded_as, entry.id)
        if key not in taken:
            taken.add(key)
            yield entry
