"""Calendar periods of a zone: days, weeks, months, quarters and years, half-open and unbroken.

A period is named as ISO 8601 does, and lasts from the first instant of its first local date to the
first instant of the next period. Steps are taken on the calendar, never by adding hours: so a day
may have 23 or 25 of them, and a date that a zone skipped is not a period. Reads no clock.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

from attrs import field, frozen

from motfunnel.domain.instant import MICROSECOND, parse_duration, read_iso

WEEKDAYS: Final = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
OR_WRITE: Final = (
    "write e.g. 2025-01-31, 2025-01-31T12:00Z, 2025-01, 2025-W05, yesterday, or -30d for 30 days "
    "ago"
)
"""How an instant is written, as every error about one says it."""
_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_DAYS: Final = {"day": 1, "week": 7}
_LETTERS: Final = {"year": 4, "month": 7}
_NAMED: Final = {"today": 0, "yesterday": 1}
RELATIVE: Final = ("-", "now", *_NAMED)
"""With which texts begin that name an instant by another."""
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_PERIOD: Final = re.compile(
    r"([0-9]{4})(?:-(?:W([0-9]{2})|Q([1-4])|([0-9]{2})))?", re.ASCII | re.IGNORECASE
)
UNITS: Final = (*_DAYS, *_MONTHS)


@frozen(kw_only=True)
class Period:
    """One period of a calendar.

    Attributes:
        name: ``2005``, ``2005-Q1``, ``2005-03``, ``2005-W09`` or ``2005-03-01``.
        starts_on: its first local date.
        starts_at: its first instant.
        ends_at: the first instant after it.
    """

    name: str
    starts_on: date
    starts_at: datetime
    ends_at: datetime

    def is_over(self, as_of: datetime) -> bool:
        """Whether nothing can happen in it any more, once all up to an instant has happened."""
        return self.ends_at - MICROSECOND <= as_of


@frozen(kw_only=True)
class Calendar:
    """How a zone's time is divided.

    Attributes:
        zone: the zone.
        unit: of which length the periods are, one of ``UNITS``.
        week_start: the day on which weeks begin; 0 is Monday.
    """

    zone: tzinfo
    unit: str = field()
    week_start: int = field(default=0)

    @unit.validator
    def _check_unit(self, _: object, unit: str) -> None:
        if unit not in UNITS:
            raise ValueError(f"a period is a {', '.join(UNITS[:-1])} or {UNITS[-1]}, not {unit!r}")

    @week_start.validator
    def _check_week_start(self, _: object, number: int) -> None:
        if isinstance(number, bool) or number not in range(7):
            raise ValueError("a week starts on a day from 0, Monday, to 6, Sunday")

    def day_of(self, instant: datetime) -> date:
        """The local date of an instant; the last there is, where its own lies past all dates."""
        try:
            return instant.astimezone(self.zone).date()
        except OverflowError:
            return date.max

    def first_day(self, day: date) -> date:
        """The first date of the period that a date lies in.

        >>> Calendar(zone=UTC, unit="quarter").first_day(date(2026, 5, 17))
        datetime.date(2026, 4, 1)
        >>> Calendar(zone=UTC, unit="week", week_start=6).first_day(date(2026, 5, 16))
        datetime.date(2026, 5, 10)
        """
        if self.unit == "week":
            return day - (day.weekday() - self.week_start) % 7 * _DAY
        if self.unit == "day":
            return day
        months = _MONTHS[self.unit]
        return date(day.year, (day.month - 1) // months * months + 1, 1)

    def name_of(self, first: date) -> str:
        """Name the period of which a date is the first.

        A week that does not begin on Monday has no number that all agree on, and is named by its
        first date.

        >>> [Calendar(zone=UTC, unit=one).name_of(date(2024, 4, 1)) for one in UNITS]
        ['2024-04-01', '2024-W14', '2024-04', '2024-Q2', '2024']
        >>> Calendar(zone=UTC, unit="week", week_start=6).name_of(date(2024, 3, 31))
        '2024-03-31'
        """
        if self.unit == "week" and self.week_start == 0:
            year, week, _ = first.isocalendar()
            return f"{year:04}-W{week:02}"
        if self.unit == "quarter":
            return f"{first.year:04}-Q{(first.month + 2) // 3}"
        return first.isoformat()[: _LETTERS.get(self.unit)]

    def periods_from(self, day: date) -> Iterator[Period]:
        """Give the period that a date lies in, and all after it; without those of no length."""
        yield from self._walk(self.first_day(day), self._next)

    def period_before(self, day: date) -> Period:
        """The period before the one that a date lies in."""
        before = self.first_day(self.first_day(day) - _DAY)
        return next(self._walk(before, lambda first: self.first_day(first - _DAY)))

    def _walk(self, first: date, step: Callable[[date], date]) -> Iterator[Period]:
        while True:
            starts_at = start_of(first, self.zone)
            ends_at = start_of(self._next(first), self.zone)
            if starts_at < ends_at:
                yield Period(
                    name=self.name_of(first), starts_on=first, starts_at=starts_at, ends_at=ends_at
                )
            first = step(first)

    def _next(self, first: date) -> date:
        if self.unit in _DAYS:
            return first + _DAYS[self.unit] * _DAY
        month = first.month - 1 + _MONTHS[self.unit]
        return date(first.year + month // 12, month % 12 + 1, 1)


def stretch_named(bounds: tuple[datetime | None, datetime | None], zone: tzinfo) -> str:
    """Say which stretch of time is meant: a period by its name, any other by its local dates.

    >>> at = [datetime(2026, month, 1, tzinfo=UTC) for month in (4, 5, 7)]
    >>> [stretch_named(one, UTC) for one in ((at[0], at[1]), (at[1], at[2]), (None, at[1]))]
    ['in 2026-04', 'from 2026-05-01 to 2026-07-01', 'before 2026-05-01']
    """
    start, end = bounds
    if start is not None and end is not None:
        for unit in UNITS:
            calendar = Calendar(zone=zone, unit=unit)
            period = next(calendar.periods_from(calendar.day_of(start)))
            if (period.starts_at, period.ends_at) == (start, end):
                return f"in {period.name}"
    first, last = (None if one is None else _local(one, zone) for one in bounds)
    if first is None or last is None:
        return f"since {first}" if first else f"before {last}" if last else ""
    return f"from {first} to {last}"


def _local(instant: datetime, zone: tzinfo) -> str:
    """A date where it begins, and else the local time."""
    local = instant.astimezone(zone)
    is_day = instant == start_of(local.date(), zone)
    return local.date().isoformat() if is_day else f"{local:%Y-%m-%d %H:%M}"


def start_of(day: date, zone: tzinfo) -> datetime:
    """The first instant of a local date, or, where the zone skipped it, of the next one.

    Midnight may come twice, then it is the first; or never, then it is where the clock leapt to.

    >>> from zoneinfo import ZoneInfo
    >>> start_of(date(2018, 11, 4), ZoneInfo("America/Sao_Paulo")).isoformat()
    '2018-11-04T03:00:00+00:00'
    """
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    early, late = sorted(midnight.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if early.astimezone(zone).date() >= day:
        return early
    while late - early > _SECOND:  # the clock leapt over midnight somewhere between them
        middle = early + (late - early) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).date() >= day:
            late = middle
        else:
            early = middle
    return late


def read_when(text: str, zone: tzinfo, now: datetime) -> datetime:
    """Read an instant as one says it, or as ISO 8601.

    A time back from now, a day that is named, or the beginning of a period that is; a date or a
    time without an offset is the zone's.

    >>> now = datetime(2025, 6, 11, 12, tzinfo=UTC)
    >>> for text in ("now", "yesterday", "-36h", "2017", "2017-06", "2017-Q3", "2017-W09"):
    ...     print(read_when(text, UTC, now).isoformat())
    2025-06-11T12:00:00+00:00
    2025-06-10T00:00:00+00:00
    2025-06-10T00:00:00+00:00
    2017-01-01T00:00:00+00:00
    2017-06-01T00:00:00+00:00
    2017-07-01T00:00:00+00:00
    2017-02-27T00:00:00+00:00

    Raises:
        ValueError: it is none, or lies outside the calendar.
    """
    said = say_when(text, zone, now)
    if said is not None:
        return said
    try:
        if _DATE.fullmatch(text.strip()):
            return start_of(date.fromisoformat(text.strip()), zone)
        read = read_iso(text.strip())
        return read.replace(tzinfo=read.tzinfo or zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no instant; {OR_WRITE}") from None


def goes_back(when: object) -> bool:
    """Whether an instant is told by how long before another one it was, as ``-30d``.

    >>> [goes_back(text) for text in ("-30d", "yesterday", "now", "2017-06")]
    [True, True, False, False]
    """
    return isinstance(when, str) and when.strip().startswith(("-", *_NAMED))


def say_when(text: str, zone: tzinfo, now: datetime) -> datetime | None:
    """The same of what is no ISO 8601 instant and no date; None for anything else."""
    said = text.strip()
    try:
        if said == "now":
            return now
        if said in _NAMED:
            return start_of(now.astimezone(zone).date() - _NAMED[said] * _DAY, zone)
        if said.startswith("-"):
            return now - parse_duration(said[1:])
        period = _PERIOD.fullmatch(said)
        return None if period is None else start_of(_first_date(period), zone)
    except (ValueError, OverflowError):
        return None


def _first_date(period: re.Match[str]) -> date:
    year, week, quarter, month = period.groups()
    if week is not None:
        return date.fromisocalendar(int(year), int(week), 1)
    if quarter is not None:
        return date(int(year), int(quarter) * 3 - 2, 1)
    return date(int(year), int(month or 1), 1)


def read_week_start(named: int | str) -> int:
    """Read on which day weeks start: a number from 0, Monday, or an English name.

    Raises:
        ValueError: it is neither.

    >>> read_week_start("Sunday"), read_week_start("sun"), read_week_start(0)
    (6, 6, 0)
    """
    if not isinstance(named, str):
        return named
    found = [n for n, day in enumerate(WEEKDAYS) if named.lower() in (day, day[:3], str(n))]
    if not found:
        raise ValueError(f"a week starts on {', '.join(WEEKDAYS[:-1])} or sunday, not {named!r}")
    return found[0]
