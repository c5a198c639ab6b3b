"""What must not change a worklist, a patience or a simulation, and what must in a known way."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from motfunnel.domain.event import Event
from motfunnel.reports.report import Report
from tests.oracle import Story
from tests.reports.test_metamorphic import report_on
from tests.reports.test_windowed import FEW, told
from tests.strategies import HOUR, NEVER, instants, stories
from tests.strategies import make_funnel as funnel_of

DATED = {"as_of", "tenant", "departed_at", "first_outreach_at", "last_moments", "moments"}
ON_SQLITE = pytest.mark.parametrize("shared_engine", ["sqlite"], indirect=True)


def ask_all(report: Report, other: Story) -> dict[str, Any]:
    """Each answer, without what is dated."""
    answers: dict[str, Any] = {
        "worklist": report.worklist(within=HOUR, limit=None),
        "patience": report.patience(share=0.5, horizon=HOUR, step=HOUR, fewest=1),
        "simulation": report.simulate(funnel_of(other), within=HOUR),
    }
    return {name: undated(answer.to_dict()) for name, answer in answers.items()}


def undated(told: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in told.items() if key not in DATED}
    if "notes" in kept:
        kept["notes"] = [re.sub(r"\d{4}-\d\d-\d\d", "a day", note) for note in kept["notes"]]
    return kept | {"rows": [undated(row) for row in told["rows"]]} if "rows" in told else kept


@FEW
@given(told=told(), other=stories(), as_of=instants(12), shift=st.timedeltas(-NEVER, NEVER))
@ON_SQLITE
def test_moving_all_of_time_changes_nothing(
    shared_engine: Engine,
    told: tuple[Story, list[Event]],
    other: Story,
    as_of: datetime,
    shift: timedelta,
) -> None:
    """Events and question moved by one duration give the same answers."""
    story, events = told
    moved = [evolve(event, occurred_at=event.occurred_at + shift) for event in events]
    before = ask_all(report_on(shared_engine, story, events, as_of), other)
    after = ask_all(report_on(shared_engine, story, moved, as_of + shift), other)
    assert before == after


@FEW
@given(told=told(), other=stories(), as_of=instants(12))
@ON_SQLITE
def test_names_mean_nothing(
    shared_engine: Engine, told: tuple[Story, list[Event]], other: Story, as_of: datetime
) -> None:
    """Contacts by other names, arriving the other way round, give the same numbers."""
    story, events = told
    names = {"ada": "z", "bob": "日", "Ada": "0", "日本": "bob"}
    renamed = [evolve(event, contact=names[event.contact]) for event in events[::-1]]
    before = ask_all(report_on(shared_engine, story, events, as_of), other)
    after = ask_all(report_on(shared_engine, story, renamed, as_of), other)
    rows = sorted(names[row.pop("contact")] for row in before["worklist"]["rows"])
    assert rows == sorted(row.pop("contact") for row in after["worklist"]["rows"])
    for told_of in (before, after):
        told_of["worklist"]["rows"].sort(key=str)
    assert before == after


@FEW
@given(told=told(), other=stories(), as_of=instants(12))
@ON_SQLITE
def test_the_way_back_is_the_mirror(
    shared_engine: Engine, told: tuple[Story, list[Event]], other: Story, as_of: datetime
) -> None:
    """What the other funnel gains, this one loses, seen from there; the same with itself."""
    story, events = told
    there = report_on(shared_engine, story, events, as_of).simulate(funnel_of(other))
    back = report_on(shared_engine, other, events, as_of).simulate(funnel_of(story))
    for one, mirrored in zip(there.rows, back.rows, strict=True):
        assert (one.before, one.gained, one.same) == (mirrored.after, mirrored.lost, mirrored.same)
        assert one.moved == mirrored.moved
        assert there.members(one, "gained") == back.members(mirrored, "lost")
    assert there.changed == back.changed
    same = report_on(shared_engine, story, events, as_of).simulate(funnel_of(story))
    assert same.changed == 0


@FEW
@given(told=told(), as_of=instants(12))
@ON_SQLITE
def test_a_longer_horizon_hears_of_no_fewer(
    shared_engine: Engine, told: tuple[Story, list[Event]], as_of: datetime
) -> None:
    """Of the silences that were observed for both horizons, the longer counts all of the shorter.

    Asked an hour later, with no event in it, the longer horizon observes the same silences.
    """
    story, events = told
    upto = [event for event in events if event.occurred_at <= as_of]
    short = report_on(shared_engine, story, upto, as_of).patience(horizon=HOUR, step=HOUR)
    long = report_on(shared_engine, story, upto, as_of + HOUR).patience(horizon=2 * HOUR, step=HOUR)
    for one, other in zip(short.rows, long.rows, strict=True):
        assert one.denominator == other.denominator
        assert one.numerator <= other.numerator
