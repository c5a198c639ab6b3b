"""The period reports, held against counting by hand from the events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from motfunnel import Tracker
from motfunnel.domain.event import Event
from motfunnel.reports.periods.growth import PARTS as MOVES
from motfunnel.reports.periods.lifecycle import PARTS
from tests import oracle
from tests.oracle import Story
from tests.reports.brute_force import By, group_of, in_order
from tests.reports.test_windowed import FEW, told, track_all
from tests.strategies import START, instants
from tests.strategies import make_funnel as funnel_of

MICROSECOND = timedelta(microseconds=1)
NOW = START + timedelta(days=500)
UNITS = ("day", "week", "month", "quarter", "year")
# In 2024 all of these but the first change their clocks, three of them at midnight.
ZONES = ("UTC", "Europe/Berlin", "Asia/Beirut", "America/Havana", "Africa/Cairo")
DAYS = (0, 1, 2, 3, 8, 31, 32, 33, 61, 92, 366)
BY = (None, "source", "plan", "property:seats", "event", "plan:5,8", ("source", "plan"))
Counted = dict[tuple[str | None, date], dict[str, list[str]]]


@st.composite
def long_told(draw: st.DrawFn) -> tuple[Story, list[Event]]:
    """Histories over days, months and a year, of contacts with much patience and with little."""
    story, events = draw(told())
    waits = st.sampled_from([timedelta(hours=1), timedelta(days=2), timedelta(days=40), None])
    story["patience"] = {stage: draw(waits) for stage in story["stages"]}
    days = draw(st.lists(st.sampled_from(DAYS), min_size=len(events), max_size=len(events)))
    return story, [
        evolve(event, occurred_at=event.occurred_at + timedelta(days=by))
        for event, by in zip(events, days, strict=True)
    ]


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    """A period, a zone, and now and then where to begin and to end."""
    some = st.one_of(st.none(), st.none(), st.sampled_from(DAYS))
    since, until = (None if d is None else START.date() + timedelta(days=d)
                    for d in (draw(some), draw(some)))  # fmt: skip
    return {
        "period": draw(st.sampled_from(UNITS)),
        "week_start": draw(st.integers(0, 6)),
        "since": since,
        "until": until if until is None or since is None or since < until else None,
        "by": draw(st.sampled_from(BY)),
    }


def moments_of_asking() -> st.SearchStrategy[datetime]:
    days = st.sampled_from((0, 2, 33, 92, 366, 400)).map(lambda n: timedelta(days=n))
    return st.builds(lambda at, by: at + by, instants(12), days)


class Hand:
    """What one finds in the events with loops, sets and the dates on a wall."""

    def __init__(
        self, story: Story, events: list[Event], as_of: datetime, zone: str, asked: dict[str, Any]
    ) -> None:
        self.story, self.as_of, self.asked, self.zone = story, as_of, asked, ZoneInfo(zone)
        self.histories: dict[str, list[Event]] = {}
        self.ends: dict[date, datetime] = {}
        self.present: dict[tuple[str, datetime], bool] = {}
        for event in events:
            self.histories.setdefault(event.contact, []).append(event)
        told = {c: oracle.tell(mine, story, as_of) for c, mine in self.histories.items()}
        self.told = {c: it for c, it in sorted(told.items()) if it["moments"]}
        self.touched = {c: self.touches(self.histories[c]) for c in self.told}
        self.seen = {c: {self.floor(at) for at in touched} for c, touched in self.touched.items()}
        earliest = min(map(min, filter(None, self.seen.values())), default=None)
        first = self.floor_of(asked["since"]) if asked["since"] else earliest
        self.first = first
        self.keys = [] if first is None else [*self.walk(first)]
        self.shown = [k for k in self.keys if not asked["until"] or k < asked["until"]]
        by = asked["by"]
        self.groups = {c: self.group(by, c, told) if by else None for c in self.told}

    def group(self, by: By, contact: str, told: dict[str, Story]) -> str:
        opening = self.told[contact]["moments"][0]
        clock = opening | {"by": opening["event_id"]}
        return group_of(by, contact, clock, self.histories, told)

    def floor(self, at: datetime) -> date:
        return self.floor_of(at.astimezone(self.zone).date())

    def floor_of(self, day: date) -> date:
        unit = self.asked["period"]
        if unit == "week":
            while day.weekday() != self.asked["week_start"]:
                day -= timedelta(days=1)
        while unit in ("month", "quarter", "year") and day.day != 1:
            day -= timedelta(days=1)
        if unit in ("quarter", "year"):
            months = {"quarter": (1, 4, 7, 10), "year": (1,)}[unit]
            while day.month not in months:
                day = date(day.year, day.month - 1, 1)
        return day

    def walk(self, first: date) -> Iterator[date]:
        """Each period up to the one of the question, found day by day."""
        last, day, seen = self.as_of.astimezone(self.zone).date(), first, None
        while day <= last:
            if self.floor_of(day) != seen:
                seen = self.floor_of(day)
                yield seen
            day += timedelta(days=1)

    def before(self, key: date) -> date:
        return self.floor_of(key - timedelta(days=1))

    def ends_at(self, key: date) -> datetime:
        """The first whole second of a later period, found second by second around midnight."""
        if key in self.ends:
            return self.ends[key]
        day = key
        while self.floor_of(day) == key:
            day += timedelta(days=1)
        at = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=15)
        while self.floor(at) <= key:
            at += timedelta(minutes=30)
        self.ends[key] = at
        return at

    def touches(self, events: list[Event]) -> list[datetime]:
        state, found = oracle.start(), []
        for event in oracle.in_order(events, self.story):
            if event["at"] <= self.as_of:
                oracle.step(state, event, self.story)
                if event["signal"] in oracle.KEEPS_ALIVE and state["last_touch"] == event["at"]:
                    found.append(event["at"])
        return found

    def rows(self) -> list[tuple[str | None, date]]:
        by = self.asked["by"]
        groups = in_order(by, {g for g in self.groups.values() if g}) if by else [None]
        return [(group, key) for group in groups for key in self.shown]

    def lifecycle(self) -> dict[tuple[str | None, date], dict[str, list[str]]]:
        counted = {}
        for group, key in self.rows():
            row: dict[str, list[str]] = {part: [] for part in PARTS}
            for contact, mine in self.seen.items():
                if self.groups[contact] == group:
                    was = self.before(key) in mine
                    if key in mine:
                        row["seen"].append(contact)
                        kind = "new" if key == min(mine) else "returning" if was else "resurrecting"
                        row[kind].append(contact)
                    elif was:
                        row["dormant"].append(contact)
            counted[group, key] = row
        return counted

    def growth(self) -> Counted:
        kinds = {"opening": "openings", "recidivism": "returns", "depart": "departures"}
        counted: Counted = {}
        moved = {
            contact: [
                (kinds[one["kind"]], self.floor(one["at"]))
                for one in it["moments"]
                if one["kind"] in kinds
            ]
            for contact, it in self.told.items()
        }
        for group, key in self.rows():
            row: dict[str, list[str]] = {part: [] for part in MOVES}
            end = min(self.ends_at(key) - MICROSECOND, self.as_of)
            start = self.ends_at(self.before(key)) - MICROSECOND
            row |= {"present_at_start": [], "present_at_end": []}
            for contact, mine in moved.items():
                if self.groups[contact] == group:
                    for part, when in mine:
                        if when == key:
                            row[part].append(contact)
                    for part, at in (("present_at_start", start), ("present_at_end", end)):
                        if self.is_present(contact, at):
                            row[part].append(contact)
            counted[group, key] = row
        return counted

    def is_present(self, contact: str, at: datetime) -> bool:
        if (contact, at) not in self.present:
            state: Story = oracle.tell(self.histories[contact], self.story, at)
            self.present[contact, at] = state["presence"] == "active"
        return self.present[contact, at]

    def retention(self, how: str) -> dict[tuple[str | None, date], list[list[str] | None]]:
        counted = {}
        for group, key in self.rows():
            cohort = [c for c in self.told if self.groups[c] == group
                      and min(self.seen[c]) == key]  # fmt: skip
            cells: list[list[str] | None] = []
            for later in self.keys[self.keys.index(key) :]:
                back = [c for c in cohort if any(
                    d == later or (how != "in" and d > later) for d in self.seen[c])]  # fmt: skip
                end = self.ends_at(later)
                over = end - MICROSECOND <= self.as_of
                if how == "with-us":
                    over = end <= self.as_of
                    back = [c for c in cohort if self.is_present(c, end - MICROSECOND)]
                cells.append(back if over else None)
            counted[group, key] = cells
        return counted


@FEW
@given(
    told=long_told(),
    as_of=moments_of_asking(),
    zone=st.sampled_from(ZONES),
    asked=questions(),
    how=st.sampled_from(["in", "in or after", "with-us"]),
)
def test_the_store_counts_as_one_counts_by_hand(
    shared_engine: Engine,
    told: tuple[Story, list[Event]],
    as_of: datetime,
    zone: str,
    asked: dict[str, Any],
    how: Any,
) -> None:
    """Every count and every name, stored or folded anew, is the one found in the events."""
    story, events = told
    hand = Hand(story, events, as_of, zone, asked)
    tracker = Tracker(shared_engine, funnel_of(story), tenant=uuid4().hex, clock=lambda: NOW)
    track_all(tracker, events)
    for known_by in (None, NOW):
        report = tracker.report(as_of=as_of, known_by=known_by, timezone=zone)
        for answer, counted in (
            (report.lifecycle(**asked), hand.lifecycle()),
            (report.growth(**asked), hand.growth()),
        ):
            assert [(row.group, row.starts_on) for row in answer.rows] == [*counted]
            for row in answer.rows:
                assert {p: sorted(who) for p, who in row.names.items()} == {
                    p: sorted(who) for p, who in counted[row.group, row.starts_on].items()
                }
                assert all(getattr(row, part) == len(who) for part, who in row.names.items())
                assert row.ends_at == hand.ends_at(row.starts_on)
                assert row.unfinished == (row.ends_at - MICROSECOND > as_of)
        kept = report.retention(how=how, **asked)
        cohorts = hand.retention(how)
        assert [(row.group, row.starts_on) for row in kept.rows] == [*cohorts]
        for cohort in kept.rows:
            found = [None if cell.retained is None else kept.members(cohort, str(cell.number))
                     for cell in cohort.cells]  # fmt: skip
            assert found == cohorts[cohort.group, cohort.starts_on]
            for cell in cohort.cells:
                of = cohort.contacts
                expected = cell.retained / of if of and cell.retained is not None else None
                assert cell.share == expected
