"""What is accepted comes back as it was given, and what differs at all stays apart."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine

from motfunnel import Tracker
from motfunnel.domain.event import Event
from tests.strategies import STORABLE, texts
from tests.tracking.scene import FUNNEL, NOON, stored_events
from tests.tracking.test_hostile_input import nested

pytestmark = pytest.mark.every_database

PAIRS = [
    ("Bob", "bob"),
    ("bob", "bob "),
    ("bob", " bob"),
    ("bob", "bob\t"),
    ("bob", "bob\u00a0"),
    ("bob", "bob\u200b"),
    ("e", "é"),
    (unicodedata.normalize("NFC", "é"), unicodedata.normalize("NFD", "é")),
    ("\u00c5", "\u212b"),
    ("fi", "ﬁ"),
    ("ß", "ss"),
    ("ẞ", "ß"),
    ("straße", "STRASSE"),
    ("i", "ı"),
    ("I", "İ"),
    ("ς", "σ"),
    ("æ", "ae"),
    ("ø", "o"),
    ("か", "カ"),
    ("ｱ", "ア"),
    ("か", "が"),
    ("a", "ａ"),
    ("a", "а"),  # the second is Cyrillic
    ("1", "١"),
    ("1", "1.0"),
    ("1", "01"),
    ("😀", "😁"),
    ("👍", "👍🏽"),
    ("❤", "❤️"),
    ("👩‍💻", "👩💻"),
    ("\uffff", "😀"),
    ("a\\b", "a\\\\b"),
    ("a'b", "a''b"),
    ("a%sb", "a%%sb"),
    ("a:b", "a::b"),
    ("x", "\x01x"),
    ("x" * 255, "x" * 254 + "y"),
    ("😀" * 255, "😀" * 254 + "😁"),
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_what_differs_stays_apart(tracker: Tracker, one: str, other: str) -> None:
    """Texts that some collation takes for one are two contacts, two ids and two events."""
    assert one != other
    for contact in (one, other):
        for id in (one, other):
            tracked = tracker.track(contact, contact, id=id, occurred_at=NOON)
            assert not tracked.duplicate
            assert (tracked.contact, tracked.id) == (contact, id)
    for contact in (one, other):
        assert tracker.contact(contact).events == 2
        assert tracker.track(contact, contact, id=one, occurred_at=NOON).duplicate
    stored = stored_events(tracker.database.engine, tracker.tenant)
    assert {key: {event.name for event in events} for key, events in stored.items()} == {
        one: {one},
        other: {other},
    }


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_tenants_that_differ_stay_apart(
    make_tracker: Callable[..., Tracker], one: str, other: str
) -> None:
    """Texts that some collation takes for one are two tenants."""
    here = uuid4().hex
    trackers = [make_tracker(tenant=f"{name[-20:]}{here}") for name in (one, other)]
    trackers[0].track("ada", "saw", id="1", occurred_at=NOON)
    assert trackers[1].contact("ada").events == 0
    assert not trackers[1].track("ada", "saw", id="1", occurred_at=NOON).duplicate


def test_the_longest_keys(make_tracker: Callable[..., Tracker]) -> None:
    """Keys of the greatest length, in the widest characters, fit every index."""
    wide = "".join(chr(0x1F300 + n) for n in range(255))
    tracker = make_tracker(tenant=wide[:40] + uuid4().hex[:23])
    told = [
        tracker.track(wide, name, id=wide[::-1][:254] + str(n), occurred_at=NOON + timedelta(n))
        for n, name in enumerate(["saw", "left", "saw", wide])
    ]
    assert [len(tracked.moments) for tracked in told] == [1, 1, 1, 0]
    assert tracker.rebuild() == 1


FAITHFUL: dict[str, dict[str, Any]] = {
    "nothing": {},
    "null": {"a": None},
    "nested nulls": {"a": [None, {"b": None}, [None]]},
    "truths": {"a": True, "b": False, "c": 1, "d": 0},
    "large float": {"a": 1e22, "b": 1e300, "c": 1.7976931348623157e308},
    "small float": {"a": 1e-308, "b": 5e-324, "c": 0.1, "d": 0.30000000000000004},
    "minus zero": {"a": -0.0, "b": 0.0, "c": 0},
    "whole float": {"a": 1.0, "b": 100.0},
    "integers": {"a": 2**63 - 1, "b": -(2**63), "c": 2**53 + 1},
    "order": {"z": 1, "a": 2, "m": {"y": 1, "b": 2}},
    "empty": {"": "", "a": {}, "b": [], "c": [[], {}]},
    "unicode": {"é": "é", "日本": "👩‍💻", "a": "\u2028\u2029\ufeff\uffff\U0010ffff"},
    "controls": {"a": "".join(map(chr, range(1, 32))) + "\x7f\x80"},
    "quotes": {"a": "\"'\\ \\u0000 %s %(a)s :a {} $1 ?; --"},
    "32 levels": nested(32),
    "64 KiB": {"a": "x" * (64 * 1024 - 8)},
    "64 KiB in emoji": {"a": "😀" * (16 * 1024 - 2)},
    "blanks": {" a ": "  b  ", "\t": "\n"},
}


def exact(value: Any) -> Any:
    """A value with its types, and the sign of its zeros."""
    if isinstance(value, dict):
        return [(key, exact(held)) for key, held in value.items()]
    if isinstance(value, list):
        return [exact(held) for held in value]
    return (type(value), value, math.copysign(1, value) if isinstance(value, float) else 0)


@pytest.mark.parametrize("properties", FAITHFUL.values(), ids=FAITHFUL)
def test_properties_come_back(tracker: Tracker, properties: dict[str, Any]) -> None:
    """Properties come back exactly: values, types, order, signs; and are their own duplicate."""
    tracker.track("ada", "saw", id="1", properties=properties, occurred_at=NOON)
    tracker.identify("ada", properties, id="2", occurred_at=NOON)
    assert exact(only(tracker, "1").properties) == exact(properties)
    assert exact(tracker.contact("ada").traits) == exact(properties)
    assert tracker.track("ada", "saw", id="1", properties=properties, occurred_at=NOON).duplicate
    assert tracker.rebuild() == 1


def only(tracker: Tracker, id: str) -> Event:
    """The stored event of this id."""
    stored = stored_events(tracker.database.engine, tracker.tenant)
    [event] = [event for events in stored.values() for event in events if event.id == id]
    return event


anything = st.text(STORABLE, max_size=20)
json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | anything,
    lambda inner: st.lists(inner) | st.dictionaries(anything, inner),
    max_leaves=10,
)
zones = st.sampled_from(
    [
        UTC,
        timezone(timedelta(hours=14)),
        timezone(timedelta(hours=-12, minutes=-30)),
        ZoneInfo("Europe/Berlin"),
        ZoneInfo("America/St_Johns"),
    ]
)


@given(
    st.dictionaries(anything, json),
    texts(),
    st.datetimes(datetime(1001, 1, 1), datetime(2026, 1, 1), timezones=zones),
)
def test_anything_accepted_comes_back(
    shared_engine: Engine, properties: dict[str, Any], text: str, at: datetime
) -> None:
    """Whatever texts, instants and JSON values an event is made of, the same are read back."""
    tracker = Tracker(shared_engine, funnel=FUNNEL, tenant=uuid4().hex)
    tracker.track(text, text, id=text, properties=properties, occurred_at=at)
    [event] = stored_events(shared_engine, tracker.tenant)[text]
    assert (event.contact, event.name, event.id) == (text, text, text)
    assert exact(event.properties) == exact(properties)
    assert event.occurred_at == at.astimezone(UTC)
    assert event.occurred_at.tzinfo is UTC


BERLIN = ZoneInfo("Europe/Berlin")
INSTANTS = [
    datetime(1000, 1, 1, tzinfo=UTC),
    datetime(1000, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
    datetime(1582, 10, 10, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1899, 12, 31, 12, tzinfo=ZoneInfo("Europe/Amsterdam")),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2000, 2, 29, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=5, minutes=45))),
    datetime(2016, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2023, 3, 26, 1, 59, 59, 999_999, tzinfo=BERLIN),
    datetime(2023, 3, 26, 2, 30, tzinfo=BERLIN),  # never shown by a clock
    datetime(2023, 10, 29, 2, 30, tzinfo=BERLIN),
    datetime(2023, 10, 29, 2, 30, fold=1, tzinfo=BERLIN),
    datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=-23, minutes=-59))),
    datetime(2024, 1, 1, tzinfo=timezone(timedelta(microseconds=1))),
]


@pytest.mark.parametrize("instant", INSTANTS, ids=str)
def test_instants_come_back(tracker: Tracker, instant: datetime) -> None:
    """An instant comes back to the microsecond, in UTC, wherever it is read."""
    tracker.track("ada", "saw", id="1", occurred_at=instant)
    utc = instant.astimezone(UTC)
    [opening, depart] = tracker.moments("ada")
    for read in (
        only(tracker, "1").occurred_at,
        opening.occurred_at,
        depart.occurred_at - timedelta(days=10),
        tracker.contact("ada").last_touch_at,
    ):
        assert read == utc
        assert read is not None
        assert read.tzinfo is UTC
    assert tracker.track("ada", "saw", id="1", occurred_at=utc).duplicate
    assert [*tracker.moments("ada", as_of=utc)] == [opening]
    assert [*tracker.moments("ada", since=utc + timedelta(microseconds=1))] == [depart]
    if utc > INSTANTS[0]:
        assert not [*tracker.moments("ada", as_of=utc - timedelta(microseconds=1))]
    assert tracker.sweep() == 1
    assert [*tracker.moments("ada")] == [opening, depart]


def test_both_two_thirties_are_apart(tracker: Tracker) -> None:
    """When the clocks go back, the hour that they show twice is two hours."""
    first, second = INSTANTS[10:12]
    tracker.track("ada", "saw", id="1", occurred_at=second)
    [opening] = tracker.track("ada", "saw", id="2", occurred_at=first).moments
    assert opening.occurred_at == datetime(2023, 10, 29, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu", "Europe/Amsterdam"])
def test_the_session_has_another_time_zone(url: str, zone: str) -> None:
    """Instants do not depend on the time zone of the database session."""
    engine = create_engine(url, connect_args={"options": f"-c timezone={zone}"})
    tracker = Tracker(engine, funnel=FUNNEL)
    for n, instant in enumerate(INSTANTS):
        tracker.track(str(n), "saw", id="1", occurred_at=instant)
        assert next(tracker.iter_moments(str(n))).occurred_at == instant.astimezone(UTC)
        assert tracker.contact(str(n)).opened_at == instant.astimezone(UTC)
    engine.dispose()


def test_contacts_and_ids_of_other_types(tracker: Tracker) -> None:
    """An int or a UUID is the contact, or the id, that its text is."""
    uuid = UUID("01a208f5-dab0-7fcc-8c59-4c65f7d71c73")
    for contact, id in ((7, 8), (uuid, uuid), (0, -1)):
        tracked = tracker.track(contact, "saw", id=id, occurred_at=NOON)
        assert (tracked.contact, tracked.id) == (str(contact), str(id))
        assert tracker.track(str(contact), "saw", id=str(id), occurred_at=NOON).duplicate
        assert tracker.contact(contact) == tracker.contact(str(contact))
