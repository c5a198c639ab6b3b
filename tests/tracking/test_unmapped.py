"""Names of events that no rule names: when they are logged, and how they are counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from motfunnel import Tracker
from motfunnel.domain.funnel.rule import touch
from motfunnel.store.queries.events import count_names
from motfunnel.tracking.recording.unmapped import Sightings, UnmappedCount, looks_like_name
from tests.tracking.scene import FUNNEL, NOON


@pytest.mark.parametrize(
    "name",
    ["order_placde", "Order Placed", "shop:order/placed-2.0", "Bestellung geändert", "a"],
)
def test_names(name: str) -> None:
    sightings = Sightings()
    due = [sightings.is_due(name, contact) for contact in "aabbabcdabcd"]
    assert due == [contact == 6 for contact in range(12)]


@pytest.mark.parametrize(
    "text",
    [
        "carl@example.com",
        "carl＠example.com",
        "+49 170 1234567",
        "0049 170 1234567",
        "",
        "x" * 65,
        "two\nlines",
        "right\u202eto left",
        "<b>",
        "50% off",
        "{}",
    ],
)
def test_what_is_no_name(text: str) -> None:
    assert not looks_like_name(text)
    sightings = Sightings()
    assert not any(sightings.is_due(text, contact) for contact in "abcdef")


def test_a_flood() -> None:
    """Ever other names fill neither the memory nor the log, nor hide what comes often."""
    sightings, lines = Sightings(), 0
    for number in range(5000):
        assert not sightings.is_due(f"name {number} of one", "a")
    assert sightings.is_due("typo", "a") + sightings.is_due("typo", "b") == 0
    assert sightings.is_due("typo", "c")
    for number in range(5000):
        lines += sum(sightings.is_due(f"name {number}", contact) for contact in "abc")
    assert lines == 999
    assert len(sightings._contacts) <= 1000
    assert len(sightings._logged) == 1000


def test_swapped_arguments(make_tracker: Callable[..., Tracker], caplog: Any) -> None:
    """What stands where the event belongs is then a contact, whatever it looks like."""
    tracker = make_tracker(on_error="log", spool=False)
    for event in FUNNEL.rules:
        assert tracker.track(event, "customer-4711").error is not None
    assert len(caplog.records) == len(FUNNEL.rules)
    assert "customer-4711" not in caplog.text


def test_check_and_health_count_them(make_tracker: Callable[..., Tracker]) -> None:
    """Both show what looks like a name as it is, the most frequent first, and count the others."""
    tracker = make_tracker()
    for contact in ("ada", "bob", "cyd"):
        for name in ("saw", "bougth", "carl@example.com"):
            tracker.track(contact, name, occurred_at=NOON)
        tracker.identify(contact, {"plan": "free"})
    tracker.track("ada", "Viewed", occurred_at=NOON)
    tracker.merge("cyd", into="bob", force=True)
    for unmapped in (tracker.check().unmapped, tracker.health().unmapped):
        assert unmapped is not None
        assert unmapped.to_dict() == {"names": {"bougth": 3, "Viewed": 1}, "others": 3}
        assert [*unmapped.names] == ["bougth", "Viewed"]
        assert str(unmapped) == "no rule names: bougth (3), Viewed (1), 3 events of other names"
    for told in (str(tracker.check()), str(tracker.health())):
        assert told.endswith("no rule names: bougth (3), Viewed (1), 3 events of other names")
    assert tracker.health().to_dict()["unmapped"]["others"] == 3
    named = make_tracker(funnel=evolve(FUNNEL, rules={**FUNNEL.rules, "bougth": touch()}))
    named.rebuild()
    assert named.check().unmapped.names == {"Viewed": 1}


def test_where_rules_name_all(tracker: Tracker) -> None:
    """Then nothing is said of it; an erasure leaves no such name either."""
    tracker.track("customer-4711", "saw", occurred_at=NOON)
    tracker.track("customer-4711", "customer-4711", occurred_at=NOON)
    tracker.forget("customer-4711", keep_counts=True)
    for told in (tracker.check(), tracker.health()):
        assert not told.unmapped
        assert "no rule names" not in str(told)


def test_the_look_is_bounded(tracker: Tracker) -> None:
    """Health looks at so many events and no more, whatever there are."""
    for contact in ("ada", "bob"):
        tracker.track(contact, "bougth", id="1", occurred_at=NOON)
        tracker.track(contact, "saw", id="2", occurred_at=NOON)
    tables = tracker.database.tables
    with tracker.database.read() as connection:
        found = [
            sorted(count_names(connection, tables, tracker.tenant, most)) for most in (1, 3, 10)
        ]
    assert found == [[("bougth", 1)], [("bougth", 2), ("saw", 1)], [("bougth", 2), ("saw", 2)]]


def test_many_names() -> None:
    """A thousand names are told apart and twenty shown; none of the events is left out."""
    count = UnmappedCount(FUNNEL)
    for number in range(3000):
        count.add(f"name {number}")
    count.add("name 7", 5)
    found = count.result()
    assert next(iter(found.names.items())) == ("name 7", 6)
    assert (len(found.names), sum(found.names.values()) + found.others) == (20, 3005)
