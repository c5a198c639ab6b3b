"""The timeline of a period report: the periods that are asked for, and where an instant falls.

``Periodic`` is what every period report says of its question. Computes no counts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import date, datetime, tzinfo
from typing import Any, Final, TypeVar

from attrs import field, frozen

from motfunnel.answers.answer import Grouped, GroupedRow, grouped
from motfunnel.answers.cells import COUNT, INSTANT, TEXT, Kind, cell
from motfunnel.charts.bars import Panel, Part, calendar
from motfunnel.charts.scene import Picture
from motfunnel.domain.calendar import Calendar, Period, read_week_start, start_of
from motfunnel.domain.instant import EARLIEST, When
from motfunnel.errors import QuestionError
from motfunnel.reports.measure.arguments import read_instant

MOST_PERIODS: Final = 5000
"""So many periods are 13 years of days; more is a slip, and no database is asked for it."""
FIRST: Final = 2
"""The stretch of the first period; 1 is the period before it, 0 all that is earlier."""

DATE: Final = Kind("text", date.isoformat, date.isoformat)
SO_FAR: Final = Kind("flag", lambda flag: "so far" if flag else "")
"""A flag that stands out on a terminal where it is set."""


@frozen(kw_only=True)
class PeriodRow(GroupedRow):
    """A row of one period.

    Attributes:
        period: its name, such as ``2005-03``.
        starts_on: its first local date.
        starts_at: its first instant.
        ends_at: the first instant after it.
        unfinished: whether it was not over at the instant of the question; its counts may grow.
    """

    period: str = field(metadata=cell(TEXT, "{period}"))
    starts_on: date = field(metadata=cell(DATE))
    starts_at: datetime = field(metadata=cell(INSTANT))
    ends_at: datetime = field(metadata=cell(INSTANT))
    unfinished: bool = field(metadata=cell(SO_FAR, ""))


P = TypeVar("P", bound=PeriodRow)


@frozen(kw_only=True, repr=False)
class Periodic(Grouped[P]):
    """An answer with a row for each period, and in groups for each group and period.

    Attributes:
        period: of which length the periods are.
        week_start: the day on which weeks begin; 0 is Monday.
    """

    period: str = field(metadata=cell(TEXT))
    week_start: int = field(default=0, metadata=cell(COUNT))

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        zone = "" if self.timezone == "UTC" else f", {self.timezone}"
        return f"{self.name.capitalize()} by {self.period}{zone}"

    def words(self) -> dict[str, str]:
        """What stands in headings for what is asked differently each time."""
        return super().words() | {"period": self.period}


def bars(
    answer: Periodic[P],
    parts: Callable[[Sequence[P]], Sequence[Part]],
    counted: str,
    line: Sequence[int] = (),
    title: str = "contacts",
) -> Picture:
    """Draw bars by period, a panel for each group; and a line above them, of all together."""
    panels = [
        Panel(
            None if group is None else f"{answer.by}: {group}",
            [row.period for row in rows],
            [row.unfinished for row in rows],
            parts(rows),
        )
        for group, rows in grouped(answer.rows).items()
    ]
    return calendar(panels, answer.period, counted, line, answer.word("present"), title)


@frozen(kw_only=True)
class Timeline:
    """The periods of a question.

    Attributes:
        before: the period just before the first one.
        periods: all from the first one that is asked for to the one that is not over yet.
        shown: how many of them have rows.
        as_of: the instant of the question.
        bounds: where one stretch ends and the next begins; ``FIRST`` says how they are numbered.
    """

    before: Period
    periods: tuple[Period, ...]
    shown: int
    as_of: datetime

    bounds: list[datetime] = field(init=False)

    @bounds.default
    def _bounds(self) -> list[datetime]:
        return [self.before.starts_at, *(period.starts_at for period in self.periods)]

    def stretch(self, instant: datetime) -> int:
        """In which stretch an instant lies; 0 is all that is earlier."""
        return bisect_right(self.bounds, instant)

    def told(self, number: int) -> dict[str, Any]:
        """What the row of a period says of it."""
        period = self.periods[number]
        return {
            "period": period.name,
            "starts_on": period.starts_on,
            "starts_at": period.starts_at,
            "ends_at": period.ends_at,
            "unfinished": not period.is_over(self.as_of),
        }


def read_calendar(period: str, zone: tzinfo, week_start: int | str) -> Calendar:
    """Read of which length the periods are, and when weeks start.

    Raises:
        QuestionError: there are no such periods, or there is no such day.
    """
    try:
        return Calendar(zone=zone, unit=period, week_start=read_week_start(week_start))
    except ValueError as error:
        raise QuestionError(str(error)) from None


def make_timeline(
    calendar: Calendar,
    as_of: datetime,
    since: date | When | None,
    until: date | When | None,
    earliest: datetime | None,
) -> Timeline | None:
    """Give the periods from the one of ``since`` to those that began before ``until``.

    Args:
        calendar: which divides time.
        as_of: the instant of the question; no period begins after it.
        since: a local date, or an instant, or a text for one; by default the earliest opening.
        until: likewise; by default there is no such limit.
        earliest: the earliest opening, if there was one.

    Raises:
        QuestionError: what was given is neither, nothing lies between, or too much does.
    """
    start = _read_bound("since", since, calendar, as_of)
    stop = _read_bound("until", until, calendar, as_of)
    if start is not None and stop is not None and _at(start, calendar) >= _at(stop, calendar):
        raise QuestionError("nothing lies between since and until")
    if (begin := earliest if start is None else start) is None:
        return None
    first = calendar.day_of(begin) if isinstance(begin, datetime) else begin
    if calendar.first_day(first) > calendar.day_of(as_of):
        return None
    periods: list[Period] = []
    for period in calendar.periods_from(first):
        if period.starts_at > as_of:
            break
        periods.append(period)
        if len(periods) > MOST_PERIODS:
            raise QuestionError(
                f"there are more than {MOST_PERIODS} periods; give a later since, or longer ones"
            )
    before, shown = calendar.period_before(first), sum(_begins_before(p, stop) for p in periods)
    return Timeline(before=before, periods=tuple(periods), shown=shown, as_of=as_of)


def _read_bound(
    name: str, given: date | When | None, calendar: Calendar, as_of: datetime
) -> date | datetime | None:
    """A local date, or an instant."""
    if given is None:
        return None
    if isinstance(given, datetime | str):
        return read_instant(name, given, calendar.zone, as_of)
    if not isinstance(given, date):
        raise QuestionError(f"{name} is {given!r}; it can be a date, or an instant")
    if given < EARLIEST.date():
        raise QuestionError(f"{name}: {given} lies before what any database here can hold")
    return given


def _at(bound: date | datetime, calendar: Calendar) -> datetime:
    """The instant, or the first one of a local date."""
    return bound if isinstance(bound, datetime) else start_of(bound, calendar.zone)


def _begins_before(period: Period, stop: date | datetime | None) -> bool:
    """Whether a period begins before an instant, or a local date."""
    if stop is None:
        return True
    return (period.starts_at if isinstance(stop, datetime) else period.starts_on) < stop
