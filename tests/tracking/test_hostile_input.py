"""What no database could keep alike is refused, with a reason, before anything is written."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from motfunnel import Tracker
from motfunnel.errors import EventError, QuestionError
from tests.tracking.scene import NOON, Clock, row_counts


class Odd:
    """Equal to nothing one could name, and true of nothing."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("do not compare me")

    def __bool__(self) -> bool:
        raise RuntimeError("do not ask me")

    __hash__ = object.__hash__


class Broken(Mapping[str, Any]):
    """A mapping whose values cannot be had."""

    def __getitem__(self, key: str) -> Any:
        raise ValueError("out of order")

    def __iter__(self) -> Iterator[str]:
        return iter(["key"])

    def __len__(self) -> int:
        return 1


class NoOffset(tzinfo):
    """A time zone that does not know its offset."""

    def utcoffset(self, _: datetime | None) -> timedelta | None:
        return None

    def tzname(self, _: datetime | None) -> str | None:
        return None

    def dst(self, _: datetime | None) -> timedelta | None:
        return None


def itself() -> dict[str, Any]:
    """Properties that hold themselves."""
    held: dict[str, Any] = {}
    held["self"] = {"list": [held]}
    return held


def nested(levels: int) -> dict[str, Any]:
    """Objects in objects, so many levels of them."""
    made: dict[str, Any] = {}
    for _ in range(levels - 1):
        made = {"in": made}
    return made


TEXTS: dict[str, object] = {
    "none": None,
    "empty": "",
    "blank": " \t\n",
    "unicode blank": "\u2003\u00a0",
    "NUL": "a\x00b",
    "high surrogate": "a\ud83d",
    "low surrogate": "\ude00b",
    "swapped surrogates": "\ude00\ud83d",
    "too long": "x" * 256,
    "too long in emoji": "😀" * 256,
    "bytes": b"ada",
    "bytearray": bytearray(b"ada"),
    "true": True,
    "float": 1.5,
    "nan": float("nan"),
    "list": ["ada"],
    "tuple": ("ada",),
    "dict": {"name": "ada"},
    "set": {"ada"},
    "object": object(),
    "odd object": Odd(),
    "class": str,
    "function": len,
    "decimal": decimal.Decimal(1),
    "datetime": NOON,
    "complex": 1j,
}
KEYS = TEXTS | {"astronomic": 10**5000}
NAMES = TEXTS | {"integer": 1, "UUID": UUID(int=1)}
IDS = {label: value for label, value in KEYS.items() if label != "none"}
INSTANTS: dict[str, object] = {
    "naive": NOON.replace(tzinfo=None),
    "zone without offset": NOON.replace(tzinfo=NoOffset()),
    "text": "2024-06-01T12:00:00Z",
    "integer": 1_717_243_200,
    "float": 1717243200.0,
    "date": date(2024, 6, 1),
    "time": time(12, tzinfo=UTC),
    "duration": timedelta(days=1),
    "true": True,
    "future": NOON + timedelta(days=1000, minutes=5, microseconds=1),
    "far future": datetime.max.replace(tzinfo=UTC),
    "after the calendar": datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
    "before the calendar": datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    "year 1": datetime.min.replace(tzinfo=UTC),
    "year 999": datetime(999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    "year 999 in UTC": datetime(1000, 1, 1, tzinfo=timezone(timedelta(hours=1))),
}
PROPERTIES: dict[str, object] = {
    "list": [("a", 1)],
    "text": "a=1",
    "true": True,
    "broken mapping": Broken(),
    "integer key": {1: "a"},
    "none key": {None: "a"},
    "nested integer key": {"a": {2: "b"}},
    "NUL key": {"a\x00": 1},
    "surrogate key": {"\ud800": 1},
    "NUL": {"a": "\x00"},
    "surrogate": {"a": ["\udfff"]},
    "nan": {"a": float("nan")},
    "infinity": {"a": [float("inf")]},
    "minus infinity": {"a": {"b": float("-inf")}},
    "65 bits": {"a": 2**63},
    "minus 65 bits": {"a": -(2**63) - 1},
    "astronomic": {"a": 10**5000},
    "bytes": {"a": b"b"},
    "set": {"a": {1}},
    "datetime": {"a": NOON},
    "decimal": {"a": decimal.Decimal("1.5")},
    "UUID": {"a": UUID(int=1)},
    "object": {"a": object()},
    "odd object": {"a": Odd()},
    "generator": {"a": iter([1])},
    "33 levels": nested(33),
    "a thousand levels": nested(1000),
    "a hundred thousand levels": nested(100_000),
    "itself": itself(),
    "64 KiB and one": {"a": "x" * (64 * 1024 - 7)},
    "64 KiB of keys": {str(n): None for n in range(8000)},
    "20 MiB": {"a": "x" * (20 * 1024 * 1024)},
    "no score": {"score": "seven"},
    "no score at all": {"score": [9]},
}

BAD: dict[str, tuple[str, object]] = {
    f"{part}-{label}": (part, value)
    for part, values in {
        "contact": KEYS,
        "event": NAMES,
        "id": IDS,
        "occurred_at": INSTANTS,
        "properties": PROPERTIES,
    }.items()
    for label, value in values.items()
}


@pytest.mark.parametrize(("part", "value"), BAD.values(), ids=BAD)
def test_refused(shared_engine: Engine, tracker: Tracker, part: str, value: object) -> None:
    """A bad part is refused with its reason and the names given, and nothing is written."""
    tracker.track("ada", "saw", id="first", occurred_at=NOON)
    before = row_counts(shared_engine, tracker.tenant)
    said: dict[str, Any] = {"contact": "ada", "event": "rated", part: value}
    details = {key: said[key] for key in said if key not in ("contact", "event")}
    attempts: list[Callable[[], object]] = [
        lambda: tracker.track(said["contact"], said["event"], **details),
        lambda: tracker.track_many([{"contact": "bob", "event": "saw"}, said]),
    ]
    reasons = set()
    for attempt in attempts:
        with pytest.raises(EventError) as caught:
            attempt()
        assert caught.value.contact is said["contact"]
        assert caught.value.event is said["event"]
        assert caught.value.reason in str(caught.value)
        assert len(str(caught.value)) < 1000
        assert isinstance(caught.value, ValueError)
        reasons.add(caught.value.reason)
    assert len(reasons) == 1
    assert row_counts(shared_engine, tracker.tenant) == before
    assert tracker.track("ada", "saw", id="last", occurred_at=NOON).moments == ()


@pytest.mark.parametrize(
    "said",
    [
        None,
        1,
        "contact",
        [("contact", "ada")],
        {"contact": "ada"},
        {"event": "saw"},
        {},
        {"contact": "ada", "event": "saw", "value": 1},
        {"contact": "ada", "event": "saw", 1: 2},
    ],
    ids=repr,
)
def test_no_event_at_all(shared_engine: Engine, tracker: Tracker, said: Any) -> None:
    """What is no mapping with the parts of an event is refused with all that came with it."""
    with pytest.raises(EventError):
        tracker.track_many([{"contact": "bob", "event": "saw"}, said])
    assert not any(row_counts(shared_engine, tracker.tenant).values())


def test_one_mapping_is_not_many(tracker: Tracker) -> None:
    """An event given in place of a list of events is refused."""
    said: Any = {"contact": "ada", "event": "saw"}
    with pytest.raises(EventError, match="mapping"):
        tracker.track_many(said)


def test_our_own_name_is_refused(tracker: Tracker) -> None:
    """The name under which `identify` records is not for `track`."""
    with pytest.raises(EventError, match="identify"):
        tracker.track("ada", "$identify")


@pytest.mark.parametrize("traits", [{"a": float("nan")}, {1: 2}, "a", {"a": {3}}], ids=repr)
def test_bad_traits(shared_engine: Engine, tracker: Tracker, traits: Any) -> None:
    """Traits that JSON cannot hold are refused as properties are."""
    with pytest.raises(EventError):
        tracker.identify("ada", traits)
    assert not any(row_counts(shared_engine, tracker.tenant).values())


@pytest.mark.parametrize("contact", KEYS.values(), ids=KEYS)
def test_a_question_about_no_contact(tracker: Tracker, contact: object) -> None:
    """A profile of what cannot be a contact is refused as a track of it is."""
    with pytest.raises(EventError):
        tracker.contact(contact)
    if contact is not None:
        with pytest.raises(EventError):
            next(tracker.iter_moments(contact))


@pytest.mark.parametrize(
    "instant",
    [
        *(value for key, value in INSTANTS.items() if key != "text" and "future" not in key),
        *("", "soon", "-30", "2024-06-31", "2024-00", "2024-W00", "2024-06-01T12:00:00\x00Z"),
    ],
)
def test_a_question_since_no_instant(tracker: Tracker, instant: Any) -> None:
    """Moments since what is not an instant are refused, as are those as of it; texts can be one."""
    for question in ({"since": instant}, {"as_of": instant}):
        with pytest.raises(QuestionError, match=next(iter(question))):
            next(tracker.iter_moments(**question))


def test_a_clock_ahead_is_tolerated(tracker: Tracker, clock: Clock) -> None:
    """An event may be five minutes ahead of our clock, as other machines' clocks are."""
    ahead = clock.now + timedelta(minutes=5)
    assert tracker.track("ada", "saw", occurred_at=ahead).moments[0].occurred_at == ahead


class Name(str, Enum):  # noqa: UP042 - its str() is another than its text
    """Names as many applications write them."""

    SAW = "saw"


def test_a_text_of_another_type(tracker: Tracker) -> None:
    """An enumerated text is the text that it holds."""
    [opening] = tracker.track(Name.SAW, Name.SAW, id=Name.SAW, properties={"a": Name.SAW}).moments
    assert (opening.contact, opening.event_id) == ("saw", "saw")
