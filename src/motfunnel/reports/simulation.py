"""A simulation as a value: what would be different, had another funnel read the same events.

Rows for moments, contacts and the return rate. ``differences`` counts them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import ClassVar, Final

from attrs import field, frozen

from motfunnel.answers.answer import Answer, Draw, Row, Table, columns_of
from motfunnel.answers.cells import COUNT, LEVEL, ROWS, SHARE, TEXT, WINDOW, between, cell
from motfunnel.charts.bars import Part, stacked
from motfunnel.charts.picture import Picture
from motfunnel.charts.style import AMBER, ORANGE, PALE, SKY
from motfunnel.domain.instant import format_duration
from motfunnel.errors import QuestionError
from motfunnel.statistics import Interval

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

    moment: str = field(metadata=cell(TEXT, "moment"))
    before: int = field(metadata=cell(COUNT, "in use"))
    after: int = field(metadata=cell(COUNT, "other"))
    same: int = field(metadata=cell(COUNT, "same"))
    moved: int = field(metadata=cell(COUNT, "moved"))
    gained: int = field(metadata=cell(COUNT, "gained"))
    lost: int = field(metadata=cell(COUNT, "lost"))


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

    what: str = field(metadata=cell(TEXT, "contacts that"))
    before: int | None = field(metadata=cell(COUNT, "in use"))
    after: int | None = field(metadata=cell(COUNT, "other"))
    gained: int = field(metadata=cell(COUNT, "gained"))
    lost: int = field(metadata=cell(COUNT, "lost"))


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

    funnel: str = field(metadata=cell(TEXT, "funnel"))
    rate: float | None = field(metadata=cell(SHARE, "rate"))
    interval: Interval | None = field(metadata=cell(between(SHARE), LEVEL))
    numerator: int = field(metadata=cell(COUNT, "counted"))
    denominator: int = field(metadata=cell(COUNT, "observed"))
    immature: float | None = field(metadata=cell(SHARE, "immature"))
    immature_count: int = field(metadata=cell(COUNT))


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


@frozen(kw_only=True)
class Simulation(Answer[MomentChange]):
    """What another funnel would make of the same events: a row for each kind of moment.

    Attributes:
        other_funnel: the fingerprint of the other.
        within: the window of the return rate.
        folded: how many contacts were folded.
        changed: how many of them would have other moments.
        contacts: what is true of how many contacts: the stages reached, and where they stand.
        recidivism: the return rate by either.
    """

    row_class: ClassVar[type[Row]] = MomentChange
    _pictures: ClassVar[Mapping[str, Draw]] = {"changes": picture}

    other_funnel: str = field(metadata=cell(TEXT))
    within: timedelta = field(metadata=cell(WINDOW))
    folded: int = field(metadata=cell(COUNT))
    changed: int = field(metadata=cell(COUNT))
    contacts: tuple[ContactChange, ...] = field(metadata=cell(ROWS))
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
        window = format_duration(self.within)
        caption = f"Recidivism within {window}, contact-based; {PAIRED}"
        yield self.table(caption, columns_of(RateChange), self.recidivism)
