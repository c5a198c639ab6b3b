"""What a host says happened is an event as it is, or is refused with whose, which and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from fractions import Fraction
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from motfunnel.domain.event import Event, contact_key, make_event
from motfunnel.errors import EventError, MotfunnelError
from tests.strategies import texts

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
SOME_UUID = UUID("12345678-1234-5678-1234-567812345678")


def make(**parts: Any) -> Event:
    """An event with other parts."""
    usual = {"contact": "ada", "name": "seen", "occurred_at": NOON, "id": "1"}
    return make_event(**{**usual, **parts})


def refused(**parts: Any) -> EventError:
    """Check that an event with these parts is refused, and by what it is told."""
    with pytest.raises(EventError) as refusal:
        make(**parts)
    error = refusal.value
    assert isinstance(error, MotfunnelError)
    assert isinstance(error, ValueError)
    assert error.contact is parts.get("contact", error.contact)
    assert error.event is parts.get("name", error.event)
    if "contact" not in parts:
        assert "'ada'" in str(error)
    if "name" not in parts:
        assert "'seen'" in str(error)
    assert error.reason
    assert error.reason in str(error)
    return error


# What is taken.


class Name(Enum):
    """Names as a host may have them."""

    SEEN = "seen"


class OldName(str, Enum):  # noqa: UP042 - what hosts wrote before StrEnum
    """Names that are texts, whose own text is another."""

    SEEN = "seen"


class NewName(StrEnum):
    """Names that are texts."""

    SEEN = "seen"


@given(contact=texts(255), name=texts(255), id=texts(255))
def test_usable_texts_are_kept(contact: str, name: str, id: str) -> None:
    """A contact, a name and an id of up to 255 characters stay as they are, blanks included."""
    event = make(contact=contact, name=name, id=id)
    assert (event.contact, event.name, event.id) == (contact, name, id)


@pytest.mark.parametrize(
    ("given_key", "key"),
    [(7, "7"), (0, "0"), (-1, "-1"), (2**80, str(2**80)), (SOME_UUID, str(SOME_UUID))],
)
def test_numbers_and_uuids_are_their_texts(given_key: object, key: str) -> None:
    """A contact and an id may be an int or a UUID, and are known by its text."""
    event = make(contact=given_key, id=given_key)
    assert (event.contact, event.id, contact_key(given_key)) == (key, key, key)


@pytest.mark.parametrize("text", [OldName.SEEN, NewName.SEEN])
def test_a_text_of_a_subclass_is_its_text(text: str) -> None:
    """A text that is an enum's member is kept as the text that it is."""
    event = make(contact=text, name=text, id=text, properties={text: text})
    assert event == make(contact="seen", name="seen", id="seen", properties={"seen": "seen"})
    for kept in (event.contact, event.name, event.id, *event.properties):
        assert type(kept) is str


def test_an_instant_is_kept_in_utc() -> None:
    """An instant with any zone is the same instant in UTC."""
    berlin = datetime(2024, 5, 1, 14, tzinfo=ZoneInfo("Europe/Berlin"))
    event = make(occurred_at=berlin)
    assert event.occurred_at == berlin
    assert event.occurred_at.tzinfo is UTC


def test_no_properties() -> None:
    """An event without properties has none."""
    assert make().properties == make(properties={}).properties == {}


# What is refused.

UNUSABLE_TEXTS: list[Any] = [
    *(None, "", " ", "\t\n", "\u00a0", "x" * 256, "a\x00b", "\ud800", "a\udfffb"),
    *(b"ada", True, False, 1.0, float("nan"), [], {}, ("ada",), {"ada"}, Ellipsis, NOON),
    *(Decimal(1), 10**300, 10**5_000, Name.SEEN),
]


@pytest.mark.parametrize("part", ["contact", "id", "name"])
@pytest.mark.parametrize("value", UNUSABLE_TEXTS, ids=lambda value: type(value).__name__)
def test_unusable_texts(part: str, value: object) -> None:
    """A contact, a name or an id that is not a short plain text is refused, and said to be it."""
    error = refused(**{part: value})
    assert "the " + {"name": "event"}.get(part, part) in error.reason


@pytest.mark.parametrize("part", ["contact", "id"])
@pytest.mark.parametrize("value", [None, 1.5, True, b"ada"])
def test_what_is_no_key_is_told_what_may_be_one(part: str, value: object) -> None:
    """The error names all that a contact and an id can be."""
    words = f"the {part} must be a text, an int or a UUID, not {type(value).__name__}"
    assert refused(**{part: value}).reason.startswith(words)


@pytest.mark.parametrize("name", [7, SOME_UUID])
def test_a_name_is_a_text(name: object) -> None:
    """An event's name is a text, not what merely has one."""
    assert "the event must be a text" in refused(name=name).reason


@pytest.mark.parametrize(
    ("instant", "reason"),
    [
        (datetime(2024, 5, 1, 12), "naive"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), "outside the calendar"),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12))), "outside the calendar"),
        (datetime(1, 1, 1, tzinfo=UTC), "before the year 1000"),
        (datetime(999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), "before the year 1000"),
        (date(2024, 5, 1), "date"),
        ("2024-05-01T12:00:00Z", "str"),
        (1_714_564_800, "int"),
        (None, "NoneType"),
    ],
)
def test_unusable_instants(instant: Any, reason: str) -> None:
    """An instant that is naive, out of reach, or no datetime is refused, never guessed."""
    assert reason in refused(occurred_at=instant).reason


def nested(levels: int) -> dict[str, Any]:
    """Properties of so many levels."""
    return {"down": nested(levels - 1)} if levels > 1 else {}


CYCLE: dict[str, Any] = {}
CYCLE["again"] = [CYCLE]


class Odd(Mapping[str, Any]):
    """A mapping that holds what no JSON holds."""

    def __getitem__(self, key: str) -> Any:
        return object()

    def __iter__(self) -> Any:
        return iter(["odd"])

    def __len__(self) -> int:
        return 1


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ([("a", 1)], "a mapping"),
        ("a=1", "a mapping"),
        (7, "a mapping"),
        ({1: "a"}, "name must be a text"),
        ({None: "a"}, "name must be a text"),
        ({"a": {b"b": 1}}, "name must be a text"),
        ({"a\x00": 1}, "NUL"),
        ({"a": {"\ud800": 1}}, "surrogate"),
        ({"a": "\x00"}, "NUL"),
        ({"a": ["\udfff"]}, "surrogate"),
        ({"a": float("nan")}, "nan"),
        ({"a": [float("inf")]}, "inf"),
        ({"a": {"b": -float("inf")}}, "inf"),
        ({"a": 2**63}, "64 bits"),
        ({"a": [-(2**63) - 1]}, "64 bits"),
        ({"a": 10**5_000}, "64 bits"),
        ({"a": b"bytes"}, "bytes"),
        ({"a": {1, 2}}, "set"),
        ({"a": frozenset()}, "frozenset"),
        ({"a": Decimal("1.5")}, "Decimal"),
        ({"a": Fraction(1, 2)}, "Fraction"),
        ({"a": NOON}, "datetime"),
        ({"a": NOON.date()}, "date"),
        ({"a": timedelta(1)}, "timedelta"),
        ({"a": SOME_UUID}, "UUID"),
        ({"a": 1j}, "complex"),
        ({"a": ...}, "ellipsis"),
        ({"a": iter([])}, "iterator"),
        (Odd(), "object"),
        (nested(33), "deeper than 32 levels"),
        (CYCLE, "holds itself"),
        ({"a": "x" * 65_536}, "more than 65536 bytes"),
        ({"a": "é" * 32_768}, "65544 bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_unusable_properties(properties: Any, reason: str) -> None:
    """Properties that JSON or a database would change or choke on are refused."""
    assert any(part in refused(properties=properties).reason for part in reason.split("|"))


def test_the_error_tells_whose_event_it_was() -> None:
    """The text of a refusal has the event, the contact and the reason, on one line."""
    error = refused(properties={"a": b""})
    assert str(error).startswith("event 'seen' of contact 'ada': property 'a' is a bytes")


@pytest.mark.parametrize(
    "contact", ["x" * 10_000, "a\nb\x00", "\ud800", b"\xff" * 1_000, [[]] * 99]
)
def test_the_error_is_short_and_printable(contact: object) -> None:
    """Whatever a contact is, the refusal of its event can be printed on one line."""
    told = str(refused(contact=contact))
    assert told.isprintable()
    assert told.isascii()
    assert len(told) < 300


# Sameness.


def test_the_same_content() -> None:
    """Two events are the same where name, instant and properties are; a null is absent."""
    event = make(properties={"a": [1, {"b": None}], "c": "x"})
    assert event.same_as(make(properties={"c": "x", "a": [1.0, {"b": None}]}))
    assert not event.same_as(make(name="paid", properties=event.properties))
    assert not event.same_as(make(properties={}))
    assert not make(properties={"a": 1}).same_as(make(properties={"a": True}))
    assert not make(properties={"a": False}).same_as(make(properties={}))
    assert make(properties={"a": None}).same_as(make(properties={}))


def test_an_instant_by_default_is_not_compared() -> None:
    """An instant that the caller left to default makes no difference where it is not compared."""
    later = make(occurred_at=NOON + timedelta(seconds=1))
    assert not later.same_as(make())
    assert later.same_as(make(), ignore_instant=True)
    assert not later.same_as(make(name="paid"), ignore_instant=True)
