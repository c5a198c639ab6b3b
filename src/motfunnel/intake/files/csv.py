"""CSV: rows of texts under a header. A cell without text is empty, and empty cells are absent.

A line that breaks the rules of quoting is one faulty row, and reading goes on at the line after it:
an unclosed quote does not swallow the rest of the file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice, repeat, tee
from pathlib import Path

from motfunnel.errors import SourceError
from motfunnel.intake.files.columns import check_header
from motfunnel.intake.files.source import Raw, open_text

Record = tuple[int, list[str], str | None]
"""The line on which it begins, its cells, and what is wrong with it."""


class CsvSource:
    """A file of CSV.

    Args:
        path: the file.
        delimiter: what stands between cells.
    """

    def __init__(self, path: Path, delimiter: str = ",") -> None:
        if len(delimiter) != 1 or delimiter in '"\r\n':
            raise SourceError(f"the delimiter {delimiter!r} is not one usable character")
        self._path = path
        self._delimiter = delimiter

    @cached_property
    def names(self) -> list[str]:
        """The header's columns."""
        for _, cells, fault in self._records():
            if fault is not None:
                raise SourceError(f"the header of {self._path} cannot be read: {fault}")
            if "\0" in "".join(cells):
                raise SourceError(f"{self._path} is no text; is it CSV?")
            check_header(cells, str(self._path))
            return cells
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
        """Read records with the line on which each begins: fast, until one is broken."""
        begins = 1
        with open_text(self._path) as file:
            reader = csv.reader(file, delimiter=self._delimiter, strict=True)
            try:
                for cells in reader:
                    if cells:  # not a blank line
                        yield begins, cells, None
                    begins = reader.line_num + 1
                return
            except csv.Error:
                pass
        with open_text(self._path) as file:
            rest = islice(file, begins - 1, None)
            yield from _records_with_care(rest, begins, self._delimiter)


def _records_with_care(lines: Iterator[str], begins: int, delimiter: str) -> Iterator[Record]:
    """Read records, and of a broken one its first line, going on at the line after it."""
    ahead, behind = tee(lines)  # the lines being read, and those from where the record begins
    while True:
        records = csv.reader(ahead, delimiter=delimiter, strict=True)
        before = 0
        try:
            for cells in records:
                if cells:
                    yield begins, cells, None
                count = records.line_num - before
                before = records.line_num
                begins += count
                for _ in repeat(None, count):
                    next(behind)
            return
        except csv.Error as error:
            yield begins, [next(behind).rstrip("\r\n")], f"the line is no CSV: {error}"
            begins += 1
            ahead, behind = tee(behind)


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
