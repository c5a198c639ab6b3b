"""JSON lines: one object a line, its keys the columns. Null is absent; types stay as they are.

An array of objects, and objects that take several lines, are read too.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NoReturn

from motfunnel.errors import SourceError
from motfunnel.intake.files.json_values import read_values
from motfunnel.intake.files.lines import MOST, TOO_LONG, Lines
from motfunnel.intake.files.source import Place, Raw, open_text

_LOOKED_AT = 1000
_OF_A_LIST = 8
_MOST_LOOKED_AT = 1 << 23


class JsonSource:
    """A file of JSON lines.

    Args:
        path: the file.
    """

    def __init__(self, path: Place) -> None:
        self._path = path
        self.consumed: int = 0

    @property
    def remarks(self) -> tuple[str, ...]:
        """Nothing: there is one way to write it."""
        return ()

    @cached_property
    def names(self) -> list[str]:
        """The keys of the first thousand objects: no line has to have all of them."""
        found: dict[str, None] = {}
        fault, any_is_sound, before = None, False, self.consumed
        for count, raw in enumerate(self.rows()):
            if count == _LOOKED_AT or self.consumed - before > _MOST_LOOKED_AT:
                break
            if raw.fault is None:
                any_is_sound = True
                found |= dict.fromkeys(raw.cells)
            else:
                fault = fault or raw.fault
        if fault and not any_is_sound:
            raise SourceError(
                f"{self._path} is not a file of JSON lines: {fault}; write one object a line"
            )
        return list(found)

    def rows(self) -> Iterator[Raw]:
        """Read the lines that are not blank."""
        with open_text(self._path) as file:
            # Only a line feed ends a line: a lone carriage return is white space inside one.
            file.reconfigure(newline="\n")  # type: ignore[attr-defined]
            lines = Lines(file, ("\n",))
            first = next((line for line in lines if not line.isspace()), "")
            if _is_stream(first):
                yield from self._values()
                return
            lines.again()
            for line, text in enumerate(lines, 1):
                # A list of two characters takes sixty bytes in memory.
                self.consumed += len(text) + _OF_A_LIST * (text.count("[") + text.count("{"))
                lines.settle()
                if not text.isspace():
                    yield _read(line, text)

    def _values(self) -> Iterator[Raw]:
        decoder = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=_object)
        with open_text(self._path) as file:
            for line, value, text, fault in read_values(file, decoder):
                self.consumed += len(text)
                if fault is not None or not isinstance(value, dict):
                    yield Raw(line, {"text": text[:MOST]}, fault or "the value is no JSON object")
                else:
                    yield Raw(line, {key: one for key, one in value.items() if one is not None})


def _is_stream(first: str) -> bool:
    """Whether a file whose first line this is holds an array, or objects over several lines."""
    start = first.lstrip()
    if start.startswith("[") or len(first) > MOST:
        return start.startswith("[")
    try:
        json.loads(first)
    except RecursionError:
        return False
    except ValueError:
        return start.startswith("{") and start.rstrip().endswith(("{", "[", ","))
    return False


def _read(line: int, text: str) -> Raw:
    if len(text) > MOST:
        return Raw(line, {"text": text[:MOST]}, f"the line is too long: {TOO_LONG}")
    try:
        read = json.loads(text, parse_constant=_refuse, object_pairs_hook=_object)
    except RecursionError:
        return Raw(line, {"text": text.rstrip()}, "the line is nested too deeply")
    except ValueError as error:
        return Raw(line, {"text": text.rstrip()}, f"the line is no JSON: {error}")
    if not isinstance(read, dict):
        return Raw(line, {"text": text.rstrip()}, "the line is no JSON object")
    return Raw(line, {key: value for key, value in read.items() if value is not None})


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the key {ascii(twice)[:60]} stands twice in one object")
    return read


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
