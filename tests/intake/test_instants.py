"""Instants of files: read as they are meant, or refused; never guessed and never rounded."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.domain.instant import from_micros
from motfunnel.intake.files.instants import first_instant, instant_reader

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("value", "timezone", "at_format", "expected"),
    [
        ("2024-01-01", "UTC", None, "2024-01-01T00:00:00+00:00"),
        ("2024-01-01", BERLIN, None, "2023-12-31T23:00:00+00:00"),
        ("2024-07-01 12:00", BERLIN, None, "2024-07-01T10:00:00+00:00"),
        ("2024-07-01T12:00:00+09:00", BERLIN, None, "2024-07-01T03:00:00+00:00"),
        ("2024-07-01T12:00:00Z", BERLIN, None, "2024-07-01T12:00:00+00:00"),
        ("2024-07-01T12:00:00.1234560", "UTC", None, "2024-07-01T12:00:00.123456+00:00"),
        (" 20240701 ", "UTC", None, "2024-07-01T00:00:00+00:00"),
        ("19970101", "America/New_York", "%Y%m%d", "1997-01-01T05:00:00+00:00"),
        ("01.02.2024 10:00", BERLIN, "%d.%m.%Y %H:%M", "2024-02-01T09:00:00+00:00"),
        (20240201, "UTC", "%Y%m%d", "2024-02-01T00:00:00+00:00"),
        ("1112911993", BERLIN, "unix", "2005-04-07T22:13:13+00:00"),
        ("-0.000001", "UTC", "unix", "1969-12-31T23:59:59.999999+00:00"),
        (1112911993.5, "UTC", "unix", "2005-04-07T22:13:13.500000+00:00"),
        (Decimal("1112911993.123456000"), "UTC", "unix", "2005-04-07T22:13:13.123456+00:00"),
        ("1704067200001", BERLIN, "unix_ms", "2024-01-01T00:00:00.001000+00:00"),
        (1704067200000001, BERLIN, "unix_us", "2024-01-01T00:00:00.000001+00:00"),
        ("1704067200000001000", BERLIN, "unix_ns", "2024-01-01T00:00:00.000001+00:00"),
        # Floats, and what is only their noise.
        ("1700000000.1234567", "UTC", "unix", "2023-11-14T22:13:20.123457+00:00"),
        (1700000000.1234567, "UTC", "unix", "2023-11-14T22:13:20.123457+00:00"),
        ("1700000000.123456717", "UTC", "unix", "2023-11-14T22:13:20.123457+00:00"),
        (1.7e12, "UTC", "unix_ms", "2023-11-14T22:13:20+00:00"),
        ("2024-01-01 10:00:00 UTC", BERLIN, None, "2024-01-01T10:00:00+00:00"),
        ("2024-01-01T10:00:00 GMT", BERLIN, None, "2024-01-01T10:00:00+00:00"),
        ("2024-01-01 10:00:00 +0200", "UTC", None, "2024-01-01T08:00:00+00:00"),
        ("2024-01-01 10:00:00 +0000 UTC", BERLIN, None, "2024-01-01T10:00:00+00:00"),
        ("01.02.2024 10:00 UTC", BERLIN, "%d.%m.%Y %H:%M UTC", "2024-02-01T10:00:00+00:00"),
        ("45292", BERLIN, "excel", "2023-12-31T23:00:00+00:00"),
        ("45292.5208333333", BERLIN, "excel", "2024-01-01T11:30:00+00:00"),
        (45292.0, "UTC", "excel", "2024-01-01T00:00:00+00:00"),
        (date(2024, 1, 1), BERLIN, None, "2023-12-31T23:00:00+00:00"),
        # Midnight does not exist: the clocks went from 24:00 to 1:00.
        ("2018-11-04", "America/Sao_Paulo", None, "2018-11-04T03:00:00+00:00"),
        # Midnight exists twice: the day begins with the first.
        ("2024-11-03", "America/Havana", None, "2024-11-03T04:00:00+00:00"),
    ],
)
def test_an_instant_is_read(
    value: Any, timezone: str, at_format: str | None, expected: str
) -> None:
    """A zone is for naive instants only; a date is its first instant; seconds are exact."""
    found = instant_reader(timezone, at_format)(value)
    assert found == datetime.fromisoformat(expected)
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "timezone", "at_format", "words"),
    [
        ("2024-03-31T02:30:00", BERLIN, None, "does not exist in Europe/Berlin"),
        ("2024-10-27T02:30:00", BERLIN, None, "exists twice in Europe/Berlin"),
        ("2011-12-30", "Pacific/Apia", None, "does not exist"),
        ("2024-01-01T00:00:00.0000001", "UTC", None, "finer than a microsecond"),
        ("1.0000001", "UTC", "unix", "finer than a microsecond"),
        ("1704067200000", "UTC", "unix", "13 digits look like milliseconds since 1970"),
        ("1704067200000", "UTC", None, "--at-format unix_ms"),
        ("1704062512340", "UTC", None, "--at-format unix_ms"),
        (1704067200, "UTC", None, "--at-format unix"),
        ("1704067200000000", "UTC", None, "--at-format unix_us"),
        ("1704067200000000000", "UTC", "unix", "--at-format unix_ns"),
        ("45292.5", "UTC", None, "--at-format excel"),
        ("1704067200000000001", "UTC", "unix_ns", "finer than a microsecond; --truncate"),
        ("2024-01-01T00:00:00.1234567Z", "UTC", None, "finer than a microsecond; --truncate"),
        ("1700000000.123456789", "UTC", "unix", "finer than a microsecond"),
        ("59", "UTC", "excel", "not a day from March 1900"),
        ("soon", "UTC", "excel", "not a serial day"),
        ("1.7E+12", "UTC", "unix_ms", "not a number of milliseconds"),
        ("999999999999", "UTC", "unix", "outside the calendar"),
        ("-40000000000", "UTC", "unix", "before the year 1000"),
        ("1e9", "UTC", "unix", "not a number of seconds"),
        ("nan", "UTC", "unix", "not a number of seconds"),
        ("١٢٣", "UTC", "unix", "not a number of seconds"),
        (True, "UTC", "unix", "not a number of seconds"),
        (17, "UTC", None, "for a number try unix"),
        ("0001-01-01T00:00:00+14:00", "UTC", None, "outside the calendar"),
        ("9999-12-31T23:00:00-12:00", "UTC", None, "outside the calendar"),
        ("x" * 10_000, "UTC", None, "what takes 10002 characters is no ISO 8601 instant"),
        ("2024-13-01", "UTC", "%Y-%m-%d", "does not have the form"),
        ("2024-01-01T00:00:00\0Z", "UTC", None, "no ISO 8601 instant"),
        ("2024-01-01T00:00:00Z\0 or later", "UTC", None, "no ISO 8601 instant"),
    ],
)
def test_an_instant_is_refused(
    value: Any, timezone: str, at_format: str | None, words: str
) -> None:
    """Where two instants could be meant, or none; the text says which and why."""
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        instant_reader(timezone, at_format)(value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("value", "at_format", "expected"),
    [
        ("2024-01-01T00:00:00.1234567Z", None, "2024-01-01T00:00:00.123456+00:00"),
        ("2024-01-01 00:00:00.123456789 UTC", None, "2024-01-01T00:00:00.123456+00:00"),
        ("1704067200123456789", "unix_ns", "2024-01-01T00:00:00.123456+00:00"),
        ("1700000000.1234569", "unix", "2023-11-14T22:13:20.123456+00:00"),
    ],
)
def test_finer_digits_are_cut_where_that_is_wanted(
    value: str, at_format: str | None, expected: str
) -> None:
    """Cut and not rounded."""
    read = instant_reader("UTC", at_format, truncate=True)
    assert read(value) == datetime.fromisoformat(expected)


@pytest.mark.parametrize("pattern", ["%Q", "%d.%m", "%H:%M", "%-d.%m.%Y", "%Y %Z", "100%"])
def test_a_pattern_that_reads_nothing_is_refused_at_once(pattern: str) -> None:
    """Before any row: it could take none."""
    with pytest.raises(ValueError, match=r"pattern|%Z"):
        instant_reader("UTC", pattern)


@given(st.integers(600_000_000_000_000, 4_000_000_000_000_000), st.sampled_from(["r", ".9f"]))
def test_a_clock_of_floats_is_read(micros: int, form: str) -> None:
    """What `time.time()` gives, as a text or as a number, is the microsecond nearest to it."""
    seconds = micros / 1_000_000
    text = repr(seconds) if form == "r" else format(seconds, form)
    read = instant_reader("UTC", "unix")
    assert read(text) == read(seconds) == datetime.fromtimestamp(seconds, UTC)


@given(st.integers(-30_000_000_000_000_000, 250_000_000_000_000_000))
def test_seconds_are_exact(micros: int) -> None:
    """Every microsecond of the calendar survives being written as seconds."""
    sign, rest = ("-" if micros < 0 else ""), abs(micros)
    text = f"{sign}{rest // 1_000_000}.{rest % 1_000_000:06}"
    assert instant_reader("UTC", "unix")(text) == from_micros(micros)


@given(
    st.dates(date(1980, 1, 1), date(2030, 1, 1)),
    st.sampled_from([BERLIN, "America/Sao_Paulo", "America/Havana", "Asia/Beirut", "UTC"]),
)
def test_a_date_begins_where_it_begins(day: date, zone: str) -> None:
    """Its first instant lies on it, and the microsecond before does not."""
    start = first_instant(day, ZoneInfo(zone))
    before = from_micros(int((start - from_micros(0)).total_seconds()) * 1_000_000 - 1)
    assert start.astimezone(ZoneInfo(zone)).date() == day
    assert before.astimezone(ZoneInfo(zone)).date() < day
