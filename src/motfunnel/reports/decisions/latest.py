"""What those on a worklist did last: their latest moments, their silence, their arm in a trial.

Reads no more than of those who are listed. Ranks nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from attrs import field, frozen

from motfunnel.answers.cells import INSTANT, TEXT, cell
from motfunnel.domain.columns import NEVER, Codes
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rhythm import Rhythm
from motfunnel.domain.machine import DEPART, DEPARTED, DEPARTED_AT, NEW_CONTACT, PRESENCE, step
from motfunnel.domain.moment import Moment
from motfunnel.domain.signal import Signal
from motfunnel.domain.trial import assigning, is_held_out
from motfunnel.reports.decisions.silences import HEARD
from motfunnel.reports.facts.facts import Facts
from motfunnel.reports.facts.relations import Happenings
from motfunnel.reports.measure.trial import NO_TRIAL, assignment_of
from motfunnel.store.queries.happenings import Read, Wanted
from motfunnel.tracking.profile.explain import why_silent

LAST: Final = 3
"""How many of a contact's latest moments are told."""


@frozen(kw_only=True)
class LastMoment:
    """One of the latest moments of a contact.

    Attributes:
        moment: its kind.
        occurred_at: when.
        reason: of a departure.
    """

    moment: str = field(metadata=cell(TEXT))
    occurred_at: datetime = field(metadata=cell(INSTANT))
    reason: str | None = field(metadata=cell(TEXT))

    def __str__(self) -> str:
        """Its kind and its day in UTC."""
        return f"{self.moment} {self.occurred_at:%Y-%m-%d}"


@frozen
class Latest:
    """What is known of some contacts since they left.

    Attributes:
        moments: the latest of each.
        states: of those whose silence is asked about, how they stand, as ``machine`` keeps it.
        arms: of those in a trial, the arm, and whether it is held out.
    """

    moments: Mapping[str, Sequence[Moment]]
    states: Mapping[str, Sequence[int]]
    arms: Mapping[str, tuple[str, bool]]

    def last(self, contact: str) -> tuple[LastMoment, ...]:
        """The last moments of a contact."""
        return tuple(
            LastMoment(moment=one.kind.value, occurred_at=one.occurred_at, reason=one.reason)
            for one in self.moments.get(contact, ())[-LAST:]
        )

    def silence(self, contact: str, departed_at: datetime, funnel: Funnel) -> str | None:
        """What the silence of a contact was; None of one that was not asked about."""
        state = self.states.get(contact)
        return None if state is None else why_silent(departed_at, state, funnel)


def has_rhythm(funnel: Funnel, stage: str) -> bool:
    """Whether silences at a stage are departures by each contact's own rhythm."""
    return isinstance(funnel.patience_of(stage), Rhythm)


def read_latest(source: Facts, since: Mapping[str, int], silent: Collection[str]) -> Latest:
    """Read what some contacts did last.

    Args:
        source: of what.
        since: who, and since when each is away, in microseconds since 1970.
        silent: those of them whose silence is asked about.
    """
    funnel, names, labels = source.funnel, assigning(source.funnel), source.names.labels
    reads: dict[Signal, Read] = dict.fromkeys(HEARD if silent else (), argument_by(funnel))
    if names:
        reads[Signal.OUTREACH] = arm_by(funnel, labels)
    wanted = Wanted(reads=reads, names=None if silent else names, contacts=since)
    moments, found = source.latest(since, LAST, wanted)
    first = first_arms(found, source.names.people.texts, since)
    arms = {who: (labels.texts[said >> 1], bool(said & 1)) for who, said in first.items()}
    asked, people = {*silent}, source.names.people.texts
    states = {people[who]: state for who, state in _states(found, funnel) if people[who] in asked}
    return Latest(moments, states, arms)


def argument_by(funnel: Funnel) -> Read:
    """Read what the state machine is to know of an event beside its signal."""
    return lambda name, properties: funnel.read_stored(name, properties).argument


def arm_by(funnel: Funnel, labels: Codes) -> Read:
    """Read the arm of an outreach: the number of its label, twice, and 1 more if it is held out."""

    def arm(name: str, properties: Mapping[str, Any]) -> int:
        found = assignment_of(funnel, name, properties)
        if found is None:
            return NO_TRIAL
        return labels[found.arm] * 2 + is_held_out(funnel, name, properties)

    return arm


def first_arms(
    found: Happenings, people: Sequence[str], since: Mapping[str, int]
) -> dict[str, int]:
    """Of those who are away since then, what was read of the first assignment."""
    first: dict[str, int] = {}
    columns = zip(found.contacts, found.at, found.signals, found.said, strict=True)
    for contact, at, signal, said in columns:
        who = people[contact]
        if signal == Signal.OUTREACH and said != NO_TRIAL and at > since.get(who, NEVER):
            first.setdefault(who, said)
    return first


def _states(found: Happenings, funnel: Funnel) -> Iterator[tuple[int, Sequence[int]]]:
    """How each contact stands after its events, those that begin or end a silence alone.

    Who left with a goodbye, whatever it said, is not there.
    """
    rows = zip(found.contacts, found.at, found.signals, found.said, strict=True)
    for contact, events in groupby(rows, itemgetter(0)):
        state, terms, is_said = [*NEW_CONTACT], funnel.terms, False
        for _, at, signal, said in sorted(events):  # of several stages at once the lower first
            if signal != Signal.OUTREACH and step(state, terms, signal, at, said) & DEPART:
                is_said = state[DEPARTED_AT] == at
        if state[PRESENCE] != DEPARTED or not is_said:
            yield contact, state
