"""Instants as people write them: ISO 8601, seconds since 1970, or a pattern of one's own.

Nothing is guessed and nothing rounded: a local time that does not exist, that exists twice, or
that is finer than a microsecond is refused. A date is its first instant in the zone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from motfunnel.domain.instant import EARLIEST, clock_text, day_text, from_micros, instant_text, utc

UNIX: Final = "unix"
ISO: Final = "iso"

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}", re.ASCII)
_TOO_FINE: Final = re.compile(r"[.,][0-9]{6}0*[1-9]")
_SECONDS: Final = re.compile(r"([+-]?)([0-9]{1,12})(?:\.([0-9]{0,30}))?", re.ASCII)
_CLOCK: Final = re.compile(r"%[-#]?[HIMSfpXcTRrs]")
_SURE: Final = 11  # digits of seconds that surely lie within the calendar
_MOST_DIGITS: Final = 40
_MOST_SHOWN: Final = 60
_DAY: Final = timedelta(days=1)
_FIRST_DAY: Final = date(1970, 1, 1).toordinal()
_EARLIEST_TEXT: Final = instant_text(EARLIEST)
_USUAL: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]"
    r"((?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,6}))?(?:Z|\+00:00)?",
    re.ASCII,
)

ReadInstant = Callable[[object], datetime]


def instant_reader(timezone: str = "UTC", at_format: str | None = None) -> ReadInstant:
    """Make the function that reads instants of one form.

    Args:
        timezone: the IANA zone of instants that name no offset.
        at_format: ``unix``, a strptime pattern, or ``iso`` (or None) for ISO 8601.

    Raises:
        ValueError: there is no such zone, or the pattern is none.
    """
    zone = read_zone(timezone)
    if at_format == UNIX:
        return read_unix
    if at_format in (None, ISO):
        return lambda value: _settle(_read_iso(value), zone)
    if at_format is None or "%" not in at_format:
        raise ValueError(
            f"{at_format!r} is no form of an instant; write iso, unix, or e.g. '%d.%m.%Y'"
        )
    if "%Z" in at_format:
        raise ValueError("%Z names zones that are not known alike everywhere; write %z, or a zone")
    has_clock = _CLOCK.search(at_format) is not None
    return lambda value: _settle(_read_pattern(value, at_format, has_clock), zone)


def plain_text(value: object, *, unix: bool, latest: str) -> str | None:
    """Give the usual instant, in UTC, as it is stored: without making a datetime of it.

    Args:
        value: what a cell holds.
        unix: whether it is in seconds since 1970; else ISO 8601, read in UTC.
        latest: the last instant that can be taken, as it would be stored.

    Returns:
        The same as reading and writing it would give; None for whatever is not so usual.
    """
    if type(value) is not str:
        return None
    if unix:
        if len(value) > _SURE or not (value.isascii() and value.isdigit()):
            return None
        days, seconds = divmod(int(value), 86_400)
        written = f"{day_text(_FIRST_DAY + days)} {clock_text(seconds)}.000000"
    else:
        match = _USUAL.fullmatch(value)
        if match is None:
            return None
        try:
            datetime.fromisoformat(value)  # there is such a day, and such a time of it
        except ValueError:
            return None
        written = f"{match[1]} {match[2]}.{(match[3] or '').ljust(6, '0')}"
    return written if _EARLIEST_TEXT <= written <= latest else None


def read_zone(name: str) -> tzinfo:
    """Find a time zone.

    Raises:
        ValueError: there is none of this name.
    """
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"there is no time zone {name!r}; write an IANA name such as Europe/Berlin"
        ) from None


def read_unix(value: object) -> datetime:
    """Read seconds since 1970, exactly.

    >>> read_unix("1112911993.5").isoformat()
    '2005-04-07T22:13:13.500000+00:00'
    """
    if type(value) is str and len(value) <= _SURE and value.isascii() and value.isdigit():
        return datetime.fromtimestamp(int(value), UTC)  # after 1970 and whole, as most are
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError(f"{_brief(value)} is no number of seconds since 1970")
    text = value.strip() if isinstance(value, str) else _plain(value)
    match = _SECONDS.fullmatch(text)
    if match is None:
        raise ValueError(f"{_brief(text)} is no number of seconds since 1970")
    sign, seconds, fraction = match[1], match[2], match[3] or ""
    if fraction[6:].strip("0"):
        raise ValueError(f"{_brief(text)} is finer than a microsecond")
    micros = int(seconds) * 1_000_000 + int(fraction[:6].ljust(6, "0"))
    try:
        instant = from_micros(-micros if sign == "-" else micros)
    except OverflowError:
        raise ValueError(f"{_brief(text)} lies outside the calendar; are these seconds?") from None
    if instant < EARLIEST:
        raise ValueError(f"{_brief(text)} lies before the year 1000")
    return instant


def first_instant(day: date, zone: tzinfo) -> datetime:
    """Give the first instant of a date in a zone, in UTC; midnight, where there is one.

    Raises:
        ValueError: the zone skipped the whole day, or it lies outside the calendar.
    """
    midnight = datetime(day.year, day.month, day.day)
    try:
        start = midnight.replace(tzinfo=zone).astimezone(UTC)
        if start.astimezone(zone).replace(tzinfo=None) != midnight:
            start = _first_after(start - _DAY, start + _DAY, day, zone)
        found = start.astimezone(zone).date()
    except OverflowError:
        raise ValueError(f"{day} lies outside the calendar once moved to UTC") from None
    if found != day:
        raise ValueError(f"{day} does not exist in {zone}")
    return utc(start)


def _first_after(low: datetime, high: datetime, day: date, zone: tzinfo) -> datetime:
    """Find where a date begins that has no midnight, between an instant before and one after."""
    while high - low > timedelta(microseconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).date() < day:
            low = middle
        else:
            high = middle
    return high


def _settle(read: datetime | date, zone: tzinfo) -> datetime:
    """Give the one instant that is meant, in UTC."""
    if not isinstance(read, datetime):
        return first_instant(read, zone)
    if read.tzinfo is not None:
        return utc(read)
    if zone is UTC:
        return utc(read.replace(tzinfo=UTC))
    earlier, later = (utc(read.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    if earlier != later:
        is_there = earlier.astimezone(zone).replace(tzinfo=None) == read.replace(fold=0)
        fault = "exists twice" if is_there else "does not exist"
        raise ValueError(f"{read} {fault} in {zone}, where the clocks were changed; add its offset")
    return earlier


def _read_iso(value: object) -> datetime | date:
    if isinstance(value, date):  # a datetime is one too
        return value
    if not isinstance(value, str):
        raise ValueError(f"{_brief(value)} is no ISO 8601 instant; for a number try unix")
    text = value.strip()
    if _TOO_FINE.search(text):
        raise ValueError(f"{_brief(text)} is finer than a microsecond")
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{_brief(text)} is no ISO 8601 instant") from None


def _read_pattern(value: object, pattern: str, has_clock: bool) -> datetime | date:
    if isinstance(value, date):
        return value
    text = value if isinstance(value, str) else _plain(value)
    try:
        read = datetime.strptime(text.strip(), pattern)
    except ValueError:
        raise ValueError(f"{_brief(text)} does not have the form {pattern!r}") from None
    return read if has_clock or read.tzinfo is not None else read.date()


def _plain(value: object) -> str:
    """Write a number without an exponent, as far as it stands for itself."""
    if isinstance(value, int) and abs(value) > 10**20:
        raise ValueError(f"a number of {value.bit_length()} bits is no instant")
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < _MOST_DIGITS:
        return format(value, "f")
    return str(value)


def _brief(value: object) -> str:
    text = ascii(value)  # whole or not at all: half of somebody's address names somebody
    return text if len(text) <= _MOST_SHOWN else f"what takes {len(text)} characters"
