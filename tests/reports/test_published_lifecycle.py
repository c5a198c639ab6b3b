"""PostHog's published cases of its lifecycle insight, asked of ours; counts as they are there.

The source of each is a test of ``posthog/hogql_queries/insights/lifecycle/test/
test_lifecycle_query_runner.py`` (earlier ``posthog/queries/test/test_lifecycle.py``) in
PostHog/posthog. There ``dormant`` is written below zero. A range's last date belongs to it there,
and not here. There a contact is new by when its person was made, here by its earliest event.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from motfunnel import Funnel, Tracker, touch
from motfunnel.reports.periods.lifecycle import Lifecycle
from tests.reports.published import VIEWS, tell

NOW = datetime(2025, 6, 1, tzinfo=UTC)
Counts = dict[str, list[int]]

PEOPLE = {
    "p1": ("2020-01-11", "2020-01-12", "2020-01-13", "2020-01-15", "2020-01-17", "2020-01-19"),
    "p2": ("2020-01-09", "2020-01-12"),
    "p3": ("2020-01-12",),
    "p4": ("2020-01-15",),
}
EIGHT_DAYS: dict[str, Any] = {"since": date(2020, 1, 12), "until": date(2020, 1, 20)}
TREND: Counts = {
    "new": [1, 0, 0, 1, 0, 0, 0, 0],
    "returning": [1, 1, 0, 0, 0, 0, 0, 0],
    "resurrecting": [1, 0, 0, 1, 0, 1, 0, 1],
    "dormant": [0, -2, -1, 0, -2, 0, -1, 0],
}
OF_P1: Counts = {
    "new": [0, 0, 0, 0, 0, 0, 0, 0],
    "returning": [1, 1, 0, 0, 0, 0, 0, 0],
    "resurrecting": [0, 0, 0, 1, 0, 1, 0, 1],
    "dormant": [0, 0, -1, 0, -1, 0, -1, 0],
}
WITHOUT_P1: Counts = {
    "new": [1, 0, 0, 1, 0, 0, 0, 0],
    "returning": [0, 0, 0, 0, 0, 0, 0, 0],
    "resurrecting": [1, 0, 0, 0, 0, 0, 0, 0],
    "dormant": [0, -2, 0, 0, -1, 0, 0, 0],
}


def track(engine: Engine, funnel: Funnel = VIEWS) -> Tracker:
    """A tracker of a new tenant."""
    return Tracker(engine, funnel, tenant=uuid4().hex, clock=lambda: NOW)


def counts(answer: Lifecycle, group: str | None = None) -> Counts:
    """The answer as the source writes it."""
    rows = [row for row in answer.rows if row.group == group]
    return {
        "new": [row.new for row in rows],
        "returning": [row.returning for row in rows],
        "resurrecting": [row.resurrecting for row in rows],
        "dormant": [-row.dormant for row in rows],
    }


def days(answer: Lifecycle) -> list[str]:
    return [str(row.starts_on) for row in answer.rows]


def test_lifecycle_trend(shared_engine: Engine) -> None:
    """PostHog test_lifecycle_trend, and test_lifecycle_trend_people: who stands behind a count."""
    tracker = track(shared_engine)
    tell(tracker, PEOPLE)
    answer = tracker.report().lifecycle("day", **EIGHT_DAYS)
    assert counts(answer) == TREND
    on_13, on_14 = answer.rows[1:3]
    assert answer.members(on_13, "returning") == ["p1"]
    assert len(answer.members(on_13, "dormant")) == 2
    assert len(answer.members(on_14, "dormant")) == 1


def test_lifecycle_trend_any_event(shared_engine: Engine) -> None:
    """PostHog test_lifecycle_trend_any_event: it does not matter which event keeps alive."""
    rules = {"viewed": touch(), "other": touch()}
    funnel = Funnel(stages=("a", "b"), rules=rules, patience={"default": None})
    tracker = track(shared_engine, funnel)
    tell(tracker, {"p1": PEOPLE["p1"], "p2": PEOPLE["p2"]})
    tell(tracker, {"p3": PEOPLE["p3"], "p4": PEOPLE["p4"]}, event="other")
    assert counts(tracker.report().lifecycle("day", **EIGHT_DAYS)) == TREND


def test_lifecycle_trend_prop_filtering(shared_engine: Engine) -> None:
    """PostHog test_lifecycle_trend_prop_filtering: a filter is a condition of the rule."""
    funnel = Funnel(
        stages=("a", "b"), rules={"viewed": touch(when={"number": 1})}, patience={"default": None}
    )
    tracker = track(shared_engine, funnel)
    tell(tracker, {"p1": PEOPLE["p1"]}, properties={"number": 1})
    tell(tracker, {name: times for name, times in PEOPLE.items() if name != "p1"})
    assert counts(tracker.report().lifecycle("day", **EIGHT_DAYS)) == OF_P1


def test_lifecycle_trend_person_prop_filtering(shared_engine: Engine) -> None:
    """PostHog's filters by person, and filter_test_accounts: groups by a trait add up to all."""
    tracker = track(shared_engine)
    tell(tracker, PEOPLE)
    for name in PEOPLE:
        early = datetime(2020, 1, 1, tzinfo=UTC)
        tracker.identify(name, {"kind": "test" if name == "p1" else "real"}, occurred_at=early)
    answer = tracker.report().lifecycle("day", **EIGHT_DAYS, by="kind")
    assert counts(answer, "test") == OF_P1
    assert counts(answer, "real") == WITHOUT_P1


def test_lifecycle_trends_distinct_id_repeat(shared_engine: Engine) -> None:
    """PostHog test_lifecycle_trends_distinct_id_repeat: two ids of a person are a merge."""
    tracker = track(shared_engine)
    tell(
        tracker,
        {
            "p1": ("2020-01-12", "2020-01-15", "2020-01-17", "2020-01-19"),
            "another_p1": ("2020-01-14",),
        },
    )
    tracker.merge("another_p1", into="p1")
    assert counts(tracker.report().lifecycle("day", **EIGHT_DAYS)) == {
        "new": [1, 0, 0, 0, 0, 0, 0, 0],
        "returning": [0, 0, 0, 1, 0, 0, 0, 0],
        "resurrecting": [0, 0, 1, 0, 0, 1, 0, 1],
        "dormant": [0, -1, 0, 0, -1, 0, -1, 0],
    }


def test_lifecycle_trend_all_time(shared_engine: Engine) -> None:
    """PostHog test_lifecycle_trend_all_time: all history, up to the instant of the question."""
    tracker = track(shared_engine)
    tell(tracker, PEOPLE)
    now = datetime(2020, 1, 17, 13, 1, 1, tzinfo=UTC)
    answer = tracker.report(as_of=now).lifecycle("day")
    assert counts(answer) == {
        "new": [1, 0, 1, 1, 0, 0, 1, 0, 0],
        "returning": [0, 0, 0, 1, 1, 0, 0, 0, 0],
        "resurrecting": [0, 0, 0, 1, 0, 0, 1, 0, 1],
        "dormant": [0, -1, 0, 0, -2, -1, 0, -2, 0],
    }
    assert [row.unfinished for row in answer.rows] == [False] * 8 + [True]


@pytest.mark.parametrize(
    ("week_start", "dates"),
    [
        ("sunday", ["2020-02-02", "2020-02-09", "2020-02-16", "2020-02-23", "2020-03-01",
                    "2020-03-08"]),
        ("monday", ["2020-02-03", "2020-02-10", "2020-02-17", "2020-02-24", "2020-03-02",
                    "2020-03-09"]),
    ],
)  # fmt: skip
def test_lifecycle_trend_weeks(shared_engine: Engine, week_start: str, dates: list[str]) -> None:
    """PostHog test_lifecycle_trend_weeks_sunday and _monday: from a Wednesday's week on."""
    tracker = track(shared_engine)
    tell(
        tracker,
        {
            "p1": ("2020-02-01", "2020-02-05", "2020-02-10", "2020-02-15", "2020-02-27",
                   "2020-03-02"),
            "p2": ("2020-02-11", "2020-02-18"),
            "p3": ("2020-02-12",),
            "p4": ("2020-02-27",),
        },
    )  # fmt: skip
    asked: dict[str, Any] = {"since": date(2020, 2, 5), "until": date(2020, 3, 10)}
    answer = tracker.report().lifecycle("week", **asked, week_start=week_start)
    assert days(answer) == dates
    assert counts(answer) == {
        "new": [0, 2, 0, 1, 0, 0],
        "returning": [1, 1, 1, 0, 1, 0],
        "resurrecting": [0, 0, 0, 1, 0, 0],
        "dormant": [0, 0, -2, -1, -1, -1],
    }


def test_lifecycle_trend_months(shared_engine: Engine) -> None:
    """PostHog test_lifecycle_trend_months: who opened before the asked range is never new in it."""
    tracker = track(shared_engine)
    tell(
        tracker,
        {
            "p1": ("2020-01-11", "2020-02-12", "2020-03-13", "2020-05-15", "2020-07-17",
                   "2020-09-19"),
            "p2": ("2019-12-09", "2020-02-12"),
            "p3": ("2020-02-12",),
            "p4": ("2020-05-15",),
        },
    )  # fmt: skip
    asked: dict[str, Any] = {"since": date(2020, 2, 1), "until": date(2020, 10, 1)}
    assert counts(tracker.report().lifecycle("month", **asked)) == TREND


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", TREND),
        (
            "US/Pacific",
            {
                "new": [1, 0, 0, 1, 0, 0, 0, 0],
                "returning": [0, 0, 0, 0, 0, 0, 0, 0],
                "resurrecting": [1, 1, 0, 1, 0, 1, 0, 1],
                "dormant": [-1, -2, -1, 0, -2, 0, -1, 0],
            },
        ),
    ],
)
def test_timezones(shared_engine: Engine, zone: str, expected: Counts) -> None:
    """PostHog test_timezones: two events an hour apart are of two days, or of one."""
    tracker = track(shared_engine)
    tell(tracker, PEOPLE | {"p1": ("2020-01-11T23:00", "2020-01-12T01:00", *PEOPLE["p1"][2:])})
    assert counts(tracker.report(timezone=zone).lifecycle("day", **EIGHT_DAYS)) == expected


def test_dormant_on_dst(shared_engine: Engine) -> None:
    """PostHog test_dormant_on_dst: the day after a day of 23 hours comes right after it."""
    tracker = track(shared_engine)
    tell(tracker, {"p1": ("2025-03-09T12:00",)})
    # There the range's dates are instants in UTC, so that it begins on the local 8 March.
    asked: dict[str, Any] = {"since": datetime(2025, 3, 9, tzinfo=UTC), "until": date(2025, 3, 12)}
    answer = tracker.report(timezone="US/Pacific").lifecycle("day", **asked)
    assert days(answer) == ["2025-03-08", "2025-03-09", "2025-03-10", "2025-03-11"]
    assert counts(answer)["new"] == [0, 1, 0, 0]
    assert counts(answer)["dormant"] == [0, 0, -1, 0]


def test_lifecycle_query_group_0(shared_engine: Engine) -> None:
    """PostHog test_lifecycle_query_group_0: an account is a contact, whoever of it was active."""
    tracker = track(shared_engine)
    people = PEOPLE | {"p4": ("2020-01-15", "2020-01-18")}
    tell(tracker, {"org:5": sorted(time for times in people.values() for time in times)})
    answer = tracker.report().lifecycle("day", since=date(2020, 1, 9), until=date(2020, 1, 20))
    assert counts(answer) == {
        "new": [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        "returning": [0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1],
        "resurrecting": [0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0],
        "dormant": [0, -1, 0, 0, 0, -1, 0, -1, 0, 0, 0],
    }


def test_lifecycle_query_group_1(shared_engine: Engine) -> None:
    """PostHog test_lifecycle_query_group_1: two accounts, whose people change between them.

    There the second was made before its first event, and so comes as resurrecting on the 12th; here
    it is new by that event. All else is the same.
    """
    tracker = track(shared_engine)
    tell(
        tracker,
        {
            "company:1": ("2020-01-09", "2020-01-11", "2020-01-12", "2020-01-13", "2020-01-18",
                          "2020-01-19"),
            "company:2": ("2020-01-12", "2020-01-13", "2020-01-15", "2020-01-16", "2020-01-17"),
        },
    )  # fmt: skip
    answer = tracker.report().lifecycle("day", since=date(2020, 1, 9), until=date(2020, 1, 20))
    found = counts(answer)
    assert found["returning"] == [0, 0, 0, 1, 2, 0, 0, 1, 1, 0, 1]
    assert found["dormant"] == [0, -1, 0, 0, 0, -2, 0, 0, 0, -1, 0]
    new, resurrecting = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0]
    new[3], resurrecting[3] = new[3] + 1, resurrecting[3] - 1
    assert (found["new"], found["resurrecting"]) == (new, resurrecting)


def test_excludes_personless_events(shared_engine: Engine) -> None:
    """PostHog test_excludes_personless_events: who does not open is nobody's active contact."""
    tracker = track(shared_engine)
    dates = ("2020-01-11", "2020-01-12", "2020-01-13", "2020-01-14")
    tell(tracker, {"p1": dates, "p2": dates[:2]})
    tell(tracker, {"p3": dates, "p4": dates[:2]}, event="seen without a name")
    answer = tracker.report().lifecycle("day", since=date(2020, 1, 11), until=date(2020, 1, 15))
    assert counts(answer)["new"] == [2, 0, 0, 0]
    assert counts(answer)["resurrecting"] == [0, 0, 0, 0]


@pytest.mark.parametrize("unit", ["day", "week", "month"])
def test_growth_accounting(shared_engine: Engine, unit: Any) -> None:
    """The identities of growth accounting (Hsu, "Accounting for user growth", Social Capital 2015).

    MAU(t) = new + retained + resurrected, and MAU(t − 1) = retained + churned, in every period and
    to the last one. Its quick ratio counts the merely inactive as churned; ours those who departed.
    """
    tracker = track(shared_engine)
    tell(tracker, PEOPLE)
    tell(
        tracker,
        {"q": ("2019-12-31T23:59:59.999999", "2020-01-01T00:00", "2020-02-29", "2020-03-31")},
    )
    before = 0
    for row in tracker.report().lifecycle(unit, until=date(2020, 5, 1)).rows:
        assert row.seen == row.new + row.returning + row.resurrecting
        assert before == row.returning + row.dormant
        before = row.seen
    assert before == 0
