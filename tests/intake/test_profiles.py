"""Exports of other programs, each in the shape that its public documents describe."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from motfunnel import Funnel, Tracker, leave, rating, touch
from motfunnel.errors import SourceError
from motfunnel.intake import import_file
from tests.intake.conftest import NOW, Write, rejects, stored, take

AT = datetime(2025, 1, 1, 3, 33, 20, tzinfo=UTC)
SENT = {
    "anonymousId": "anon-1",
    "context": {"ip": "192.0.2.1"},
    "integrations": {},
    "receivedAt": "2025-01-01T03:33:21.000Z",
    "sentAt": "2025-01-01T03:33:20.500Z",
    "timestamp": "2025-01-01T03:33:20.000Z",
}


def stripe(kind: str, about: dict[str, Any]) -> dict[str, Any]:
    """An event as Stripe's API gives it."""
    return {
        "id": "evt_1",
        "object": "event",
        "created": 1735702400,
        "data": {"object": about},
        "livemode": True,
        "request": {"id": None},
        "type": kind,
    }


SHAPES: list[tuple[str, dict[str, Any], str, str, str | None, dict[str, Any]]] = [
    (
        "mixpanel",
        {
            "event": "Signed Up",
            "properties": {
                "time": 1735702400,
                "distinct_id": "ada",
                "$insert_id": "i-1",
                "plan": "pro",
            },
        },
        *("ada", "Signed Up", "i-1", {"plan": "pro"}),
    ),
    (
        "amplitude",
        {
            "event_type": "sign_up",
            "event_time": "2025-01-01 03:33:20.000000",
            "user_id": "ada",
            "device_id": "d-1",
            "uuid": "u-1",
            "event_properties": {"plan": "pro", "event_type": "not this"},
            "user_properties": {"age": 36},
        },
        *("ada", "sign_up", "u-1", {"plan": "pro", "user_properties": {"age": 36}}),
    ),
    (
        "amplitude",
        {
            "event_type": "seen",
            "event_time": "2025-01-01 03:33:20.000000",
            "user_id": None,
            "device_id": "d-1",
            "uuid": "u-1",
            "event_properties": {},
        },
        *("d-1", "seen", "u-1", {"device_id": "d-1"}),
    ),
    (
        "segment",
        SENT | {"type": "track", "event": "Order Completed", "userId": "ada", "messageId": "m-1",
                "properties": {"revenue": 39.5, "type": "first"}},
        *("ada", "Order Completed", "m-1", {"revenue": 39.5, "type": "first"}),
    ),
    (
        "segment",
        SENT | {"type": "page", "name": "Home", "userId": None, "messageId": "m-1",
                "properties": {"url": "/"}},
        *("anon-1", "page", "m-1", {"url": "/", "name": "Home"}),
    ),
    (
        "rudderstack",
        SENT | {"type": "identify", "userId": "ada", "messageId": "m-1", "channel": "web",
                "originalTimestamp": "2025-01-01T03:33:20.000Z",
                "context": {"traits": {"plan": "pro"}}},
        *("ada", "$identify", "m-1", {"plan": "pro"}),
    ),
    (
        "posthog",
        {
            "uuid": "u-1",
            "event": "$pageview",
            "distinct_id": "ada",
            "timestamp": "2025-01-01T03:33:20.000000+00:00",
            "properties": json.dumps({"$current_url": "/"}),
        },
        *("ada", "$pageview", "u-1", {"$current_url": "/"}),
    ),
    (
        "ga4",
        {
            "event_date": "20250101",
            "event_timestamp": "1735702400000000",
            "event_name": "purchase",
            "event_params": [
                {"key": "value", "value": {"double_value": 39.5}},
                {"key": "ga_session_id", "value": {"int_value": "17", "string_value": None}},
            ],
            "user_id": None,
            "user_pseudo_id": "123.456",
            "user_properties": [{"key": "plan", "value": {"string_value": "pro"}}],
        },
        *("123.456", "purchase", None,
          {"value": 39.5, "ga_session_id": "17", "user_properties": {"plan": "pro"}}),
    ),
    (
        "stripe",
        stripe("invoice.paid", {"id": "in_1", "object": "invoice", "customer": "cus_1",
                                "amount_paid": 3900}),
        *("cus_1", "invoice.paid", "evt_1", {"object_id": "in_1", "amount_paid": 3900}),
    ),
    (
        "stripe",
        stripe("customer.created", {"id": "cus_1", "object": "customer", "email": "a@x.org"}),
        *("cus_1", "customer.created", "evt_1", {"object_id": "cus_1", "email": "a@x.org"}),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("like", "row", "contact", "event", "id", "properties"), SHAPES)
def test_an_export_is_read(
    lite: Tracker,
    write: Write,
    like: str,
    row: dict[str, Any],
    contact: str,
    event: str,
    id: str | None,
    properties: dict[str, Any],
) -> None:
    """Who, what, when, its id, and what else was said, at the top and no deeper."""
    told = import_file(lite, write(json.dumps(row) + "\n", "a.jsonl"), like=like)
    assert (told.added, told.rejected) == (1, 0)
    ((who, what, when, said),) = stored(lite)
    assert (who, what, when) == (contact, event, AT)
    assert properties.items() <= said.items()
    if id is not None:
        assert [one["id"] for one in lite.export(who)["events"]] == [id]


@pytest.mark.parametrize("name", ["array", "indented array", "objects", "list"])
def test_json_that_is_no_json_lines_is_read(lite: Tracker, write: Write, name: str) -> None:
    """An array, objects over several lines, and a list as an API answers with."""
    rows = [{"who": who, "what": "seen", "when": "2025-01-01", "x": "[{"} for who in ("ada", "bob")]
    text = {
        "array": json.dumps(rows),
        "indented array": json.dumps(rows, indent=2),
        "objects": "\n".join(json.dumps(row, indent=2) for row in rows),
        "list": json.dumps({"object": "list", "data": rows}, indent=1),
    }[name]
    assert take(lite, write(text, "a.json")).added == 2
    assert [who for who, *_ in stored(lite)] == ["ada", "bob"]
    if name == "list":
        return
    assert take(lite, write(text[: len(text) * 3 // 4], "b.json")).rejected == 1
    (reject,) = rejects(lite)
    assert "nothing behind it is read" in reject.reason


def test_dotted_paths_are_columns_and_properties(write: Write) -> None:
    """In the options, and in rules: what lies within a property is found."""
    rules = {
        "rated": rating("answer.score", when={"answer.kind": "nps"}),
        "left": leave("why.text"),
    }
    funnel = Funnel(stages=("visitor", "customer"), rules=rules)
    row = {"by": {"key": "ada"}, "what": "rated", "at": "2025-01-01"}
    rows = [
        row | {"answer": {"kind": "nps", "score": "10"}},
        row | {"what": "left", "at": "2025-01-02", "why": {"text": "price"}},
    ]
    path = write("".join(json.dumps(one) + "\n" for one in rows), "a.jsonl")
    with Tracker("sqlite://", funnel, clock=lambda: NOW) as tracker:
        assert import_file(tracker, path, contact="by.key", event="what").added == 2
        kinds = [moment.kind.value for moment in tracker.moments("ada")]
        assert kinds == ["opening", "apostle", "depart"]
        assert tracker.moments("ada")[-1].reason == "price"


def test_all_rows_may_have_one_name(lite: Tracker, write: Write) -> None:
    """A table of orders names no event; its rejects keep to the name."""
    path = write("who,when,total\nada,2025-01-01,5\n,2025-01-02,7\n")
    told = import_file(lite, path, contact="who", at="when", event_name="bought")
    assert (told.added, told.rejected) == (1, 1)
    assert stored(lite)[0][1:] == ("bought", datetime(2025, 1, 1, tzinfo=UTC), {"total": "5"})


def test_a_profile_that_is_not_known(lite: Tracker, write: Write) -> None:
    """It names those that are."""
    with pytest.raises(SourceError, match="mixpanel, amplitude"):
        import_file(lite, write("{}", "a.json"), like="nonsense")


def test_a_funnel_with_paths_is_another_than_before() -> None:
    """Contacts are folded anew: a dot was part of a name."""
    plain, nested = (
        Funnel(stages=("visitor", "customer"), rules={"left": leave(name), "seen": touch()})
        for name in ("why", "why.text")
    )
    assert plain.rules["left"][0].is_nested is False
    assert nested.rules["left"][0].is_nested
