"""Growth accounting: who came, came back and left in each period, by the journey's own moments.

Counts from each contact's openings, departures and returns.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

from attrs import field, frozen

from motfunnel.answers.answer import Draw, Row, grouped
from motfunnel.answers.cells import COUNT, Kind, cell
from motfunnel.charts.bars import Part
from motfunnel.charts.picture import Picture
from motfunnel.charts.style import AMBER, BLUE, GREY, ORANGE
from motfunnel.domain.moment import Moment, MomentKind
from motfunnel.errors import InconsistencyError
from motfunnel.reports.cohort import Opened, read_opened
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.timeline import Periodic, PeriodRow, Timeline, bars
from motfunnel.reports.periods.period import Day, Unit, timeline_of, told_of

DEFINITION: Final = (
    "the openings, returns (RECIDIVISM) and departures (DEPART, by silence too, from the deadline "
    "on) of the period; a contact that leaves twice is counted twice; present are the contacts "
    "that had opened and were not away; present at the end = at the start + openings + returns − "
    "departures − erased; the quick ratio is (openings + returns) / departures"
)
KINDS: Final = {
    MomentKind.OPENING: "openings",
    MomentKind.RECIDIVISM: "returns",
    MomentKind.DEPART: "departures",
}
PARTS: Final = (*KINDS.values(), "erased_present")
_RATIO: Final = Kind("number", lambda ratio: f"{ratio:.2f}")
_FOREVER: Final = 1 << 30


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
    """

    present_at_start: int = field(metadata=cell(COUNT, "at start"))
    openings: int = field(metadata=cell(COUNT, "opened"))
    returns: int = field(metadata=cell(COUNT, "returned"))
    departures: int = field(metadata=cell(COUNT, "left"))
    erased_present: int = field(metadata=cell(COUNT, "erased"))
    present_at_end: int = field(metadata=cell(COUNT, "at end"))
    quick_ratio: float | None = field(metadata=cell(_RATIO, "quick"))


def picture(answer: Growth) -> Picture:
    """Draw openings and returns above the line, departures below it, and above all who is present.

    How many are present is drawn where there is one group.
    """
    groups = list(grouped(answer.rows).values())
    present = sum(rows[-1].present_at_end for rows in groups)
    line = [row.present_at_end for row in groups[0]] if len(groups) == 1 else []
    shown = None if any(row.erased_present for row in answer.rows) else -1

    def parts(rows: Sequence[GrowthRow]) -> list[Part]:
        return [
            Part("opened", BLUE, [row.openings for row in rows]),
            Part("returned", AMBER, [row.returns for row in rows]),
            Part("left", ORANGE, [row.departures for row in rows], is_below=True),
            Part("erased", GREY, [row.erased_present for row in rows], is_below=True),
        ][:shown]

    return bars(answer, parts, f"n = {present:,} contacts present at the end", line)


@frozen(kw_only=True)
class Growth(Periodic[GrowthRow]):
    """How the contacts that are present come and go, period by period.

    Names stand behind every count; behind a count of moments, a contact's once for each of them.
    """

    row_class: ClassVar[type[Row]] = GrowthRow
    _pictures: ClassVar[Mapping[str, Draw]] = {"bars": picture}


@frozen
class Present(Sequence[str]):
    """The contacts present at the end of a stretch, found when they are asked for.

    Attributes:
        spans: of each contact from the end of which stretch to before the end of which it was.
        stretch: the stretch.
        size: how many they are.
    """

    spans: Sequence[tuple[str, int, int]]
    stretch: int
    size: int

    def __iter__(self) -> Iterator[str]:
        return (who for who, first, gone in self.spans if first <= self.stretch < gone)

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: Any) -> Any:
        return tuple(self)[index]


_Counted = dict[tuple[str | None, int, str], list[str]]
_Spans = dict[str | None, list[tuple[str, int, int]]]


def growth_rows(
    stories: Iterable[tuple[str, Sequence[Moment]]],
    opened: Opened,
    timeline: Timeline,
) -> tuple[GrowthRow, ...]:
    """Count each period of each group."""
    counted: _Counted = defaultdict(list)
    spans: _Spans = defaultdict(list)
    for contact, moments in stories:
        if contact not in opened.groups:
            continue
        group, ends = opened.groups[contact], {}
        for stretch, part in _parts(moments, timeline, opened.erased.get(contact)):
            counted[group, stretch, part].append(contact)
            ends[stretch] = part in ("openings", "returns")
        spans[group] += [(contact, *span) for span in _spans(ends)]
    return tuple(
        row for group in opened.shown for row in _rows(counted, spans[group], group, timeline)
    )


def _parts(
    moments: Sequence[Moment], timeline: Timeline, gone: datetime | None
) -> Iterator[tuple[int, str]]:
    """What a contact counts as, and in which stretch, in order."""
    part = "departures"
    for moment in moments:
        if gone is None or moment.occurred_at <= gone:
            part = KINDS[moment.kind]
            yield timeline.stretch(moment.occurred_at), part
    if gone is not None and gone <= timeline.as_of and part != "departures":
        yield timeline.stretch(gone), "erased_present"


def _spans(ends: Mapping[int, bool]) -> Iterator[tuple[int, int]]:
    """From the end of which stretch to before the end of which a contact was present."""
    since: int | None = None
    for stretch, is_present in ends.items():
        if is_present and since is None:
            since = stretch
        elif not is_present and since is not None:
            yield since, stretch
            since = None
    if since is not None:
        yield since, _FOREVER


def _rows(
    counted: _Counted,
    spans: Sequence[tuple[str, int, int]],
    group: str | None,
    timeline: Timeline,
) -> Iterator[GrowthRow]:
    changes = _changes(spans)
    present = Present(spans, 1, changes[0] + changes[1])
    for number in range(timeline.shown):
        names: dict[str, Sequence[str]] = {
            part: tuple(counted.get((group, number + 2, part), ())) for part in PARTS
        }
        before, size = present, present.size + changes[number + 2]
        present = Present(spans, number + 2, size)
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


def _changes(spans: Sequence[tuple[str, int, int]]) -> Counter[int]:
    """By how many more contacts are present at the end of a stretch than at that before."""
    changes: Counter[int] = Counter()
    for _, since, gone in spans:
        changes[since] += 1
        changes[gone] -= 1
    return changes


def _quick_ratio(openings: int, returns: int, departures: int) -> float | None:
    return (openings + returns) / departures if departures else None


def _check(row: GrowthRow) -> None:
    come, gone = row.openings + row.returns, row.departures + row.erased_present
    if row.present_at_end != row.present_at_start + come - gone:
        raise InconsistencyError(
            f"{row.present_at_end} contacts are present at the end of the period of "
            f"{row.starts_on}, but {row.present_at_start} were at its start, {come} came and "
            f"{gone} went"
        )


def growth(
    inquiry: Inquiry,
    period: Unit = "month",
    *,
    since: Day = None,
    until: Day = None,
    week_start: int | str = 0,
    by: str | None = None,
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
    told = told_of(inquiry, period, week_start, by)
    with read_opened(inquiry, "growth", by) as opened:
        told["notes"] = opened.notes
        line = timeline_of(inquiry, period, week_start, since, until, opened)
        found = opened.source.stories(KINDS)
        rows = () if line is None else growth_rows(found, opened, line)
    return Growth(name="growth", definition=DEFINITION, rows=rows, **told)
