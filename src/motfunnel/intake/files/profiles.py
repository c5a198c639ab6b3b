"""Profiles: the shapes of exports that other programs write, by name.

A profile says which keys mean what, and lifts the properties of an event out of the objects that
they lie in. What else a row holds stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Any, Final

from attrs import frozen

from motfunnel.domain.funnel.condition import find
from motfunnel.errors import SourceError
from motfunnel.intake.files.source import Raw, Source

Cells = dict[str, Any]
Shape = Callable[[Mapping[str, Any]], Cells]
"""Gives the flat row of a row."""

EVENT_NAME: Final = "(event)"
"""The column that a name given for all rows is put into."""

_LOOKED_AT: Final = 1000
_VALUES: Final = ("string_value", "int_value", "float_value", "double_value")


@frozen(kw_only=True)
class Profile:
    """The shape of an export.

    Attributes:
        columns: what ``Columns`` are called, and how its instants are written.
        shape: how a row becomes flat.
        mark: keys that rows of this shape have.
    """

    columns: Mapping[str, str]
    shape: Shape
    mark: frozenset[str]


class ShapedSource:
    """A source whose rows are brought into a shape.

    Args:
        source: the rows as they are.
        shape: how each becomes flat.
    """

    def __init__(self, source: Source, shape: Shape) -> None:
        self._source, self._shape = source, shape

    @property
    def consumed(self) -> int:
        """As the source says."""
        return self._source.consumed

    @property
    def remarks(self) -> tuple[str, ...]:
        """As the source says."""
        return tuple(self._source.remarks)

    @cached_property
    def names(self) -> list[str]:
        """The keys of the first thousand rows."""
        assert self._source.names is not None  # which refuses a file that is none
        some = islice(self.rows(), _LOOKED_AT)
        return list(dict.fromkeys(key for raw in some if not raw.fault for key in raw.cells))

    def rows(self) -> Iterator[Raw]:
        """The rows in their shape."""
        for raw in self._source.rows():
            if raw.fault is None:
                cells = self._shape(raw.cells)
                yield Raw(raw.line, {key: cell for key, cell in cells.items() if cell is not None})
            else:
                yield raw


def lift(paths: tuple[str, ...], event_name: str | None) -> Shape:
    """A shape in which dotted paths are columns, and all rows have one name."""

    def shape(cells: Mapping[str, Any]) -> Cells:
        row = {**cells} | {path: find(cells, path) for path in paths if path not in cells}
        return row if event_name is None else row | {EVENT_NAME: event_name}

    return shape


def _object(value: object) -> Cells:
    """An object, also one that was written as a text."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _without(cells: Mapping[str, Any], *keys: str) -> Cells:
    return {key: cell for key, cell in cells.items() if key not in keys}


def _flat(cells: Mapping[str, Any], container: str, lifted: Cells, *own: str) -> Cells:
    """Give a row with the keys of one object; those in ``own`` are the row's in any case."""
    row = _without(cells, container) | lifted
    return row | {key: cells[key] for key in own if key in cells}


def _mixpanel(cells: Mapping[str, Any]) -> Cells:
    return _flat(cells, "properties", _object(cells.get("properties")), "event")


def _posthog(cells: Mapping[str, Any]) -> Cells:
    lifted = _object(cells.get("properties"))
    return _flat(cells, "properties", lifted, "event", "distinct_id", "timestamp", "uuid")


def _amplitude(cells: Mapping[str, Any]) -> Cells:
    lifted = _object(cells.get("event_properties"))
    row = _flat(cells, "event_properties", lifted, "event_type", "event_time", "uuid")
    return row | {"user_id": cells.get("user_id") or cells.get("device_id")}


def _segment(cells: Mapping[str, Any]) -> Cells:
    kind = cells.get("type", "track")
    said = cells.get("properties")
    if kind not in ("track", "page", "screen"):
        said = cells.get("traits") or _object(cells.get("context")).get("traits")
    row = _flat(_without(cells, "traits"), "properties", _object(said), "timestamp", "messageId")
    return row | {
        "userId": cells.get("userId") or cells.get("anonymousId"),
        "event": cells.get("event") if kind == "track" else kind,
    }


def _ga4(cells: Mapping[str, Any]) -> Cells:
    lifted = _keyed(cells.get("event_params"))
    row = _flat(cells, "event_params", lifted, "event_name", "event_timestamp")
    return row | {
        "user_properties": _keyed(cells.get("user_properties")) or None,
        "user_pseudo_id": cells.get("user_id") or cells.get("user_pseudo_id"),
    }


def _keyed(pairs: object) -> Cells:
    """What lies in a list of keys and values, each with a type of its own."""
    row: Cells = {}
    for pair in pairs if isinstance(pairs, list) else ():
        each = _object(pair)
        value = _object(each.get("value"))
        if isinstance(each.get("key"), str):
            found = (value[kind] for kind in _VALUES if value.get(kind) is not None)
            row[each["key"]] = next(found, None)
    return row


def _stripe(cells: Mapping[str, Any]) -> Cells:
    data = _object(cells.get("data"))
    about = _object(data.get("object"))
    customer = about.get("customer")
    customer = _object(customer).get("id") if isinstance(customer, dict) else customer
    own = about.get("id") if about.get("object") == "customer" else None
    row = _flat(_without(cells, "object"), "data", about, "id", "type", "created")
    return row | {"customer": customer or own, "object_id": about.get("id")}


def _profile(shape: Shape, mark: str, **columns: str) -> Profile:
    return Profile(columns=columns, shape=shape, mark=frozenset(mark.split()))


PROFILES: Final[dict[str, Profile]] = {
    "mixpanel": _profile(
        _mixpanel, "event properties",
        contact="distinct_id", event="event", at="time", id="$insert_id", at_format="unix"),
    "amplitude": _profile(
        _amplitude, "event_type event_time uuid",
        contact="user_id", event="event_type", at="event_time", id="uuid"),
    "segment": _profile(
        _segment, "type messageId timestamp",
        contact="userId", event="event", at="timestamp", id="messageId"),
    "rudderstack": _profile(
        _segment, "type messageId originalTimestamp channel",
        contact="userId", event="event", at="timestamp", id="messageId"),
    "posthog": _profile(
        _posthog, "event distinct_id uuid timestamp",
        contact="distinct_id", event="event", at="timestamp", id="uuid"),
    "ga4": _profile(
        _ga4, "event_name event_timestamp user_pseudo_id",
        contact="user_pseudo_id", event="event_name", at="event_timestamp", at_format="unix_us"),
    "stripe": _profile(
        _stripe, "type created data id",
        contact="customer", event="type", at="created", id="id", at_format="unix"),
}  # fmt: skip
"""The profiles by the names that ``import --like`` takes."""


def shaped(
    source: Source, given: Mapping[str, Any], like: str | None
) -> tuple[Source, dict[str, Any]]:
    """Bring a source into a profile's shape, and what else is named into columns.

    Args:
        source: the rows as they are.
        given: what is said of the columns; it goes before what the profile says.
        like: the profile's name, if there is one.

    Raises:
        SourceError: there is no such profile.
    """
    said = {option: value for option, value in given.items() if value is not None}
    if like is not None:
        if like not in PROFILES:
            raise SourceError(f"there is no profile {like!r}; there are {', '.join(PROFILES)}")
        said = {**PROFILES[like].columns} | said
        source = ShapedSource(source, PROFILES[like].shape)
    paths = tuple(
        path for option in ("contact", "event", "at", "id") if "." in (path := said.get(option, ""))
    )
    name = said.get("event_name")
    if name is not None:
        said["event"] = EVENT_NAME
    if name is None and all(path in source.names for path in paths):
        return source, said
    return ShapedSource(source, lift(paths, name)), said
