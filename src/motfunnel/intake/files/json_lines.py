"""JSON lines: one object a line, its keys the columns. Null is absent; types stay as they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

from motfunnel.errors import SourceError
from motfunnel.intake.files.source import Raw, open_text

_LOOKED_AT = 1000


class JsonSource:
    """A file of JSON lines.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def names(self) -> list[str]:
        """The keys of the first thousand objects: no line has to have all of them."""
        looked_at = list(islice(self.rows(), _LOOKED_AT))
        objects = [raw.cells for raw in looked_at if raw.fault is None]
        if looked_at and not objects:
            raise SourceError(
                f"{self._path} is no file of JSON lines: {looked_at[0].fault}; write one object a "
                "line"
            )
        return list(dict.fromkeys(key for cells in objects for key in cells))

    def rows(self) -> Iterator[Raw]:
        """Read the lines that are not blank."""
        with open_text(self._path) as file:
            for line, text in enumerate(_lines(file), 1):
                if not text.isspace():
                    yield _read(line, text)


def _lines(file: Any) -> Iterator[str]:
    # Only a line feed ends a line: a lone carriage return is white space inside one.
    file.reconfigure(newline="\n")
    yield from file


def _read(line: int, text: str) -> Raw:
    try:
        read = json.loads(text, parse_constant=_refuse)
    except RecursionError:
        return Raw(line, {"text": text.rstrip()}, "the line is nested too deeply")
    except ValueError as error:
        return Raw(line, {"text": text.rstrip()}, f"the line is no JSON: {error}")
    if not isinstance(read, dict):
        return Raw(line, {"text": text.rstrip()}, "the line is no JSON object")
    return Raw(line, {key: value for key, value in read.items() if value is not None})


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
