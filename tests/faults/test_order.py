"""Any order of arrival, in batches of any size, events late by more than a year: one answer."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from motfunnel import Tracker
from motfunnel.domain.event import IDENTIFY, Event
from motfunnel.store.database.database import Database
from tests import oracle
from tests.faults.figures import Figures
from tests.faults.snapshot import Snapshot, snapshot
from tests.faults.soak import size
from tests.oracle import Story
from tests.strategies import CONTACTS, START, histories, make_funnel, stories
from tests.tracking.scene import stored_story

EXAMPLES = size(8, 1_000)
ORDERS = 11
STRETCHES = (1, 24, 300, 1_199)
"""Eight hours become up to 400 days; what was equal stays equal, and what was late stays late."""

END = START + timedelta(days=900)


def stretched(event: Event, by: int) -> Event:
    return evolve(event, occurred_at=START + by * (event.occurred_at - START))


def slower(wait: timedelta | Story | None, by: int) -> timedelta | Story | None:
    """A patience so many times as long; of a rhythm every duration."""
    if not isinstance(wait, dict):
        return wait and by * wait
    most = timedelta(days=36_500)  # which a funnel takes
    return {key: one if key == "tenths" else min(by * one, most) for key, one in wait.items()}


@st.composite
def long_stories(draw: st.DrawFn) -> tuple[Story, list[Event]]:
    """A funnel, and a history of two contacts that takes as long as a year."""
    story, by = draw(stories()), draw(st.sampled_from(STRETCHES))
    told = {**story, "rules": {n: r for n, r in story["rules"].items() if n != IDENTIFY}}
    events = draw(histories(told, CONTACTS[:2], most=20))
    patience = {stage: slower(wait, by) for stage, wait in story["patience"].items()}
    return {**story, "patience": patience}, [stretched(event, by) for event in events]


def told_to(tracker: Tracker, events: Sequence[Event], sizes: Sequence[int]) -> None:
    """Track events in batches of these sizes, again and again."""
    start = turn = 0
    while start < len(events):
        many = sizes[turn % len(sizes)]
        tracker.track_many(
            {
                "contact": event.contact,
                "event": event.name,
                "id": event.id,
                "occurred_at": event.occurred_at,
                "properties": event.properties,
            }
            for event in events[start : start + many]
        )
        start, turn = start + many, turn + 1


def rates(tracker: Tracker, instants: Sequence[datetime]) -> list[dict[str, Any]]:
    """The share that returned, as of some instants; not whose tenant's it is."""
    within = timedelta(days=30)
    answers = [
        tracker.report(as_of=instant).recidivism(within=within, unit="episode", by="stage")
        for instant in instants
    ]
    return [answer.to_dict() | {"tenant": None} for answer in answers]


def kept(engine: Engine, tenant: str) -> Snapshot:
    """What is stored, without when it was recorded."""
    return snapshot(engine, tenant, without=["recorded_at", "used_at", "tracked_at"])


@pytest.mark.slow
def test_any_order_is_the_sorted_one(shared_engine: Engine, figures: Figures) -> None:
    """State, moments, episodes and rates are those of the sorted order, however it comes."""
    Database(shared_engine).create_tables()
    permutations = latest = 0

    @settings(max_examples=EXAMPLES)
    @given(long_stories(), st.lists(st.integers(1, 7), min_size=1, max_size=4), st.randoms())
    def hold(told: tuple[Story, list[Event]], sizes: list[int], chance: random.Random) -> None:
        nonlocal permutations, latest
        story, events = told
        funnel = make_funnel(story)
        instants = [START + timedelta(days=40), END]
        in_order = sorted(events, key=lambda event: event.occurred_at)
        answers = []
        for number in range(ORDERS):
            tracker = Tracker(shared_engine, funnel=funnel, tenant=uuid4().hex)
            told_to(tracker, in_order if not number else shuffled(in_order, chance), sizes)
            answers.append((kept(shared_engine, tracker.tenant), rates(tracker, instants)))
            assert answers[-1] == answers[0]
        for contact in {event.contact for event in events}:
            mine = [event for event in events if event.contact == contact]
            stored = stored_story(shared_engine, tracker.tenant, contact, funnel)
            assert stored == oracle.tell(mine, story)
        permutations += ORDERS - 1
        if events:
            latest = max(latest, (in_order[-1].occurred_at - in_order[0].occurred_at).days)

    hold()
    assert permutations >= (ORDERS - 1) * EXAMPLES
    figures.add("orders of arrival", permutations)
    figures.add("days by which an event was late, at most", latest, way="max")


def shuffled(events: Sequence[Event], chance: random.Random) -> list[Event]:
    return chance.sample(events, len(events))
