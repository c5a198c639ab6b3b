"""Cards: the latest period that is over beside the one before it, and whether that is chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from attrs import field, frozen

from motfunnel.answers.cells import MONEY, percent, span
from motfunnel.answers.words import in_clauses
from motfunnel.dashboard.views.sentences import newest
from motfunnel.dashboard.words import days, typeset
from motfunnel.domain.instant import format_duration
from motfunnel.reports.measure.trend import Trend
from motfunnel.reports.periods.growth import Growth
from motfunnel.reports.periods.value import Value
from motfunnel.statistics import Change, Interval


@frozen(kw_only=True)
class Card:
    """A number that is read at a glance.

    Attributes:
        title: what it counts.
        number: the number.
        unit: what it is a number of, where it is money; else empty.
        change: how it compares with the period before; empty: there is none.
        sure: what chance alone would make of it; empty where that cannot be said.
        answer: in which answer of the section who is behind it stands.
        row: in which of its rows.
        column: under which name; empty: nobody is.
    """

    title: str
    number: str = field(converter=typeset)
    unit: str = ""
    change: str = field(default="", converter=typeset)
    sure: str = field(default="", converter=typeset)
    answer: int = 0
    row: int = 0
    column: str = ""

    @property
    def room(self) -> int:
        """How much room it takes: that of a count is 1, that of a sum more."""
        return (2 if self.unit else 1) + (len(self.number) + len(self.unit)) // _LONG


_FLOWS: Final = ("openings", "returns", "departures")
_LONG: Final = 16  # letters


def cards(growth: Growth, trends: Sequence[Trend], values: Sequence[Value] = ()) -> list[Card]:
    """The cards of the first page: who is with us, who came and went, and who came back.

    Args:
        growth: the latest periods, of all contacts together.
        trends: who came back of those who left in each period.
        values: what purchases were worth, in the same periods; none where that is not known.
    """
    if not growth.rows:
        return [Card(title=_now(growth), number="0", change="nobody has come yet")]
    worth = [card for one in values for card in _value(one)]
    return [*_counts(growth), *_rate(trends), *worth]


def _counts(growth: Growth) -> Iterator[Card]:
    over = [n for n, row in enumerate(growth.rows) if not row.unfinished]
    last = len(growth.rows) - 1
    now = growth.rows[last]
    this = over[-1] if over else last
    since = growth.rows[this - 1] if this == last and this else growth.rows[this]
    told = ""
    if since is not now:
        moved = now.present_at_end - since.present_at_end
        then = f"the end of {since.period}"
        told = f"{moved:+,} since {then}" if moved else f"as at {then}"
    yield Card(
        title=_now(growth),
        number=f"{now.present_at_end:,}",
        change=told,
        row=last,
        column="present_at_end" if now.present_at_end else "",
    )
    for column in _FLOWS:
        yield _flow(growth, this, column)


def _now(growth: Growth) -> str:
    return _titled(f"{growth.word('present')} now")


def _titled(word: str) -> str:
    return word[:1].upper() + word[1:]


def _flow(growth: Growth, this: int, column: str) -> Card:
    """How many came or went in the latest period, beside the one before."""
    row = growth.rows[this]
    number: int = getattr(row, column)
    month = f"{row.period}{' so far' if row.unfinished else ''}"
    card = Card(
        title=_titled(growth.word(column)),
        number=f"{number:,}",
        change=f"in {month}",
        row=this,
        column=column if number else "",
    )
    if not this or row.unfinished:
        return card
    before: int = getattr(growth.rows[this - 1], column)
    change = Change(before=before, after=number)
    than = growth.rows[this - 1].period
    moved = f"{number - before:+,} on {than}" if number != before else f"as in {than}"
    return Card(
        title=card.title,
        number=card.number,
        change=f"in {month}, {moved}",
        sure=_sure(change),
        row=this,
        column=card.column,
    )


def _sure(change: Change) -> str:
    """Whether a change is more than chance, with the interval of how much more there were."""
    around = change.interval()
    if around is None:
        return ""
    ends = f"{around.lower:+z.0%} to {around.upper:+z.0%}"
    if not change.is_clear():
        return f"may be chance: {ends}"
    return f"more than chance: {ends}"


def _rate(trends: Sequence[Trend]) -> Iterator[Card]:
    """Who came back of the newest cohort that was followed for the whole window."""
    for answer, trend in enumerate(trends, start=1):
        n, left = newest(trend), in_clauses(trend.spoken)["depart"]
        if n is not None:
            row = trend.rows[n]
            yield Card(
                title=f"Back within {days(format_duration(trend.within))}",
                number=percent(row.rate),
                change=f"{row.numerator:,} of {row.denominator:,} who {left} in {row.period}",
                sure="" if row.interval is None else span(row.interval),
                answer=answer,
                row=n,
                column="numerator" if row.numerator else "",
            )


def _value(value: Value) -> Iterator[Card]:
    """What was bought in the latest period that is over, and what those who left had spent."""
    over = [n for n, row in enumerate(value.rows) if not row.unfinished]
    if not over:
        return
    this = over[-1]
    row, unit = value.rows[this], value.currency or ""
    moved = ""
    if this:
        before = value.rows[this - 1]
        difference = row.value - before.value
        sign = "" if difference < 0 else "+"
        moved = f", {sign}{MONEY.show(difference)} on {before.period}"
    yield Card(
        title="Value",
        number=MONEY.show(row.value),
        unit=unit,
        change=f"in {row.period}{moved}",
        sure=_each(row.per_contact, row.per_contact_interval, value.word("per_contact")),
    )
    if row.departed_worth is not None:
        left = value.word("departed")
        yield Card(
            title=f"Spent by each who {in_clauses(value.spoken)['depart']}",
            number=MONEY.show(row.departed_worth),
            unit=unit,
            change=f"{row.departed:,} {left} in {row.period}",
            sure=_each(None, row.departed_worth_interval, "each"),
        )


def _each(mean: Decimal | None, around: Interval | None, what: str) -> str:
    """A mean with its interval."""
    told = "" if mean is None else f"{MONEY.show(mean)} "
    if around is None or around.upper is None:
        return f"{told}{what}" if told else ""
    ends = f"{MONEY.show(around.lower)} to {MONEY.show(around.upper)}"
    return f"{told}{what}: {ends}"
