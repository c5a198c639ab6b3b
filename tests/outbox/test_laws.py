"""The law of the outbox: whoever does what it is told ends with the moments that are stored."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from motfunnel import Tracker
from motfunnel.errors import MergeError
from motfunnel.store.ledger.rows import read_moment
from tests.outbox.replica import Replica, content
from tests.strategies import CONTACTS, make_funnel, moments_of_asking, stories
from tests.tracking.test_laws import paces, track, tracked_histories

pytestmark = pytest.mark.every_database

FEW = settings(max_examples=settings().max_examples // 2)


@FEW
@given(st.data())
def test_a_receiver_ends_with_what_is_stored(shared_engine: Engine, data: st.DataObject) -> None:
    """In any order of events, with sweeps, merges, rebuilds by another funnel in between."""
    story = data.draw(stories())
    tenant = uuid4().hex
    tracker = Tracker(shared_engine, funnel=make_funnel(story), tenant=tenant)
    tracker.database.pace = data.draw(paces())
    early = tracker.subscribe("early")
    replica, second = Replica(), None
    for event in data.draw(tracked_histories(story)):
        track(tracker, [event])
        step = data.draw(st.sampled_from(["", "", "", "sweep", "merge", "unmerge", "fold"]))
        if step == "sweep":
            tracker.sweep(as_of=data.draw(moments_of_asking()))
        elif step == "merge":
            with suppress(MergeError):  # merged already
                tracker.merge(CONTACTS[0], into=CONTACTS[1], force=True)
        elif step == "unmerge":
            tracker.unmerge(CONTACTS[0])
        elif step == "fold":
            other = make_funnel(data.draw(stories()))
            Tracker(shared_engine, funnel=other, tenant=tenant).rebuild()
            tracker.rebuild()
        if data.draw(st.booleans(), label="drain"):
            replica.drain(early, data.draw(st.integers(1, 4)))
        if second is None and data.draw(st.booleans(), label="subscribe"):
            second = tracker.subscribe("late", from_beginning=True)
    replica.drain(early)
    stored = stored_moments(shared_engine, tracker)
    assert replica.standing() == stored
    if second is not None:
        afterwards = Replica()
        afterwards.drain(second)
        assert afterwards.standing() == stored


def stored_moments(engine: Engine, tracker: Tracker) -> Counter[object]:
    """What is stored of a tenant's moments, swept or not."""
    table = tracker.database.tables.moments
    with engine.connect() as connection:
        rows = connection.execute(select(table).where(table.c.tenant == tracker.tenant))
        return Counter(content(read_moment(dict(row))) for row in rows.mappings())
