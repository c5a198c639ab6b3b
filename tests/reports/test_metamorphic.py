"""What must not change a rate, and what must change it in a known way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from attrs import evolve
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy import Engine

from motfunnel import Tracker
from motfunnel.domain.event import Event, make_event
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.report import Report
from tests.oracle import Story
from tests.reports.test_windowed import FEW, WINDOWS, told, track_all
from tests.strategies import HOUR, NEVER, START, instants
from tests.strategies import make_funnel as funnel_of

NOW = START + 2 * NEVER
Ask = Callable[..., Rate]
# Each rate of several start events a contact, with the name of its cohort.
EPISODE_BASED = {
    "recidivism": "departed",
    "reengagement": "attempted",
    "coverage": "departed",
    "relapse": "returned",
    "recovery": "complained",
    "departure_after_complaint": "complained",
}


def report_on(engine: Engine, story: Story, events: list[Event], as_of: datetime) -> Report:
    """A report on a tenant of its own that holds the events."""
    tracker = Tracker(engine, funnel_of(story), tenant=uuid4().hex, clock=lambda: NOW)
    track_all(tracker, events)
    return tracker.report(as_of=as_of)


def ask_all(report: Report, story: Story, within: timedelta, **more: Any) -> dict[str, Any]:
    """Every rate, as a dict without what was asked."""
    first, last = story["stages"][0], story["stages"][-1]
    rates = {kind: getattr(report, kind)(within=within, **more) for kind in EPISODE_BASED}
    rates["conversion"] = report.conversion(first, last, within=within)
    rates["loyalty"] = report.loyalty(within=within)
    asked = {"as_of", "tenant", "from", "to"}
    return {
        kind: {key: value for key, value in rate.to_dict().items() if key not in asked}
        for kind, rate in rates.items()
    }


@FEW
@given(
    told=told(),
    as_of=instants(12),
    within=st.sampled_from(WINDOWS),
    shift=st.timedeltas(-NEVER, NEVER),
)
@pytest.mark.parametrize("shared_engine", ["sqlite"], indirect=True)
def test_moving_all_of_time_changes_no_rate(
    shared_engine: Engine,
    told: tuple[Story, list[Event]],
    as_of: datetime,
    within: timedelta,
    shift: timedelta,
) -> None:
    """Events and question moved by one duration give the same rates, to the last digit."""
    story, events = told
    moved = [evolve(event, occurred_at=event.occurred_at + shift) for event in events]
    before = ask_all(report_on(shared_engine, story, events, as_of), story, within)
    after = ask_all(report_on(shared_engine, story, moved, as_of + shift), story, within)
    assert before == after


@FEW
@given(told=told(), as_of=instants(12), within=st.sampled_from(WINDOWS))
@pytest.mark.parametrize("shared_engine", ["sqlite"], indirect=True)
def test_names_mean_nothing(
    shared_engine: Engine,
    told: tuple[Story, list[Event]],
    as_of: datetime,
    within: timedelta,
) -> None:
    """Contacts by other names, in another order, give the same rates."""
    story, events = told
    names = {"ada": "z", "bob": "日", "Ada": "0", "日本": "bob"}
    renamed = [evolve(event, contact=names[event.contact]) for event in events]
    for unit in ("contact", "episode"):
        before = report_on(shared_engine, story, events, as_of)
        after = report_on(shared_engine, story, renamed[::-1], as_of)
        some, others = (ask_all(one, story, within, unit=unit) for one in (before, after))
        for kind, told_of in some.items():
            same = others[kind]
            assert told_of.pop("km") == pytest.approx(same.pop("km"))
            assert [told_of.pop(end) for end in ("lower", "upper")] == [
                pytest.approx(same.pop(end)) for end in ("lower", "upper")
            ]
            assert told_of == same


@pytest.mark.parametrize("kind", EPISODE_BASED)
@FEW
@given(told=told(), as_of=instants(12), within=st.sampled_from(WINDOWS), cut=instants())
@pytest.mark.parametrize("shared_engine", ["sqlite"], indirect=True)
def test_a_cohort_cut_in_two_adds_up(
    shared_engine: Engine,
    kind: str,
    told: tuple[Story, list[Event]],
    as_of: datetime,
    within: timedelta,
    cut: datetime,
) -> None:
    """Episode-based, what starts before an instant and what starts after it make the whole."""
    story, events = told
    ask: Ask = getattr(report_on(shared_engine, story, events, as_of), kind)
    cohort = EPISODE_BASED[kind]
    whole, *halves = (
        ask(within=within, unit="episode", **{cohort: bounds})
        for bounds in ((None, None), (None, cut), (cut, None))
    )
    for part in ("numerator", "denominator", "immature"):
        named = [name for half in halves for name in half.members(part=part)]
        assert sorted(named) == whole.members(part=part)


@FEW
@given(told=told(), as_of=instants(12), within=st.sampled_from(WINDOWS[1:]))
@pytest.mark.parametrize("shared_engine", ["sqlite"], indirect=True)
def test_an_immature_contact_leaves_the_mature_alone(
    shared_engine: Engine,
    told: tuple[Story, list[Event]],
    as_of: datetime,
    within: timedelta,
) -> None:
    """Who has only just left changes the share of the immature, and no mature rate."""
    story, events = told
    came, left = (as_of - within / n for n in (2, 4))
    fresh = [
        make_event("fresh", "page_viewed", id="1", occurred_at=came),
        make_event("fresh", "unsubscribed", id="2", occurred_at=left),
    ]
    assume(came < left)
    before = report_on(shared_engine, story, events, as_of).recidivism(within=within)
    after = report_on(shared_engine, story, events + fresh, as_of).recidivism(within=within)
    mature = ("rate", "interval", "numerator", "denominator")
    assert [getattr(before, name) for name in mature] == [getattr(after, name) for name in mature]
    assert after.row.immature_count == before.row.immature_count + 1


@FEW
@given(told=told(), within=st.sampled_from(WINDOWS), unit=st.sampled_from(["contact", "episode"]))
@pytest.mark.parametrize("shared_engine", ["sqlite"], indirect=True)
def test_with_everybody_followed_up_the_curve_is_the_share(
    shared_engine: Engine, told: tuple[Story, list[Event]], within: timedelta, unit: Any
) -> None:
    """Nobody immature: one less Kaplan–Meier is the plain rate."""
    story, events = told
    rate = report_on(shared_engine, story, events, NOW).recidivism(within=within, unit=unit)
    assert rate.immature in (0.0, None)
    assert rate.row.immature_count == 0
    curve = rate.km.curve
    window = within // timedelta(microseconds=1)
    if rate.denominator:
        assert curve.survival(window) in (
            None,
            pytest.approx(1 - rate.numerator / rate.denominator),
        )


@FEW
@given(told=told(), as_of=instants(12), within=st.sampled_from(WINDOWS))
@pytest.mark.parametrize("shared_engine", ["sqlite"], indirect=True)
def test_groups_add_up_to_the_whole(
    shared_engine: Engine, told: tuple[Story, list[Event]], as_of: datetime, within: timedelta
) -> None:
    """Contact- or episode-based, the counts of the groups are those of all, whatever the groups."""
    story, events = told
    report = report_on(shared_engine, story, events, as_of)
    for by in ("stage", "reason", "source", "plan", "property:reason"):
        for unit in ("contact", "episode"):
            whole = report.recidivism(within=within, unit=unit)
            rows = report.recidivism(within=within, unit=unit, by=by).rows
            assert sum(row.numerator for row in rows) == whole.numerator
            assert sum(row.denominator for row in rows) == whole.denominator


@FEW
@given(told=told(), as_of=instants(12))
@pytest.mark.parametrize("shared_engine", ["sqlite"], indirect=True)
def test_a_longer_window_counts_no_fewer_of_the_same(
    shared_engine: Engine, told: tuple[Story, list[Event]], as_of: datetime
) -> None:
    """Of those observed for both windows, the longer counts all that the shorter did."""
    story, events = told
    report = report_on(shared_engine, story, events, as_of)
    for kind, cohort in EPISODE_BASED.items():
        early = {cohort: (None, as_of - 2 * HOUR + timedelta(microseconds=1)), "unit": "episode"}
        short, long = (getattr(report, kind)(within=w, **early) for w in (HOUR, 2 * HOUR))
        assert short.denominator == long.denominator
        assert short.numerator <= long.numerator
