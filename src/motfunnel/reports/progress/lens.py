"""The older lenses: what each shows, so many events and contacts in each class of a model.

The lens that ends with the ultimate moment also shows the loop that it closes: whose zero moments
and openings it made. The database counts what is stored; what was known at an earlier time is
walked contact by contact, by the same rules. Decides no class: ``domain.lens`` does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from attrs import define, field, frozen

from motfunnel.answers.answer import Answer, Draw, Row, Table, columns_of
from motfunnel.answers.cells import (
    COHORT,
    COUNT,
    FLAG,
    INSTANT,
    LEVEL,
    NUMBER,
    ROWS,
    TEXT,
    Cell,
    between,
    cell,
    nested,
)
from motfunnel.charts.bars import Part, stacked
from motfunnel.charts.labels import fewer
from motfunnel.charts.scene import Picture
from motfunnel.charts.style import BLUE
from motfunnel.domain.experience import experience_of
from motfunnel.domain.funnel.funnel import Funnel
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
from motfunnel.reports.facts.facts import Facts, Referring
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, read_cohort
from motfunnel.reports.measure.clock import Cohort, in_period, lies_in
from motfunnel.reports.remarks import NO_SCORES, names_gone, promoters_gone, scores_gone
from motfunnel.statistics import Interval, Ratio
from motfunnel.store.queries.moments import Referral
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
    of_class: str = field(metadata=cell(TEXT, "class"))
    events: int = field(metadata=cell(COUNT, "{unit}"))
    contacts: int = field(metadata=cell(COUNT, "contacts"))


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
            shown = [("touchpoint", Cell(TEXT, "touchpoint")), *shown]
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

    contact: str = field(metadata=cell(TEXT, "contact"))
    occurred_at: datetime = field(metadata=cell(INSTANT))
    event_id: str | None = field(metadata=cell(TEXT))
    referred: str = field(metadata=cell(TEXT, "referred"))
    zero_moment: bool = field(metadata=cell(FLAG, "zero moment"))
    researched: int = field(metadata=cell(COUNT, "then researched"))
    opened_at: datetime | None = field(metadata=cell(INSTANT))
    credited: bool = field(metadata=cell(FLAG, "opened by it"))


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

    what: str = field(metadata=cell(TEXT, "made by them"))
    count: int = field(metadata=cell(COUNT, "count"))
    each: float | None = field(metadata=cell(NUMBER, "for each"))
    interval: Interval | None = field(metadata=cell(between(NUMBER), LEVEL))


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
        counted: events by touchpoint (None where the lens tells none apart), class and contact.
        scored_aside: how many events have a score and belong to no class, by their signal.
        loop: who referred whom, where the lens follows that.
        erased: who was erased with counts kept.
        unread: how many of their ratings are counted without what they said.
    """

    lens: Lens
    period: Cohort
    erased: Collection[str] = ()
    unread: int = 0
    counted: Counter[tuple[str | None, str, str]] = field(factory=Counter)
    scored_aside: Counter[Signal] = field(factory=Counter)
    loop: Referring = field(factory=Referring)

    def add(self, of_class: str | None, contact: str, events: int = 1) -> None:
        """Count events of a contact; those of no class are left out."""
        if of_class is not None:
            self.counted[None, of_class, contact] += events

    def makes_zero_moment(self, referral: Referral) -> bool:
        """Whether a referral names another contact, and no later than that contact opened."""
        if referral.referred in (None, referral.moment.contact):
            return False
        opened_at = self.loop.opened.get(referral.referred or "")
        return opened_at is None or referral.moment.occurred_at <= opened_at


def gather(source: Facts, facts: LensFacts) -> None:
    """Gather all that a lens shows."""
    if facts.lens is EIGHT:
        for contact, kind, count in source.kinds(facts.period):
            facts.add(kind.value, contact, count)
        return
    if facts.lens is CARLZON:
        meanings, people = Classed(source.funnel), source.names.people.texts
        for scored in source.scored(facts.period, meanings.read):
            for whom, said in zip(scored.contacts, scored.said, strict=True):
                meanings.add(facts, people[whom], said)
        return
    loop = facts.loop if facts.lens is ZERO_TO_ULTIMATE else None
    for one in source.phased(_CLASSED, facts.period, loop):
        of_class = class_of(facts.lens, one.signal, one.phase, promoter=one.promoter)
        facts.add(of_class, one.contact, one.events)
        if loop is not None and one.signal is Signal.RATING and one.contact in facts.erased:
            facts.unread += one.events
    for referral in facts.loop.referrals:
        if lies_in(facts.period, referral.moment.occurred_at) and facts.makes_zero_moment(referral):
            facts.add(ZERO, referral.referred or "")


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
        one = experience_of(event, properties, reading, self._funnel.touchpoints)
        said = None if one is None else (reading.signal, one.touchpoint, one.verdict)
        if said not in self._numbers:
            self._numbers[said] = len(self._known)
            self._known.append(said)
        return self._numbers[said]

    def add(self, facts: LensFacts, contact: str, said: int) -> None:
        """Count what an event of a contact says."""
        what = self._known[said]
        if what is None:
            return
        signal, touchpoint, verdict = what
        if signal in UNCLASSED:
            facts.scored_aside[signal] += 1
        else:
            facts.counted[touchpoint, verdict, contact] += 1


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
        unnamed = (
            one.referred is None
            and one.moment.contact in facts.erased
            and lies_in(facts.period, one.moment.occurred_at)
            for one in facts.loop.referrals
        )
        notes = (promoters_gone(erased, facts.unread), names_gone(erased, sum(unnamed)))
    return tuple(note for note in notes if note is not None)


def _rows(facts: LensFacts) -> Iterator[LensRow]:
    """A row for each class, of each touchpoint where they are told apart."""
    events: Counter[tuple[str | None, str]] = Counter()
    contacts: dict[tuple[str | None, str], list[str]] = {}
    for (touchpoint, of_class, contact), count in facts.counted.items():
        events[touchpoint, of_class] += count
        contacts.setdefault((touchpoint, of_class), []).append(contact)
    places: list[str | None] = [None]
    if facts.lens is CARLZON:
        places = [*sorted({touchpoint or "" for touchpoint, _ in events})]
    for touchpoint in places:
        for of_class in facts.lens.classes:
            who = tuple(sorted(contacts.get((touchpoint, of_class), ())))
            yield LensRow(
                touchpoint=touchpoint,
                of_class=of_class,
                events=events[touchpoint, of_class],
                contacts=len(who),
                names={"contacts": who},
            )


def _links(facts: LensFacts) -> tuple[Link, ...]:
    """Follow each referral of the period to the contact that it named."""
    credited: dict[str, tuple[Any, ...]] = {}
    for one in facts.loop.referrals:
        whom = one.referred
        if whom is not None and whom in facts.loop.opened and facts.makes_zero_moment(one):
            credited[whom] = max(credited.get(whom, ()), _place(one))
    followed = [
        (_place(one), _link(one, facts, credited))
        for one in facts.loop.referrals
        if one.referred not in (None, one.moment.contact)
        and lies_in(facts.period, one.moment.occurred_at)
    ]
    return tuple(link for _, link in sorted(followed, key=lambda pair: pair[0]))


def _place(referral: Referral) -> tuple[Any, ...]:
    moment = referral.moment
    return moment.occurred_at, moment.event_id or "", moment.contact, moment.recorded_as or ""


def _link(referral: Referral, facts: LensFacts, credited: dict[str, tuple[Any, ...]]) -> Link:
    whom, moment = referral.referred or "", referral.moment
    opened_at = facts.loop.opened.get(whom)
    is_zero = facts.makes_zero_moment(referral)
    own = [
        at
        for at in facts.loop.researched.get(whom, ())
        if at >= moment.occurred_at and (opened_at is None or at <= opened_at)
    ]
    return Link(
        contact=moment.contact,
        occurred_at=moment.occurred_at,
        event_id=moment.event_id,
        referred=whom,
        zero_moment=is_zero,
        researched=len(own) if is_zero else 0,
        opened_at=opened_at,
        credited=credited.get(whom) == _place(referral),
    )


def _loop(facts: LensFacts, links: tuple[Link, ...], confidence: float) -> Loop:
    told = {who: n for (_, of_class, who), n in facts.counted.items() if of_class == ULTIMATE}
    zero = Counter(link.contact for link in links if link.zero_moment)
    opened = Counter(link.contact for link in links if link.credited)
    zero_each = Ratio.of((zero[who], n) for who, n in sorted(told.items()))
    opened_each = Ratio.of((opened[who], n) for who, n in sorted(told.items()))
    return Loop(
        ultimate_moments=sum(told.values()),
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
    facts = LensFacts(lens, read_cohort(period), inquiry.erased()[0])
    with inquiry.reading() as source:
        gather(source, facts)
    told: dict[str, Any] = {
        "name": "lens",
        "lens": name,
        "definition": lens.definition,
        "rows": tuple(_rows(facts)),
        "period": facts.period,
        "notes": _notes(facts),
    }
    told |= inquiry.header(confidence)
    if lens is not ZERO_TO_ULTIMATE:
        return LensAnswer(**told)
    links = _links(facts)
    return UltimateLens(loop=_loop(facts, links, confidence), links=links, **told)
