"""Retention: of those who opened in one period, how many were back in each period after it.

Counts from the stretches of time in which each contact was seen; the first is its opening's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, Literal

from attrs import field, frozen

from motfunnel.answers.answer import Draw, Row, Table
from motfunnel.answers.cells import COUNT, FLAG, NAMED, ROWS, SHARE, TEXT, Kind, between, cell, flat
from motfunnel.answers.members import Members
from motfunnel.charts.heat import Line, heat
from motfunnel.charts.labels import labels
from motfunnel.charts.scene import Picture
from motfunnel.domain.columns import Column, column
from motfunnel.errors import QuestionError
from motfunnel.reports.cohort import Opened, read_opened
from motfunnel.reports.facts.facts import Keep
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE
from motfunnel.reports.measure.grouping import By
from motfunnel.reports.measure.timeline import FIRST, Periodic, PeriodRow, Timeline
from motfunnel.reports.periods.growth import KINDS, PARTS, moves_of, spans_of
from motfunnel.reports.periods.period import (
    Day,
    Unit,
    notes_of,
    read_active,
    stretches_of,
    timeline_of,
    told_of,
)
from motfunnel.reports.silence import departures_note
from motfunnel.statistics import Interval, Proportion
from motfunnel.text import counted

IN: Final = "in"
IN_OR_AFTER: Final = "in or after"
WITH_US: Final = "with-us"
DEFINITIONS: Final = {
    IN: (
        "of the contacts that opened in the first period, the share that was seen, that is had "
        "an event that kept it alive, in the n-th period after it; in period 0 all were, by "
        "opening; a period that is not over has no share yet"
    ),
    IN_OR_AFTER: (
        "of the contacts that opened in the first period, the share that was seen, that is had "
        "an event that kept it alive, in the n-th period after it or in any later one by now; in "
        "period 0 all were, by opening; a period that is not over has no share yet"
    ),
    WITH_US: (
        "of the contacts that opened in the first period, the share that had not departed, or had "
        "come back, just before the end of the n-th period after it; an end that is yet to come "
        "has no share yet"
    ),
}
NEARLY_ALL: Final = (
    "within one patience of the opening hardly anybody can have departed by silence: these shares "
    "are near 100% by construction"
)
_KEEPS: Final[Mapping[str, Iterable[Keep]]] = {
    IN: ["activity"],
    IN_OR_AFTER: ["activity"],
    WITH_US: KINDS,
}
_ABREAST: Final = 12
_INTERVALS_ABREAST: Final = 6


@frozen(kw_only=True)
class RetentionCell:
    """One cell: a cohort in one period.

    Attributes:
        number: how many periods after that of the opening.
        retained: how many of the cohort were seen in it (or in it or after), or still with us
            at its end; None while the period is not over.
        share: of the cohort; None likewise, and where nobody opened.
        interval: Wilson's, around the share; None in period 0, in which all were seen by
            opening.
        is_complete: whether the period is over.
    """

    number: int = field(metadata=cell(COUNT))
    retained: int | None = field(metadata=cell(COUNT))
    share: float | None = field(metadata=cell(SHARE))
    interval: Interval | None = field(metadata=cell(between(SHARE)))
    is_complete: bool = field(metadata=cell(FLAG))


@frozen(kw_only=True)
class RetentionRow(PeriodRow):
    """One cohort: the contacts that opened in one period.

    Attributes:
        contacts: how many opened in it.
        cells: what became of them, from period 0 on.
    """

    contacts: int = field(metadata=cell(COUNT, NAMED))
    cells: tuple[RetentionCell, ...] = field(metadata=cell(ROWS))


def picture(answer: Retention) -> Picture:
    """Draw each cohort's share by the number of periods since its opening."""
    rows = [row for row in answer.rows if row.contacts] or list(answer.rows)
    short = labels([row.group for row in rows], 20)
    lines = []
    for row, group in zip(rows, short, strict=True):
        where = "" if answer.by is None else f"{group}, "
        name = f"{where}{row.period} (n = {row.contacts:,})"
        hovers = [
            "" if one.share is None
            else f"{name}; {one.number}: {one.retained:,} back, {one.share:.1%}"
            for one in row.cells
        ]  # fmt: skip
        lines.append(Line(name=name, shares=[one.share for one in row.cells], hovers=hovers))
    n, empty = sum(row.contacts for row in rows), len(answer.rows) - len(rows)
    left_out = f"; {empty:,} more, in which nobody opened, left out" if empty else ""
    return heat(
        lines,
        f"{answer.period}s after that of the opening",
        counted=f"n = {n:,} contacts that opened, in {len(rows)} cohorts{left_out}",
        told="retention",
    )


@frozen(kw_only=True, repr=False)
class Retention(Periodic[RetentionRow]):
    """How many of each cohort are back in each period after that of their opening.

    Names stand behind ``contacts``, and behind each finished cell under its number:
    ``members(row, "3")``.

    Attributes:
        how: seen ``in`` the period, or ``in or after`` it, or still ``with-us`` at its end.
    """

    row_class: ClassVar[type[Row]] = RetentionRow
    _pictures: ClassVar[Mapping[str, Draw]] = {"heatmap": picture}

    how: str = field(metadata=cell(TEXT))

    def columns(self) -> list[tuple[str, Kind, list[Any]]]:
        """What is written in a table: a line for each cell, with its cohort."""
        lines = [
            [*flat(RetentionRow, row), *flat(RetentionCell, one)]
            for row in self.rows
            for one in row.cells
        ]
        header = [*flat(RetentionRow), *flat(RetentionCell)]
        asked = [one for one in flat(type(self), self) if one[0] not in {h[0] for h in header}]
        return [
            *((name, kind, [line[n][2] for line in lines])
              for n, (name, kind, _) in enumerate(header)),
            *((name, kind, [value] * len(lines)) for name, kind, value in asked),
        ]  # fmt: skip

    def tables(self) -> Iterator[Table]:
        """What is printed: the cohorts in lines, so many periods abreast as there is room for.

        First the shares, then the counts that they are made of, then their intervals.
        """
        if self.by is not None:
            yield from super().tables()
            return
        columns = max((len(row.cells) for row in self.rows), default=1)
        later = ", or later" if self.how == IN_OR_AFTER else ""
        who = f"seen in the n-th {self.period} after that of the opening{later}"
        if self.how == WITH_US:
            who = f"with us at the end of the n-th {self.period} after that of the opening"
        level = self.words()["level"]
        for caption, abreast, write in (
            (f"% {who}", _ABREAST, lambda one: _percent(one.share)),
            (f"How many of the contacts were {who}", _ABREAST, lambda one: _count(one.retained)),
            (f"{level} intervals of the %", _INTERVALS_ABREAST, lambda one: _ends(one.interval)),
        ):
            for first in range(0, columns, abreast):
                last = min(first + abreast, columns)
                header = [self.period, self.word("contacts"), *map(str, range(first, last))]
                rows = [row for row in self.rows if first == 0 or len(row.cells) > first]
                yield (
                    self.said(caption),
                    header,
                    [_printed(row, first, last, write) for row in rows],
                )


def _printed(
    row: RetentionRow, first: int, last: int, write: Callable[[RetentionCell], str]
) -> list[str]:
    told = [write(one) for one in row.cells[first:last]]
    padding = [""] * (last - first - len(told))
    so_far = " so far" if row.unfinished else ""
    return [f"{row.period}{so_far}", f"{row.contacts:,}", *told, *padding]


def _count(retained: int | None) -> str:
    return "–" if retained is None else COUNT.show(retained)


def _ends(interval: Interval | None) -> str:
    return "–" if interval is None else f"{_percent(interval.lower)}–{_percent(interval.upper)}"


def _percent(share: float | None) -> str:
    """A share as a whole number of percent, that is 0 or 100 only where it is so exactly."""
    if share is None:
        return "–"
    if 0 < share <= 0.005:  # noqa: PLR2004 - half a percent
        return "<1"
    return "99" if 0.995 <= share < 1 else f"{share * 100:.0f}"  # noqa: PLR2004


@frozen
class Asked:
    """What is asked of the cohorts: which of them count, up to which period, and how sure."""

    how: str
    most: int | None
    confidence: float


@frozen
class Cohort:
    """The contacts that opened in one period, and of each period after it those who count."""

    contacts: Column = field(factory=column)
    back: list[Column] = field(factory=list)

    def add(self, contact: int, numbers: Iterable[int]) -> None:
        """Count a contact in some periods, by their numbers after that of the opening."""
        for number in numbers:
            self.back.extend(column() for _ in range(number + 1 - len(self.back)))
            self.back[number].append(contact)


def retention_rows(opened: Opened, timeline: Timeline, asked: Asked) -> tuple[RetentionRow, ...]:
    """Count each cohort of each group, up to so many periods after that of its opening."""
    parts = _with_us if asked.how == WITH_US else _active
    people = opened.source.names.people.texts
    return tuple(
        _row(group, number, cohort, people, timeline, asked)
        for group, cohorts in parts(opened, timeline, asked.how)
        for number, cohort in enumerate(cohorts)
    )


Parts = Iterator[tuple[str | None, list[Cohort]]]
"""The cohorts of each group."""


def _active(opened: Opened, timeline: Timeline, how: str) -> Parts:
    """Those who were seen in a period, or in it or after it."""
    activity = read_active(opened, timeline)
    for group, places in opened.parts(activity.contacts).items():
        cohorts = [Cohort() for _ in range(timeline.shown)]
        for place in places:
            contact, stretches = activity.contacts[place], stretches_of(activity.stretches[place])
            since = stretches[0]
            if FIRST <= since < FIRST + timeline.shown:
                told = range(since, stretches[-1] + 1) if how == IN_OR_AFTER else stretches
                cohorts[since - FIRST].contacts.append(contact)
                cohorts[since - FIRST].add(contact, (one - since for one in told))
        yield group, cohorts


def _with_us(opened: Opened, timeline: Timeline, _: str) -> Parts:
    """Those who had not departed at the end of a period."""
    moves = moves_of(opened.source.moments(KINDS, "at"), opened, timeline)
    opening, last = PARTS.index("openings"), FIRST + len(timeline.periods)
    for group, places in opened.parts(moves.contacts).items():
        cohorts, since_of = [Cohort() for _ in range(timeline.shown)], dict[int, int]()
        for place in places:
            since = moves.stretches[place]
            if moves.parts[place] == opening and FIRST <= since < FIRST + timeline.shown:
                since_of[moves.contacts[place]] = since
                cohorts[since - FIRST].contacts.append(moves.contacts[place])
        for contact, come, gone in zip(*spans_of(moves, places), strict=True):
            if contact in since_of:
                since = since_of[contact]
                numbers = (one - since for one in range(come, min(gone, last)))
                cohorts[since - FIRST].add(contact, numbers)
        yield group, cohorts


def _row(
    group: str | None,
    number: int,
    cohort: Cohort,
    people: Sequence[str],
    timeline: Timeline,
    asked: Asked,
) -> RetentionRow:
    periods = timeline.periods[number:]
    if asked.most is not None:
        periods = periods[: asked.most + 1]
    back = [*cohort.back, *(column() for _ in periods)]  # nobody comes back so late
    contacts = len(cohort.contacts)
    names = {"contacts": Members(people, cohort.contacts)}
    cells = []
    for n, period in enumerate(periods):
        is_told = n > 0 or asked.how == WITH_US
        # With us at an end is known once it has come; seen before it, an instant earlier.
        end = period.ends_at <= timeline.as_of
        is_complete = end if asked.how == WITH_US else period.is_over(timeline.as_of)
        retained = len(back[n]) if is_complete else None
        if is_complete:
            names[str(n)] = Members(people, back[n])
        cells.append(
            _cell(n, retained, contacts, asked.confidence if is_told else None, is_complete)
        )
    told = timeline.told(number)
    return RetentionRow(group=group, **told, contacts=contacts, cells=tuple(cells), names=names)


def _cell(
    number: int, retained: int | None, cohort: int, confidence: float | None, is_complete: bool
) -> RetentionCell:
    share = interval = None
    if retained is not None and cohort:
        proportion = Proportion(numerator=retained, denominator=cohort)
        share = proportion.value
        interval = None if confidence is None else proportion.interval(confidence)
    return RetentionCell(
        number=number,
        retained=retained,
        share=share,
        interval=interval,
        is_complete=is_complete,
    )


def retention(
    inquiry: Inquiry,
    period: Unit = "month",
    *,
    how: Literal["in", "in or after", "with-us"] = "in",
    periods: int | None = None,
    since: Day = None,
    until: Day = None,
    week_start: int | str = 0,
    by: By = None,
    confidence: float = CONFIDENCE,
) -> Retention:
    """How many of those who opened in one period are back in each period after it.

    Numerator: contacts of the cohort with an event that kept them alive in period n (or in it
    or in any later one by now; or that had not departed at its end). Denominator: contacts that
    opened in the cohort's period. None where that is 0, and for a period that is not over.

    Args:
        period: as in ``lifecycle``.
        how: seen ``in`` the n-th period or ``in or after`` it, or ``with-us`` at its end.
        periods: the greatest n; by default as far as time has come.
        since: the first cohort is that of the period in which this lies.
        until: the last cohort is that of the last period that begins before it; how long the
            cohorts are followed does not depend on it.
        week_start: as in ``lifecycle``.
        by: likewise.
        confidence: of the intervals.
    """
    if how not in DEFINITIONS:
        raise QuestionError(f"how is {how!r}; it can be 'in', 'in or after' or 'with-us'")
    _check_periods(periods)
    told = told_of(inquiry, period, week_start, by, confidence) | {"how": how}
    with read_opened(inquiry, "retention", by, keeps=_KEEPS[how]) as opened:
        line = timeline_of(inquiry, period, week_start, since, until, opened)
        rows = () if line is None else retention_rows(opened, line, Asked(how, periods, confidence))
        told["notes"] = (*notes_of(inquiry, opened, line), *_of_those_with_us(inquiry, opened, how))
    return Retention(name="retention", definition=DEFINITIONS[how], rows=rows, **told)


def _of_those_with_us(inquiry: Inquiry, opened: Opened, how: str) -> Iterator[str]:
    """What a reader has to know of who is with us, where that is asked."""
    if how != WITH_US:
        return
    said, erased = departures_note(inquiry.funnel), len(opened.gone)
    if said is not None:
        yield from (NEARLY_ALL, said)
    if erased:
        yield f"of {counted(erased, 'contact')} erased with counts kept none is with us since"


def _check_periods(periods: int | None) -> None:
    if periods is not None and (not isinstance(periods, int) or periods < 0):
        raise QuestionError(f"periods is {periods!r}; it must be a number, not below zero")
