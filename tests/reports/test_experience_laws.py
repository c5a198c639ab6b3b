"""What must not change a lens, a touchpoint, a score or a case; and how these fit the rates."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from motfunnel import Touchpoint, Tracker
from motfunnel.answers.answer import NOTHING_KNOWN
from motfunnel.domain.event import Event
from motfunnel.domain.lens import LENSES
from motfunnel.reports.progress.lens import UltimateLens
from motfunnel.reports.report import Report
from tests.oracle import Story
from tests.reports import scored, test_complaints
from tests.reports.test_windowed import WINDOWS, track_all
from tests.strategies import NEVER, START, instants
from tests.strategies import make_funnel as funnel_of

NOW = START + 2 * NEVER
FEW = settings(max_examples=settings().max_examples // 4)  # each asks every report, of two stores
TOLD = st.one_of(scored.told(), test_complaints.told())
pytestmark = pytest.mark.parametrize("shared_engine", ["sqlite"], indirect=True)


def tracker_of(engine: Engine, story: Story, clock: Any = lambda: NOW) -> Tracker:
    places = {name: Touchpoint(**place) for name, place in scored.TOUCHPOINTS.items()}
    funnel = evolve(funnel_of(story), touchpoints=places)
    return Tracker(engine, funnel, tenant=uuid4().hex, clock=clock)


def report_on(engine: Engine, story: Story, events: list[Event], as_of: datetime) -> Report:
    """A report on a tenant of its own that holds the events."""
    tracker = tracker_of(engine, story)
    track_all(tracker, events)
    return tracker.report(as_of=as_of)


def ask_all(report: Report, within: timedelta = timedelta(hours=2)) -> dict[str, Any]:
    """Every answer, as a dict without what was asked."""
    answers: dict[str, Any] = {name: report.lens(name) for name in LENSES}
    answers |= {"touchpoints": report.touchpoints(by="branch"), "map": report.journey_map()}
    answers |= {"nps": report.nps(), "complaints": report.complaints(within=within, by="branch")}
    asked = {"as_of", "known_by", "tenant"}
    return {
        name: {key: value for key, value in answer.to_dict().items() if key not in asked}
        for name, answer in answers.items()
    }


def without(told: Any, *names: str) -> Any:
    """The same without some keys, at any depth."""
    if isinstance(told, dict):
        return {key: without(one, *names) for key, one in told.items() if key not in names}
    return [without(one, *names) for one in told] if isinstance(told, list) else told


@FEW
@given(told=TOLD, as_of=instants(12), shift=st.timedeltas(-NEVER, NEVER))
def test_moving_all_of_time_changes_nothing(
    shared_engine: Engine,
    told: tuple[Story, list[Event]],
    as_of: datetime,
    shift: timedelta,
) -> None:
    """Events and question moved by one duration give the same answers but for the instants."""
    story, events = told
    moved = [evolve(event, occurred_at=event.occurred_at + shift) for event in events]
    before = ask_all(report_on(shared_engine, story, events, as_of))
    after = ask_all(report_on(shared_engine, story, moved, as_of + shift))
    instants = ("occurred_at", "opened_at")
    assert without(before, *instants) == without(after, *instants)


@FEW
@given(told=TOLD, as_of=instants(12), data=st.data())
def test_the_order_of_arrival_changes_nothing(
    shared_engine: Engine, told: tuple[Story, list[Event]], as_of: datetime, data: st.DataObject
) -> None:
    """However the events come, every answer is the same, names and all."""
    story, events = told
    shuffled = data.draw(st.permutations(events))
    before = ask_all(report_on(shared_engine, story, events, as_of))
    assert before == ask_all(report_on(shared_engine, story, shuffled, as_of))


@FEW
@given(told=TOLD, as_of=instants(12), data=st.data())
def test_what_was_known_is_what_had_been_recorded(
    shared_engine: Engine, told: tuple[Story, list[Event]], as_of: datetime, data: st.DataObject
) -> None:
    """By an earlier knowledge every answer is that of a store which only ever got so far."""
    story, events = told
    early = data.draw(st.integers(0, len(events)))
    clock = [START + NEVER]
    tracker = tracker_of(shared_engine, story, lambda: clock[0])
    track_all(tracker, events[:early])
    clock[0] = NOW
    track_all(tracker, events[early:])
    then = tracker.report(as_of=as_of, known_by=START + NEVER)
    got_so_far = ask_all(report_on(shared_engine, story, events[:early], as_of))
    if not early:
        for answer in got_so_far.values():
            answer["notes"].append(NOTHING_KNOWN)
    assert ask_all(then) == got_so_far


@FEW
@given(told=TOLD, as_of=instants(12))
def test_names_mean_nothing(
    shared_engine: Engine, told: tuple[Story, list[Event]], as_of: datetime
) -> None:
    """Contacts by other names, that refer each other by these, give the same counts."""
    story, events = told
    names = {"ada": "z", "bob": "日", "cyd": "0", "7": "bob", "Ada": "y", "日本": "x"}
    renamed = [
        evolve(
            event,
            contact=names[event.contact],
            properties={
                key: names.get(str(value), value) if key == "friend" else value
                for key, value in event.properties.items()
            },
        )
        for event in events
    ]
    before = ask_all(report_on(shared_engine, story, events, as_of))
    after = ask_all(report_on(shared_engine, story, renamed, as_of))
    named = ("links", "worst", "zero_moments_lower", "zero_moments_upper", "openings_lower",
             "openings_upper")  # fmt: skip
    # The credit of a tie in time and id goes by name, and with it the interval's clusters.
    assert without(before, *named) == without(after, *named)


@FEW
@given(told=TOLD, as_of=instants(12), within=st.sampled_from(WINDOWS))
def test_the_reports_agree_with_the_rates(
    shared_engine: Engine, told: tuple[Story, list[Event]], as_of: datetime, within: timedelta
) -> None:
    """Whatever came first is among what came at all, and openings are credited once."""
    story, events = told
    report = report_on(shared_engine, story, events, as_of)
    answer = report.complaints(within=within)
    (row,) = answer.rows
    recovery = report.recovery(within=within)
    departure = report.departure_after_complaint(within=within)
    assert row.outcomes.mature == recovery.denominator == departure.denominator
    recovered, departed = (set(answer.members(row, p)) for p in ("recovered", "departed"))
    assert recovered <= set(recovery.members()) and departed <= set(departure.members())
    assert recovered | departed == set(recovery.members()) | set(departure.members())
    ultimate = report.lens("ultimate")
    assert isinstance(ultimate, UltimateLens)
    assert ultimate.loop.openings == report.referrals().rows[0].openings
