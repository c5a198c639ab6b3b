"""Value: what the purchases of each period were worth, of first ones, repeated ones and returned.

Adds up whole millionths, contact by contact, and divides last.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final

from attrs import define, field, frozen

from motfunnel.answers.answer import Draw, Row
from motfunnel.answers.cells import COUNT, MONEY, NAMED, TEXT, WINDOW, between, cell
from motfunnel.answers.members import Members
from motfunnel.charts.bars import Part
from motfunnel.charts.scene import Picture
from motfunnel.charts.style import AMBER, BLUE, ORANGE, SKY
from motfunnel.domain.columns import NEVER
from motfunnel.domain.funnel.value import WHOLE, to_decimal
from motfunnel.domain.instant import MICROSECOND, Duration, to_micros
from motfunnel.domain.moment import UNKNOWN, MomentKind
from motfunnel.reports.cohort import Opened, read_opened
from motfunnel.reports.facts.facts import Keep
from motfunnel.reports.facts.relations import NOBODY, Purchases, places_of
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, read_window
from motfunnel.reports.measure.grouping import By
from motfunnel.reports.measure.timeline import FIRST, Periodic, PeriodRow, Timeline, bars
from motfunnel.reports.periods.period import Day, Unit, notes_of, timeline_of, told_of
from motfunnel.reports.remarks import no_values
from motfunnel.reports.silence import departures_note
from motfunnel.statistics.interval import Interval
from motfunnel.statistics.ratio import Mean
from motfunnel.store.queries.purchases import UNSAID
from motfunnel.text import counted

DEFINITION: Final = (
    "what the purchases of the period were worth, less what was refunded in it; each purchase is "
    "of those who came back (within {window} of its contact's return, the purchase that was the "
    "return included), else first (of its contact), else repeated; a refund is of the class of its "
    "contact's latest purchase, and in the period in which it was made; per contact: of those who "
    "purchased in the "
    "period; per purchase: of those of a known worth; a contact that left was worth what it had "
    "spent until then, less refunds"
)
_CLASSES: Final = ("first", "repeated", "returned")
_PURCHASES: Final = "_purchases"
_QUARTER: Final = "90d"
_KEEPS: Final[tuple[Keep, ...]] = (MomentKind.RECIDIVISM, "episodes", "purchases")


@frozen(kw_only=True)
class ValueRow(PeriodRow):
    """One period; values are in the funnel's currency, refunds taken off.

    Attributes:
        value: what all purchases were worth, less the refunds.
        first: of contacts' first purchases.
        repeated: of those that are neither first nor returned.
        returned: of those within the window of a return.
        purchases: how many purchases there were.
        first_purchases: how many of them are first.
        repeated_purchases: how many are repeated.
        returned_purchases: how many are returned.
        unvalued: how many purchases say nothing of their worth.
        refunds: how many refunds there were.
        contacts: who purchased, each once.
        per_contact: the value for each of those; None where nobody purchased.
        per_contact_interval: around it.
        per_purchase: the value for each purchase of a known worth; None where there is none.
        per_purchase_interval: around it, clustered by contact.
        departed: contacts that left in the period, each once.
        departed_worth: what each of them had been worth until then; None where nobody left.
        departed_worth_interval: around it.
    """

    value: Decimal = field(metadata=cell(MONEY, NAMED))
    first: Decimal = field(metadata=cell(MONEY, NAMED))
    repeated: Decimal = field(metadata=cell(MONEY, NAMED))
    returned: Decimal = field(metadata=cell(MONEY, NAMED))
    purchases: int = field(metadata=cell(COUNT, NAMED))
    first_purchases: int = field(metadata=cell(COUNT))
    repeated_purchases: int = field(metadata=cell(COUNT))
    returned_purchases: int = field(metadata=cell(COUNT))
    unvalued: int = field(metadata=cell(COUNT))
    refunds: int = field(metadata=cell(COUNT))
    contacts: int = field(metadata=cell(COUNT, NAMED))
    per_contact: Decimal | None = field(metadata=cell(MONEY, NAMED))
    per_contact_interval: Interval | None = field(metadata=cell(between(MONEY), NAMED))
    per_purchase: Decimal | None = field(metadata=cell(MONEY, NAMED))
    per_purchase_interval: Interval | None = field(metadata=cell(between(MONEY)))
    departed: int = field(metadata=cell(COUNT, NAMED))
    departed_worth: Decimal | None = field(metadata=cell(MONEY, NAMED))
    departed_worth_interval: Interval | None = field(metadata=cell(between(MONEY)))


def picture(answer: Value) -> Picture:
    """Draw the value by its classes, and below the line what refunds took beyond it."""
    whole = sum((row.value for row in answer.rows), Decimal(0))
    unit = "" if answer.currency is None else f" {answer.currency}"
    classes = [("first", BLUE), ("repeated", SKY), ("returned", AMBER)]

    def parts(rows: Sequence[ValueRow]) -> list[Part]:
        above = [
            Part(answer.word(name), colour, [max(round(getattr(row, name)), 0) for row in rows])
            for name, colour in classes
        ]
        below = [-sum(min(round(getattr(row, name)), 0) for name, _ in classes) for row in rows]
        beyond = Part("refunded beyond", ORANGE, below, is_below=True)
        return [*above, beyond] if any(below) else above

    title = f"value{'' if answer.currency is None else f', in {answer.currency}'}"
    return bars(answer, parts, f"{whole:z,.2f}{unit} in all", title=title)


@frozen(kw_only=True, repr=False)
class Value(Periodic[ValueRow]):
    """What purchases were worth, period by period; names stand behind every count.

    Behind a count of purchases or refunds a contact's name stands once for each.

    Attributes:
        within: how long after a return a purchase counts as returned.
        currency: of all values, where the funnel says it.
    """

    row_class: ClassVar[type[Row]] = ValueRow
    _pictures: ClassVar[Mapping[str, Draw]] = {"bars": picture}

    within: timedelta = field(metadata=cell(WINDOW))
    currency: str | None = field(default=None, metadata=cell(TEXT))

    def words_of(self, part: str) -> Collection[str]:
        """By which words a count may be called: that of a class also by what its value is."""
        words, name = super().words_of(part), part.removesuffix(_PURCHASES)
        return (*words, self.word(name)) if name in _CLASSES and name != part else words

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        unit = "" if self.currency is None else f", in {self.currency}"
        return super().title + unit


@define
class _Period:
    """What happened in a period, of one group: contacts, and what of each.

    Attributes:
        made: of each class, whose its purchases were.
        values: of each class, what these and its refunds were worth.
        given: of each contact the value, in all.
        valued: of each contact, how many purchases of a known worth.
        refunds: whose the refunds were.
        unvalued: whose purchases said nothing of their worth.
        left: of each contact that left, what it had been worth until then.
    """

    made: dict[str, list[int]] = field(factory=lambda: {name: [] for name in _CLASSES})
    values: Counter[str] = field(factory=Counter)
    given: Counter[int] = field(factory=Counter)
    valued: Counter[int] = field(factory=Counter)
    refunds: list[int] = field(factory=list)
    unvalued: list[int] = field(factory=list)
    left: dict[int, int] = field(factory=dict)

    def row(
        self, group: str | None, told: Mapping[str, Any], people: Sequence[str], confidence: float
    ) -> ValueRow:
        """Divide, and say who stands behind each count."""
        every = [who for mine in self.made.values() for who in mine]
        buyers = {*every}
        each = Mean.of([(value, int(who in buyers)) for who, value in self._of(buyers)])
        once = Mean.of([(value, self.valued[who]) for who, value in self._of(self.valued)])
        lost = Mean.of([(value, 1) for value in self.left.values()])
        counts = {
            "purchases": every,
            **{f"{name}{_PURCHASES}": mine for name, mine in self.made.items()},
            "unvalued": self.unvalued,
            "refunds": self.refunds,
            "contacts": buyers,
            "departed": self.left,
        }
        numbers: dict[str, Any] = {name: len(mine) for name, mine in counts.items()}
        numbers |= {name: to_decimal(self.values[name]) for name in _CLASSES}
        return ValueRow(
            group=group,
            **told,
            **numbers,
            value=to_decimal(self.values.total()),
            **_mean("per_contact", each, confidence),
            **_mean("per_purchase", once, confidence),
            **_mean("departed_worth", lost, confidence),
            names={name: Members(people, mine) for name, mine in counts.items()},
        )

    def _of(self, contacts: Iterable[int]) -> Iterator[tuple[int, int]]:
        """What each contact gave: those, and whoever only had something refunded."""
        for who in {*contacts, *self.given}:
            yield who, self.given[who]


def _mean(name: str, mean: Mean, confidence: float) -> dict[str, Any]:
    around = mean.interval(confidence)
    if around is not None:
        around = Interval(lower=around.lower / WHOLE, upper=around.upper / WHOLE)
    value = None if mean.value is None else to_decimal(round(mean.value))
    return {name: value, f"{name}_interval": around}


Periods = Mapping[str | None, Sequence[_Period]]
"""Of each group its periods."""


def _add_up(opened: Opened, line: Timeline, window: timedelta) -> Periods:
    """Put each purchase, refund and departure into its group, period and class."""
    made = opened.source.purchases()
    returns = opened.source.moments({MomentKind.RECIDIVISM}, "at")
    back = {
        contact: [returns.at[place] for place in places]
        for contact, places in places_of(returns.contacts).items()
    }
    ends, micros = [*map(to_micros, line.bounds)], window // MICROSECOND
    periods = _groups(opened, line)
    for contact, places in places_of(made.contacts).items():
        mine = _group_of(opened, contact)
        of = periods.setdefault(mine, [_Period() for _ in range(line.shown)])
        classes = _classes(made, places, back.get(contact, ()), micros)
        for place, name in zip(places, classes, strict=True):
            number = bisect_right(ends, made.at[place]) - FIRST
            gone = opened.gone.get(contact, NEVER)
            if 0 <= number < line.shown and made.at[place] <= gone:
                _put(of[number], made, place, contact, name)
    _lose(opened, made, ends, periods, line.shown)
    return periods


def totals(opened: Opened, line: Timeline) -> dict[str | None, list[int]]:
    """What purchases less refunds were worth in each period of each group, in millionths."""
    made, ends = opened.source.purchases(), [*map(to_micros, line.bounds)]
    found = {name: [0] * line.shown for name in opened.names}
    for contact, at, value in zip(made.contacts, made.at, made.value, strict=True):
        number, mine = bisect_right(ends, at) - FIRST, _group_of(opened, contact)
        is_there = 0 <= number < line.shown and at <= opened.gone.get(contact, NEVER)
        if is_there and value != UNSAID and mine in found:
            found[mine][number] += value
    return found


def _groups(opened: Opened, line: Timeline) -> dict[str | None, list[_Period]]:
    return {name: [_Period() for _ in range(line.shown)] for name in opened.names}


def _group_of(opened: Opened, contact: int) -> str | None:
    """The group of a contact; one who never opened, and had something refunded, is unknown."""
    if opened.groups is None:
        return None
    is_there = contact < len(opened.groups) and opened.groups[contact] != NOBODY
    return opened.names[opened.groups[contact]] if is_there else UNKNOWN


def _classes(made: Purchases, places: range, back: Sequence[int], window: int) -> Iterator[str]:
    """The class of each purchase and refund of one contact.

    What is refunded before any purchase was bought before the history began, and is of the first.
    """
    latest, count = _CLASSES[0], 0
    for place in places:
        if not made.refund[place]:
            since = bisect_right(back, made.at[place])
            is_returned = since and made.at[place] - back[since - 1] <= window
            latest = "returned" if is_returned else "repeated" if count else "first"
            count += 1
        yield latest


def _put(period: _Period, made: Purchases, place: int, contact: int, name: str) -> None:
    value, is_said = made.value[place], made.value[place] != UNSAID
    if made.refund[place]:
        period.refunds.append(contact)
    else:
        period.made[name].append(contact)
        if is_said:
            period.valued[contact] += 1
        else:
            period.unvalued.append(contact)
    if is_said:
        period.values[name] += value
        period.given[contact] += value


def _lose(
    opened: Opened, made: Purchases, ends: Sequence[int], periods: Periods, shown: int
) -> None:
    """Say of who left in each period what they had been worth by their last departure in it."""
    where = places_of(made.contacts)
    left = opened.source.episodes("departed")
    for contact, departed in zip(left.contact, left.departed, strict=True):
        number, mine = bisect_right(ends, departed) - FIRST, _group_of(opened, contact)
        gone = opened.gone.get(contact, NEVER)
        if 0 <= number < shown and departed <= gone and mine in periods:
            until = [n for n in where.get(contact, ()) if made.at[n] <= departed]
            worth = sum(made.value[n] for n in until if made.value[n] != UNSAID)
            periods[mine][number].left[contact] = worth


def _rows(
    opened: Opened, line: Timeline | None, window: timedelta, confidence: float
) -> tuple[ValueRow, ...]:
    if line is None or not opened.source.funnel.has_values:
        return ()
    people = opened.source.names.people.texts
    return tuple(
        one.row(group, line.told(number), people, confidence)
        for group, mine in _add_up(opened, line, window).items()
        for number, one in enumerate(mine)
    )


def _notes(
    inquiry: Inquiry, opened: Opened, line: Timeline | None, rows: Sequence[ValueRow]
) -> list[str]:
    """What a reader has to know of the values."""
    notes = [*notes_of(inquiry, opened, line)]
    unvalued = sum(row.unvalued for row in rows)
    if unvalued:
        say = "says" if unvalued == 1 else "say"
        notes.append(
            f"{counted(unvalued, 'purchase')} {say} nothing of what they were worth: they count, "
            "and add nothing"
        )
    if opened.gone:
        notes.append("of who was erased the value is kept with the counts")
    said = departures_note(inquiry.funnel)
    if said is not None and any(row.departed for row in rows):
        notes.append(said)
    return notes


def value(
    inquiry: Inquiry,
    period: Unit = "month",
    *,
    within: Duration = _QUARTER,
    since: Day = None,
    until: Day = None,
    week_start: int | str = 0,
    by: By = None,
    confidence: float = CONFIDENCE,
) -> Value:
    """What the purchases of each period were worth: first ones, repeated ones and returned.

    Each purchase is of one class: returned within the window of its contact's return, else first,
    else repeated; a refund is of that of the purchase before it. Per contact: the value over those
    who purchased; per purchase: over those of a known worth. An empty denominator gives None.

    Args:
        period: as in ``lifecycle``.
        within: how long after a return purchases count as returned.
        since: as in ``lifecycle``.
        until: likewise.
        week_start: likewise.
        by: likewise.
        confidence: of the intervals.
    """
    window, told = read_window(within), told_of(inquiry, period, week_start, by, confidence)
    with read_opened(inquiry, "value", by, keeps=_KEEPS) as opened:
        line = timeline_of(inquiry, period, week_start, since, until, opened)
        rows = _rows(opened, line, window, confidence)
        told["notes"] = tuple(_notes(inquiry, opened, line, rows))
    return Value(
        name="value",
        definition=DEFINITION.format(window=WINDOW.show(window)),
        rows=rows,
        lacking=no_values(inquiry.funnel),
        within=window,
        currency=inquiry.funnel.currency,
        **told,
    )
