"""Scores of experiences: every event with a score, tallied by where it was and who it was with.

The database finds the events; of a tally nothing is kept but how often each score was given, and
by whom. Computes no rate.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from operator import attrgetter
from typing import Final

from attrs import define, evolve, field, frozen

from motfunnel.answers.cells import Kind
from motfunnel.domain.event import Event
from motfunnel.domain.experience import EXPERIENCED, Experience, experience_of
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.moment import Moment, MomentKind
from motfunnel.reports.facts.known import Known, said_of
from motfunnel.reports.facts.stored import Stored
from motfunnel.reports.measure.clock import Cohort, lies_in
from motfunnel.statistics import Sample
from motfunnel.store.queries.events import read_scored
from motfunnel.store.queries.groups import read_trait
from motfunnel.store.queries.moments import read_stories

SCORE: Final = Kind("number", lambda score: f"{score:.2f}")
GAP: Final = Kind("number", lambda gap: f"{gap:+.2f}")
_REACHING: Final = (MomentKind.OPENING, MomentKind.CONVERSION)
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
    source: Stored | Known,
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
    if isinstance(source, Known):
        for one in source.histories():
            stages = Stages(one.journey.moments if staged else ())
            for event in one.events:
                if lies_in(period, event.occurred_at):
                    yield from _lived(one.contact, event, one.journey.funnel, stages)
        extent = evolve(source.stored.extent, erased_only=True)
        source = evolve(source.stored, extent=extent)
    reached: dict[str, Stages] = {}
    if staged:
        stories = read_stories(source.extent, _REACHING)
        reached = {contact: Stages(moments) for contact, moments in stories}
    nowhere = Stages(())
    for contact, event in read_scored(source.extent, period, naming=naming):
        yield from _lived(contact, event, source.funnel, reached.get(contact, nowhere))


def read_traits(source: Stored | Known, name: str) -> dict[str, list[tuple[datetime, str]]]:
    """Read what was said of a trait, of each contact in order."""
    stored = source.stored if isinstance(source, Known) else source
    said: defaultdict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for contact, one in read_trait(stored.extent, name):
        said[contact].append(one)
    if isinstance(source, Known):  # of who was erased all that is left is stored
        for history in source.histories():
            said[history.contact] = said_of(name, history.events)
    return said


class Stages:
    """The stages of a contact: which it had reached at an instant.

    An event that reaches a stage is of that stage already.
    """

    def __init__(self, moments: tuple[Moment, ...] | list[Moment]) -> None:
        reaching = [one for one in moments if one.kind is MomentKind.CONVERSION]
        self._reached = [(one.occurred_at, one.to_stage or "") for one in reaching]

    def at(self, instant: datetime, funnel: Funnel) -> str:
        """The highest stage reached by an instant."""
        place = bisect_right(self._reached, instant, key=lambda one: one[0])
        return self._reached[place - 1][1] if place else funnel.stages[0]


def _lived(contact: str, event: Event, funnel: Funnel, stages: Stages) -> Iterator[Lived]:
    reading = funnel.read_stored(event.name, event.properties)
    one = experience_of(event.name, event.properties, reading, funnel.touchpoints)
    if one is not None:
        stage = stages.at(event.occurred_at, funnel)
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
