"""Instants are in UTC, durations are exact, and both have one written form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.domain.instant import (
    EARLIEST,
    EPOCH,
    duration_micros,
    format_duration,
    from_micros,
    iso,
    parse_duration,
    to_micros,
    utc,
)

OFFSETS = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)
INSTANTS = st.datetimes(datetime(1001, 1, 1), datetime(9998, 12, 31), timezones=OFFSETS)
LAST = datetime.max.replace(tzinfo=UTC)


@given(INSTANTS)
def test_an_instant_in_utc_is_the_same_instant(instant: datetime) -> None:
    """Moving an instant to UTC changes neither the instant nor its microseconds."""
    moved = utc(instant)
    assert moved == instant
    assert moved.tzinfo is UTC


@given(INSTANTS)
def test_microseconds_are_exact(instant: datetime) -> None:
    """An instant counted in microseconds reads back as it was."""
    assert from_micros(to_micros(instant)) == instant


@pytest.mark.parametrize("instant", [EARLIEST, EPOCH, LAST, EPOCH - timedelta(microseconds=1)])
def test_the_ends_of_the_calendar(instant: datetime) -> None:
    """The first and the last instant that can be kept are kept."""
    assert from_micros(to_micros(utc(instant))) == instant


def test_a_repeated_hour_is_two_instants() -> None:
    """When clocks are put back, the first and the second 02:30 are an hour apart."""
    berlin = ZoneInfo("Europe/Berlin")
    first, second = (datetime(2024, 10, 27, 2, 30, tzinfo=berlin, fold=fold) for fold in (0, 1))
    assert utc(second) - utc(first) == timedelta(hours=1)


class Subclass(datetime):
    """A datetime of some other library."""


class NoOffset(tzinfo):
    """A zone that knows no offset."""

    def utcoffset(self, _: datetime | None) -> None:
        return None

    dst = tzname = utcoffset


def test_a_subclass_becomes_a_datetime() -> None:
    """A datetime of another library is kept as a plain one, in or out of UTC."""
    for zone in (UTC, timezone(timedelta(hours=5, minutes=45))):
        moved = utc(Subclass(2024, 2, 29, 12, 0, 0, 1, tzinfo=zone))
        assert type(moved) is datetime
        assert moved == datetime(2024, 2, 29, 12, 0, 0, 1, tzinfo=zone)


@pytest.mark.parametrize(
    ("instant", "reason"),
    [
        (datetime(2024, 1, 1), "naive"),
        (datetime(2024, 1, 1, tzinfo=NoOffset()), "naive"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), "outside the calendar"),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12))), "outside the calendar"),
        (EARLIEST - timedelta(microseconds=1), "before the year 1000"),
    ],
)
def test_unusable_instants(instant: datetime, reason: str) -> None:
    """A datetime that names no instant, or one out of reach, is refused."""
    with pytest.raises(ValueError, match=reason):
        utc(instant)


@given(INSTANTS, INSTANTS)
def test_the_written_form_sorts_as_instants_do(one: datetime, other: datetime) -> None:
    """Instants are written with microseconds and Z, and sort as texts as they do in time."""
    assert len(iso(one)) == 27
    assert datetime.fromisoformat(iso(one)) == one
    assert (iso(one) < iso(other)) == (one < other)


@given(st.timedeltas(timedelta(0), timedelta(days=36_525)))
def test_a_written_duration_reads_back(duration: timedelta) -> None:
    """A duration reads back from its written form, to the microsecond."""
    assert parse_duration(format_duration(duration)) == duration
    assert timedelta(microseconds=duration_micros(duration)) == duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90d", timedelta(days=90)),
        ("36h", timedelta(hours=36)),
        ("15m", timedelta(minutes=15)),
        ("30s", timedelta(seconds=30)),
        ("0d", timedelta(0)),
        (" 7 d ", timedelta(days=7)),
    ],
)
def test_durations(text: str, duration: timedelta) -> None:
    """A duration is a whole number and a unit; a day is 86 400 seconds."""
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text",
    ["", "d", "7", "-7d", "+7d", "1.5d", "7D", "7 months", "1d12h", "1y", "٧d", "1e3d", "7d\x00"],
)
def test_what_is_no_duration(text: str) -> None:
    """Anything but a whole number and a unit is refused, with an example."""
    with pytest.raises(ValueError, match="such as 90d"):
        parse_duration(text)


def test_a_duration_beyond_all_history() -> None:
    """A duration that no calendar holds is refused."""
    with pytest.raises(ValueError, match="longer than any history"):
        parse_duration("999999999999999d")
