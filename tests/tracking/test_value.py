"""Values in the store: a contact's is the sum over its events, however they came."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from motfunnel import Funnel, Tracker, leave, purchase, touch
from motfunnel.domain.event import IDENTIFY, Event
from motfunnel.domain.funnel.value import to_decimal
from motfunnel.errors import EventError
from motfunnel.store.database.pace import Pace
from motfunnel.testing import Clock
from tests.strategies import NEVER, START, histories, make_funnel, stories
from tests.tracking.scene import day

pytestmark = pytest.mark.every_database

FUNNEL = Funnel(
    stages=("visitor", "customer"),
    rules={"saw": touch(), "bought": purchase(value="total"), "left": leave()},
    currency="EUR",
)


@pytest.fixture
def selling(url: str) -> Any:
    """A tracker of a funnel that names values."""
    with Tracker(url, funnel=FUNNEL, clock=lambda: day(400)) as tracker:
        yield tracker


def worth(funnel: Funnel, events: Sequence[Event], contact: str) -> Decimal:
    """What a contact's events are worth, each event once."""
    once = {event.id: event for event in events if event.contact == contact}
    read = [funnel.read(one.name, one.properties).value or 0 for one in once.values()]
    return to_decimal(sum(read))


@given(data=st.data())
def test_the_sum_is_that_of_the_events(shared_engine: Engine, data: st.DataObject) -> None:
    """In whatever order they come, and however often; also after a rebuild."""
    story = data.draw(stories())
    story["rules"].pop(IDENTIFY)
    events, funnel = data.draw(histories(story, ["ada", "bob"])), make_funnel(story)
    clock, tenant = Clock(START + 2 * NEVER), uuid4().hex
    with Tracker(shared_engine, funnel=funnel, tenant=tenant, clock=clock) as tracker:
        tracker.database.pace = Pace(every=data.draw(st.sampled_from([1, 2, 250])))
        for event in events:
            tracker.track(
                event.contact,
                event.name,
                occurred_at=event.occurred_at,
                id=event.id,
                properties=event.properties,
            )
        for contact in "ada", "bob":
            assert tracker.contact(contact).value == worth(funnel, events, contact)
        assert tracker.check().is_sound
        if {event.contact for event in events} == {"ada", "bob"}:
            tracker.merge("bob", into="ada")
            both = worth(funnel, events, "ada") + worth(funnel, events, "bob")
            assert tracker.contact("ada").value == both == tracker.contact("bob").value
            tracker.unmerge("bob")
            for contact in "ada", "bob":
                assert tracker.contact(contact).value == worth(funnel, events, contact)
        tracker.rebuild()
        assert tracker.check().is_sound


def test_it_is_kept_exactly(selling: Tracker) -> None:
    """Of 18 digits each, and their sum, which no 64 bits hold; a refund is taken off."""
    for number in range(20):
        selling.track(
            "ada",
            "bought",
            id=f"{number}",
            occurred_at=day(number),
            properties={"total": "999999999999.999999"},
        )
    whole = Decimal("19999999999999.99998")
    assert selling.contact("ada").value == whole
    back = selling.track(
        "ada", "bought", id="back", occurred_at=day(90), properties={"total": -0.01}
    )
    assert [moment.kind.value for moment in back.moments] == ["depart"]
    profile = selling.contact("ada")
    assert profile.value == whole - Decimal("0.01")
    assert profile.presence.value == "departed"
    assert profile.purchases == 20
    assert profile.to_dict()["value"] == "19999999999999.98998"
    assert profile.to_dict()["currency"] == "EUR"
    assert "purchases worth 19,999,999,999,999.99 EUR, refunds taken off" in str(profile)
    assert selling.contact("ada", as_of=day(0)).value == Decimal("999999999999.999999")
    assert selling.contact("nobody").value == 0


def test_what_is_no_value_is_refused(selling: Tracker) -> None:
    """And names contact, event and property; nothing is stored of it."""
    with pytest.raises(EventError, match=r"value in property 'total' is '1,200\.00'") as refused:
        selling.track("ada", "bought", properties={"total": "1,200.00"})
    assert (refused.value.contact, refused.value.event) == ("ada", "bought")
    assert selling.contact("ada").events == 0


def test_a_rebuild_fills_it(engine: Engine) -> None:
    """Whoever names values later finds those of all events that are there, and the other way."""
    plain = evolve(FUNNEL, rules={**FUNNEL.rules, "bought": (purchase(),)}, currency=None)
    with Tracker(engine, funnel=plain, clock=lambda: day(400)) as tracker:
        for number, total in enumerate([40, "2.5", -1, None, "many"]):
            at = day(number)
            tracker.track(
                "ada", "bought", id=f"{number}", occurred_at=at, properties={"total": total}
            )
        assert tracker.contact("ada").value is None
        assert tracker.contact("ada").purchases == 5
    with Tracker(engine, funnel=FUNNEL, clock=lambda: day(400)) as tracker:
        tracker.rebuild()
        assert tracker.contact("ada").value == Decimal("41.5")
        assert tracker.contact("ada").purchases == 3
        assert tracker.check().is_sound
        query = text("SELECT id, value FROM motfunnel_events ORDER BY id")
        with tracker.database.read() as connection:
            stored = [tuple(row) for row in connection.execute(query)]
        assert stored == [
            ("0", 40_000_000), ("1", 2_500_000), ("2", -1_000_000), ("3", None), ("4", None),
        ]  # fmt: skip
        tracker.track("ada", "bought", id="late", occurred_at=day(-1), properties={"total": 7})
        assert tracker.contact("ada").value == Decimal("48.5")
        assert tracker.check().is_sound
    with Tracker(engine, funnel=plain, clock=lambda: day(400)) as tracker:
        tracker.rebuild()
        with tracker.database.read() as connection:
            assert {row.value for row in connection.execute(query)} == {None}


def test_an_erasure_keeps_it_as_a_count(selling: Tracker) -> None:
    """Where counts are kept; else nothing is left. The copy says no property."""
    for contact in "ada", "bob":
        selling.track(contact, "bought", id="1", occurred_at=day(1), properties={"total": "9.99"})
        selling.track(contact, "bought", id="2", occurred_at=day(2), properties={"total": -1})
    selling.forget("ada", keep_counts=True)
    selling.forget("bob")
    query = text("SELECT contact, value, properties FROM motfunnel_events")
    with selling.database.read() as connection:
        left = [tuple(row) for row in connection.execute(query)]
    assert sorted(row[1] for row in left) == [-1_000_000, 9_990_000]
    [token] = {row[0] for row in left}
    assert {str(row[2]) for row in left} == {"{}"}
    assert selling.contact(token).value == Decimal("8.99")
    assert selling.contact("ada").value == selling.contact("bob").value == 0
    selling.rebuild()
    assert selling.contact(token).value == Decimal("8.99")
    assert selling.check().is_sound


def test_it_is_exported(selling: Tracker) -> None:
    """With the event."""
    selling.track("ada", "bought", id="1", occurred_at=day(1), properties={"total": "9.99"})
    assert [event["value"] for event in selling.export("ada")["events"]] == [9.99]
