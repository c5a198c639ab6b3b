"""Instants as numbers: seconds since 1970 and their fractions, and the days of a spreadsheet.

Exact where a number is: what is finer than a microsecond is refused, or cut where that is wanted.
The digits that only a float's text has are no finer instant, but its noise.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from motfunnel.domain.instant import EARLIEST, from_micros

UNITS: Final = {"unix": 6, "unix_ms": 3, "unix_us": 0, "unix_ns": -3}
"""The forms of instants that count from 1970, each with the power of ten of its microseconds."""

EXCEL: Final = "excel"

_NAMES: Final = {
    "unix": "seconds",
    "unix_ms": "milliseconds",
    "unix_us": "microseconds",
    "unix_ns": "nanoseconds",
}
_BY_DIGITS: Final = {10: "unix", 13: "unix_ms", 16: "unix_us", 19: "unix_ns"}
_NUMBER: Final = re.compile(r"[+-]?([0-9]{1,21})(?:\.([0-9]{0,30}))?", re.ASCII)
_MOST_DIGITS: Final = 40
_MOST_SHOWN: Final = 60
_SURE: Final = 11  # digits of seconds that surely lie within the calendar
_EXACT: Final = Context(prec=60)
_TENTH: Final = 0.1
_FIRST_SURE_DAY: Final = 61
_DAY_NOUGHT: Final = datetime(1899, 12, 30)
_LAST_DAY: Final = 2_958_465  # the end of the year 9999
_USUAL_DAYS: Final = range(10_000, 80_000)


def read_epoch(value: object, form: str = "unix", *, truncate: bool = False) -> datetime:
    """Read a number of seconds, or of parts of them, since 1970.

    >>> read_epoch("1112911993.5").isoformat(), read_epoch(1112911993500, "unix_ms").isoformat()
    ('2005-04-07T22:13:13.500000+00:00', '2005-04-07T22:13:13.500000+00:00')

    Args:
        value: a number, or a text that writes one.
        form: one of ``UNITS``.
        truncate: whether to cut what is finer than a microsecond.

    Raises:
        ValueError: it is no such number, finer than a microsecond, or outside the calendar.
    """
    if type(value) is str and form == "unix" and _is_usual(value):
        return datetime.fromtimestamp(int(value), UTC)  # after 1970 and whole, as most are
    what = f"number of {_NAMES[form]} since 1970"
    text = _text_of(value, what)
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(f"{brief(text)} is not a {what}")
    micros = Decimal(text).scaleb(UNITS[form], _EXACT)
    whole = micros.to_integral_value(ROUND_DOWN)
    if whole != micros and not truncate:
        if not _is_noise(text, match[2] or "", UNITS[form]):
            raise ValueError(f"{brief(text)} is finer than a microsecond; --truncate cuts it")
        whole = micros.to_integral_value(ROUND_HALF_EVEN)
    try:
        instant = from_micros(int(whole))
    except OverflowError:
        raise ValueError(
            f"{brief(text)} lies outside the calendar; are these {_NAMES[form]}?{hint(text)}"
        ) from None
    if instant < EARLIEST:
        raise ValueError(f"{brief(text)} lies before the year 1000")
    return instant


def read_days(value: object) -> datetime | date:
    """Read the serial day of a spreadsheet: a date, or a naive time of one to the millisecond.

    >>> read_days("45292"), read_days("45292.5208333333")
    (datetime.date(2024, 1, 1), datetime.datetime(2024, 1, 1, 12, 30))

    Raises:
        ValueError: it is none, or lies before March 1900, where spreadsheets miscount.
    """
    text = _text_of(value, "serial day of a spreadsheet")
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(f"{brief(text)} is not a serial day of a spreadsheet")
    days = Decimal(text)
    if not _FIRST_SURE_DAY <= days <= _LAST_DAY:
        raise ValueError(f"{brief(text)} is not a day from March 1900 to the year 9999{hint(text)}")
    if days == int(days):
        return (_DAY_NOUGHT + timedelta(days=int(days))).date()
    millis = (days * 86_400_000).to_integral_value(ROUND_HALF_EVEN)
    return _DAY_NOUGHT + timedelta(milliseconds=int(millis))


def hint(text: str) -> str:
    """Say which form a number that was refused looks like; nothing where none is likely."""
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        return ""
    digits = len(match[1])
    if digits in _BY_DIGITS:
        form = _BY_DIGITS[digits]
        return f"; {digits} digits look like {_NAMES[form]} since 1970: --at-format {form}"
    if digits < _MOST_SHOWN and int(match[1]) in _USUAL_DAYS:
        return f"; this may be a spreadsheet's day: --at-format {EXCEL}"
    return ""


def plain(value: object) -> str:
    """Write a number without an exponent, as far as it stands for itself."""
    if isinstance(value, int) and abs(value) > 10**20:
        raise ValueError(f"a number of {value.bit_length()} bits is not an instant")
    if isinstance(value, float) and math.isfinite(value):
        value = Decimal(repr(value))
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < _MOST_DIGITS:
        return format(value, "f")
    return str(value)


def brief(value: object) -> str:
    """Show a value whole or not at all: half of somebody's address names somebody."""
    text = ascii(value)
    return text if len(text) <= _MOST_SHOWN else f"what takes {len(text)} characters"


def _is_usual(text: str) -> bool:
    return len(text) <= _SURE and text.isascii() and text.isdigit()


def _text_of(value: object, what: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError(f"{brief(value)} is not a {what}")
    return value.strip() if isinstance(value, str) else plain(value)


def _is_noise(text: str, fraction: str, power: int) -> bool:
    """Whether a float was written, whose neighbours lie about as far apart as the digits say.

    A clock that counts microseconds gives 1700000000.123457, and a float says 1700000000.1234567.
    """
    number = float(text)
    if math.ulp(number) * 10.0**power < _TENTH:
        return False
    return f"{number:.{len(fraction)}f}" == text.lstrip("+")
