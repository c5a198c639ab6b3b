"""The cells of a row of texts, by column: a mapping that becomes a dict only where one is needed.

An import makes one for every row of a CSV, and mostly asks for cells by their place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

_quote: Final = json.encoder.encode_basestring


class TextCells(Mapping[str, str]):
    """The cells that are not empty.

    Args:
        names: the columns, the same object for all rows of a file.
        texts: the cells in their order, empty ones included.
    """

    __slots__ = ("names", "texts")

    def __init__(self, names: Sequence[str], texts: Sequence[str]) -> None:
        self.names: Sequence[str] = names
        self.texts: Sequence[str] = texts

    def __getitem__(self, name: str) -> str:
        """The cell of a column; an empty one is absent."""
        text = self.texts[self.names.index(name)] if name in self.names else ""
        if not text:
            raise KeyError(name)
        return text

    def __iter__(self) -> Iterator[str]:
        """The columns whose cells are not empty."""
        return (name for name, text in zip(self.names, self.texts, strict=True) if text)

    def __len__(self) -> int:
        """How many cells are not empty."""
        return sum(1 for text in self.texts if text)


class Layout:
    """Where in a row of texts the columns stand that mean something.

    Args:
        names: the columns.
        needed: the columns of contact, event and instant.
        id: the column of the id, if there is one.
        named: all columns that are no properties.
    """

    def __init__(
        self, names: Sequence[str], needed: Sequence[str], id: str | None, named: frozenset[str]
    ) -> None:
        self.names = names
        self.contact: int
        self.event: int
        self.at: int
        self.contact, self.event, self.at = (names.index(name) for name in needed)
        self.id: int | None = None if id is None else names.index(id)
        # Each property's place, and what stands before its value in JSON; in the order of names.
        self._properties = [
            (names.index(name), f"{_quote(name)}:") for name in sorted(names) if name not in named
        ]

    def write_properties(self, texts: Sequence[str]) -> str:
        """Write the properties as JSON with sorted keys; empty cells are absent."""
        parts = [before + _quote(texts[n]) for n, before in self._properties if texts[n]]
        return "{" + ",".join(parts) + "}"
