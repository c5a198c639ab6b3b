"""Period reports at the edges of calendars, and of what arrives late, twice, merged or erased."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from motfunnel import Funnel, Tracker, leave, touch
from motfunnel.errors import QuestionError
from motfunnel.reports.periods.growth import GrowthRow
from tests.reports.published import VIEWS, at, tell

MICROSECOND = timedelta(microseconds=1)
NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2025, 1, 1, tzinfo=UTC)


def track(engine: Engine, funnel: Funnel = VIEWS) -> Tracker:
    """A tracker of a new tenant."""
    return Tracker(engine, funnel, tenant=uuid4().hex, clock=lambda: NOW)


def returned(tracker: Tracker, unit: Any, **asked: Any) -> list[list[int | None]]:
    """The counts of each cohort that somebody opened in."""
    rows = tracker.report(**asked).retention(unit, periods=3).rows
    return [[one.retained for one in row.cells] for row in rows if row.contacts]


def moves(row: GrowthRow) -> tuple[int, int, int, int, int]:
    return row.present_at_start, row.openings, row.returns, row.departures, row.present_at_end


@pytest.mark.parametrize(
    ("unit", "times", "expected"),
    [
        ("month", ("2020-01-31T23:59:59.999999", "2020-02-01T00:00"), [1, 1, 0, 0]),
        ("month", ("2020-01-31", "2020-02-29", "2020-03-31"), [1, 1, 1, 0]),
        ("month", ("2020-01-01", "2020-01-31", "2020-03-01"), [1, 0, 1, 0]),
        ("month", ("2019-12-31", "2020-01-01"), [1, 1, 0, 0]),
        ("year", ("2020-02-29", "2021-02-28", "2022-03-01"), [1, 1, 1, 0]),
        ("year", ("2020-12-31T23:59:59.999999", "2021-01-01T00:00"), [1, 1, 0, 0]),
        ("quarter", ("2020-03-31", "2020-04-01", "2020-10-01"), [1, 1, 0, 1]),
        ("day", ("2020-02-28", "2020-02-29", "2020-03-01"), [1, 1, 1, 0]),
        ("day", ("2019-02-28", "2019-03-01"), [1, 1, 0, 0]),
        ("week", ("2020-12-31", "2021-01-03", "2021-01-04"), [1, 1, 0, 0]),
    ],
)
def test_months_leap_days_and_turns_of_years(
    shared_engine: Engine, unit: str, times: tuple[str, ...], expected: list[int]
) -> None:
    """A cohort's periods are those of the calendar, however many days lie between two events."""
    tracker = track(shared_engine)
    tell(tracker, {"ada": times})
    assert returned(tracker, unit) == [expected]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (("2021-03-13T23:30", "2021-03-15T00:15"), [1, 0, 1, 0]),
        (("2021-03-14T00:00", "2021-03-14T23:59:59.999999"), [1, 0, 0, 0]),
        (("2021-03-14T01:59", "2021-03-14T03:00", "2021-03-15T00:00"), [1, 1, 0, 0]),
        (("2021-11-06T23:59", "2021-11-07T00:00", "2021-11-08T00:00"), [1, 1, 1, 0]),
        (("2021-11-07T00:30", "2021-11-07T23:30"), [1, 0, 0, 0]),
    ],
)
def test_days_of_23_and_of_25_hours(
    shared_engine: Engine, times: tuple[str, ...], expected: list[int]
) -> None:
    """Where clocks are set forward or back a local day stays one day, from midnight to midnight."""
    tracker = track(shared_engine)
    local = [datetime.fromisoformat(time).replace(tzinfo=NEW_YORK) for time in times]
    tell(tracker, {"ada": [time.astimezone(UTC).isoformat() for time in local]})
    assert returned(tracker, "day", timezone="America/New_York") == [expected]


def test_the_hour_that_comes_twice(shared_engine: Engine) -> None:
    """Half past one before and after the clocks are set back are two instants of one day."""
    twice = [datetime(2021, 11, 7, 1, 30, tzinfo=NEW_YORK, fold=fold) for fold in (0, 1)]
    funnel = Funnel(
        stages=("a", "b"),
        rules={"viewed": touch()},
        patience={"default": timedelta(minutes=59)},
    )
    tracker = track(shared_engine, funnel)
    tell(tracker, {"ada": [time.astimezone(UTC).isoformat() for time in twice]})
    rows = tracker.report(timezone="America/New_York").growth("day").rows
    assert (rows[0].starts_on, moves(rows[0])) == (date(2021, 11, 7), (0, 1, 1, 2, 0))


def test_patience_is_elapsed_time_where_days_are_not(shared_engine: Engine) -> None:
    """A patience of a day is 24 hours: over a day of 23 it ends an hour later on the clock."""
    patience = {"default": timedelta(days=1)}
    funnel = Funnel(stages=("a", "b"), rules={"viewed": touch()}, patience=patience)
    tracker = track(shared_engine, funnel)
    late = datetime(2021, 3, 13, 23, 30, tzinfo=NEW_YORK).astimezone(UTC)
    tell(tracker, {"ada": [late.isoformat()]})
    rows = tracker.report(timezone="America/New_York").growth("day").rows
    left = [str(row.starts_on) for row in rows if row.departures]
    assert left == ["2021-03-15"]
    assert [moves(row) for row in rows[:3]] == [(0, 1, 0, 0, 1), (1, 0, 0, 0, 1), (1, 0, 0, 1, 0)]


@pytest.mark.parametrize(
    ("week_start", "dates", "expected"),
    [
        (0, ["2021-01-04", "2021-01-11"], [(1, 0), (0, 1)]),
        ("sunday", ["2021-01-03", "2021-01-10"], [(1, 0), (0, 1)]),
        ("saturday", ["2021-01-09"], [(1, 0)]),
        (2, ["2021-01-06"], [(1, 0)]),
    ],
)
def test_weeks_from_any_day(
    shared_engine: Engine, week_start: int | str, dates: list[str], expected: list[tuple[int, int]]
) -> None:
    """Saturday's last instant and Monday's first are of two weeks, or of one, as weeks begin."""
    tracker = track(shared_engine)
    tell(tracker, {"ada": ("2021-01-09T00:00", "2021-01-11T00:00")})
    answer = tracker.report().lifecycle("week", week_start=week_start, until=date(2021, 1, 12))
    assert [str(row.starts_on) for row in answer.rows] == dates
    assert [(row.new, row.returning) for row in answer.rows] == expected


def test_each_edge_belongs_to_the_period_that_it_begins(shared_engine: Engine) -> None:
    """What happens at midnight is of the day that begins, the instant before of the one ended."""
    funnel = Funnel(
        stages=("a", "b"),
        rules={"viewed": touch(), "left": leave()},
        patience={"default": timedelta(days=2)},
    )
    tracker = track(shared_engine, funnel)
    tell(tracker, {"ada": ("2021-01-01T00:00",), "bob": ("2021-01-01T23:59:59.999999",)})
    tell(tracker, {"cyd": ("2021-01-02T00:00",), "dan": ("2021-01-02T00:00",)})
    tell(tracker, {"cyd": ("2021-01-03T00:00",)}, event="left")
    rows = tracker.report().growth("day", until=date(2021, 1, 5)).rows
    assert [moves(row) for row in rows] == [
        (0, 2, 0, 0, 2),
        (2, 2, 0, 0, 4),
        (4, 0, 0, 3, 1),  # cyd says so at midnight; the patience with ada and bob ends
        (1, 0, 0, 1, 0),  # that with dan ends at midnight
    ]
    assert rows[2].names["departures"] == ("ada", "bob", "cyd")


def test_as_of_the_last_instant_of_a_period_and_of_the_next(shared_engine: Engine) -> None:
    """At a period's end the next one has begun, and holds what happened at that instant."""
    tracker = track(shared_engine)
    tell(tracker, {"ada": ("2021-01-01", "2021-01-02T00:00")})
    end = at("2021-01-02T00:00")
    for as_of, active, unfinished in (
        (end - 2 * MICROSECOND, [1], [True]),
        (end - MICROSECOND, [1], [False]),
        (end, [1, 1], [False, True]),
    ):
        rows = tracker.report(as_of=as_of).lifecycle("day").rows
        assert [row.seen for row in rows] == active
        assert [row.unfinished for row in rows] == unfinished
        cells = tracker.report(as_of=as_of).retention("day").rows[0].cells
        assert [one.retained for one in cells[1:]] == [None] * (len(active) - 1)
    finished = tracker.report(as_of=at("2021-01-03T00:00") - MICROSECOND)
    assert [one.retained for one in finished.retention("day").rows[0].cells] == [1, 1]


@pytest.mark.parametrize("zone", ["America/Sao_Paulo", "UTC", "Pacific/Apia"])
def test_rows_since_the_last_of_all_instants_are_none(shared_engine: Engine, zone: str) -> None:
    """East of Greenwich its local date lies past all dates; there are no rows, as elsewhere."""
    tracker = track(shared_engine)
    tell(tracker, {"ada": ("2021-01-01",)})
    last = datetime.max.replace(tzinfo=UTC)
    report = tracker.report(timezone=zone)
    assert report.lifecycle("day", since=last).rows == ()
    assert report.growth("day", until=last, since=NOW - timedelta(days=1)).rows


def test_growth_of_one_who_comes_and_goes(shared_engine: Engine) -> None:
    """Moments count, not contacts: the quick ratio is (openings + returns) / departures."""
    funnel = Funnel(
        stages=("a", "b"), rules={"viewed": touch(), "left": leave()}, patience={"default": None}
    )
    tracker = track(shared_engine, funnel)
    tell(tracker, {"ada": [f"2021-01-{n:02}" for n in (1, 3, 5)]})
    tell(tracker, {"ada": [f"2021-01-{n:02}" for n in (2, 4)]}, event="left")
    tell(tracker, {"bob": ("2020-12-31",)})
    tell(tracker, {"bob": ("2021-01-31",)}, event="left")
    rows = tracker.report().growth("month", until=date(2021, 3, 1)).rows
    assert [moves(row) for row in rows] == [(0, 1, 0, 0, 1), (1, 1, 2, 3, 1), (1, 0, 0, 0, 1)]
    assert [row.quick_ratio for row in rows] == [None, 1.0, None]
    assert rows[1].names["departures"] == ("ada", "ada", "bob")


def test_what_arrives_late_or_twice_changes_no_period(shared_engine: Engine) -> None:
    """In any order of arrival, and however often, the same events give the same reports."""
    times = ("2021-01-01", "2021-01-02", "2021-01-02", "2021-01-09", "2021-02-01")
    seen = set()
    for order in list(permutations(range(5)))[::17]:
        tracker = track(shared_engine)
        for n in (*order, *order[:3]):
            tracker.track("ada", "viewed", occurred_at=at(times[n]), id=n)
        report = tracker.report()
        weeks = report.lifecycle("week", until=date(2021, 3, 1)).rows
        seen.add(
            (
                tuple((row.seen, row.new, row.returning, row.resurrecting) for row in weeks),
                tuple(map(tuple, returned(tracker, "week"))),
            )
        )
    assert len(seen) == 1
    ((weeks_seen, retained),) = seen
    assert [row[0] for row in weeks_seen] == [1, 1, 0, 0, 0, 1, 0, 0, 0]
    assert retained == ((1, 1, 0, 0),)


def test_a_merge_moves_a_cohort_and_an_unmerge_moves_it_back(shared_engine: Engine) -> None:
    """Two keys are of two cohorts; merged they are one contact of the earlier; and two again."""
    tracker = track(shared_engine)
    tell(tracker, {"anonymous": ("2021-01-10", "2021-03-01"), "ada": ("2021-02-10",)})
    apart = [[1, 0, 1, 0], [1, 0, 0, 0]]
    assert returned(tracker, "month") == apart
    tracker.merge("anonymous", into="ada")
    assert returned(tracker, "month") == [[1, 1, 1, 0]]
    rows = tracker.report().lifecycle("month", until=date(2021, 4, 1)).rows
    assert [(row.new, row.returning, row.resurrecting, row.dormant) for row in rows] == [
        (1, 0, 0, 0),
        (0, 1, 0, 0),
        (0, 1, 0, 0),
    ]
    tracker.unmerge("anonymous")
    assert returned(tracker, "month") == apart


@pytest.mark.parametrize(("keep_counts", "first"), [(True, [2, 1, 1, 0]), (False, [1, 0, 0, 0])])
def test_a_cohort_of_which_one_was_erased(
    shared_engine: Engine, keep_counts: bool, first: list[int]
) -> None:
    """With its counts kept a contact stays in its cohort; without, it leaves all that it was in."""
    tracker = track(shared_engine)
    tell(tracker, {"ada": ("2021-01-10", "2021-02-10", "2021-03-10"), "bob": ("2021-01-11",)})
    assert returned(tracker, "month") == [[2, 1, 1, 0]]
    tracker.forget("ada", keep_counts=keep_counts)
    assert returned(tracker, "month") == [first]
    answer = tracker.report().retention("month", periods=3)
    assert answer.erased == (0 if keep_counts else 1)
    told = answer.to_dict() | {"tenant": ""}  # which is made of any letters
    assert "ada" not in str(told) and "ada" not in answer.members(answer.rows[0])


def test_ranges_in_which_nothing_happened(shared_engine: Engine) -> None:
    """Between two active periods all are empty, and shares of nobody are None, never 0."""
    tracker = track(shared_engine)
    tell(tracker, {"ada": ("2021-01-01", "2021-01-31")})
    asked: dict[str, Any] = {"since": date(2021, 1, 10), "until": date(2021, 1, 20)}
    report = tracker.report()
    days = report.lifecycle("day", **asked).rows
    assert len(days) == 10
    assert {(row.seen, row.new, row.returning, row.resurrecting, row.dormant) for row in days} == {
        (0, 0, 0, 0, 0)
    }
    cohorts = report.retention("day", periods=1, **asked).rows
    assert {(one.retained, one.share) for row in cohorts for one in row.cells} == {(0, None)}
    assert {moves(row) for row in report.growth("day", **asked).rows} == {(1, 0, 0, 0, 1)}
    assert report.lifecycle("day", since=date(2030, 1, 1)).rows == ()
    early = report.lifecycle("year", since=date(2019, 1, 1), until=date(2020, 1, 1)).rows
    assert [row.seen for row in early] == [0]


@pytest.mark.parametrize(
    ("unit", "since", "until", "dates"),
    [
        ("day", None, date(2021, 1, 3), ["2021-01-01", "2021-01-02"]),
        ("day", None, "2021-01-03T00:00", ["2021-01-01", "2021-01-02"]),
        ("day", None, "2021-01-03T00:00:00.000001", ["2021-01-01", "2021-01-02", "2021-01-03"]),
        ("day", None, "2021-01-03T12:00", ["2021-01-01", "2021-01-02", "2021-01-03"]),
        ("week", None, "2021-01-04T00:00", ["2020-12-28"]),
        ("week", None, "2021-01-04T12:00", ["2020-12-28", "2021-01-04"]),
        ("day", "2021-01-02T06:00", "2021-01-02T18:00", ["2021-01-02"]),
        ("month", "2021-01-02T06:00", "2021-01-02T18:00", ["2021-01-01"]),
        ("day", date(2021, 1, 2), "2021-01-02T00:00:00.000001", ["2021-01-02"]),
    ],
)
def test_until_an_instant(
    shared_engine: Engine, unit: Any, since: Any, until: Any, dates: list[str]
) -> None:
    """The rows end with the last period that begins before it, at whatever hour of a day it is."""
    tracker = track(shared_engine)
    tell(tracker, {"ada": ("2021-01-01",)})
    since, until = (at(one) if isinstance(one, str) else one for one in (since, until))
    report = tracker.report()
    for rows in (
        report.lifecycle(unit, since=since, until=until).rows,
        report.growth(unit, since=since, until=until).rows,
        report.retention(unit, since=since, until=until, periods=0).rows,
    ):
        assert [str(row.starts_on) for row in rows] == dates


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (date(2021, 1, 2), date(2021, 1, 2)),
        (date(2021, 1, 2), "2021-01-02T00:00"),
        ("2021-01-02T12:00", "2021-01-02T12:00"),
        ("2021-01-02T12:00", date(2021, 1, 2)),
        (date.min, None),
        (date(999, 12, 31), None),
    ],
)
def test_between_which_nothing_lies(shared_engine: Engine, since: Any, until: Any) -> None:
    """An end that is not after its beginning is refused, and so is what no database can hold."""
    tracker = track(shared_engine)
    since, until = (at(one) if isinstance(one, str) else one for one in (since, until))
    for unit in ("day", "year"):
        with pytest.raises(QuestionError):
            tracker.report(timezone="Asia/Tokyo" if until is None else "UTC").lifecycle(
                unit,
                since=since,
                until=until,
            )


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_until_the_end_of_time(shared_engine: Engine, zone: str) -> None:
    """Who writes the first or the last date there is for no bound at all, is answered."""
    tracker = track(shared_engine)
    tell(tracker, {"ada": ("2021-01-01",)})
    for until in (date.max, datetime.max.replace(tzinfo=UTC)):
        rows = tracker.report(timezone=zone).lifecycle("year", until=until).rows
        assert [row.seen for row in rows] == [1, 0, 0, 0, 0][: len(rows)]
    rows = tracker.report(timezone=zone).lifecycle("year", since=date(1000, 1, 1)).rows
    assert (len(rows), [str(row.starts_on) for row in rows if row.new]) == (
        1025 if zone == "America/New_York" else 1026,
        ["2021-01-01"],
    )
