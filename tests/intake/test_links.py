"""What rows of exports say of who is who: traits and merges, as by ``identify`` and ``merge``."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from motfunnel import Tracker
from motfunnel.intake import import_file, retry_rejects
from tests.intake.conftest import FUNNEL, NOW, Write

Row = dict[str, Any]


def segment(kind: str, day: int, **said: Any) -> Row:
    """A call, as Segment keeps it."""
    at = f"2025-01-{day:02}T00:00:00.000Z"
    return {"type": kind, "messageId": f"m{day}", "timestamp": at, "anonymousId": "anon-1"} | said


def posthog(event: str, day: int, who: str, **properties: Any) -> Row:
    """An event, as PostHog exports it."""
    at = f"2025-01-{day:02}T00:00:00.000000+00:00"
    said = json.dumps(properties)
    return {"event": event, "distinct_id": who, "uuid": f"u{day}", "timestamp": at,
            "properties": said}  # fmt: skip


def mixpanel(event: str, day: int, **properties: Any) -> Row:
    """An event, as Mixpanel exports it."""
    said = {"time": 1735689600 + 86400 * (day - 1), "$insert_id": f"i{day}"}
    return {"event": event, "properties": said | properties}


def amplitude(event: str, day: int, user: str | None, **user_properties: Any) -> Row:
    """An event, as Amplitude exports it."""
    return {"event_type": event, "event_time": f"2025-01-{day:02} 00:00:00.000000",
            "uuid": f"u{day}", "user_id": user, "device_id": "anon-1", "event_properties": {},
            "user_properties": user_properties}  # fmt: skip


EXPORTS: dict[str, list[Row]] = {
    "segment": [
        segment("track", 1, event="seen"),
        segment("identify", 2, userId="ada", traits={"plan": "pro", "seats": 3}),
        segment("track", 3, event="bought", userId="ada", anonymousId="elsewhere"),
        segment("alias", 4, userId="ada", previousId="old-ada", anonymousId=None),
        segment("track", 5, event="bought", anonymousId="old-ada"),
    ],
    "posthog": [
        posthog("seen", 1, "anon-1"),
        posthog("$identify", 2, "ada", **{"$anon_distinct_id": "anon-1", "$set": {"plan": "pro"},
                                          "$set_once": {"seats": 3, "plan": "free"}}),
        posthog("bought", 3, "ada"),
        posthog("$create_alias", 4, "ada", alias="old-ada"),
        posthog("bought", 5, "old-ada"),
    ],
    "mixpanel": [
        mixpanel("seen", 1, distinct_id="anon-1"),
        mixpanel("$identify", 2, **{"$identified_id": "ada", "$anon_id": "anon-1"}),
        mixpanel("bought", 3, distinct_id="ada"),
        mixpanel("$merge", 4, **{"$distinct_ids": ["ada", "old-ada"]}),
        mixpanel("bought", 5, distinct_id="old-ada"),
    ],
    "amplitude": [
        amplitude("seen", 1, None),
        amplitude("$identify", 2, "ada", plan="pro", **{"$set": {"seats": 3}, "$unset": {"x": 1}}),
        amplitude("bought", 3, "ada"),
    ],
}  # fmt: skip


@pytest.fixture
def export(write: Write) -> Callable[[list[Row]], Any]:
    """Writes rows as JSON lines."""
    return lambda rows: write("".join(json.dumps(row) + "\n" for row in rows), "export.jsonl")


@pytest.mark.parametrize("like", EXPORTS)
def test_an_export_says_who_is_who(
    lite: Tracker, export: Callable[[list[Row]], Any], like: str
) -> None:
    """In any order of rows: what was anonymous is its contact's, and traits are traits."""
    rows = EXPORTS[like]
    told = import_file(lite, export(rows[::-1]), like=like)
    assert (told.added, told.rejected) == (len(rows), 0)
    profile = lite.contact("anon-1")
    assert profile.contact == "ada"
    assert profile.aliases == (("anon-1", "old-ada") if len(rows) > 3 else ("anon-1",))
    assert profile.traits == ({} if like == "mixpanel" else {"plan": "pro", "seats": 3})
    kinds = [moment.kind.value for moment in lite.moments("ada")]
    assert kinds == ["opening", "conversion", *(["loyalist"] if len(rows) > 3 else [])]
    assert lite.check().is_sound
    again = import_file(lite, export(rows), like=like)
    assert (again.added, again.duplicates, again.contacts) == (0, len(rows), 0)
    assert not any("merged" in remark for remark in again.remarks)


def test_links_hold_on_every_database(tracker: Tracker, export: Callable[[list[Row]], Any]) -> None:
    """Traits go to the contact that a key belongs to already, and none is taken twice."""
    rows = EXPORTS["segment"]
    assert import_file(tracker, export(rows[:3]), like="segment").added == 3
    more = [*rows, segment("identify", 6, traits={"plan": "free"}), *rows[1:2]]
    assert import_file(tracker, export(more), like="segment").added == 3
    assert tracker.contact("ada").traits == {"plan": "free", "seats": 3}
    assert tracker.contact("ada").aliases == ("anon-1", "old-ada")
    assert tracker.check().is_sound


def test_what_a_person_decided_stays(lite: Tracker, export: Callable[[list[Row]], Any]) -> None:
    """Whoever was taken apart is not merged again, nor taken from another, nor one identified."""
    rows = EXPORTS["segment"]
    import_file(lite, export(rows), like="segment")
    lite.unmerge("anon-1")
    rows = [
        *rows,
        segment("alias", 6, userId="bob", previousId="old-ada"),
        segment("alias", 7, userId="bob", previousId="ada"),
    ]
    told = import_file(lite, export(rows), like="segment")
    assert lite.identity("anon-1").contact == "anon-1"
    assert lite.identity("old-ada").contact == "ada" != lite.identity("bob").contact
    assert any("taken apart by hand" in remark for remark in told.remarks)
    assert any("1 key not merged" in one and "--force" in one for one in told.remarks)


def test_an_erased_contact_is_not_brought_back(
    tmp_path: Any, export: Callable[[list[Row]], Any]
) -> None:
    """Neither by her rows, nor as the other key of somebody's."""
    url = f"sqlite:///{tmp_path}/a.db"
    with Tracker(url, FUNNEL, clock=lambda: NOW, tombstone_key=b"x" * 32) as tracker:
        import_file(tracker, export(EXPORTS["segment"]), like="segment")
        tracker.forget("ada")
        import_file(tracker, export(EXPORTS["segment"]), like="segment")
        with tracker.database.read() as connection:
            aliases = tracker.database.tables.aliases
            assert connection.execute(aliases.select()).all() == []
        assert tracker.contact("ada").presence.value == "unknown"


def test_a_reject_that_is_mended_says_so_too(
    lite: Tracker, export: Callable[[list[Row]], Any]
) -> None:
    """A row that was refused at first merges when it is taken."""
    early = [row | {"timestamp": (NOW + timedelta(days=1)).isoformat()}
             for row in EXPORTS["segment"]]  # fmt: skip
    assert import_file(lite, export(early), like="segment").rejected == 5
    with Tracker(lite.database.engine, FUNNEL, clock=lambda: NOW + timedelta(days=2)) as later:
        assert retry_rejects(later).added == 5
        assert later.contact("anon-1").contact == "ada"
        assert later.contact("ada").traits == {"plan": "pro", "seats": 3}
