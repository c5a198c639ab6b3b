"""A simulation: what would be different, had another funnel read the same events.

Never writes, and holds one contact at a time: adds up the differences contact by contact, with the
names of those who differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import ClassVar, Final

from attrs import Factory, define, field, frozen

from motfunnel.answers.answer import Answer, Draw, Row, Table, columns_of
from motfunnel.answers.cells import (
    COUNT,
    DURATION,
    NAMED,
    OURS,
    ROWS,
    SHARE,
    TEXT,
    WINDOW,
    between,
    cell,
    days,
)
from motfunnel.charts.bars import Part, stacked
from motfunnel.charts.scene import EMPTY, Picture
from motfunnel.charts.style import AMBER, ORANGE, PALE, SKY
from motfunnel.domain.funnel.file import Preset
from motfunnel.domain.funnel.funnel import Funnel, read_funnel
from motfunnel.domain.instant import Duration, format_duration, to_micros
from motfunnel.domain.journey import Journey
from motfunnel.domain.machine import IS_APOSTLE, STAGE
from motfunnel.domain.moment import MomentKind, Presence
from motfunnel.errors import QuestionError
from motfunnel.reports.decisions.rhythms import Said
from motfunnel.reports.decisions.two_walks import (
    GAINED,
    LOST,
    MOVED,
    SAME,
    Walk,
    compare_walks,
    walk_keyed,
)
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, read_window
from motfunnel.statistics import Interval, Proportion
from motfunnel.text import counted
from motfunnel.tracking.recording.fold import read_in_order

DEFINITION: Final = (
    "the same events, read by the funnel in use and by another. A moment is the same if it is "
    "there at the same instant; it moved if what it comes of (the opening, the stage reached, the "
    "last touch before a departure, else the event) made it at another; it is gained or lost if "
    "only the other funnel makes it, or only the one in use"
)
PAIRED: Final = (
    "both columns are of the same contacts: no sampling error lies between them, and the intervals "
    "are not to be compared with each other"
)
IN_USE: Final = "in use"
OTHER: Final = "other"
AWAY: Final = "are away"
APOSTLES: Final = "are apostles"
NUMERATOR: Final = "numerator"
DENOMINATOR: Final = "denominator"
IMMATURE: Final = "immature"
QUARTER: Final = timedelta(days=90)


@frozen(kw_only=True)
class MomentChange(Row):
    """What becomes of the moments of one kind.

    Behind ``moved``, ``gained`` and ``lost`` stand names, a contact's once for each moment.

    Attributes:
        moment: the kind.
        before: how many the funnel in use makes.
        after: how many the other would.
        same: at the same instant by both.
        moved: by both, at different instants.
        gained: only by the other.
        lost: only by the one in use.
    """

    moment: str = field(metadata=cell(OURS, NAMED))
    before: int = field(metadata=cell(COUNT, NAMED))
    after: int = field(metadata=cell(COUNT, NAMED))
    same: int = field(metadata=cell(COUNT, NAMED))
    moved: int = field(metadata=cell(COUNT, NAMED))
    gained: int = field(metadata=cell(COUNT, NAMED))
    lost: int = field(metadata=cell(COUNT, NAMED))


@frozen(kw_only=True)
class ContactChange(Row):
    """How many contacts something is true of; behind ``gained`` and ``lost`` stand names.

    Attributes:
        what: what is true of them, such as ``reached lead``.
        before: of how many by the funnel in use; None where it has no such stage.
        after: of how many by the other; None where it has no such stage.
        gained: of whom only by the other.
        lost: of whom only by the one in use.
    """

    caption: ClassVar[str] = "Contacts"

    what: str = field(metadata=cell(OURS, "{contacts} that"))
    before: int | None = field(metadata=cell(COUNT, NAMED))
    after: int | None = field(metadata=cell(COUNT, NAMED))
    gained: int = field(metadata=cell(COUNT, NAMED))
    lost: int = field(metadata=cell(COUNT, NAMED))


@frozen(kw_only=True)
class RateChange(Row):
    """Recidivism within the window, contact-based, by one of the funnels.

    Behind ``numerator``, ``denominator`` and ``immature`` stand names: those who are counted by
    this funnel, and not by the other.

    Attributes:
        funnel: ``in use`` or ``other``.
        rate: the share of first departures, observed for the window, that returned within it;
            None where there are none.
        interval: Wilson's.
        numerator: those that returned.
        denominator: those observed for the window.
        immature: the share of first departures not observed for it; None where there are none.
        immature_count: how many these are.
    """

    funnel: str = field(metadata=cell(TEXT, NAMED))
    rate: float | None = field(metadata=cell(SHARE, NAMED))
    interval: Interval | None = field(metadata=cell(between(SHARE), NAMED))
    numerator: int = field(metadata=cell(COUNT, NAMED))
    denominator: int = field(metadata=cell(COUNT, NAMED))
    immature: float | None = field(metadata=cell(SHARE, NAMED))
    immature_count: int = field(metadata=cell(COUNT))


@frozen(kw_only=True)
class SilenceChange(Row):
    """The departures by silence that one of the funnels makes, as of the instant of the question.

    Behind ``numerator`` and ``denominator`` stand names, a contact's once for each departure.

    Attributes:
        funnel: ``in use`` or ``other``.
        departures: how many there are.
        share: of those observed for the window, the share whose contact returned within it.
        interval: around it; Wilson's, or clustered by contact where contacts repeat.
        numerator: those that returned.
        denominator: those observed for the window.
        known_after: half of the departures were known after so long a silence, or sooner.
    """

    caption: ClassVar[str] = (
        "Departures by silence, and who returned within the window; after: half of the departures "
        "were known after so long a silence, or sooner"
    )

    funnel: str = field(metadata=cell(TEXT, NAMED))
    departures: int = field(metadata=cell(COUNT, NAMED))
    share: float | None = field(metadata=cell(SHARE, NAMED))
    interval: Interval | None = field(metadata=cell(between(SHARE), NAMED))
    numerator: int = field(metadata=cell(COUNT, NAMED))
    denominator: int = field(metadata=cell(COUNT, NAMED))
    known_after: timedelta | None = field(metadata=cell(DURATION, NAMED))


def silences_picture(answer: Simulation) -> Picture:
    """Draw what became of the departures by silence of either funnel."""
    rows = [row for row in answer.silences if row.departures]
    if not rows:
        return EMPTY
    parts = [
        Part("returned in the window", AMBER, [row.numerator for row in rows]),
        Part("did not", SKY, [row.denominator - row.numerator for row in rows]),
        Part("not observed for it", PALE, [row.departures - row.denominator for row in rows]),
    ]
    said = [f"{row.funnel} (half known after {days(row.known_after)})" for row in rows]
    n = sum(row.departures for row in rows)
    return stacked(said, parts, f"n = {n:,} departures by silence")


def picture(answer: Simulation) -> Picture:
    """Draw what becomes of the moments of each kind."""
    rows = answer.rows
    parts = [
        Part(name, colour, [getattr(row, name) for row in rows])
        for name, colour in (("same", PALE), ("moved", AMBER), ("gained", SKY), ("lost", ORANGE))
    ]
    n = [row.same + row.moved + row.gained + row.lost for row in rows]
    said = [f"{row.moment} (n = {one:,})" for row, one in zip(rows, n, strict=True)]
    return stacked(said, parts, f"n = {sum(n):,} moments of {answer.folded:,} contacts")


@frozen(kw_only=True, repr=False)
class Simulation(Answer[MomentChange]):
    """What another funnel would make of the same events: a row for each kind of moment.

    Attributes:
        other_funnel: the fingerprint of the other.
        within: the window of the return rate.
        folded: how many contacts were folded.
        changed: how many of them would have other moments.
        contacts: what is true of how many contacts: the stages reached, and where they stand.
        silences: the departures by silence of either, and how soon they are known.
        recidivism: the return rate by either.
    """

    row_class: ClassVar[type[Row]] = MomentChange
    _pictures: ClassVar[Mapping[str, Draw]] = {"changes": picture, "silences": silences_picture}

    unnamed: ClassVar[Mapping[str, str]] = {
        part: "these are nearly all moments of the history; who differs stands behind the others"
        for part in ("before", "after", "same")
    } | {
        part: "in Python, members(row) names them, of a row of silences or of recidivism"
        for part in ("departures", "numerator", "denominator")
    }

    other_funnel: str = field(metadata=cell(TEXT))
    within: timedelta = field(metadata=cell(WINDOW))
    folded: int = field(metadata=cell(COUNT))
    changed: int = field(metadata=cell(COUNT))
    contacts: tuple[ContactChange, ...] = field(metadata=cell(ROWS))
    silences: tuple[SilenceChange, ...] = field(metadata=cell(ROWS))
    recidivism: tuple[RateChange, ...] = field(metadata=cell(ROWS))

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        return f"Simulation: {self.changed:,} of {self.folded:,} contacts would have other moments"

    def members(self, row: Row | None = None, part: str | None = None) -> list[str]:
        """Name who was counted in a cell of a row of any of the tables."""
        if row is None:
            raise QuestionError("this answer has several tables; say which row")
        return super().members(row, part)  # type: ignore[arg-type]  # all have names

    def tables(self) -> Iterator[Table]:
        """What is printed below the definition: moments, contacts, and the return rate."""
        yield from super().tables()
        yield self.table(ContactChange.caption, columns_of(ContactChange), self.contacts)
        yield self.table(SilenceChange.caption, columns_of(SilenceChange), self.silences)
        window = format_duration(self.within)
        caption = f"Recidivism within {window}, contact-based; {PAIRED}"
        yield self.table(caption, columns_of(RateChange), self.recidivism)


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
        folded: how many contacts were added.
        changed: how many of them have a moment that differs.
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
    _said: tuple[Said, Said] = field(factory=lambda: (Said(), Said()), init=False)

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
        for walk, said in zip((before, after), self._said, strict=True):
            self._add_silences(walk, said)

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

    def silences(self, confidence: float) -> tuple[SilenceChange, ...]:
        """The departures by silence of either funnel."""
        return tuple(
            SilenceChange(
                funnel=side,
                departures=len(said.waits),
                share=said.share.value,
                interval=said.share.interval(confidence),
                numerator=said.share.numerator,
                denominator=said.share.denominator,
                known_after=said.known_after,
                names={NUMERATOR: tuple(sorted(said.came)), DENOMINATOR: tuple(sorted(said.of))},
            )
            for side, said in zip((IN_USE, OTHER), self._said, strict=True)
        )

    def _add_silences(self, walk: Walk, said: Said) -> None:
        """Add the departures by silence of one contact."""
        came = of = 0
        for (_, touched), moment in walk.moments.items():
            if not moment.is_silent or not isinstance(touched, int):
                continue
            said.waits.append(to_micros(moment.occurred_at) - touched)
            if self.as_of - moment.occurred_at >= self.within:
                back = walk.journey.episodes[moment.episode or 0].returned_at
                of += 1
                came += back is not None and back - moment.occurred_at <= self.within
        said.share.add(came, of)
        said.came += [walk.journey.contact] * came
        said.of += [walk.journey.contact] * of

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


def simulate(
    inquiry: Inquiry,
    other_funnel: Funnel | Preset,
    *,
    within: Duration = QUARTER,
    confidence: float = CONFIDENCE,
) -> Simulation:
    """What would change, had another funnel read the same events; changes nothing.

    Walks each contact's events through both, and holds the names of those who differ. Of each
    kind of moment: how many are the same, moved, gained or lost; of each stage, how many would
    have reached it; by both, departures by silence and recidivism. An empty denominator gives None.

    Args:
        other_funnel: the other one, or the name of a preset.
        within: the window of the return rate; its edge belongs to it.
        confidence: of the intervals.
    """
    other = read_funnel(other_funnel)
    if other is None:
        raise QuestionError("a simulation needs another Funnel, and was given None")
    window = read_window(within)
    erased, _ = inquiry.erased()
    found = Differences(inquiry.funnel, other, inquiry.as_of, window)
    _walk(inquiry, found)
    left_out = f"without {counted(len(erased), 'contact')} erased, of whom only counts are left"
    return Simulation(
        name="simulation",
        definition=DEFINITION,
        rows=found.moments(),
        notes=(left_out,) if erased else (),
        other_funnel=other.fingerprint,
        within=window,
        folded=found.folded,
        changed=found.changed,
        contacts=found.contacts(),
        silences=found.silences(confidence),
        recidivism=found.recidivism(confidence),
        **inquiry.header(confidence),
    )


def _walk(inquiry: Inquiry, found: Differences) -> None:
    """Walk each contact through both funnels; of whom only counts are left, nobody can."""
    until = to_micros(inquiry.as_of)
    with inquiry.reading() as source:
        for contact, events in source.unread():
            before, after = (
                walk_keyed(contact, funnel, read_in_order(events, funnel), until)
                for funnel in (found.funnel, found.other)
            )
            found.add(before, after)
