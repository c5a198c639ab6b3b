"""What a lens shows: so many events and contacts in each class of a model.

The lens that ends with the ultimate moment also shows the loop that it closes: whose zero moments
and openings it made. Holds values; ``lens_facts`` gathers what they are made of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import ClassVar, Final

from attrs import field, frozen

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
from motfunnel.charts.picture import Picture
from motfunnel.charts.style import BLUE
from motfunnel.domain.instant import iso
from motfunnel.domain.lens import LENSES
from motfunnel.statistics import Interval

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


@frozen(kw_only=True)
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


@frozen(kw_only=True)
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


def in_period(period: tuple[datetime | None, datetime | None]) -> str:
    """Say which period was asked for, after a heading; nothing where none was."""
    start, end = period
    since = "" if start is None else f" from {iso(start)}"
    until = "" if end is None else f" to {iso(end)}"
    return f"{since}{until}"
