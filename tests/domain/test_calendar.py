"""Periods of the calendar, in zones that leap, fall back, and skip whole days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.domain.calendar import UNITS, WEEKDAYS, Calendar, read_week_start, start_of

HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
# Each with a date near which its clocks do something that calendars have to bear.
ZONES = {
    "UTC": date(2024, 2, 28),
    "Europe/Berlin": date(2024, 3, 30),
    "America/Sao_Paulo": date(2018, 11, 2),
    "Africa/Cairo": date(2024, 4, 25),
    "Asia/Beirut": date(2024, 3, 30),
    "America/Havana": date(2024, 11, 2),
    "Pacific/Apia": date(2011, 12, 28),
    "America/St_Johns": date(2010, 11, 6),
    "America/Toronto": date(1919, 3, 29),
    "Pacific/Kwajalein": date(1969, 9, 29),
    "Asia/Kathmandu": date(1985, 12, 30),
    "Australia/Lord_Howe": date(2024, 4, 6),
}


def calendar(zone: str, unit: str = "day", week_start: int = 0) -> Calendar:
    return Calendar(zone=ZoneInfo(zone), unit=unit, week_start=week_start)


def lengths(zone: str, day: date, unit: str = "day", count: int = 3) -> list[timedelta]:
    """How long a day and those after it last."""
    found = islice(calendar(zone, unit).periods_from(day), count)
    return [period.ends_at - period.starts_at for period in found]


@given(
    zone=st.sampled_from([*ZONES]),
    unit=st.sampled_from(UNITS),
    week_start=st.integers(0, 6),
    back=st.integers(0, 500),
)
def test_periods_are_unbroken_and_begin_with_their_date(
    zone: str, unit: str, week_start: int, back: int
) -> None:
    """One ends where the next begins, at the first instant of the date that it is named by."""
    start = ZONES[zone] - timedelta(days=back)
    periods = list(islice(calendar(zone, unit, week_start).periods_from(start), 8))
    assert periods[0].starts_on <= start
    for one, following in pairwise(periods):
        assert one.starts_at < one.ends_at == following.starts_at
        assert one.starts_on < following.starts_on
    for one in periods:
        first, before = (
            at.astimezone(ZoneInfo(zone)).date()
            for at in (one.starts_at, one.starts_at - MICROSECOND)
        )
        assert before < one.starts_on <= first


@given(
    unit=st.sampled_from(UNITS),
    week_start=st.sampled_from([0, 6]),
    day=st.dates(date(1, 2, 1), date(9990, 1, 1)),
)
def test_a_name_is_in_order_and_says_the_first_date(unit: str, week_start: int, day: date) -> None:
    """As Python itself reads ISO 8601; a week that begins on another day is named by its date."""
    forms = {"year": "%Y", "month": "%Y-%m", "week": "%G-W%V%u", "day": "%Y-%m-%d"}
    periods = list(islice(calendar("UTC", unit, week_start).periods_from(day), 15))
    for one, following in pairwise(periods):
        assert one.name < following.name
    for one in periods:
        year, _, number = one.name.partition("-Q")
        if number:
            assert one.starts_on == date(int(year), int(number) * 3 - 2, 1)
        else:
            form = forms["day" if unit == "week" and week_start else unit]
            text = f"{one.name}1" if form.endswith("%u") else one.name
            assert datetime.strptime(text, form).date() == one.starts_on


@given(
    zone=st.sampled_from([*ZONES]),
    unit=st.sampled_from(UNITS),
    week_start=st.integers(0, 6),
    minutes=st.integers(0, 8 * 24 * 60),
)
def test_an_instant_lies_in_the_period_of_its_local_date(
    zone: str, unit: str, week_start: int, minutes: int
) -> None:
    """But for the hour that a zone repeats across midnight, which belongs to the later date."""
    at = datetime(*ZONES[zone].timetuple()[:3], tzinfo=UTC) + timedelta(minutes=minutes)
    local = at.astimezone(ZoneInfo(zone))
    dates = calendar(zone, unit, week_start)
    period = next(dates.periods_from(local.date()))
    if zone == "America/St_Johns" and local.date() == date(2010, 11, 6) and local.fold:
        period = next(dates.periods_from(date(2010, 11, 7)))
    assert period.starts_at <= at < period.ends_at


@given(
    zone=st.sampled_from([*ZONES]),
    unit=st.sampled_from(UNITS),
    week_start=st.integers(0, 6),
    after=st.integers(-500, 500),
)
def test_the_period_before_ends_where_the_period_begins(
    zone: str, unit: str, week_start: int, after: int
) -> None:
    """Going back one leads to the period that going on leads away from."""
    day = ZONES[zone] + timedelta(days=after)
    dates = calendar(zone, unit, week_start)
    period = next(dates.periods_from(day))
    before = dates.period_before(day)
    assert before.ends_at == period.starts_at
    assert list(islice(dates.periods_from(before.starts_on), 2)) == [before, period]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2024, 3, 30), [24, 23, 24]),
        ("Europe/Berlin", date(2024, 10, 26), [24, 25, 24]),
        ("America/Sao_Paulo", date(2018, 11, 3), [24, 23, 24]),
        ("America/Sao_Paulo", date(2018, 2, 16), [24, 25, 24]),
        ("Africa/Cairo", date(2024, 4, 25), [24, 23, 24]),
        ("Africa/Cairo", date(2024, 10, 30), [24, 25, 24]),
        ("Asia/Beirut", date(2024, 3, 30), [24, 23, 24]),
        ("America/Havana", date(2024, 11, 2), [24, 25, 24]),
        ("Australia/Lord_Howe", date(2024, 4, 6), [24, 24.5, 24]),
        ("Pacific/Apia", date(2011, 12, 28), [24, 24, 24]),
        ("Pacific/Kwajalein", date(1969, 9, 29), [24, 47, 24]),
    ],
)
def test_days_are_as_long_as_the_zone_makes_them(zone: str, day: date, hours: list[float]) -> None:
    """A day has 23, 25 or yet other numbers of hours, and is one day."""
    assert lengths(zone, day) == [hour * HOUR for hour in hours]


@pytest.mark.parametrize(
    ("zone", "day", "instant"),
    [
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T01:00:00-02:00"),
        ("Asia/Beirut", date(2024, 3, 31), "2024-03-31T01:00:00+03:00"),
        ("Africa/Cairo", date(2024, 4, 26), "2024-04-26T01:00:00+03:00"),
        ("America/Toronto", date(1919, 3, 31), "1919-03-31T00:30:00-04:00"),
        ("America/Havana", date(2024, 11, 3), "2024-11-03T00:00:00-04:00"),
        ("America/St_Johns", date(2010, 11, 7), "2010-11-07T00:00:00-02:30"),
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-31T00:00:00+14:00"),
    ],
)
def test_a_date_begins_with_its_first_instant(zone: str, day: date, instant: str) -> None:
    """Where midnight never came it is later, where it came twice it is the first."""
    assert start_of(day, ZoneInfo(zone)) == datetime.fromisoformat(instant)


def test_a_date_that_was_skipped_is_no_period() -> None:
    """Samoa went from the 29th to the 31st of December 2011."""
    days = [period.starts_on.day for period in islice(
        calendar("Pacific/Apia").periods_from(date(2011, 12, 28)), 4)]  # fmt: skip
    assert days == [28, 29, 31, 1]
    assert lengths("Pacific/Apia", date(2011, 12, 1), "month", 1) == [30 * 24 * HOUR]
    assert calendar("Pacific/Apia").period_before(date(2011, 12, 31)).starts_on.day == 29


@pytest.mark.parametrize(
    ("unit", "week_start", "first"),
    [
        ("day", 0, date(2024, 2, 29)),
        ("week", 0, date(2024, 2, 26)),
        ("week", 3, date(2024, 2, 29)),
        ("week", 4, date(2024, 2, 23)),
        ("week", 6, date(2024, 2, 25)),
        ("month", 0, date(2024, 2, 1)),
        ("quarter", 0, date(2024, 1, 1)),
        ("year", 0, date(2024, 1, 1)),
    ],
)
def test_the_first_date_of_a_period(unit: str, week_start: int, first: date) -> None:
    """Weeks begin on the day that is asked for, all else on the first of a month."""
    assert calendar("UTC", unit, week_start).first_day(date(2024, 2, 29)) == first


def test_a_period_is_over_with_its_last_microsecond() -> None:
    """After it nothing can happen in the period any more."""
    period = next(calendar("UTC").periods_from(date(2024, 2, 29)))
    end = datetime(2024, 3, 1, tzinfo=UTC)
    assert period.is_over(end - MICROSECOND)
    assert not period.is_over(end - 2 * MICROSECOND)


@pytest.mark.parametrize(("said", "number"), [*((d, n) for n, d in enumerate(WEEKDAYS)),
                                              ("SUN", 6), ("6", 6), (3, 3)])  # fmt: skip
def test_the_start_of_the_week_has_a_number_or_a_name(said: int | str, number: int) -> None:
    """Monday is 0, and names may be short."""
    assert read_week_start(said) == number


@pytest.mark.parametrize(
    "make",
    [
        lambda: read_week_start("someday"),
        lambda: calendar("UTC", "fortnight"),
        lambda: calendar("UTC", "week", 7),
        lambda: calendar("UTC", "week", True),
    ],
)
def test_what_is_no_period_is_refused(make: object) -> None:
    """With what there is instead."""
    with pytest.raises(ValueError, match="day"):
        make()  # type: ignore[operator]
