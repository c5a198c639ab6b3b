"""Period reports that one can follow with a finger on the calendar."""

from __future__ import annotations

from array import array
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from motfunnel import Funnel, Tracker, complain, leave, purchase, rating, touch
from motfunnel.domain.calendar import Calendar
from motfunnel.domain.event import Event
from motfunnel.domain.moment import MomentKind
from motfunnel.errors import InconsistencyError, QuestionError
from motfunnel.reports.cohort import read_opened
from motfunnel.reports.facts.moments import PLACES, Moments
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.timeline import make_timeline
from motfunnel.reports.periods.growth import growth_rows
from motfunnel.reports.periods.lifecycle import LifecycleRow
from motfunnel.reports.report import Report
from tests.oracle import Story
from tests.reports.test_periods import NOW as LATER
from tests.reports.test_periods import long_told
from tests.reports.test_windowed import FEW, track_all
from tests.strategies import make_funnel as funnel_of

MICROSECOND = timedelta(microseconds=1)
FUNNEL = Funnel(
    stages=("visitor", "customer"),
    rules={
        "viewed": touch(),
        "bought": purchase(),
        "left": leave(),
        "rated": rating("score"),
        "moaned": complain(),
    },
    patience={"default": None},
)
NOW = datetime(2020, 1, 20, 12, tzinfo=UTC)


@pytest.fixture
def tracker(shared_engine: Engine) -> Tracker:
    """A tracker of a new tenant."""
    return Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=lambda: NOW)


def view(tracker: Tracker, contact: str, *times: str, event: str = "viewed") -> None:
    for time in times:
        tracker.track(contact, event, occurred_at=datetime.fromisoformat(time + "+00:00"))


def counts(row: LifecycleRow) -> tuple[int, int, int, int]:
    return row.new, row.returning, row.resurrecting, row.dormant


def test_a_lifecycle_by_days(tracker: Tracker) -> None:
    """Several events of a day count once; a range may begin in the middle of history."""
    view(tracker, "p1", "2020-01-11T12", "2020-01-12T12", "2020-01-13T12", "2020-01-15T12",
         "2020-01-17T12", "2020-01-17T13", "2020-01-19T12")  # fmt: skip
    view(tracker, "p2", "2020-01-09T12", "2020-01-12T12")
    view(tracker, "p3", "2020-01-12T12")
    view(tracker, "p4", "2020-01-15T12")
    answer = tracker.report().lifecycle("day", since=date(2020, 1, 12), until=date(2020, 1, 20))
    assert {row.starts_on.day: counts(row) for row in answer.rows} == {
        12: (1, 1, 1, 0),
        13: (0, 1, 0, 2),
        14: (0, 0, 0, 1),
        15: (1, 0, 1, 0),
        16: (0, 0, 0, 2),
        17: (0, 0, 1, 0),
        18: (0, 0, 0, 1),
        19: (0, 0, 1, 0),
    }
    assert answer.members(answer.rows[1], "dormant") == ["p2", "p3"]


def test_a_retention_by_days(tracker: Tracker) -> None:
    """A triangle: in a day only who came in it, in it or after whoever came later too."""
    view(tracker, "ada", "2020-01-16T09", "2020-01-17T09", "2020-01-19T09")
    view(tracker, "bob", "2020-01-16T10", "2020-01-18T23")
    view(tracker, "cyd", "2020-01-17T00", "2020-01-18T00")

    def shares(how: Any) -> list[list[float | None]]:
        rows = tracker.report().retention("day", how=how).rows
        return [[one.share for one in row.cells] for row in rows]

    assert shares("in") == [
        [1.0, 0.5, 0.5, 0.5, None],
        [1.0, 1.0, 0.0, None],
        [None, None, None],
        [None, None],
        [None],
    ]
    assert shares("in or after")[0] == [1.0, 1.0, 1.0, 0.5, None]
    few = tracker.report().retention("day", periods=1, until=date(2020, 1, 17)).rows
    assert [[one.share for one in row.cells] for row in few] == [[1.0, 0.5]]


def test_new_is_by_when_it_happened_and_not_by_when_it_was_recorded(tracker: Tracker) -> None:
    """An old event that arrives late makes the contact old; what came later counts nowhere."""
    view(tracker, "ada", "2020-01-15T12", "2020-01-18T12")
    before = tracker.report(as_of=datetime(2020, 1, 16, tzinfo=UTC)).lifecycle("month").rows
    assert [counts(row) for row in before] == [(1, 0, 0, 0)]
    view(tracker, "ada", "2019-10-01T12")
    after = tracker.report().lifecycle("month").rows
    assert [counts(row) for row in after] == [(1, 0, 0, 0), (0, 0, 0, 1), (0,) * 4, (0, 0, 1, 0)]


def test_what_does_not_keep_alive_makes_nobody_active(tracker: Tracker) -> None:
    """A complaint of one who left does not; one who opens with a complaint is active by it."""
    view(tracker, "ada", "2020-01-10T12")
    view(tracker, "ada", "2020-01-10T13", event="left")
    view(tracker, "ada", "2020-01-11T12", event="moaned")
    view(tracker, "ada", "2020-01-12T12", event="rated")
    view(tracker, "bob", "2020-01-11T12", event="moaned")
    rows = tracker.report().lifecycle("day", since=date(2020, 1, 10), until=date(2020, 1, 13)).rows
    assert [counts(row) for row in rows] == [(1, 0, 0, 0), (1, 0, 0, 1), (0, 0, 0, 1)]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/Sao_Paulo", date(2018, 11, 4), 23),
        ("America/Sao_Paulo", date(2018, 2, 17), 25),
        ("Asia/Beirut", date(2019, 3, 31), 23),
        ("Africa/Cairo", date(2014, 5, 16), 23),
        ("Pacific/Apia", date(2011, 12, 31), 24),
    ],
)
def test_days_that_clocks_leap_over(tracker: Tracker, zone: str, day: date, hours: int) -> None:
    """The first and the last microsecond of a local day are its own, its neighbours' are not."""
    local = ZoneInfo(zone)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=local)
    dates = Calendar(zone=local, unit="day")
    period = next(dates.periods_from(day))
    assert period.ends_at - period.starts_at == timedelta(hours=hours)
    for contact, at in (
        ("before", period.starts_at - MICROSECOND),
        ("first", period.starts_at),
        ("noon", noon),
        ("last", period.ends_at - MICROSECOND),
        ("after", period.ends_at),
    ):
        tracker.track(contact, "viewed", occurred_at=at)
    report = tracker.report(timezone=zone, as_of=period.ends_at + timedelta(hours=1))
    rows = report.lifecycle("day").rows
    assert [sorted(row.names["new"]) for row in rows] == [
        ["before"],
        ["first", "last", "noon"],
        ["after"],
    ]
    assert rows[1].starts_on == day
    assert [row.openings for row in report.growth("day").rows] == [1, 3, 1]


def test_the_last_period_is_unfinished_until_its_last_microsecond(tracker: Tracker) -> None:
    """A period that nothing can happen in any more is over."""
    view(tracker, "ada", "2020-01-01T12")
    end = datetime(2020, 1, 2, tzinfo=UTC)
    for as_of, unfinished in ((end - MICROSECOND, False), (end - 2 * MICROSECOND, True)):
        report = tracker.report(as_of=as_of)
        assert [row.unfinished for row in report.lifecycle("day").rows] == [unfinished]
        assert ("so far" in str(report.growth("day"))) is unfinished
        cohort = report.retention("day").rows[0]
        assert [c.is_complete for c in cohort.cells] == [not unfinished]
        assert [c.share for c in cohort.cells] == [None if unfinished else 1.0]
        assert (cohort.contacts, "0" in cohort.names) == (1, not unfinished)
    assert [row.unfinished for row in tracker.report(as_of=end).growth("day").rows] == [False, True]


def test_a_silence_departs_at_its_deadline_without_a_sweep(shared_engine: Engine) -> None:
    """Growth takes the departure from its deadline on, though nothing has written it down."""
    funnel = Funnel(stages=("a", "b"), rules={"viewed": touch()}, patience={"a": timedelta(days=3)})
    tracker = Tracker(shared_engine, funnel, tenant=uuid4().hex, clock=lambda: NOW)
    view(tracker, "ada", "2020-01-01T12", "2020-01-09T12")
    rows = tracker.report().growth("week").rows
    moves = [(r.present_at_start, r.openings, r.returns, r.departures, r.present_at_end)
             for r in rows]  # fmt: skip
    assert moves == [(0, 1, 0, 1, 0), (0, 0, 1, 1, 0), (0, 0, 0, 0, 0), (0, 0, 0, 0, 0)]
    assert [row.quick_ratio for row in rows] == [1.0, 1.0, None, None]
    early = tracker.report(as_of=datetime(2020, 1, 4, 12, tzinfo=UTC) - MICROSECOND)
    assert early.growth("week").rows[0].departures == 0


def test_a_merged_contact_is_one(tracker: Tracker) -> None:
    """What was recorded under both keys is one contact's, from the earliest event on."""
    view(tracker, "anon", "2020-01-01T12", "2020-01-03T12")
    view(tracker, "ada", "2020-01-03T13", "2020-01-04T12")
    tracker.merge("anon", into="ada")
    for known_by in (None, tracker.clock()):
        report = tracker.report(known_by=known_by)
        days = report.lifecycle("day", until=date(2020, 1, 5)).rows
        assert [counts(row) for row in days] == [(1, 0, 0, 0), (0, 0, 0, 1), (0, 0, 1, 0),
                                                 (0, 1, 0, 0)]  # fmt: skip
        assert days[3].names["seen"] == ("ada",)
        assert report.retention("month").rows[0].contacts == 1
        assert report.growth("month").rows[0].openings == 1


def test_the_erased_stay_in_the_counts_until_they_were_erased(shared_engine: Engine) -> None:
    """Counts that were kept count as before; presence ends with the erasure, and so does all."""
    clock = [NOW + timedelta(days=30)]
    tracker = Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=lambda: clock[0])
    view(tracker, "ada", "2020-01-01T12", "2020-01-15T12", "2020-02-15T12")
    view(tracker, "bob", "2020-01-02T12")
    before = [counts(row) for row in tracker.report().lifecycle("week").rows]
    assert before[:3] == [(2, 0, 0, 0), (0, 0, 0, 2), (0, 0, 1, 0)]
    clock[0] = NOW  # a clock that was set back: what comes after the erasure is none of its counts
    tracker.forget("ada", keep_counts=True)
    tracker.forget("bob")
    clock[0] = NOW + timedelta(days=30)
    for known_by in (None, NOW):
        report = tracker.report(known_by=known_by)
        after = report.lifecycle("week")
        assert (after.erased, "ada" in str(after.rows)) == (1, False)
        assert [counts(row) for row in after.rows][:3] == [(1, 0, 0, 0), (0, 0, 0, 1), (0, 0, 1, 0)]
        assert sum(row.seen for row in after.rows) == 2
        january, february = report.growth("month").rows
        assert (january.openings, january.erased_present, january.present_at_end) == (1, 1, 0)
        assert february.present_at_end == 0


def test_thousands_of_periods(tracker: Tracker) -> None:
    """Every database can be told the bounds of thirteen years of days."""
    view(tracker, "ada", "2006-12-31T23", "2007-01-01T12", "2013-07-05T12", "2020-01-20T11")
    rows = tracker.report().lifecycle("day", since=date(2007, 1, 1)).rows
    assert len(rows) == 4768
    assert [str(row.starts_on) for row in rows if row.seen] == [
        "2007-01-01", "2013-07-05", "2020-01-20"
    ]  # fmt: skip
    assert [counts(row) for row in rows[:2]] == [(0, 1, 0, 0), (0, 0, 0, 1)]


def test_nobody_at_all(tracker: Tracker) -> None:
    """Without contacts there are no periods, unless one asks from when on; then they are empty."""
    report = tracker.report()
    assert not (report.lifecycle().rows or report.growth().rows or report.retention().rows)
    assert "nobody" not in str(report.lifecycle()) and report.retention().to_csv().count("\n") == 1
    rows = report.growth("day", since=date(2020, 1, 19)).rows
    assert [(row.present_at_end, row.quick_ratio) for row in rows] == [(0, None), (0, None)]
    assert report.lifecycle("day", since=date(2020, 1, 21)).rows == ()


def test_the_forms(tracker: Tracker) -> None:
    """JSON nests cells in cohorts, tables have a line for each; text fits a terminal."""
    for n in range(28):
        view(tracker, f"c{n}", f"2019-12-{n + 1:02}T12", f"2020-01-{n % 19 + 1:02}T12")
    report = tracker.report()
    answer = report.retention("day")
    told = answer.to_dict()
    assert told["period"] == "day" and told["rows"][0]["starts_on"] == "2019-12-01"
    assert told["rows"][0]["cells"][31] | {"lower": 0, "upper": 0} == {
        "number": 31, "retained": 1, "share": 1.0, "lower": 0, "upper": 0, "is_complete": True
    }  # fmt: skip
    frame = answer.to_pandas()
    assert len(frame) == sum(len(row.cells) for row in answer.rows)
    assert frame["retained"].isna().sum() == len(answer.rows)
    assert answer.to_arrow().num_rows == len(frame)
    for one in (answer, report.lifecycle("day"), report.growth("day", by="source")):
        assert max(map(len, str(one).splitlines())) <= 80
    present = report.growth("month").rows[0].names["present_at_end"]
    assert (len(present), present[0], present[:2]) == (28, "c0", ("c0", "c1"))


@pytest.mark.parametrize(
    "asked",
    [
        {"period": "fortnight"},
        {"week_start": "someday"},
        {"week_start": 7},
        {"since": "the first of May"},
        {"since": datetime(2020, 1, 1)},
        {"since": date(2020, 1, 2), "until": date(2020, 1, 2)},
        {"since": date(1500, 1, 1), "period": "day"},
        {"by": "stage"},
        {"by": "reason"},
        {"how": "after"},
        {"periods": -1},
        {"periods": "all"},
    ],
)
def test_periods_without_an_answer(tracker: Tracker, asked: dict[str, Any]) -> None:
    """What cannot be answered is refused, with what to ask instead."""
    with pytest.raises(QuestionError):
        tracker.report().retention(**asked)


def test_counts_that_do_not_add_up_are_not_shown() -> None:
    """A reader that gave two openings would be found out."""
    calendar = Calendar(zone=UTC, unit="day")
    line = make_timeline(calendar, NOW, date(2020, 1, 18), None, None)
    assert line is not None
    opening = PLACES[MomentKind.OPENING]
    with Tracker("sqlite://", FUNNEL, clock=lambda: NOW) as tracker:
        view(tracker, "ada", "2020-01-18T12")
        with read_opened(Inquiry(tracker), "growth", None) as opened:
            at = opened.source.openings().at[0]
            contacts, kinds, instants = (array("q", [one, one]) for one in (0, opening, at))
            twice = Moments(contacts, kinds, instants)
            with pytest.raises(InconsistencyError, match="1 contacts are present"):
                growth_rows(twice, opened, line)


WHEN = ("start", "ends", "period")
"""What the names of cells have in them that say when."""


@FEW
@given(told=long_told(), weeks=st.integers(-200, 200), unit=st.sampled_from(["day", "week"]))
@pytest.mark.parametrize("shared_engine", ["sqlite"], indirect=True)
def test_moving_by_weeks_and_renaming_changes_no_count(
    shared_engine: Engine, told: tuple[Story, list[Event]], weeks: int, unit: Any
) -> None:
    """Where all days have 24 hours, whole weeks and names do not matter, nor who came first."""
    story, events = told
    shift = timedelta(weeks=weeks)
    now, latest = LATER + shift, max(LATER, LATER + shift)
    moved = [
        evolve(event, occurred_at=event.occurred_at + shift, contact=f"{event.contact}!")
        for event in reversed(events)
    ]
    found = []
    for one, at in ((events, LATER), (moved, now)):
        tracker = Tracker(shared_engine, funnel_of(story), tenant=uuid4().hex, clock=lambda: latest)
        track_all(tracker, one)
        report = tracker.report(as_of=at - timedelta(days=300))
        found.append(
            [
                [{k: v for k, v in row.to_dict().items() if not any(w in k for w in WHEN)}
                 for row in answer.rows]
                for answer in (report.lifecycle(unit), report.growth(unit), report.retention(unit))
            ]
        )  # fmt: skip
    assert found[0] == found[1]


def all_counts(report: Report) -> list[list[dict[str, Any]]]:
    """Every report about everyone, row by row."""
    answers = (report.lifecycle("week"), report.growth("day"), report.retention("month"),
               report.flows(steps=None), report.funnel(within=timedelta(hours=2)))  # fmt: skip
    return [[row.to_dict() for row in answer.rows] for answer in answers]


@FEW
@given(told=long_told(), forgotten=st.sampled_from(["ada", "bob"]))
def test_the_merged_and_the_erased_are_counted_as_before(
    shared_engine: Engine, told: tuple[Story, list[Event]], forgotten: str
) -> None:
    """Two keys count as one contact, stored or folded anew; an erasure leaves the counts."""
    story, events = told
    tracker = Tracker(shared_engine, funnel_of(story), tenant=uuid4().hex, clock=lambda: LATER)
    track_all(tracker, events)
    if {"bob", "Ada"} <= {event.contact for event in events}:
        tracker.merge("Ada", into="bob", force=True)
    as_of = LATER - timedelta(days=100)
    before = all_counts(tracker.report(as_of=as_of))
    assert all_counts(tracker.report(as_of=as_of, known_by=LATER)) == before
    tracker.forget(forgotten, keep_counts=True)
    for known_by in (None, LATER):
        assert all_counts(tracker.report(as_of=as_of, known_by=known_by)) == before
