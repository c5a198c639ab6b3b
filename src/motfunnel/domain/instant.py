"""Instants and durations: aware datetimes outside, whole microseconds inside.

The state machine counts in integers, so that no duration is ever rounded. Does not read a clock.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, TypeAlias

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST: Final = datetime(1000, 1, 1, tzinfo=UTC)
"""The first instant that every supported database can hold (the limit is MariaDB's)."""

LONGEST: Final = timedelta(days=36_525)
"""The longest patience: a century keeps every deadline inside the calendar."""

Duration: TypeAlias = timedelta | str
"""A span of time as a caller gives it: a timedelta, or a text such as ``90d``."""

When: TypeAlias = datetime | str
"""An instant as one asks about it: a datetime, or a text such as ``yesterday`` or ``2017-06``."""

MICROSECOND: Final = timedelta(microseconds=1)
TOLERANCE: Final = timedelta(minutes=5)
"""How far ahead of our clock another machine's may be."""

_UNITS: Final = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
    "us": MICROSECOND,
}
_SAID: Final = {
    "w": timedelta(weeks=1),
    **{name: timedelta(weeks=1) for name in ("week", "weeks")},
    **{name: timedelta(days=1) for name in ("day", "days")},
    **{name: timedelta(hours=1) for name in ("hour", "hours")},
    **{name: timedelta(minutes=1) for name in ("min", "minute", "minutes")},
    **_UNITS,
}
"""The units in which a duration may be said; written it is in those above."""
_DURATION: Final = re.compile(rf"([0-9]{{1,18}})\s*({'|'.join(_SAID)})", re.ASCII)
_BARE_MINUTES: Final = re.compile(r"\s*-?([0-9]{1,18})\s*m\s*", re.ASCII)
_TWO: Final = tuple(f"{number:02}" for number in range(60))

_MAKE: Final = {
    str: "; write datetime.fromisoformat('2026-01-31T12:00:00+00:00')",
    float | int: "; write datetime.fromtimestamp(seconds, timezone.utc)",
    date: "; write datetime(2026, 1, 31, tzinfo=timezone.utc)",
}
"""How an instant is made of what else hosts have."""


def utc(instant: datetime) -> datetime:
    """Give the instant in UTC.

    Raises:
        ValueError: the datetime is naive, is no datetime, or lies outside the calendar.
    """
    if not isinstance(instant, datetime):
        kind = type(instant).__name__
        remedy = next((how for of, how in _MAKE.items() if isinstance(instant, of)), "")
        raise ValueError(f"an instant is a datetime with a time zone, not {kind}{remedy}")
    try:
        if instant.utcoffset() is None:
            raise ValueError(
                "a naive datetime names no instant; give it a time zone, "
                "such as datetime.now(timezone.utc)"
            )
        moved = instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("the instant lies outside the calendar once moved to UTC") from None
    if moved < EARLIEST:
        raise ValueError("the instant lies before the year 1000, which no database here can hold")
    # A subclass (pandas, pendulum, freezegun) would print and compare in ways of its own.
    return moved if type(moved) is datetime else datetime.fromtimestamp(0, UTC) + (moved - EPOCH)


def to_micros(instant: datetime) -> int:
    """Count the microseconds from 1970 to an aware instant, exactly."""
    passed = instant - EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def from_micros(micros: int) -> datetime:
    """Give the instant that lies so many microseconds after 1970, in UTC."""
    return EPOCH + timedelta(microseconds=micros)


def duration_micros(duration: timedelta) -> int:
    """Count the microseconds of a duration, exactly.

    >>> duration_micros(timedelta(days=1))
    86400000000
    """
    return duration // MICROSECOND


def read_iso(text: str) -> datetime:
    """Read an instant as ``datetime.fromisoformat`` does, but all of the text.

    Raises:
        ValueError: it is none; that one ends at a NUL, and leaves out what follows.
    """
    if "\0" in text:
        raise ValueError(f"{text!r} is no instant")
    return datetime.fromisoformat(text)


def iso(instant: datetime) -> str:
    """Write an instant as ISO 8601 in UTC with microseconds and ``Z``.

    >>> iso(EPOCH)
    '1970-01-01T00:00:00.000000Z'
    """
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def parse_duration(text: str) -> timedelta:
    """Read a duration such as ``90d``, ``13w``, ``36h``, ``15m`` or ``30s``; ``m`` are minutes.

    >>> parse_duration("36h")
    datetime.timedelta(days=1, seconds=43200)

    Raises:
        ValueError: the text is not a whole number followed by a unit.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"{text!r} is not a duration; write a whole number and a unit (w, d, h, min, s), such "
            "as 90d; months and years have no fixed length"
        )
    try:
        return int(match[1]) * _SAID[match[2]]
    except OverflowError:
        raise ValueError(f"{text!r} is longer than any history") from None


def minutes_meant(text: object) -> str | None:
    """That what was written is minutes, where months may have been meant; else None.

    >>> minutes_meant("3m")
    '3m are minutes; months have no fixed length: write 90d, or 3min for minutes'
    >>> minutes_meant("3min"), minutes_meant("90d")
    (None, None)
    """
    match = _BARE_MINUTES.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    number, written = int(match[1]), str(text).strip()
    are = "is a minute" if number == 1 else "are minutes"
    return (
        f"{written} {are}; months have no fixed length: write {number * 30}d, or {number}min for "
        "minutes"
    )


def read_duration(given: object) -> timedelta:
    """Read a span of time as a caller gives it; ``Duration`` says how.

    >>> read_duration("90d") == read_duration(timedelta(days=90))
    True

    Raises:
        ValueError: it is neither a timedelta nor such a text.
    """
    if isinstance(given, timedelta):
        return given
    return parse_duration(given if isinstance(given, str) else repr(given))


def format_duration(duration: timedelta) -> str:
    """Write a duration in the largest unit that divides it.

    >>> format_duration(timedelta(hours=36)), format_duration(timedelta())
    ('36h', '0d')
    """
    unit = next(name for name, size in _UNITS.items() if not duration % size)
    return f"{duration // _UNITS[unit]}{unit}"


def instant_text(instant: datetime) -> str:
    """Write an instant in UTC as a text that every database here reads, without an offset."""
    fraction = f"{instant.microsecond:06}" if instant.microsecond else "000000"
    clock = f"{_TWO[instant.hour]}:{_TWO[instant.minute]}:{_TWO[instant.second]}"
    return f"{day_text(instant.toordinal())} {clock}.{fraction}"


def clock_text(seconds: int) -> str:
    """Write the time of a day of which so many seconds have passed."""
    minutes, second = divmod(seconds, 60)
    return f"{_TWO[minutes // 60]}:{_TWO[minutes % 60]}:{_TWO[second]}"


@lru_cache(maxsize=10_000)
def day_text(ordinal: int) -> str:
    """Write a date, given as Python numbers the days."""
    # Rows of one file share their days; writing a date costs more than finding it.
    return date.fromordinal(ordinal).isoformat()
