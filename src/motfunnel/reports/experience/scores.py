"""Scores of experiences: every event with a score, tallied by where it was and who it was with.

The database finds the events; of a tally nothing is kept but how often each score was given, and
by whom. Computes no rate.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from operator import attrgetter
from typing import Final

from attrs import define, field, frozen

from motfunnel.answers.cells import Kind
from motfunnel.domain.event import Event
from motfunnel.domain.experience import EXPERIENCED, Experience, experience_of
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.reports.facts.facts import Facts
from motfunnel.reports.measure.clock import Cohort
from motfunnel.statistics import Sample

SCORE: Final = Kind("number", lambda score: f"{score:.2f}")
GAP: Final = Kind("number", lambda gap: f"{gap:+.2f}")
_event_place: Final = attrgetter("occurred_at", "contact", "id")


@frozen(kw_only=True)
class Lived:
    """An experience, with whose it was and by which event.

    Attributes:
        contact: whose.
        event: the event.
        experience: what was experienced.
        stage: the highest stage that the contact had reached; the first before it opened.
    """

    contact: str
    event: Event
    experience: Experience
    stage: str


@define
class Tally:
    """How often each score, expectation and gap was given, and by whom.

    Attributes:
        scores: of all experiences.
        expected: of those with an expectation.
        gaps: likewise.
        names: the contacts of each verdict, and against each expectation.
    """

    scores: Counter[float] = field(factory=Counter)
    expected: Counter[float] = field(factory=Counter)
    gaps: Counter[float] = field(factory=Counter)
    names: defaultdict[str, list[str]] = field(factory=lambda: defaultdict(list))

    def add(self, lived: Lived) -> None:
        """Count one experience."""
        one = lived.experience
        self.scores[one.score] += 1
        self.names[one.verdict].append(lived.contact)
        if one.expected is not None and one.gap is not None:
            self.expected[one.expected] += 1
            self.gaps[one.gap] += 1
            self.names[one.against_expectation or ""].append(lived.contact)

    @property
    def experienced(self) -> Sample:
        """The scores as a sample."""
        return Sample.of(self.scores)

    def who(self, *parts: str) -> tuple[str, ...]:
        """The contacts of some verdicts, once for each experience."""
        return tuple(sorted(one for part in parts for one in self.names.get(part, ())))


def read_lived(
    source: Facts,
    period: Cohort,
    *,
    staged: bool = False,
    naming: str | None = EXPERIENCED,
) -> Iterator[Lived]:
    """Read all experiences of a period, in no order.

    Args:
        source: what can be read.
        period: of the events.
        staged: whether stages are asked for; otherwise each experience has the first.
        naming: the property that makes an event one with a score; None: only ratings are.
    """
    funnel = source.funnel
    for contact, event, stage in source.scored(period, staged=staged, naming=naming):
        reading = funnel.read_stored(event.name, event.properties)
        one = experience_of(event.name, event.properties, reading, funnel.touchpoints)
        if one is not None:
            yield Lived(contact=contact, event=event, experience=one, stage=stage)


def in_map_order(names: set[str], funnel: Funnel) -> list[str]:
    """Sort touchpoints: those of the journey map as it has them, then the others by name."""
    return [*(n for n in funnel.touchpoints if n in names), *sorted(names - {*funnel.touchpoints})]


def promise_of(touchpoint: str, funnel: Funnel) -> str | None:
    """What the journey map promises at a touchpoint; None where it promises nothing."""
    known = funnel.touchpoints.get(touchpoint)
    return None if known is None else known.promise or None


def badness(lived: Lived) -> tuple[object, ...]:
    """The place of an experience among the worst: by its score, then by how far it fell short."""
    gap = lived.experience.gap
    return lived.experience.score, 0.0 if gap is None else gap, *_event_place(lived.event)
