"""Published cases of retention, asked of ours; counts and shares as the sources have them.

PostHog's are of ``posthog/queries/test/test_retention.py`` and its successor
``posthog/hogql_queries/insights/test/test_retention_query_runner.py`` in PostHog/posthog. Its
recurring retention lets a person begin anew in every period; ours is of the opening, once. So a
person is told once for each cohort that it was in, from that period on. There a period that is not
over has a count already, and here none yet: the questions are asked when all are over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from motfunnel import Tracker
from motfunnel.domain.calendar import Calendar, read_week_start
from motfunnel.reports.periods.retention import Retention
from tests.reports.published import VIEWS, at, tell

NOW = datetime(2022, 5, 1, tzinfo=UTC)
People = Mapping[str, Sequence[datetime]]
Triangle = list[list[int]]

FIRST = datetime(2020, 6, 10, 5, tzinfo=UTC)


def day(number: int, hour: int = 5, *, month: int = 0) -> datetime:
    """PostHog's ``_date``: so many days and months after 10 June 2020."""
    return FIRST.replace(month=6 + month, hour=hour) + timedelta(days=number)


@pytest.fixture
def tracker(shared_engine: Engine) -> Tracker:
    """A tracker of a new tenant."""
    return Tracker(shared_engine, VIEWS, tenant=uuid4().hex, clock=lambda: NOW)


def tell_each_cohort(tracker: Tracker, people: People, calendar: Calendar) -> None:
    """Record each person once for each period in which it did something, from there on."""
    told = {}
    for person, times in people.items():
        for start in {calendar.first_day(calendar.day_of(when)) for when in times}:
            later = [w for w in times if calendar.day_of(w) >= start]
            told[f"{person} from {start}"] = [when.isoformat() for when in later]
    tell(tracker, told)


def triangle(answer: Retention, size: int) -> Triangle:
    """The counts of the first cohorts in as many periods: a line less for each."""
    return [
        [one.retained or 0 for one in row.cells[: size - n]]
        for n, row in enumerate(answer.rows[:size])
    ]


DAYS: People = {
    "person1": [day(0), day(1), day(2), day(5), day(5, 9), day(6)],
    "person2": [day(1), day(2), day(3), day(6)],
}
WEEKS: People = {
    "person1": [day(0), day(1), day(7), day(14), day(-6, month=1), day(1, month=1)],
    "person2": [day(0), day(1), day(7), day(-6, month=1), day(1, month=1), day(15, month=1)],
}
MONTHS: People = {
    "person1": [day(0, month=n) for n in (-5, -4, -3, -1, 0, 3)],
    "person2": [day(0, month=n) for n in (-5, -4, -3, 0, 1, 5)],
}
RECURRING = [
    (
        "day",
        DAYS,
        date(2020, 6, 10),
        [
            [1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0],
            [2, 2, 1, 0, 1, 2, 0, 0, 0, 0],
            [2, 1, 0, 1, 2, 0, 0, 0, 0],
            [1, 0, 0, 1, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 0],
            [1, 1, 0, 0, 0, 0],
            [2, 0, 0, 0, 0],
            [0, 0, 0, 0],
            [0, 0, 0],
            [0, 0],
            [0],
        ],
    ),
    (
        "week",
        WEEKS,
        date(2020, 6, 7),
        [
            [2, 2, 1, 2, 2, 0, 1],
            [2, 1, 2, 2, 0, 1],
            [1, 1, 1, 0, 0],
            [2, 2, 0, 1],
            [2, 0, 1],
            [0, 0],
            [1],
        ],
    ),
    (
        "month",
        MONTHS,
        date(2020, 1, 1),
        [
            [2, 2, 2, 0, 1, 2, 1, 0, 1, 0, 1],
            [2, 2, 0, 1, 2, 1, 0, 1, 0, 1],
            [2, 0, 1, 2, 1, 0, 1, 0, 1],
            [0, 0, 0, 0, 0, 0, 0, 0],
            [1, 1, 0, 0, 1, 0, 0],
            [2, 1, 0, 1, 0, 1],
            [1, 0, 0, 0, 1],
            [0, 0, 0, 0],
            [1, 0, 0],
            [0, 0],
            [1],
        ],
    ),
]


@pytest.mark.parametrize(("unit", "people", "since", "expected"), RECURRING)
def test_intervals(
    tracker: Tracker, unit: Any, people: People, since: date, expected: Triangle
) -> None:
    """PostHog test_day_interval, test_week_interval (weeks from Sunday) and test_month_interval."""
    sunday = read_week_start("sunday")
    tell_each_cohort(tracker, people, Calendar(zone=UTC, unit=unit, week_start=sunday))
    answer = tracker.report().retention(unit, since=since, week_start="sunday")
    assert triangle(answer, len(expected)) == expected


@pytest.mark.parametrize(("unit", "people", "since", "expected"), RECURRING)
def test_the_same_in_a_lifecycle(
    tracker: Tracker, unit: Any, people: People, since: date, expected: Triangle
) -> None:
    """Their cohorts are who is active in a lifecycle; the second column who is returning next."""
    tell(tracker, {name: [when.isoformat() for when in times] for name, times in people.items()})
    rows = tracker.report().lifecycle(unit, since=since, week_start="sunday").rows
    assert [row.seen for row in rows[: len(expected)]] == [line[0] for line in expected]
    following = [row.returning for row in rows[1 : len(expected)]]
    assert following == [line[1] for line in expected[:-1]]


def test_first_time_retention(tracker: Tracker) -> None:
    """PostHog test_first_time_retention: of who signed up for the first time, who viewed a page.

    There only a page view is a return: so later signings up are events that mean nothing. Who
    signed up before the first cohort is in none.
    """
    first = {
        "shouldnt_include": [day(-5)],
        "person1": [day(-1)],
        "person2": [day(-1)],
        "person3": [day(0)],
        "person4": [day(2)],
    }
    again = {"shouldnt_include": [day(-1)], "person1": [day(n) for n in (1, 2, 3, 4)]}
    viewed = {
        **DAYS,
        "person3": [day(n) for n in (1, 3, 4, 5)],
        "person4": [day(3), day(5)],
    }
    for history, event in ((viewed, "viewed"), (again, "again"), (first, "viewed")):
        tell(tracker, {who: [w.isoformat() for w in ts] for who, ts in history.items()}, event)
    report = tracker.report(as_of=day(6, hour=0))
    answer = report.retention("day", since=date(2020, 6, 9), until=date(2020, 6, 16))
    assert triangle(answer, 7) == [
        [2, 1, 2, 2, 1, 0, 1],
        [1, 1, 0, 1, 1, 1],
        [0, 0, 0, 0, 0],
        [1, 1, 0, 1],
        [0, 0, 0],
        [0, 0],
        [0],
    ]
    assert answer.members(answer.rows[1], "5") == ["person3"]
    assert all(row.cells[-1].retained is None for row in answer.rows)


def test_rolling_retention_doesnt_double_count_same_user(tracker: Tracker) -> None:
    """PostHog test_rolling_retention…: cumulative is "in or after", each person once."""
    people: People = {
        "person1": [day(0), day(3), day(4)],
        "person2": [day(0), day(1)],
        "person3": [day(1), day(2), day(3)],
        "person4": [day(3), day(4)],
        "person5": [day(4)],
    }
    tell_each_cohort(tracker, people, Calendar(zone=UTC, unit="day"))
    answer = tracker.report().retention("day", how="in or after", periods=6)
    assert triangle(answer, 6) == [
        [2, 2, 1, 1, 1, 0],
        [2, 1, 1, 0, 0],
        [1, 1, 0, 0],
        [3, 2, 0],
        [3, 0],
        [0],
    ]


def test_groups_aggregating(tracker: Tracker) -> None:
    """PostHog test_groups_aggregating: accounts as contacts, where a second of one is no other."""
    people: People = {
        "company:1": [day(0), day(-6, month=1), day(15, month=1)],
    }
    sunday = read_week_start("sunday")
    tell_each_cohort(tracker, people, Calendar(zone=UTC, unit="week", week_start=sunday))
    answer = tracker.report().retention("week", week_start="sunday")
    assert triangle(answer, 7) == [
        [1, 0, 0, 1, 0, 0, 1],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
        [1, 0, 0, 1],
        [0, 0, 0],
        [0, 0],
        [1],
    ]


def test_cohorts_by_month(tracker: Tracker) -> None:
    """retentioneering test_cohorts_eventstream__simple: its ``01_matrix_MM``, rounded as there.

    What is empty there is zero here: the period is over, and nobody of the cohort came.
    """
    tell(
        tracker,
        {
            "1": ("2021-12-28 00:01", "2022-01-03 00:01", "2022-01-13 00:01", "2022-02-03 00:01"),
            "2": ("2021-12-28 00:01", "2022-01-04 00:01", "2022-01-15 00:01", "2022-02-04 00:01",
                  "2022-04-04 00:01"),
            "3": ("2022-01-05 00:02", "2022-02-05 00:02", "2022-04-05 00:02"),
            "4": ("2022-01-06 00:03", "2022-02-06 00:03"),
            "5": ("2022-01-07 00:07", "2022-02-07 00:07"),
            "6": ("2022-01-08 00:08", "2022-02-08 00:08"),
            "7": ("2022-02-06 00:03", "2022-03-06 00:03"),
            "8": ("2022-02-07 00:07", "2022-04-07 00:07"),
            "9": ("2022-02-08 00:08", "2022-03-08 00:08"),
            "10": ("2022-03-03 00:01", "2022-04-03 00:01"),
        },
    )  # fmt: skip
    rows = tracker.report(as_of=at("2022-05-01T00:00")).retention("month").rows
    shares = {
        f"{row.starts_on:%Y-%m}": [one.share and round(one.share, 6) for one in row.cells[:-1]]
        for row in rows[:4]
    }
    assert shares == {
        "2021-12": [1.0, 1.0, 1.0, 0.0, 0.5],
        "2022-01": [1.0, 1.0, 0.0, 0.25],
        "2022-02": [1.0, 0.666667, 0.333333],
        "2022-03": [1.0, 1.0],
    }


def test_rolling_retention_of_one_player(tracker: Tracker) -> None:
    """Game of Whales, "Rolling retention": joined on 1 September, played on the 3rd and the 9th.

    In every column up to the last day played; day by day only in those in which it played.
    """
    tell(tracker, {"player": ("2018-09-01", "2018-09-03", "2018-09-09")})
    report = tracker.report(as_of=at("2018-09-15T00:00"))
    rolling = report.retention("day", how="in or after", periods=13).rows[0].cells
    assert [one.retained for one in rolling] == [1] * 9 + [0] * 5
    classic = report.retention("day", periods=13).rows[0].cells
    assert [one.number for one in classic if one.retained] == [0, 2, 8]


def test_calendar_retention(tracker: Tracker) -> None:
    """Mixpanel, "Calendar interval retention", and Amplitude, "Strict calendar dates".

    From 8 pm to 6 am of the next day is day 1, from a Friday to a Monday week 1, however few hours
    lie between; so is from 5:59 pm to 5:00 pm of the next day, which is less than 24 hours.
    """
    tell(
        tracker,
        {
            "night": ("2021-12-06T20:00", "2021-12-07T06:00"),
            "hour short": ("2021-12-06T17:59", "2021-12-07T17:00"),
            "weekend": ("2021-12-10T12:00", "2021-12-13T12:00"),
        },
    )
    report = tracker.report()
    first = report.retention("day", periods=1).rows[0]
    assert (first.contacts, first.cells[1].retained) == (2, 2)
    week = report.retention("week", periods=1).rows[0]
    assert (week.contacts, week.names["1"]) == (3, ("weekend",))
