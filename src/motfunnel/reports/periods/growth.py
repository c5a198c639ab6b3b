"""Growth accounting: who came, came back and left in each period, by the journey's own moments.

Counts from each contact's openings, departures and returns.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, ClassVar, Final, NamedTuple

from attrs import evolve, field, frozen

from motfunnel.answers.answer import Draw, Row, Table, columns_of, grouped
from motfunnel.answers.cells import COUNT, MONEY, NAMED, Kind, cell, headed
from motfunnel.answers.members import Members
from motfunnel.charts.bars import Part
from motfunnel.charts.scene import Picture
from motfunnel.charts.style import AMBER, BLUE, GREY, ORANGE
from motfunnel.domain.columns import NEVER, Column
from motfunnel.domain.funnel.value import to_decimal
from motfunnel.domain.instant import to_micros
from motfunnel.domain.moment import SILENCE, MomentKind
from motfunnel.errors import InconsistencyError
from motfunnel.reports.cohort import Opened, Places, read_opened
from motfunnel.reports.facts.facts import Keep
from motfunnel.reports.facts.moments import PLACES, Moments
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.grouping import By
from motfunnel.reports.measure.timeline import FIRST, Periodic, PeriodRow, Timeline, bars
from motfunnel.reports.periods.period import Day, Unit, notes_of, timeline_of, told_of
from motfunnel.reports.periods.value import totals
from motfunnel.reports.silence import departures_note

DEFINITION: Final = (
    "the openings (new), returns (RECIDIVISM) and departures (DEPART, by silence too, from the "
    "deadline on) of the period; a contact that leaves twice is counted twice; with us are the "
    "contacts that had opened and were not away; with us at the end = at the start + openings + "
    "returns − departures − erased; gained per lost, the quick ratio, is (openings + returns) / "
    "departures"
)
KINDS: Final = {
    MomentKind.OPENING: "openings",
    MomentKind.RECIDIVISM: "returns",
    MomentKind.DEPART: "departures",
}
PARTS: Final = (*KINDS.values(), "erased_present")
_DEPARTED: Final = PARTS.index("departures")
_ERASED: Final = PARTS.index("erased_present")
_PART_OF: Final = {PLACES[kind]: PARTS.index(part) for kind, part in KINDS.items()}
_RATIO: Final = Kind("number", lambda ratio: f"{ratio:z,.2f}")
_FOREVER: Final = 1 << 30
_VALUE: Final = headed(("value", MONEY))
_VALUED: Final = (
    "value: what the purchases of the period were worth, less what was refunded in it; the report "
    "value tells it apart"
)


@frozen(kw_only=True)
class GrowthRow(PeriodRow):
    """One period.

    Attributes:
        present_at_start: contacts that had opened before it and were not away.
        openings: contacts that opened in it.
        returns: returns in it.
        departures: departures in it, dated at the deadline where by silence.
        erased_present: contacts that were present when they were erased in it, their counts kept.
        present_at_end: contacts that were present at its end, or at the instant of the question.
        quick_ratio: openings and returns for each departure; None where nobody departed.
        value: what the purchases in it were worth, less refunds; None where the funnel names no
            values.
    """

    present_at_start: int = field(metadata=cell(COUNT, NAMED))
    openings: int = field(metadata=cell(COUNT, NAMED))
    returns: int = field(metadata=cell(COUNT, NAMED))
    departures: int = field(metadata=cell(COUNT, NAMED))
    erased_present: int = field(metadata=cell(COUNT, NAMED))
    present_at_end: int = field(metadata=cell(COUNT, NAMED))
    quick_ratio: float | None = field(metadata=cell(_RATIO, NAMED))
    value: Decimal | None = field(default=None, metadata=cell(MONEY))


def picture(answer: Growth) -> Picture:
    """Draw openings and returns above the line, departures below it, and above all who is present.

    How many are present is drawn where there is one group.
    """
    groups = list(grouped(answer.rows).values())
    present = sum(rows[-1].present_at_end for rows in groups)
    line = [row.present_at_end for row in groups[0]] if len(groups) == 1 else []
    shown = None if any(row.erased_present for row in answer.rows) else -1
    colours = (BLUE, AMBER, ORANGE, GREY)

    def parts(rows: Sequence[GrowthRow]) -> list[Part]:
        return [
            Part(answer.word(name), colour, [getattr(row, name) for row in rows], is_below=n > 1)
            for n, (name, colour) in enumerate(zip(PARTS, colours, strict=True))
        ][:shown]

    return bars(answer, parts, f"n = {present:,} contacts with us at the end", line)


@frozen(kw_only=True, repr=False)
class Growth(Periodic[GrowthRow]):
    """How the contacts that are present come and go, period by period.

    Names stand behind every count; behind a count of moments, a contact's once for each of them.
    """

    row_class: ClassVar[type[Row]] = GrowthRow
    _pictures: ClassVar[Mapping[str, Draw]] = {"bars": picture}

    def tables(self) -> Iterator[Table]:
        """The periods; with what purchases were worth where that is known."""
        if self.by is not None or all(row.value is None for row in self.rows):
            yield from super().tables()
            return
        yield self.table(None, [*columns_of(GrowthRow), *_VALUE], self.rows)


class Moves(NamedTuple):
    """What contacts count as, and in which stretch, contact by contact, each contact's in order.

    Attributes:
        contacts: whose each is, by the number of the contact.
        parts: as what, by its place among ``PARTS``.
        stretches: in which stretch.
    """

    contacts: Column
    parts: Column
    stretches: Column


class Spans(NamedTuple):
    """From the end of which stretch to before the end of which contacts were present.

    Attributes:
        contacts: who was, by the number of the contact.
        since: the first stretch.
        until: the stretch at the end of which it was no more.
    """

    contacts: Column
    since: Column
    until: Column


@frozen
class Present(Sequence[str]):
    """The contacts present at the end of a stretch, found when they are asked for.

    Attributes:
        people: the name of each number.
        spans: when contacts were present.
        stretch: the stretch.
        size: how many they are.
    """

    people: Sequence[str]
    spans: Spans
    stretch: int
    size: int

    def __iter__(self) -> Iterator[str]:
        each = zip(*self.spans, strict=True)
        found = (who for who, since, until in each if since <= self.stretch < until)
        return iter(Members(self.people, found))

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: Any) -> Any:
        return tuple(self)[index]


def growth_rows(
    moments: Moments,
    opened: Opened,
    timeline: Timeline,
) -> tuple[GrowthRow, ...]:
    """Count each period of each group."""
    moves, people = moves_of(moments, opened, timeline), opened.source.names.people.texts
    return tuple(
        row
        for group, places in opened.parts(moves.contacts).items()
        for row in _rows(group, moves, places, people, timeline)
    )


def moves_of(moments: Moments, opened: Opened, timeline: Timeline) -> Moves:
    """What contacts count as, and when; of those who were erased up to then."""
    contacts, at = moments.contacts, moments.at
    parts = array("q", map(_PART_OF.__getitem__, moments.kinds))
    if opened.gone:
        kept = [*_until_gone(zip(contacts, parts, at, strict=True), opened, timeline.as_of)]
        contacts, parts, at = (array("q", [row[n] for row in kept]) for n in range(3))
    bounds = [*map(to_micros, timeline.bounds)]
    return Moves(contacts, parts, array("q", [bisect_right(bounds, one) for one in at]))


def _until_gone(
    moves: Iterable[tuple[int, int, int]], opened: Opened, as_of: datetime
) -> Iterator[tuple[int, int, int]]:
    """What there was up to an erasure, and that somebody who was present was erased."""
    for contact, mine in groupby(moves, itemgetter(0)):
        gone, part = opened.gone.get(contact, NEVER), _DEPARTED
        for move in mine:
            if move[2] <= gone:
                part = move[1]
                yield move
        if gone <= to_micros(as_of) and part != _DEPARTED:
            yield contact, _ERASED, gone


def spans_of(moves: Moves, places: Places) -> Spans:
    """When the contacts at some places were present."""
    contacts, parts, stretches = moves
    spans = Spans(array("q"), array("q"), array("q"))
    for contact, mine in groupby(places, contacts.__getitem__):
        was_present = False
        for stretch, part in {stretches[one]: parts[one] for one in mine}.items():
            is_present = part < _DEPARTED
            if is_present and not was_present:
                spans.contacts.append(contact)
                spans.since.append(stretch)
            elif was_present and not is_present:
                spans.until.append(stretch)
            was_present = is_present
        if was_present:
            spans.until.append(_FOREVER)
    return spans


def _rows(
    group: str | None, moves: Moves, places: Places, people: Sequence[str], timeline: Timeline
) -> Iterator[GrowthRow]:
    counted, spans = (
        defaultdict[tuple[int, int], Column](lambda: array("q")),
        spans_of(moves, places),
    )
    for one in places:
        counted[moves.stretches[one], moves.parts[one]].append(moves.contacts[one])
    changes = Counter(spans.since)
    changes.subtract(Counter(spans.until))
    present = Present(people, spans, FIRST - 1, changes[0] + changes[1])
    for number in range(timeline.shown):
        stretch = number + FIRST
        names: dict[str, Sequence[str]] = {
            part: Members(people, counted.get((stretch, place), ()))
            for place, part in enumerate(PARTS)
        }
        before, size = present, present.size + changes[stretch]
        present = Present(people, spans, stretch, size)
        counts: dict[str, Any] = {part: len(names[part]) for part in PARTS}
        row = GrowthRow(
            group=group,
            **timeline.told(number),
            **counts,
            present_at_start=before.size,
            present_at_end=size,
            quick_ratio=_quick_ratio(*(len(names[part]) for part in PARTS[:3])),
            names=names | {"present_at_start": before, "present_at_end": present},
        )
        _check(row)
        yield row


def _quick_ratio(openings: int, returns: int, departures: int) -> float | None:
    return (openings + returns) / departures if departures else None


def _check(row: GrowthRow) -> None:
    come, gone = row.openings + row.returns, row.departures + row.erased_present
    if row.present_at_end != row.present_at_start + come - gone:
        raise InconsistencyError(
            f"{row.present_at_end} contacts are present at the end of the period of "
            f"{row.period}, but {row.present_at_start} were at its start, {come} came and "
            f"{gone} went"
        )


def _valued(
    rows: Sequence[GrowthRow], values: Mapping[str | None, Sequence[int]]
) -> Iterator[GrowthRow]:
    """The same with what purchases were worth in each period, group by group."""
    for group, mine in groupby(rows, attrgetter("group")):
        for row, value in zip(mine, values[group], strict=True):
            yield evolve(row, value=to_decimal(value))


def growth(
    inquiry: Inquiry,
    period: Unit = "month",
    *,
    since: Day = None,
    until: Day = None,
    week_start: int | str = 0,
    by: By = None,
) -> Growth:
    """How many contacts open, return and depart in each period, by their moments.

    Counted are moments; a departure by silence is dated at its deadline. The quick ratio is
    (openings + returns) / departures, and None where nobody departed. Always ``present at the
    end = present at the start + openings + returns − departures``, less those who were erased.

    Args:
        period: as in ``lifecycle``.
        since: likewise.
        until: likewise.
        week_start: likewise.
        by: likewise.
    """
    told, has_values = told_of(inquiry, period, week_start, by), inquiry.funnel.has_values
    keeps: list[Keep] = [*KINDS, "purchases"] if has_values else [*KINDS]
    with read_opened(inquiry, "growth", by, keeps=keeps) as opened:
        line = timeline_of(inquiry, period, week_start, since, until, opened)
        told["notes"] = notes_of(inquiry, opened, line)
        rows: tuple[GrowthRow, ...] = ()
        if line is not None:
            moments = opened.source.moments(KINDS, "at", "reasons")
            rows = growth_rows(moments, opened, line)
            said = departures_note(inquiry.funnel)
            if said is not None and SILENCE in moments.said and any(r.departures for r in rows):
                told["notes"] = (*told["notes"], said)
            if has_values:
                rows = tuple(_valued(rows, totals(opened, line)))
                told["notes"] = (*told["notes"], _VALUED)
    return Growth(name="growth", definition=DEFINITION, rows=rows, **told)
