"""CSV: rows of texts under a header. A cell without text is empty, and empty cells are absent.

A line that breaks the rules of quoting is one faulty row, and reading goes on at the line after it:
an unclosed quote does not swallow the rest of the file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cached_property
from itertools import repeat, tee
from pathlib import Path

from motfunnel.errors import SourceError
from motfunnel.intake.columns import check_header
from motfunnel.intake.source import Raw, open_text


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
        with open_text(self._path) as file:
            for _, cells, fault in _records(file, self._delimiter):
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
        with open_text(self._path) as file:
            records = _records(file, self._delimiter)
            next(records)
            for line, cells, fault in records:
                if fault is not None:
                    yield Raw(line, {"text": cells[0]}, fault)
                elif len(cells) == width:
                    named = zip(names, cells, strict=True)
                    yield Raw(line, {n: c for n, c in named if c} if "" in cells else dict(named))
                else:
                    ragged = f"the row has {len(cells)} cells, and the header names {width} columns"
                    yield Raw(line, {"cells": cells}, ragged)


def _records(file: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str], str | None]]:
    """Read records with the line on which each begins; of a broken one, its first line."""
    ahead, behind = tee(file)  # the lines being read, and those from where the record begins
    begins = 1
    while True:
        records = csv.reader(ahead, delimiter=delimiter, strict=True)
        before = 0
        try:
            for cells in records:
                if cells:  # not a blank line
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
