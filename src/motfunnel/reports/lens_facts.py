"""Gathering what a lens shows: of which contact how many events are of which class.

The database counts what is stored; what was known at an earlier time is walked contact by contact,
by the same rules. Decides no class: ``domain.lens`` does.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from attrs import define, evolve, field

from motfunnel.domain.event import Event
from motfunnel.domain.experience import EXPERIENCED, experience_of
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import from_micros
from motfunnel.domain.lens import (
    CARLZON,
    EIGHT,
    LAFLEY,
    UNCLASSED,
    ZERO,
    ZERO_TO_ULTIMATE,
    Lens,
    class_of,
    phases,
    three_moments,
    zero_to_ultimate,
)
from motfunnel.domain.moment import MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.reports.clock import Cohort, lies_in
from motfunnel.reports.history import History
from motfunnel.reports.known import Known
from motfunnel.reports.referring import referrals_of
from motfunnel.reports.stored import Stored
from motfunnel.store.happenings import read_events_by_signal
from motfunnel.store.moment_counts import count_moments
from motfunnel.store.phases import count_by_phase, read_ratings_by_phase
from motfunnel.store.pointers import known_pointers
from motfunnel.store.referrals import Referral, read_referrals
from motfunnel.store.scores import read_scored
from motfunnel.store.story import read_stories

_CLASSED = frozenset(Signal) - UNCLASSED


@define
class LensFacts:
    """What is gathered for one lens.

    Attributes:
        lens: which.
        period: of the events.
        counted: events by touchpoint (None where the lens tells none apart), class and contact.
        scored_aside: how many events have a score and belong to no class, by their signal.
        referrals: of all times, for the loop.
        opened: when each contact opened, for the loop.
        researched: when contacts did research, for the loop.
    """

    lens: Lens
    period: Cohort
    counted: Counter[tuple[str | None, str, str]] = field(factory=Counter)
    scored_aside: Counter[Signal] = field(factory=Counter)
    referrals: list[Referral] = field(factory=list)
    opened: dict[str, datetime] = field(factory=dict)
    researched: dict[str, list[datetime]] = field(factory=dict)

    def add(self, of_class: str | None, contact: str, events: int = 1) -> None:
        """Count events of a contact; those of no class are left out."""
        if of_class is not None:
            self.counted[None, of_class, contact] += events

    def makes_zero_moment(self, referral: Referral) -> bool:
        """Whether a referral names another contact, and no later than that contact opened."""
        if referral.referred in (None, referral.moment.contact):
            return False
        opened_at = self.opened.get(referral.referred or "")
        return opened_at is None or referral.moment.occurred_at <= opened_at


def gather(source: Stored | Known, facts: LensFacts) -> None:
    """Gather all that a lens shows."""
    if isinstance(source, Known):
        _walk(source, facts)
        extent = evolve(source.stored.extent, erased_only=True)
        _count(evolve(source.stored, extent=extent), facts)
    else:
        _count(source, facts)
    if facts.lens is ZERO_TO_ULTIMATE:
        for one in facts.referrals:
            if lies_in(facts.period, one.moment.occurred_at) and facts.makes_zero_moment(one):
                facts.add(ZERO, one.referred or "")


def _count(source: Stored, facts: LensFacts) -> None:
    if facts.lens is EIGHT:
        for contact, kind, count in count_moments(source.extent, facts.period):
            facts.add(kind.value, contact, count)
    elif facts.lens is LAFLEY:
        for one in count_by_phase(source.extent, _CLASSED, facts.period):
            facts.add(three_moments(one.signal, one.phase), one.contact, one.events)
    elif facts.lens is CARLZON:
        for contact, event in read_scored(source.extent, facts.period, naming=EXPERIENCED):
            _add_experience(facts, contact, event, source.funnel)
    else:
        _count_to_ultimate(source, facts)
        _read_loop(source, facts)


def _count_to_ultimate(source: Stored, facts: LensFacts) -> None:
    for one in count_by_phase(source.extent, _CLASSED - {Signal.RATING}, facts.period):
        facts.add(zero_to_ultimate(one.signal, one.phase), one.contact, one.events)
    for rated in read_ratings_by_phase(source.extent, facts.period):
        promoter = source.funnel.read_stored(rated.name, rated.properties).argument == 1
        of_class = zero_to_ultimate(Signal.RATING, rated.phase, promoter=promoter)
        facts.add(of_class, rated.contact)


def _read_loop(source: Stored, facts: LensFacts) -> None:
    found = list(read_referrals(source.extent))
    facts.referrals += found
    whom = {one.referred for one in facts.referrals}
    for contact, moments in read_stories(source.extent, [MomentKind.OPENING]):
        facts.opened.setdefault(contact, moments[0].occurred_at)
    for contact, events in read_events_by_signal(source.extent, [Signal.RESEARCH]):
        if contact in whom:
            facts.researched[contact] = [event.occurred_at for _, event in events]


def _walk(source: Known, facts: LensFacts) -> None:
    extent, funnel = source.stored.extent, source.stored.funnel
    into = known_pointers(extent.connection, extent.tables, extent.tenant, source.known_by)
    for one in source.histories():
        if facts.lens is EIGHT:
            for moment in one.journey.moments:
                if lies_in(facts.period, moment.occurred_at):
                    facts.add(moment.kind.value, one.contact)
        elif facts.lens is CARLZON:
            for event in one.events:
                if lies_in(facts.period, event.occurred_at):
                    _add_experience(facts, one.contact, event, funnel)
        else:
            _walk_phases(facts, one)
        if facts.lens is ZERO_TO_ULTIMATE:
            facts.referrals += referrals_of(one.journey, into)
            if one.journey.moments:
                facts.opened[one.contact] = one.journey.moments[0].occurred_at


def _walk_phases(facts: LensFacts, history: History) -> None:
    for entry, phase in phases(history.entries):
        at = from_micros(entry.at)
        if lies_in(facts.period, at):
            facts.add(class_of(facts.lens, entry, phase), history.contact)
        if entry.signal == Signal.RESEARCH:
            facts.researched.setdefault(history.contact, []).append(at)


def _add_experience(facts: LensFacts, contact: str, event: Event, funnel: Funnel) -> None:
    reading = funnel.read_stored(event.name, event.properties)
    one = experience_of(event.name, event.properties, reading, funnel.touchpoints)
    if one is None:
        return
    if reading.signal in UNCLASSED:
        facts.scored_aside[reading.signal] += 1
    else:
        facts.counted[one.touchpoint, one.verdict, contact] += 1
