"""Scores of experiences: every event with a score, tallied by where it was and who it was with.

The database finds the events; each is the number of what it says, and of a tally nothing is kept
but how often each score was given, and by whom. Computes no rate.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from attrs import define, field

from motfunnel.answers.cells import Kind
from motfunnel.answers.members import Members
from motfunnel.domain.columns import Column, column
from motfunnel.domain.experience import Experience, experience_of
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.reports.facts.relations import Scored
from motfunnel.reports.measure.grouping import Grouping
from motfunnel.statistics import Sample

SCORE: Final = Kind("number", lambda score: f"{score:z,.2f}")
GAP: Final = Kind("number", lambda gap: f"{gap:+z,.2f}")
NOTHING: Final = -1
"""What an event says that carries no experience."""


class Meanings:
    """What events say, by number: the experience, and the values by which it is grouped.

    Args:
        funnel: the definition in use.
        groupings: those of the event.

    Attributes:
        known: the experience and the values of each number.
    """

    def __init__(self, funnel: Funnel, groupings: Collection[Grouping] = ()) -> None:
        self.known: list[tuple[Experience, tuple[str | None, ...]]] = []
        self._funnel = funnel
        self._groupings = groupings
        self._numbers: dict[object, int] = {}

    def read(self, event: str, properties: Mapping[str, Any]) -> int:
        """The number of what an event says; ``NOTHING`` where it carries no experience."""
        reading = self._funnel.read_stored(event, properties)
        funnel = self._funnel
        one = experience_of(event, properties, reading, funnel.touchpoints, funnel.scale)
        if one is None:
            return NOTHING
        said = one, tuple(by.of_event(event, properties) for by in self._groupings)
        if said not in self._numbers:
            self._numbers[said] = len(self.known)
            self.known.append(said)
        return self._numbers[said]


@define
class Tally:
    """How often each score, expectation and gap was given, and by whom.

    Attributes:
        people: the names of the numbers of contacts.
        scores: of all experiences.
        expected: of those with an expectation.
        gaps: likewise.
        contacts: those of each verdict, and against each expectation.
    """

    people: Sequence[str] = ()
    scores: Counter[float] = field(factory=Counter)
    expected: Counter[float] = field(factory=Counter)
    gaps: Counter[float] = field(factory=Counter)
    contacts: defaultdict[str, Column] = field(factory=lambda: defaultdict(column))

    def add(self, one: Experience, contacts: Column) -> None:
        """Count one experience of each of some contacts."""
        self.scores[one.score] += len(contacts)
        self.contacts[one.verdict].extend(contacts)
        if one.expected is not None and one.gap is not None:
            self.expected[one.expected] += len(contacts)
            self.gaps[one.gap] += len(contacts)
            self.contacts[one.against_expectation or ""].extend(contacts)

    @property
    def experienced(self) -> Sample:
        """The scores as a sample."""
        return Sample.of(self.scores)

    def of(self, *parts: str) -> Column:
        """The contacts of some verdicts, once for each experience."""
        return sum((self.contacts[part] for part in parts), column())

    def who(self, *parts: str) -> Members:
        """Their names."""
        return Members(self.people, self.of(*parts))


class Worst:
    """The worst experiences: by their scores, then by how far they fell short, then the earliest.

    Args:
        most: how many are kept.
        meanings: what events say.

    Attributes:
        rows: the badness of each, when it was, its key and its id, whose it is, what the event is
            called, and what it says; the worst first.
    """

    def __init__(self, most: int, meanings: Meanings) -> None:
        self.rows: list[tuple[tuple[float, float], int, str, str, int, str, int]] = []
        self._most = most
        self._meanings = meanings

    def add(self, scored: Scored) -> None:
        """Look through some events."""
        if not self._most:
            return
        bad = [(one.score, one.gap or 0.0) for one, _ in self._meanings.known]
        full = len(self.rows) == self._most
        rows = self.rows + [
            (bad[said], at, key, event_id, contact, name, said)
            for said, at, contact, (key, name, event_id) in zip(
                scored.said, scored.at, scored.contacts, scored.events, strict=True
            )
            if said != NOTHING and not (full and bad[said] > self.rows[-1][0])
        ]
        self.rows = heapq.nsmallest(self._most, rows)


def in_map_order(names: set[str], funnel: Funnel) -> list[str]:
    """Sort touchpoints: those of the journey map as it has them, then the others by name."""
    return [*(n for n in funnel.touchpoints if n in names), *sorted(names - {*funnel.touchpoints})]


def promise_of(touchpoint: str, funnel: Funnel) -> str | None:
    """What the journey map promises at a touchpoint; None where it promises nothing."""
    known = funnel.touchpoints.get(touchpoint)
    return None if known is None else known.promise or None
