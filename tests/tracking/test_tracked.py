"""What ``track`` answers, handed on as JSON."""

from __future__ import annotations

import json

from motfunnel import Tracker
from motfunnel.testing import memory_tracker
from tests.tracking.scene import day


def test_it_goes_to_json(tracker: Tracker) -> None:
    """Its moments as everywhere else, a late event's revocations, and the rest in plain words."""
    tracked = tracker.track("ada", "saw", id="1", occurred_at=day(1))
    written = json.loads(tracked.to_json())
    assert written == tracked.to_dict()
    assert written == {
        "contact": "ada",
        "id": "1",
        "moments": [moment.to_dict() for moment in tracked.moments],
        "revoked": [],
        "duplicate": False,
        "skipped": False,
        "error": None,
    }
    assert tracker.track("ada", "saw", id="1", occurred_at=day(1)).to_dict()["duplicate"]
    tracker.track("ada", "saw", occurred_at=day(60))
    late = tracker.track("ada", "saw", occurred_at=day(20))
    assert [one["moment"] for one in late.to_dict()["revoked"]] == [
        moment.kind.value for moment in late.revoked
    ]
    profile = tracker.contact("ada")
    assert json.loads(profile.to_json()) == profile.to_dict()


def test_an_error_is_told_by_its_type() -> None:
    """Its words may hold what the event said, and are nobody's to pass on."""
    with memory_tracker("ecommerce", on_error="log") as tracker:
        tracked = tracker.track("ada", "Order Completed", properties={"secret": object()})
        assert tracked.to_dict()["error"] == "EventError"
        assert "secret" not in tracked.to_json()
