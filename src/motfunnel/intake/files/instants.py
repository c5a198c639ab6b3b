"""Instants as people and tools write them: ISO 8601, a number, or a pattern of one's own.

Nothing is guessed and nothing rounded: a local time that does not exist, that exists twice, or
that is finer than a microsecond is refused. A date is its first instant in the zone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from motfunnel.domain.instant import EARLIEST, clock_text, day_text, instant_text, read_iso, utc
from motfunnel.intake.files.epoch import EXCEL, UNITS, brief, hint, plain, read_days, read_epoch

ISO: Final = "iso"

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}", re.ASCII)
_TOO_FINE: Final = re.compile(r"[.,][0-9]{6}0*[1-9]")
_FRACTION: Final = re.compile(r"([.,][0-9]{6})[0-9]+")
_TAIL: Final = re.compile(r" ?(?:UTC|GMT)$| ([+-][0-9]{2}:?[0-9]{2})(?: UTC)?$", re.ASCII)
_UTC: Final = ("UTC", "GMT")
_SAMPLE: Final = datetime(2019, 11, 24, 22, 47, 58, 123456, UTC)
_YEAR: Final = re.compile(r"%[YyGcx]")
_CLOCK: Final = re.compile(r"%[-#]?[HIMSfpXcTRrs]")
_SURE: Final = 11  # digits of seconds that surely lie within the calendar
_DAY: Final = timedelta(days=1)
_FIRST_DAY: Final = date(1970, 1, 1).toordinal()
_EARLIEST_TEXT: Final = instant_text(EARLIEST)
_USUAL: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]"
    r"((?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,6}))?(?:Z|\+00:00)?",
    re.ASCII,
)

ReadInstant = Callable[[object], datetime]


def instant_reader(
    timezone: str = "UTC", at_format: str | None = None, *, truncate: bool = False
) -> ReadInstant:
    """Make the function that reads instants of one form.

    Args:
        timezone: the IANA zone of instants that name no offset.
        at_format: ``unix``, ``unix_ms``, ``unix_us`` or ``unix_ns``, ``excel``, a strptime
            pattern, or ``iso`` (or None) for ISO 8601.
        truncate: whether to cut what is finer than a microsecond.

    Raises:
        ValueError: there is no such zone, or the pattern can read no instant.
    """
    zone = read_zone(timezone)
    if at_format in UNITS:
        return partial(read_epoch, form=at_format, truncate=truncate)
    if at_format == EXCEL:
        return lambda value: _settle(read_days(value), zone)
    if at_format in (None, ISO):
        return lambda value: _settle(_read_iso(value, truncate=truncate), zone)
    if at_format is None or "%" not in at_format:
        raise ValueError(
            f"{at_format!r} is not a form of an instant; write iso, {', '.join(UNITS)}, excel, or "
            "e.g. '%d.%m.%Y'"
        )
    _check_pattern(at_format)
    has_clock = _CLOCK.search(at_format) is not None
    zone = UTC if at_format.rstrip().endswith(_UTC) else zone
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


def _read_iso(value: object, *, truncate: bool) -> datetime | date:
    if isinstance(value, date):  # a datetime is one too
        return value
    if not isinstance(value, str):
        number = hint(plain(value)) if isinstance(value, int | float) else ""
        raise ValueError(
            f"{brief(value)} is no ISO 8601 instant{number or '; for a number try unix'}"
        )
    text = _TAIL.sub(lambda match: "Z" if match[1] is None else match[1], value.strip())
    if _TOO_FINE.search(text):
        if not truncate:
            raise ValueError(f"{brief(value)} is finer than a microsecond; --truncate cuts it")
        text = _FRACTION.sub(r"\1", text)
    try:
        if text.isdigit() and not _DATE.fullmatch(text):  # digits in a row would pass for hours
            raise ValueError(text)
        return date.fromisoformat(text) if _DATE.fullmatch(text) else read_iso(text)
    except ValueError:
        raise ValueError(f"{brief(value)} is no ISO 8601 instant{hint(text)}") from None


def _check_pattern(pattern: str) -> None:
    """Refuse a pattern by which not even its own writing can be read.

    Raises:
        ValueError: it is such a pattern, or names no year.
    """
    if "%Z" in pattern:
        raise ValueError(
            "%Z names zones that are not known alike everywhere; write %z, or UTC as it stands, or "
            "a zone"
        )
    without_a_year = ValueError(f"the pattern {pattern!r} reads no year; add %Y")
    if "%d" in pattern and not _YEAR.search(pattern):  # Python 3.13 on warns of it
        raise without_a_year
    try:
        read = datetime.strptime(_SAMPLE.strftime(pattern), pattern)
    except ValueError as error:
        raise ValueError(f"the pattern {pattern!r} can read nothing: {error}") from None
    if read.year != _SAMPLE.year:
        raise without_a_year


def _read_pattern(value: object, pattern: str, has_clock: bool) -> datetime | date:
    if isinstance(value, date):
        return value
    text = value if isinstance(value, str) else plain(value)
    try:
        read = datetime.strptime(text.strip(), pattern)
    except ValueError:
        raise ValueError(f"{brief(text)} does not have the form {pattern!r}") from None
    return read if has_clock or read.tzinfo is not None else read.date()
