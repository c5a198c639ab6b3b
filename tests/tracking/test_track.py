"""One event at a time: duplicates, conflicts, late events, and what an answer says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from motfunnel import MomentKind, Presence, Tracker
from motfunnel.errors import ConflictError, EventError
from tests.tracking.scene import DAY, NOON, Clock, day, kinds, row_counts, stored_events

pytestmark = pytest.mark.every_database

FIRST: dict[str, Any] = {"id": "1", "occurred_at": NOON, "properties": {"score": 9, "on": [True]}}
OTHERS: dict[str, dict[str, Any]] = {
    "name": {"event": "praised"},
    "instant": {"occurred_at": NOON + timedelta(microseconds=1)},
    "property": {"properties": {"score": 8, "on": [True]}},
    "true is not 1": {"properties": {"score": 9, "on": [1]}},
    "text is not a number": {"properties": {"score": "9", "on": [True]}},
    "property more": {"properties": {"score": 9, "on": [True], "more": 0}},
    "no properties": {"properties": None},
}
SAME: dict[str, dict[str, Any]] = {
    "itself": {},
    "order of keys": {"properties": {"on": [True], "score": 9}},
    "number by value": {"properties": {"score": 9.0, "on": [True]}},
    "tuple": {"properties": {"score": 9, "on": (True,)}},
    "null is absent": {"properties": {"score": 9, "on": [True], "more": None}},
    "another zone": {"occurred_at": NOON.astimezone()},
    "no instant": {"occurred_at": None},
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_conflict(shared_engine: Engine, tracker: Tracker, other: dict[str, Any]) -> None:
    """An id that comes again with other content raises, and the first stays as it was."""
    tracker.track("ada", "rated", **FIRST)
    before = row_counts(shared_engine, tracker.tenant), stored_events(shared_engine, tracker.tenant)
    said = {"contact": "ada", "event": "rated", **FIRST} | other
    with pytest.raises(ConflictError, match="'1'") as caught:
        tracker.track_many([{"contact": "bob", "event": "saw"}, said])
    assert (caught.value.contact, caught.value.event, caught.value.id) == (
        "ada",
        said["event"],
        "1",
    )
    assert isinstance(caught.value, EventError)
    after = row_counts(shared_engine, tracker.tenant), stored_events(shared_engine, tracker.tenant)
    assert after == before


@pytest.mark.parametrize("other", SAME.values(), ids=SAME)
def test_duplicate(tracker: Tracker, other: dict[str, Any]) -> None:
    """An id that comes again with the same content is the same event, and does nothing."""
    first = tracker.track("ada", "rated", **FIRST)
    assert kinds(first) == ["opening", "apostle"]
    again = tracker.track("ada", **({"event": "rated"} | FIRST | other))
    assert (again.duplicate, again.moments, again.revoked, again.id) == (True, (), (), "1")
    assert tracker.contact("ada").events == 1


def test_a_retry_without_an_instant_is_a_duplicate(tracker: Tracker, clock: Clock) -> None:
    """A retry whose instant is left to default, as the first one's was, is no conflict."""
    first = tracker.track("ada", "saw", id="1")
    clock.now += DAY
    assert tracker.track("ada", "saw", id="1").duplicate
    [opening] = tracker.moments("ada")
    assert (opening,) == first.moments


def test_a_conflict_within_one_call(shared_engine: Engine, tracker: Tracker) -> None:
    """Of two events of one call with one id and other content, none is stored."""
    said: dict[str, Any] = {"contact": "ada", "id": "1", "occurred_at": NOON}
    with pytest.raises(ConflictError):
        tracker.track_many([said | {"event": "saw"}, said | {"event": "left"}])
    assert not any(row_counts(shared_engine, tracker.tenant).values())


def test_a_duplicate_within_one_call(tracker: Tracker) -> None:
    """Of two events of one call that are one, the second is the duplicate; answers keep order."""
    said: dict[str, Any] = {"contact": "bob", "event": "saw", "id": "1", "occurred_at": NOON}
    told = tracker.track_many([said, said | {"contact": "ada"}, said])
    assert [(one.contact, one.duplicate) for one in told] == [
        *(("bob", False), ("ada", False), ("bob", True)),
    ]


def test_one_id_of_two_contacts(tracker: Tracker) -> None:
    """An id is unique among a contact's events only."""
    tracker.track("ada", "saw", id="1", occurred_at=NOON)
    assert not tracker.track("bob", "left", id="1", occurred_at=NOON).duplicate


def test_an_id_is_made(tracker: Tracker, clock: Clock) -> None:
    """Without an id each event has one of its own, and later ones have greater ones."""
    told = []
    for _ in range(5):
        told.append(tracker.track("ada", "saw").id)
        clock.now += timedelta(milliseconds=1)
    assert sorted(set(told)) == told
    assert {UUID(id).version for id in told} == {7}


def test_no_events(shared_engine: Engine, tracker: Tracker) -> None:
    """To track no events is nothing."""
    assert tracker.track_many([]) == []
    assert not any(row_counts(shared_engine, tracker.tenant).values())


def test_only_two_arguments_by_position(tracker: Tracker) -> None:
    """What comes after the contact and the event is named."""
    with pytest.raises(TypeError):
        tracker.track("ada", "saw", {})  # type: ignore[call-arg]


def test_a_late_event_takes_a_departure_back(tracker: Tracker) -> None:
    """A touch that arrives after the silence was told revokes the departure and the return."""
    tracker.track("ada", "saw", id="1", occurred_at=day(0))
    told = tracker.track("ada", "saw", id="3", occurred_at=day(15))
    assert kinds(told) == ["depart", "recidivism"]
    late = tracker.track("ada", "saw", id="2", occurred_at=day(8))
    assert (late.moments, set(late.revoked)) == ((), set(told.moments))


def test_a_late_event_takes_a_swept_departure_back(tracker: Tracker) -> None:
    """A departure that a sweep wrote down is revoked by a touch from before its deadline."""
    tracker.track("ada", "saw", id="1", occurred_at=day(0))
    assert tracker.sweep(as_of=day(12)) == 1
    assert tracker.contact("ada", as_of=day(12)).presence is Presence.DEPARTED
    late = tracker.track("ada", "saw", id="2", occurred_at=day(10))
    assert [moment.kind for moment in late.revoked] == [MomentKind.DEPART]
    assert late.moments == ()
    assert tracker.contact("ada", as_of=day(12)).presence is Presence.ACTIVE
    assert tracker.sweep(as_of=day(20)) == 1


@pytest.mark.parametrize("late", [5, 10.5])
def test_a_late_event_leaves_a_swept_departure(tracker: Tracker, late: float) -> None:
    """A departure that a sweep wrote down stays written where a late event keeps nobody alive."""
    tracker.track("ada", "saw", id="1", occurred_at=day(0))
    assert tracker.sweep(as_of=day(12)) == 1
    tracked = tracker.track("ada", "synced", id="2", occurred_at=day(late))
    assert (tracked.moments, tracked.revoked) == ((), ())
    assert tracker.sweep(as_of=day(12)) == 0


def test_a_late_opening(tracker: Tracker) -> None:
    """An event from before the opening is the opening instead."""
    [first] = tracker.track("ada", "saw", id="2", occurred_at=day(1)).moments
    late = tracker.track("ada", "saw", id="1", occurred_at=day(0))
    assert ([m.event_id for m in late.moments], late.revoked) == (["1"], (first,))


@pytest.mark.parametrize("arrival", [[1, 2, 3], [3, 2, 1], [2, 1, 3], [2, 3, 1]])
def test_the_source_is_the_opening_events(
    shared_engine: Engine, tracker: Tracker, arrival: list[int]
) -> None:
    """The stored source is what the opening event gave, in whatever order the events came."""
    from motfunnel.store.ledger.ledger import Ledger

    for n in arrival:
        tracker.track("ada", "saw", id=n, occurred_at=day(n), properties={"source": f"ad {n}"})
    with shared_engine.connect() as connection:
        state = Ledger(connection, None, tracker.tenant).find_contact("ada", tracker.funnel)
    assert state is not None
    assert (state.source, state.opened_at) == ("ad 1", day(1))


def test_a_contact_key(make_tracker: Callable[..., Tracker]) -> None:
    """What the host passes as a contact is turned into its key by the host's own function."""
    tracker = make_tracker(contact_key=lambda row: row["email"])
    assert tracker.track({"email": "ada"}, "saw").contact == "ada"
    assert tracker.contact({"email": "ada"}).events == 1
    assert [moment.contact for moment in tracker.moments({"email": "ada"})] == ["ada"]
    with pytest.raises(EventError, match="blank"):
        tracker.track({"email": " "}, "saw")


def test_an_unknown_contact(tracker: Tracker) -> None:
    """Of a contact that nobody ever named, the presence is unknown and nothing else is so."""
    profile = tracker.contact("nobody")
    assert (profile.presence, profile.moments, profile.events) == (Presence.UNKNOWN, (), 0)
    assert [*tracker.moments("nobody")] == []
    assert "unknown" in str(profile)


def test_moments_can_be_left_half_read(tracker: Tracker) -> None:
    """One who stops reading moments leaves nothing open."""
    complaint = {"contact": "ada", "event": "complained", "properties": {"ticket": "t"}}
    tracker.track_many(complaint | {"id": str(n), "occurred_at": NOON} for n in range(1100))
    for _ in range(20):  # more than a pool has connections
        moments = tracker.iter_moments()
        next(moments)
        del moments
    assert tracker.track("ada", "saw", occurred_at=day(1)).moments == ()


def test_tracking_while_reading(url: str) -> None:
    """Events can be tracked while moments are read, and do not appear among them."""
    from tests.tracking.scene import FUNNEL

    with Tracker(url, funnel=FUNNEL) as tracker:
        tracker.track_many({"contact": f"c{n}", "event": "saw"} for n in range(5))
        read = []
        for moment in tracker.moments():
            read.append(moment.contact)
            tracker.track(f"z{moment.contact}", "saw")
        assert read == [f"c{n}" for n in range(5)]
        assert len([*tracker.moments(kind="opening")]) == 10


def test_an_undated_event_that_was_overtaken(
    tracker: Tracker, make_tracker: Callable[..., Tracker], clock: Clock
) -> None:
    """An event without a date happens no earlier than what was recorded before it."""
    slow = make_tracker(clock=iter([day(1), day(1), day(3), day(3), day(3)]).__next__)
    tracker.track("ada", "saw", id="1", occurred_at=day(0))
    tracker.track("ada", "left", id="2", occurred_at=day(2))
    tracked = slow.track("ada", "saw", id="3")
    assert [(m.kind.value, m.occurred_at) for m in tracked.moments] == [("recidivism", day(3))]
    assert tracked.revoked == ()
