"""An event: something that happened between a contact and the business, and what is said of it.

``make_event`` checks all that a database could stumble over, so that what it makes can be stored,
alike everywhere. Says nothing about what the event means: that is the funnel's.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from attrs import frozen

from motfunnel.domain.instant import utc
from motfunnel.errors import EventError

IDENTIFY = "$identify"
"""The name under which ``identify`` records its traits; a note to every funnel."""
ASSIGN = "$assign"
"""The name under which ``assign`` records an arm; to every funnel an outreach, never an attempt."""

_MOST_BITS = 840  # 253 digits

MOST_CHARACTERS: Final = 255
MOST_BYTES: Final = 64 * 1024
MOST_LEVELS: Final = 32
_MOST_A_CHARACTER: Final = 32  # a number, with its comma, counts as one
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_SMALLEST: Final = -(2**63)
_LARGEST: Final = 2**63 - 1
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")

Properties = dict[str, Any]
"""Event properties as JSON has them: null, true, numbers, texts, lists and objects."""


@frozen(kw_only=True)
class Event:
    """Something that happened, as it is stored.

    Attributes:
        contact: whose event.
        name: what happened.
        occurred_at: when, in the world, in UTC.
        id: unique among the contact's events; the same id is the same event.
        properties: what else the host said of it.
    """

    contact: str
    name: str
    occurred_at: datetime
    id: str
    properties: Properties

    def same_as(
        self, other: Event, *, ignore_instant: bool = False, ignoring: Collection[str] = ()
    ) -> bool:
        """Whether the two, which share a contact and an id, have the same content.

        A property that is null is one that is absent.
        """
        one, two = (given(event.properties, ignoring) for event in (self, other))
        return (
            self.name == other.name
            and (ignore_instant or self.occurred_at == other.occurred_at)
            and same_content(one, two)
        )


class EventRow(NamedTuple):
    """An event as it goes into its table; plain, because an import makes millions.

    Attributes:
        contact: whose event.
        id: unique among the contact's events.
        event: what happened.
        occurred_at: when, as ``domain.instant.instant_text`` writes it.
        signal: the name of what it means to the funnel.
        properties: what else was said, as JSON.
        value: what it was worth, in millionths of the funnel's currency; None where nothing was.
    """

    contact: str
    id: str
    event: str
    occurred_at: str
    signal: str
    properties: str
    value: int | None


def make_event(
    contact: object,
    name: object,
    *,
    occurred_at: datetime,
    id: object,
    properties: Mapping[str, Any] | None = None,
) -> Event:
    """Check what a host says happened, and give it as an event.

    Raises:
        EventError: a part cannot be kept as it is; it names the contact, event and reason.
    """
    try:
        return Event(
            contact=contact_key(contact),
            name=check_text(name, "event"),
            occurred_at=utc(occurred_at),
            id=check_text(_as_text(id, "id"), "id"),
            properties=check_properties(properties),
        )
    except ValueError as error:
        raise EventError(str(error), contact=contact, event=name) from None


def contact_key(contact: object) -> str:
    """Give the text by which a contact is known: of a text, an int or a UUID.

    Raises:
        ValueError: it is none of these, or not a usable text.
    """
    return check_text(_as_text(contact, "contact"), "contact")


def _as_text(value: object, what: str) -> str:
    """Write an int or a UUID; leave a text as it is."""
    if isinstance(value, str):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        if value.bit_length() > _MOST_BITS:
            raise ValueError(f"the {what} is a number of more than {MOST_CHARACTERS} digits")
        return str(int(value))
    kind = type(value).__name__
    remedy = "; pass its key, or give the tracker a contact_key" if what == "contact" else ""
    raise ValueError(f"the {what} must be a text, an int or a UUID, not {kind}{remedy}")


def check_text(text: object, what: str, most: int = MOST_CHARACTERS) -> str:
    """Give a short text back, if it can be a contact, an event name or an id.

    Args:
        text: what was given.
        what: what it is called in the error.
        most: how many characters it may have.

    Raises:
        ValueError: it is not text, blank, too long, or holds NUL or half a surrogate pair.
    """
    if not isinstance(text, str):
        raise ValueError(f"the {what} must be a text, not {type(text).__name__}")
    if not text.strip():
        raise ValueError(f"the {what} is blank")
    if len(text) > most:
        raise ValueError(f"the {what} has {len(text)} characters; the most is {most}")
    _check_storable(text, f"the {what}")
    return str.__str__(text)  # of an enum's member the value, not the name


def storable(text: str) -> str:
    """A text that every database keeps, of one that is only to be shown."""
    return _UNSTORABLE.sub("\ufffd", text)


def check_properties(properties: Mapping[str, Any] | None) -> Properties:
    """Give a plain copy of an event's properties, if JSON can carry them unchanged.

    Raises:
        ValueError: a value is no JSON (bytes, sets, NaN, objects), an integer exceeds 64 bits,
            or the whole exceeds 32 levels or 64 KiB.
    """
    if properties is None:
        return {}
    if not isinstance(properties, Mapping):
        raise ValueError(f"properties must be a mapping, not {type(properties).__name__}")
    copier = _Copier()
    copy: Properties = copier.copy_mapping(properties, "", 1)
    size = len(to_json(copy).encode()) if copier.may_be_too_large else 0
    if size > MOST_BYTES:
        raise ValueError(f"the properties take {size} bytes as JSON; the most is {MOST_BYTES}")
    return copy


def to_json(value: object) -> str:
    """Write a checked value as compact JSON, with its keys in the order given."""
    return _encode(value)


def trait_text(value: Any) -> str:
    """Write a trait's value as the text to group by."""
    return value if isinstance(value, str) else to_json(value)


def to_readable_json(value: object) -> str:
    """Write a value for people and other programs, with an indent."""
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)


def given(properties: Mapping[str, Any], ignoring: Collection[str] = ()) -> dict[str, Any]:
    """The properties that an event has: one that is null is one that is absent.

    >>> given({"plan": "pro", "seats": None, "id": 7}, ignoring=("id",))
    {'plan': 'pro'}
    """
    return {
        name: value
        for name, value in properties.items()
        if value is not None and name not in ignoring
    }


def same_content(one: object, other: object) -> bool:
    """Whether two JSON values are equal: numbers by value, ``true`` never equal to 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_content(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_content, one, other))
    return one == other


class _Copier:
    """Copies JSON values, and stops as soon as the copy would be too large.

    A value may hold the same list many times over, so its size is known only as it is written out.
    """

    def __init__(self) -> None:
        self._left = MOST_BYTES

    @property
    def may_be_too_large(self) -> bool:
        """Whether it is worth while to write it out: no part takes so many bytes a character."""
        return (MOST_BYTES - self._left) * _MOST_A_CHARACTER > MOST_BYTES

    def copy_mapping(self, value: Mapping[Any, Any], path: str, level: int) -> dict[str, Any]:
        if level > MOST_LEVELS:
            raise ValueError(_too_deep(path))
        return {
            self._take(_key(key)): self._copy(value[key], _below(path, key), level + 1)
            for key in value
        }

    def _copy(self, value: Any, path: str, level: int) -> Any:
        if isinstance(value, str):
            _check_storable(value, path)
            return self._take(str.__str__(value))
        self._take("")
        if isinstance(value, Mapping):
            return self.copy_mapping(value, path, level)
        if isinstance(value, list | tuple):
            if level > MOST_LEVELS:
                raise ValueError(_too_deep(path))
            return [self._copy(item, f"{path}[{n}]", level + 1) for n, item in enumerate(value)]
        return _copy_plain(value, path)

    def _take(self, text: str) -> str:
        self._left -= len(text) + 1
        if self._left < 0:
            raise ValueError(f"the properties take more than {MOST_BYTES} bytes as JSON")
        return text


def _copy_plain(value: Any, path: str) -> bool | int | float | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if not _SMALLEST <= value <= _LARGEST:
            raise ValueError(f"{path} is an integer beyond 64 bits; send it as a text")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{path} is {value}, which JSON cannot hold; leave it out")
        return float(value)
    raise ValueError(
        f"{path} is a {type(value).__name__}, which JSON cannot hold; send a text or a number"
    )


def _too_deep(path: str) -> str:
    return f"{path[:80]} is nested deeper than {MOST_LEVELS} levels, or holds itself"


def _below(path: str, key: object) -> str:
    return f"{path}.{key!r}" if path else f"property {key!r}"


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise ValueError(f"a property's name must be a text, not {type(key).__name__}")
    _check_storable(key, "a property's name")
    return str.__str__(key)


def _check_storable(text: str, what: str) -> None:
    match = _UNSTORABLE.search(text)
    if match is not None:
        found = "the character NUL" if match[0] == "\x00" else "half a surrogate pair"
        raise ValueError(f"{what} holds {found}, which no database keeps")
