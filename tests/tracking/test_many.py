"""Many at once leave what they leave one by one, however they are parted, row for row."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from motfunnel import Tracker
from motfunnel.domain.event import IDENTIFY
from tests.faults.snapshot import snapshot
from tests.strategies import histories, make_funnel, stories
from tests.tracking.scene import FUNNEL, NOON, Clock, day

APART = {f"motfunnel_{name}" for name in ("checkpoints", "messages", "subscriptions")}
"""Where a batch has other rows: what is folded at once comes and goes less often."""


def rows(engine: Engine, tracker: Tracker) -> dict[str, Any]:
    found = snapshot(engine, tracker.tenant, without=["checkpoint"])
    return {name: rows for name, rows in found.items() if name not in APART}


@pytest.mark.every_database
@given(data=st.data())
def test_in_batches_as_one_by_one(shared_engine: Engine, data: st.DataObject) -> None:
    """Of several contacts, late events and all: also what an event meant, and what was told."""
    story = data.draw(stories())
    events = [one for one in data.draw(histories(story)) if one.name != IDENTIFY]
    said: list[Any] = [
        {
            "contact": one.contact,
            "event": one.name,
            "properties": one.properties,
            "occurred_at": one.occurred_at,
            "id": one.id,
        }
        for one in events
    ]
    single, many = (
        Tracker(
            shared_engine, make_funnel(story), tenant=uuid4().hex, clock=Clock(), on_error="log"
        )
        for _ in range(2)
    )
    for tracker in single, many:
        tracker.track("nobody else", "unheard of", occurred_at=NOON, id="first")
        tracker.subscribe("crm")
    for one in said:
        single.track(**one)
    while said:
        size = data.draw(st.integers(1, len(said)))
        many.track_many(said[:size])
        said = said[size:]
    assert rows(shared_engine, many) == rows(shared_engine, single)
    assert many.check().is_sound


@pytest.mark.every_database
def test_what_a_read_parts_keeps_its_order(shared_engine: Engine) -> None:
    """Of two that are away, what the second one's rating meant is written behind the rating."""
    tracker = Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=Clock())
    tracker.track("ada", "saw", occurred_at=day(0))
    tracker.track("ada", "left", occurred_at=day(1))  # the batch has to ask for this departure
    tracker.track("bob", "saw", occurred_at=day(0))
    rated = {"event": "rated", "occurred_at": day(40), "properties": {"score": 3}}
    tracker.track_many([{"contact": contact, **rated} for contact in ("ada", "bob")])
    assert tracker.check().is_sound
