"""JSON that is no JSON lines: an array of objects, or objects written over several lines.

Reads one value at a time in bounded memory. What is no JSON ends it: where the next value would
begin cannot be known.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Any, Final

from motfunnel.intake.files.lines import MOST, TOO_LONG

Value = tuple[int, Any, str, str | None]
"""The line on which it begins, the value, its text where it is none, and what is wrong."""

_CHUNK: Final = 1 << 16
_BETWEEN: Final = " \t\r\n,[]"
_ENDS: Final = json.JSONDecoder()


def read_values(file: IO[str], decoder: json.JSONDecoder) -> Iterator[Value]:
    """Read the values of a file; of a list as an API answers with, its items."""
    text, place, line, is_all = "", 0, 1, False
    while True:
        while place < len(text) and text[place] in _BETWEEN:
            line += text[place] == "\n"
            place += 1
        value, end, fault = (
            (None, -1, None) if place == len(text) else _decode(decoder, text, place)
        )
        if end < 0:
            if is_all and place == len(text):
                return
            if is_all or len(text) - place > MOST:
                why = fault or "it ends early"
                why = why if is_all else TOO_LONG
                fault = f"what begins here is no JSON, and nothing behind it is read: {why}"
                yield line, None, text[place : place + MOST], fault
                return
            chunk = file.read(_CHUNK)
            is_all = not chunk
            text, place = text[place:] + chunk, 0
            continue
        for item in _items(value):
            yield line, item, text[place:end], fault
        line += text.count("\n", place, end)
        place = end


def _decode(decoder: json.JSONDecoder, text: str, place: int) -> tuple[Any, int, str | None]:
    """Give a value and where it ends (-1: not here), or what is wrong with it."""
    try:
        value, end = decoder.raw_decode(text, place)
    except RecursionError:
        return None, -1, "it is nested too deeply"
    except json.JSONDecodeError as error:
        return None, -1, error.msg
    except ValueError as error:
        return None, _ENDS.raw_decode(text, place)[1], f"the object is no JSON: {error}"
    return value, end, None


def _items(value: Any) -> list[Any]:
    if isinstance(value, dict) and value.get("object") == "list":
        listed = value.get("data")
        return listed if isinstance(listed, list) else [value]
    return [value]
