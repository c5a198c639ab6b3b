"""The older lenses: what each shows, so many events and contacts in each class of a model.

The lens that ends with the ultimate moment also shows the loop that it closes: whose zero moments
and openings it made. The database counts what is stored; what was known at an earlier time is
walked contact by contact, by the same rules. Decides no class: ``domain.lens`` does.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from typing import Any, ClassVar, Final

from attrs import define, field, frozen

from motfunnel.answers.answer import Answer, Draw, Row, Table, columns_of
from motfunnel.answers.cells import (
    COHORT,
    COUNT,
    FLAG,
    INSTANT,
    KEY,
    NAMED,
    NUMBER,
    OURS,
    ROWS,
    TEXT,
    between,
    cell,
    headed,
    nested,
)
from motfunnel.answers.members import Members
from motfunnel.charts.bars import Part, stacked
from motfunnel.charts.labels import fewer
from motfunnel.charts.scene import Picture
from motfunnel.charts.style import BLUE
from motfunnel.domain.columns import NEVER, Column, column
from motfunnel.domain.experience import experience_of
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import from_micros
from motfunnel.domain.lens import (
    CARLZON,
    EIGHT,
    LENSES,
    ULTIMATE,
    UNCLASSED,
    ZERO,
    ZERO_TO_ULTIMATE,
    Lens,
    class_of,
)
from motfunnel.domain.signal import Signal
from motfunnel.errors import QuestionError
from motfunnel.reports.facts.facts import Facts
from motfunnel.reports.facts.relations import NOBODY, Referrals
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, read_cohort
from motfunnel.reports.measure.clock import Cohort, bounds_of, in_period
from motfunnel.reports.progress.referrals import opened_of
from motfunnel.reports.remarks import (
    NO_SCORES,
    names_gone,
    no_scores,
    promoters_gone,
    scores_gone,
)
from motfunnel.statistics import Interval, Ratio
from motfunnel.store.queries.happenings import Wanted
from motfunnel.store.queries.phases import Phased, told_of
from motfunnel.text import counted

_MOST: Final = 30
"""So many classes are drawn."""


@frozen(kw_only=True)
class LensRow(Row):
    """One class of a lens.

    Names stand behind ``contacts``.

    Attributes:
        touchpoint: where, of the lens that tells touchpoints apart; None of the others.
        of_class: the class.
        events: how many events belong to it; of the eight moments, how many moments.
        contacts: how many contacts these are of.
    """

    touchpoint: str | None = field(default=None, metadata=cell(TEXT))
    of_class: str = field(metadata=cell(OURS, NAMED))
    events: int = field(metadata=cell(COUNT, "{unit}"))
    contacts: int = field(metadata=cell(COUNT, NAMED))


def picture(answer: LensAnswer) -> Picture:
    """Draw the events of each class; by touchpoint where the lens tells them apart."""
    rows = answer.rows[:_MOST]
    said = [
        row.of_class if row.touchpoint is None else f"{row.touchpoint}: {row.of_class}"
        for row in rows
    ]
    events, unit = sum(row.events for row in answer.rows), LENSES[answer.lens].unit
    part = Part(unit, BLUE, [row.events for row in rows])
    counted = f"n = {events:,} {unit}{fewer(len(rows), len(answer.rows))}"
    return stacked(said, [part], counted, whole=False)


@frozen(kw_only=True, repr=False)
class LensAnswer(Answer[LensRow]):
    """A contact's events through one of the older models, a row for each class.

    Attributes:
        lens: which.
        period: of the events; half-open, None: no bound.
    """

    row_class: ClassVar[type[Row]] = LensRow
    _pictures: ClassVar[Mapping[str, Draw]] = {"events": picture}

    unnamed: ClassVar[Mapping[str, str]] = {
        "count": "it is what the moments of all made for others; referrals names who was credited"
    }

    lens: str = field(metadata=cell(TEXT))
    period: tuple[datetime | None, datetime | None] = field(metadata=cell(COHORT))

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        return LENSES[self.lens].title + in_period(self.period)

    def words(self) -> dict[str, str]:
        """What stands in headings for what is asked differently each time."""
        return super().words() | {"unit": LENSES[self.lens].unit}

    def tables(self) -> Iterator[Table]:
        """The classes; with the touchpoints before them, where there are any."""
        if not self.rows:
            return
        shown = columns_of(LensRow)
        if any(row.touchpoint is not None for row in self.rows):
            shown = [*headed(("touchpoint", TEXT)), *shown]
        yield self.table(None, shown, self.rows)


@frozen(kw_only=True)
class Link:
    """A referral, followed to the contact whom it named.

    Attributes:
        contact: who referred.
        occurred_at: when.
        event_id: by which event.
        referred: whom.
        zero_moment: whether it was a zero moment of that contact: no later than its opening.
        researched: how often the referred did research of its own from then up to its opening.
        opened_at: when the referred opened; None where it has not.
        credited: whether the opening is credited to this referral: the latest no later than it.
    """

    contact: str = field(metadata=cell(KEY, NAMED))
    occurred_at: datetime = field(metadata=cell(INSTANT))
    event_id: str | None = field(metadata=cell(KEY))
    referred: str = field(metadata=cell(KEY, NAMED))
    zero_moment: bool = field(metadata=cell(FLAG, NAMED))
    researched: int = field(metadata=cell(COUNT, NAMED))
    opened_at: datetime | None = field(metadata=cell(INSTANT))
    credited: bool = field(metadata=cell(FLAG, NAMED))


@frozen(kw_only=True)
class Loop:
    """What the ultimate moments of some made for others.

    Attributes:
        ultimate_moments: how many there were in the period.
        referrals: those of them that named another contact.
        zero_moments: zero moments that these made: the referred had not opened before.
        zero_moments_each: for each ultimate moment; None where there was none.
        zero_moments_interval: around that, by what each contact made; None where undefined.
        openings: openings credited to these referrals.
        openings_each: for each ultimate moment; None where there was none.
        openings_interval: around that.
    """

    ultimate_moments: int = field(metadata=cell(COUNT))
    referrals: int = field(metadata=cell(COUNT))
    zero_moments: int = field(metadata=cell(COUNT))
    zero_moments_each: float | None = field(metadata=cell(NUMBER))
    zero_moments_interval: Interval | None = field(metadata=cell(between(NUMBER)))
    openings: int = field(metadata=cell(COUNT))
    openings_each: float | None = field(metadata=cell(NUMBER))
    openings_interval: Interval | None = field(metadata=cell(between(NUMBER)))


@frozen(kw_only=True)
class Made:
    """One line of the loop as it is printed: what was made, and how many for each moment."""

    what: str = field(metadata=cell(OURS, "made by them"))
    count: int = field(metadata=cell(COUNT, NAMED))
    each: float | None = field(metadata=cell(NUMBER, NAMED))
    interval: Interval | None = field(metadata=cell(between(NUMBER), NAMED))


@frozen(kw_only=True, repr=False)
class UltimateLens(LensAnswer):
    """The lens from the zero moment to the ultimate one, with the loop between them.

    Attributes:
        loop: what the ultimate moments of the period made.
        links: each of the period's referrals that named another contact, in order of time.
    """

    loop: Loop = field(metadata=cell(nested(Loop)))
    links: tuple[Link, ...] = field(repr=False, metadata=cell(ROWS))

    def tables(self) -> Iterator[Table]:
        """The classes, and then the loop."""
        yield from super().tables()
        loop = self.loop
        caption = (
            f"The loop: of {loop.ultimate_moments:,} ultimate moments {loop.referrals:,} named "
            "another contact; an opening is credited to the latest referral no later than it"
        )
        made = [
            Made(
                what="zero moments",
                count=loop.zero_moments,
                each=loop.zero_moments_each,
                interval=loop.zero_moments_interval,
            ),
            Made(
                what="openings",
                count=loop.openings,
                each=loop.openings_each,
                interval=loop.openings_interval,
            ),
        ]
        yield self.table(caption, columns_of(Made), made)


_CLASSED = frozenset(Signal) - UNCLASSED


@define
class LensFacts:
    """What is gathered for one lens.

    Attributes:
        lens: which.
        period: of the events.
        people: the names of the numbers of contacts.
        counted: by touchpoint (None where the lens tells none apart) and class the contacts, once
            for each event.
        scored_aside: how many events have a score and belong to no class, by their signal.
        referrals: who referred whom, where the lens follows that.
        opened: when those opened who were referred.
        researched: when they did research.
        erased: who was erased with counts kept.
        unread: how many of their ratings are counted without what they said.
    """

    lens: Lens
    period: Cohort
    people: Sequence[str] = ()
    erased: Collection[str] = ()
    unread: int = 0
    counted: defaultdict[tuple[str | None, str], Column] = field(
        factory=lambda: defaultdict(column)
    )
    scored_aside: Counter[Signal] = field(factory=Counter)
    referrals: Referrals | None = None
    opened: Mapping[int, int] = field(factory=dict)
    researched: Mapping[int, Sequence[int]] = field(factory=dict)

    @property
    def zero_moments(self) -> Iterator[tuple[int, int, int]]:
        """The referrals that name another contact, and no later than that contact opened.

        Of each its place, whom it named, and when it was made.
        """
        found = self.referrals
        for place in range(0 if found is None else len(found)):
            if found is not None and found.names_another(place):
                whom, at = found.referred[place], found.at[place]
                if at <= self.opened.get(whom, NEVER):
                    yield place, whom, at


def gather(source: Facts, facts: LensFacts) -> None:
    """Gather all that a lens shows."""
    facts.people = source.names.people.texts
    if facts.lens is EIGHT:
        for contact, kind, count in zip(*source.kinds(facts.period), strict=True):
            facts.counted[None, EIGHT.classes[kind]].extend(repeat(contact, count))
    elif facts.lens is CARLZON:
        meanings = Classed(source.funnel)
        for scored in source.scored(facts.period, meanings.read):
            for whom, said in zip(scored.contacts, scored.said, strict=True):
                meanings.add(facts, whom, said)
    else:
        is_followed = facts.lens is ZERO_TO_ULTIMATE
        for phased in source.phased(_CLASSED, facts.period, promoters=is_followed):
            _add_phased(facts, phased, is_followed=is_followed)
        if is_followed:
            _follow(source, facts)


def _add_phased(facts: LensFacts, phased: Phased, *, is_followed: bool) -> None:
    kinds = {kind: told_of(kind) for kind in {*phased.kinds}}
    classes = {
        kind: class_of(facts.lens, signal, phase, promoter=promoter)
        for kind, (signal, phase, promoter) in kinds.items()
    }
    into = {kind: facts.counted[None, one] for kind, one in classes.items() if one is not None}
    for contact, kind in zip(*phased, strict=True):
        if kind in into:
            into[kind].append(contact)
    if is_followed and facts.erased:
        facts.unread += sum(
            kinds[kind][0] is Signal.RATING and facts.people[contact] in facts.erased
            for contact, kind in zip(*phased, strict=True)
        )


def _follow(source: Facts, facts: LensFacts) -> None:
    """Read who referred whom, and what those did; being referred is a zero moment."""
    facts.referrals = source.referrals()
    whom = {*facts.referrals.referred}
    facts.opened = opened_of(source, whom)
    found = source.happenings(Wanted(reads={Signal.RESEARCH: None}))
    researched: defaultdict[int, list[int]] = defaultdict(list)
    for contact, at in zip(found.contacts, found.at, strict=True):
        if contact in whom:
            researched[contact].append(at)
    facts.researched = researched
    low, high = bounds_of(facts.period)
    for _, contact, at in facts.zero_moments:
        if low <= at < high:
            facts.counted[None, ZERO].append(contact)


class Classed:
    """What events with a score say to Carlzon's lens, by number.

    Args:
        funnel: the definition in use.
    """

    def __init__(self, funnel: Funnel) -> None:
        self._known: list[tuple[Signal, str, str] | None] = [None]
        self._numbers: dict[object, int] = {None: 0}
        self._funnel = funnel

    def read(self, event: str, properties: Mapping[str, Any]) -> int:
        """The number of its signal, its touchpoint and its verdict; 0 where it has no score."""
        reading = self._funnel.read_stored(event, properties)
        one = experience_of(
            event, properties, reading, self._funnel.touchpoints, self._funnel.scale
        )
        said = None if one is None else (reading.signal, one.touchpoint, one.verdict)
        if said not in self._numbers:
            self._numbers[said] = len(self._known)
            self._known.append(said)
        return self._numbers[said]

    def add(self, facts: LensFacts, contact: int, said: int) -> None:
        """Count what an event of a contact says."""
        what = self._known[said]
        if what is None:
            return
        signal, touchpoint, verdict = what
        if signal in UNCLASSED:
            facts.scored_aside[signal] += 1
        else:
            facts.counted[touchpoint, verdict].append(contact)


def _notes(facts: LensFacts) -> tuple[str, ...]:
    """That nothing has a score, or how many events with one are of no class."""
    if facts.scored_aside:
        of = ", ".join(f"{signal.label} {n:,}" for signal, n in sorted(facts.scored_aside.items()))
        many = counted(facts.scored_aside.total(), "event")
        told = f"{many} with a score that belong to no class ({of})"
        return (f"left out: {told}; touchpoints counts them",)
    erased = len(facts.erased)
    if facts.lens is CARLZON:
        notes = (None if facts.counted else NO_SCORES, scores_gone(erased))
    else:
        unnamed = _unnamed(facts)
        notes = (promoters_gone(erased, facts.unread), names_gone(erased, unnamed))
    return tuple(note for note in notes if note is not None)


def _unnamed(facts: LensFacts) -> int:
    """How many referrals of the period name nobody, of those who were erased."""
    found, (low, high) = facts.referrals, bounds_of(facts.period)
    if found is None:
        return 0
    each = zip(found.contacts, found.referred, found.at, strict=True)
    return sum(
        whom == NOBODY and low <= at < high and facts.people[who] in facts.erased
        for who, whom, at in each
    )


def _rows(facts: LensFacts) -> Iterator[LensRow]:
    """A row for each class, of each touchpoint where they are told apart."""
    places: list[str | None] = [None]
    if facts.lens is CARLZON:
        places = [*sorted({touchpoint or "" for touchpoint, _ in facts.counted})]
    for touchpoint in places:
        for of_class in facts.lens.classes:
            each = facts.counted.get((touchpoint, of_class), column())
            who = Members(facts.people, {*each})
            yield LensRow(
                touchpoint=touchpoint,
                of_class=of_class,
                events=len(each),
                contacts=len(who),
                names={"contacts": who, "events": Members(facts.people, each)},
            )


def _links(facts: LensFacts) -> tuple[Link, ...]:
    """Follow each referral of the period to the contact that it named."""
    found, people, (low, high) = facts.referrals, facts.people, bounds_of(facts.period)
    if found is None:
        return ()
    ranks = {place: found.rank(place, people) for place in range(len(found))}
    zero, latest = set[int](), dict[int, int]()
    for place, whom, _ in facts.zero_moments:
        zero.add(place)
        if whom in facts.opened:
            latest[whom] = max(latest.get(whom, place), place, key=ranks.__getitem__)
    followed = [
        place
        for place, at in enumerate(found.at)
        if found.names_another(place) and low <= at < high
    ]
    credited = {*latest.values()}
    return tuple(
        _link(found, place, facts, is_zero=place in zero, is_credited=place in credited)
        for place in sorted(followed, key=ranks.__getitem__)
    )


def _link(
    found: Referrals, place: int, facts: LensFacts, *, is_zero: bool, is_credited: bool
) -> Link:
    whom, at = found.referred[place], found.at[place]
    opened_at = facts.opened.get(whom)
    until = NEVER if opened_at is None else opened_at
    own = sum(at <= one <= until for one in facts.researched.get(whom, ()))
    return Link(
        contact=facts.people[found.contacts[place]],
        occurred_at=from_micros(at),
        event_id=found.texts[found.ids[place]],
        referred=facts.people[whom],
        zero_moment=is_zero,
        researched=own if is_zero else 0,
        opened_at=None if opened_at is None else from_micros(opened_at),
        credited=is_credited,
    )


def _loop(facts: LensFacts, links: tuple[Link, ...], confidence: float) -> Loop:
    told = Counter(facts.counted.get((None, ULTIMATE), ()))
    zero = Counter(link.contact for link in links if link.zero_moment)
    opened = Counter(link.contact for link in links if link.credited)
    zero_each = Ratio.of((zero[facts.people[who]], n) for who, n in told.items())
    opened_each = Ratio.of((opened[facts.people[who]], n) for who, n in told.items())
    return Loop(
        ultimate_moments=told.total(),
        referrals=len(links),
        zero_moments=zero_each.numerator,
        zero_moments_each=zero_each.value,
        zero_moments_interval=zero_each.interval(confidence),
        openings=opened_each.numerator,
        openings_each=opened_each.value,
        openings_interval=opened_each.interval(confidence),
    )


def lens(
    inquiry: Inquiry, name: str, *, period: Bounds | None = None, confidence: float = CONFIDENCE
) -> LensAnswer:
    """How many events and contacts belong to each class of an older model.

    The lenses are ``carlzon`` (any experience, good, bad or in between, per touchpoint),
    ``lafley`` (first, second and third moment), ``ultimate`` (zero, first, second and ultimate
    moment, with the loop from the last to the zero moments and openings that it made) and
    ``eight`` (the moments of the journey). Events of the business and notes belong to no class.

    Args:
        name: which lens.
        period: events from the first instant on, before the second; None leaves an end open.
        confidence: of the intervals in the loop.

    Raises:
        QuestionError: there is no such lens; its text lists them.
    """
    if not isinstance(name, str) or name not in LENSES:
        raise QuestionError(f"no lens is called {name!r}; there are: {', '.join(LENSES)}")
    lens = LENSES[name]
    facts = LensFacts(lens, read_cohort(period, inquiry.instant), erased=inquiry.erased()[0])
    with inquiry.reading(keeps=frozenset({"openings", "referrals"})) as source:
        gather(source, facts)
    told: dict[str, Any] = {
        "name": "lens",
        "lens": name,
        "definition": lens.definition,
        "rows": tuple(_rows(facts)),
        "period": facts.period,
        "notes": _notes(facts),
    }
    if lens is CARLZON:
        are_any = bool(facts.counted or facts.scored_aside)
        told["lacking"] = no_scores(inquiry.funnel, is_any=are_any)
    told |= inquiry.header(confidence)
    if lens is not ZERO_TO_ULTIMATE:
        return LensAnswer(**told)
    links = _links(facts)
    return UltimateLens(loop=_loop(facts, links, confidence), links=links, **told)
