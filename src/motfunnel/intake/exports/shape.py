"""Shapes: from the rows of a file as they are written to flat rows of one event each.

Nothing is lost on the way: what a shape does not understand stays as it is, and a row that no event
can be made of goes on as a faulty one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Any, Final

from attrs import frozen

from motfunnel.domain.funnel.condition import find
from motfunnel.intake.files.source import Raw, Source

Cells = dict[str, Any]
Shape = Callable[[Iterator[Raw], list[str]], Iterator[Raw]]
"""Gives the rows of events that rows are, and remarks of what is not usual about them."""

EVENT_NAME: Final = "(event)"
"""The column that a name given for all rows is put into."""

INSTANT: Final = "(at)"
"""The column of the instant, of rows that have several."""

SAYS: Final = "(says)"
"""The column of what a row says of its contact besides the event: traits, and keys of its."""

_LOOKED_AT: Final = 1000


@frozen(kw_only=True)
class Profile:
    """The shape of an export.

    Attributes:
        columns: what ``Columns`` are called, and how its instants are written.
        shape: how its rows become events.
        mark: keys that rows of this shape have.
    """

    columns: Mapping[str, Any]
    shape: Shape
    mark: frozenset[str]


class ShapedSource:
    """A source whose rows are brought into a shape.

    Args:
        source: the rows as they are.
        shape: how they become events.
    """

    def __init__(self, source: Source, shape: Shape) -> None:
        self._source, self._shape = source, shape
        self._remarks: list[str] = []

    @property
    def consumed(self) -> int:
        """As the source says."""
        return self._source.consumed

    @property
    def remarks(self) -> tuple[str, ...]:
        """As the source says, and what the shape has to say of the rows that were read last."""
        return (*self._source.remarks, *self._remarks)

    @cached_property
    def names(self) -> list[str]:
        """The keys of the first thousand rows."""
        assert self._source.names is not None  # which refuses a file that is none
        some = islice(self.rows(), _LOOKED_AT)
        return list(dict.fromkeys(key for raw in some if not raw.fault for key in raw.cells))

    def rows(self) -> Iterator[Raw]:
        """The rows in their shape."""
        self._remarks.clear()
        return self._shape(self._source.rows(), self._remarks)


def each(flatten: Callable[[Mapping[str, Any]], Iterable[Cells]]) -> Shape:
    """A shape that makes some events of each row; of one that it can make none of, a fault."""

    def shape(rows: Iterator[Raw], remarks: list[str]) -> Iterator[Raw]:
        for raw in rows:
            if raw.fault is not None:
                yield raw
                continue
            events = [*flatten(raw.cells)]
            for cells in events:
                there = {key: cell for key, cell in cells.items() if cell is not None}
                yield Raw(raw.line, there)
            if not events:
                yield Raw(raw.line, raw.cells, "it holds no event")

    return shape


def lift(paths: Mapping[str, str], event_name: str | None) -> Shape:
    """A shape in which what lies at a path is a column, and all rows have one name.

    Args:
        paths: by the name of the column, the path to it, or another column.
        event_name: the name; None: each row says its own.
    """

    def flatten(cells: Mapping[str, Any]) -> list[Cells]:
        row = {**cells} | {name: find(cells, path) for name, path in paths.items()}
        return [row if event_name is None else row | {EVENT_NAME: event_name}]

    return each(flatten)


def as_object(value: object) -> Cells:
    """An object, also one that was written as a text."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def without(cells: Mapping[str, Any], *keys: str) -> Cells:
    """A row without some keys."""
    return {key: cell for key, cell in cells.items() if key not in keys}


def flat(cells: Mapping[str, Any], container: str, lifted: Cells, *own: str) -> Cells:
    """Give a row with the keys of one object; those in ``own`` are the row's in any case."""
    row = without(cells, container) | lifted
    return row | {key: cells[key] for key in own if key in cells}


def says(traits: Mapping[str, Any] | None, keys: Iterable[object], *, is_known: bool) -> Cells:
    """What a row says of its contact: the column, to be added to its cells.

    Args:
        traits: what is known of it; None: nothing is said of that.
        keys: other keys of it.
        is_known: whether such a key may be a person's own, and not only a device's.
    """
    others = [key for key in keys if key is not None and key != ""]
    return {SAYS: {"traits": traits, "keys": others, "is_known": is_known}}
