"""CSV: rows of texts under a header. A cell without text is empty, and empty cells are absent.

A line that breaks the rules of quoting is one faulty row, and reading goes on at the line after it:
an unclosed quote does not swallow the rest of the file. No more than a record is kept in memory.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

from motfunnel.errors import SourceError
from motfunnel.intake.files.columns import check_header
from motfunnel.intake.files.dialect import find_dialect
from motfunnel.intake.files.lines import MOST, TOO_LONG, Lines
from motfunnel.intake.files.source import NO_UTF8, Place, Raw, open_text

_MOST_AGAIN: Final = 1 << 24

Record = tuple[int, list[str], str | None]
"""The line on which it begins, its cells, and what is wrong with it."""


class Header(list[str]):
    """The columns of a file in their order, and the place of each."""

    @cached_property
    def places(self) -> dict[str, int]:
        """Where each column stands."""
        return {name: place for place, name in enumerate(self)}


class CsvSource:
    """A file of CSV.

    Args:
        path: the file.
        delimiter: what stands between cells; None: it is recognised.
        encoding: its encoding; None: UTF-8, or what its first bytes say.
    """

    def __init__(
        self, path: Place, delimiter: str | None = None, encoding: str | None = None
    ) -> None:
        if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
            raise SourceError(f"the delimiter {delimiter!r} is not one usable character")
        self._path = path
        self._dialect = find_dialect(path, delimiter, encoding)
        self.consumed: int = 0

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is not usual about how it is written."""
        return () if self._dialect.remark is None else (self._dialect.remark,)

    @cached_property
    def names(self) -> Header:
        """The header's columns."""
        for _, cells, fault in self._records():
            if fault is not None:
                raise SourceError(f"the header of {self._path} cannot be read: {fault}")
            if NO_UTF8.search("".join(cells)):
                raise SourceError(
                    f"the header of {self._path} is not UTF-8; name its encoding, such as "
                    "--encoding cp1252"
                )
            if "\0" in "".join(cells):
                raise SourceError(f"{self._path} is not text; is it CSV?")
            check_header(cells, str(self._path))
            return Header(cells)
        raise SourceError(f"{self._path} is empty; its first line must name the columns")

    def rows(self) -> Iterator[Raw]:
        """Read the rows below the header."""
        names, width = self.names, len(self.names)
        records = self._records()
        next(records)
        for line, cells, fault in records:
            if fault is not None:
                yield Raw(line, {"text": cells[0]}, fault)
            elif len(cells) == width:
                yield Raw(line, TextCells(names, cells))
            else:
                ragged = f"the row has {len(cells)} cells, and the header names {width} columns"
                yield Raw(line, {"cells": cells}, ragged)

    def _records(self) -> Iterator[Record]:
        """Read records; of a broken one its first line, going on at the line after it.

        Where lines were read again as often as all others, all lines of a broken record are one.
        """
        begins, again = 1, 0
        dialect = self._dialect
        with open_text(self._path, dialect.encoding) as file:
            lines = Lines(file)
            if dialect.has_sep:
                next(lines)
                begins += lines.settle()
            while True:
                try:
                    for cells in csv.reader(lines, delimiter=dialect.delimiter, strict=True):
                        self.consumed += lines.size
                        if lines.size > MOST:
                            raise csv.Error(TOO_LONG)
                        if cells:  # not a blank line
                            yield begins, cells, None
                        begins += lines.settle()
                    return
                except csv.Error as error:
                    again += lines.size
                    is_all = again > self.consumed + _MOST_AGAIN
                    text, count = lines.give_all() if is_all else (lines.give_back(), 1)
                    self.consumed += len(text)
                    yield begins, [text[:MOST].rstrip("\r\n")], f"the line is no CSV: {error}"
                    begins += count


class TextCells(Mapping[str, str]):
    """The cells that are not empty.

    Args:
        names: the columns, the same object for all rows of a file.
        texts: the cells in their order, empty ones included.
    """

    __slots__ = ("names", "texts")

    def __init__(self, names: Header, texts: Sequence[str]) -> None:
        self.names: Header = names
        self.texts: Sequence[str] = texts

    def __getitem__(self, name: str) -> str:
        """The cell of a column; an empty one is absent."""
        text = self.texts[self.names.places[name]]
        if not text:
            raise KeyError(name)
        return text

    def __iter__(self) -> Iterator[str]:
        """The columns whose cells are not empty."""
        return (name for name, text in zip(self.names, self.texts, strict=True) if text)

    def __len__(self) -> int:
        """How many cells are not empty."""
        return sum(1 for text in self.texts if text)
