"""The differences between two funnels, added up contact by contact into a simulation's rows.

Holds counts, and the names of those who differ. Walks nobody.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from attrs import Factory, define, field

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.journey import Journey
from motfunnel.domain.machine import IS_APOSTLE, STAGE
from motfunnel.domain.moment import MomentKind, Presence
from motfunnel.reports.simulation import IN_USE, OTHER, ContactChange, MomentChange, RateChange
from motfunnel.reports.two_walks import GAINED, LOST, MOVED, SAME, Walk, compare_walks
from motfunnel.statistics import Proportion

AWAY: Final = "are away"
APOSTLES: Final = "are apostles"
NUMERATOR: Final = "numerator"
DENOMINATOR: Final = "denominator"
IMMATURE: Final = "immature"


@define
class Tally:
    """How many of something, and the names of those that differ."""

    counts: dict[str, int] = Factory(dict)
    names: dict[str, list[str]] = Factory(dict)

    def count(self, part: str) -> None:
        """Count one more."""
        self.counts[part] = self.counts.get(part, 0) + 1

    def name(self, part: str, contact: str) -> None:
        """Name one more."""
        self.names.setdefault(part, []).append(contact)

    def of(self, *parts: str) -> int:
        """How many there are of some parts."""
        return sum(self.counts.get(part, 0) for part in parts)

    def named(self, *parts: str) -> dict[str, tuple[str, ...]]:
        """The names of some parts, sorted."""
        return {part: tuple(sorted(self.names.get(part, ()))) for part in parts}


@define
class Differences:
    """The differences of all contacts, added up; keeps the names of those who differ, no others.

    Attributes:
        funnel: the one in use.
        other: the other.
        as_of: the instant of the question.
        within: the window of the return rate.
    """

    funnel: Funnel
    other: Funnel
    as_of: datetime
    within: timedelta
    folded: int = 0
    changed: int = 0
    _moments: dict[MomentKind, Tally] = field(init=False)
    _contacts: dict[str, Tally] = field(init=False)
    _rates: Tally = field(factory=Tally, init=False)

    def __attrs_post_init__(self) -> None:
        self._moments = {kind: Tally() for kind in MomentKind}
        stages = dict.fromkeys((*self.funnel.stages, *self.other.stages))
        facts = [*(f"reached {stage}" for stage in stages), AWAY, APOSTLES]
        self._contacts = {fact: Tally() for fact in facts}

    def add(self, before: Walk, after: Walk) -> None:
        """Add a contact, walked through both funnels."""
        contact, differs = before.journey.contact, False
        for kind, how in compare_walks(before, after):
            self._moments[kind].count(how)
            if how != SAME:
                self._moments[kind].name(how, contact)
                differs = True
        self.folded += 1
        self.changed += differs
        self._add_facts(contact, _facts(before.journey), _facts(after.journey))
        self._add_rates(contact, *(self._returned(one.journey) for one in (before, after)))

    def moments(self) -> tuple[MomentChange, ...]:
        """A row for each kind of moment."""
        return tuple(
            MomentChange(
                moment=kind.value,
                before=tally.of(SAME, MOVED, LOST),
                after=tally.of(SAME, MOVED, GAINED),
                same=tally.of(SAME),
                moved=tally.of(MOVED),
                gained=tally.of(GAINED),
                lost=tally.of(LOST),
                names=tally.named(MOVED, GAINED, LOST),
            )
            for kind, tally in self._moments.items()
        )

    def contacts(self) -> tuple[ContactChange, ...]:
        """A row for each thing that may be true of a contact."""
        return tuple(
            ContactChange(
                what=fact,
                before=tally.of(SAME, LOST) if _has(self.funnel, fact) else None,
                after=tally.of(SAME, GAINED) if _has(self.other, fact) else None,
                gained=tally.of(GAINED),
                lost=tally.of(LOST),
                names=tally.named(GAINED, LOST),
            )
            for fact, tally in self._contacts.items()
        )

    def recidivism(self, confidence: float) -> tuple[RateChange, ...]:
        """The return rate by either funnel."""
        return tuple(self._rate(side, confidence) for side in (IN_USE, OTHER))

    def _add_facts(self, contact: str, before: set[str], after: set[str]) -> None:
        for facts, how in (
            (before & after, SAME),
            (after - before, GAINED),
            (before - after, LOST),
        ):
            for fact in facts:
                self._contacts[fact].count(how)
                if how != SAME:
                    self._contacts[fact].name(how, contact)

    def _add_rates(self, contact: str, before: set[str], after: set[str]) -> None:
        for side, mine, others in ((IN_USE, before, after), (OTHER, after, before)):
            for part in mine:
                self._rates.count(f"{side} {part}")
                if part not in others:
                    self._rates.name(f"{side} {part}", contact)

    def _returned(self, journey: Journey) -> set[str]:
        """Whether a contact's first departure counts in the rate, and in which of its counts."""
        first = journey.episodes.get(1)
        if first is None:
            return set()
        if self.as_of - first.departed_at < self.within:
            return {IMMATURE}
        back = first.returned_at
        returned = back is not None and back - first.departed_at <= self.within
        return {DENOMINATOR, NUMERATOR} if returned else {DENOMINATOR}

    def _rate(self, side: str, confidence: float) -> RateChange:
        parts = (NUMERATOR, DENOMINATOR, IMMATURE)
        counted, observed, immature = (self._rates.of(f"{side} {part}") for part in parts)
        share = Proportion(numerator=counted, denominator=observed)
        early = Proportion(numerator=immature, denominator=observed + immature)
        names = self._rates.named(*(f"{side} {part}" for part in parts))
        return RateChange(
            funnel=side,
            rate=share.value,
            interval=share.interval(confidence),
            numerator=counted,
            denominator=observed,
            immature=early.value,
            immature_count=immature,
            names={part: names[f"{side} {part}"] for part in parts},
        )


def _facts(journey: Journey) -> set[str]:
    """What is true of a contact at the instant of the question."""
    if journey.presence is Presence.UNKNOWN:
        return set()
    facts = {f"reached {stage}" for stage in journey.funnel.stages[: journey.state[STAGE] + 1]}
    if journey.presence is Presence.DEPARTED:
        facts.add(AWAY)
    if journey.state[IS_APOSTLE]:
        facts.add(APOSTLES)
    return facts


def _has(funnel: Funnel, fact: str) -> bool:
    return fact in (AWAY, APOSTLES) or fact.removeprefix("reached ") in funnel.stages
