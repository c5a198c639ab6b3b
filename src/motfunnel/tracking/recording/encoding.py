"""Writing down anything at all as JSON, as exactly as it can be, and reading it back.

What JSON has not is written as an object with one key that begins with ``$``. Trusts no method of
what it is given: a value may lie about its class, and raise at every touch.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final
from uuid import UUID

MOST_CHARACTERS: Final = 256 * 1024
_MOST_LEVELS: Final = 40
_MOST_BITS: Final = 4096


class _Witness:
    """Writes one value; notes whether all of it could be written."""

    def __init__(self) -> None:
        self.is_exact = True
        self._left = MOST_CHARACTERS

    def write(self, value: object, level: int = 0) -> Any:
        try:
            return self._write(value, level)
        except Exception:
            return self._only_named(value)

    def _write(self, value: Any, level: int) -> Any:
        kind = type(value)
        if value is None or kind is bool:
            return value
        self._left -= 1
        if self._left <= 0 or level > _MOST_LEVELS:
            return self._only_named(value)
        if issubclass(kind, str):
            return self._text(str.__str__(value))
        if issubclass(kind, int):
            return self._number(int.__add__(value, 0))
        if issubclass(kind, float):
            number = float.__add__(value, 0.0)
            return number if math.isfinite(number) else {"$float": float.__repr__(number)}
        if issubclass(kind, Mapping):
            return self._mapping(value, level)
        if issubclass(kind, list | tuple):
            return [self.write(item, level + 1) for item in kind.__iter__(value)]
        return self._other(value, kind)

    def _text(self, text: str) -> str:
        self._left -= len(text)
        if self._left < 0:
            self.is_exact = False
            return text[:100]
        return text

    def _number(self, number: int) -> Any:
        self._left -= 20
        if number.bit_length() > _MOST_BITS:  # Python refuses to write it out
            return {"$hex": f"{number:x}" if number.bit_length() < self._left else self._cut()}
        return number

    def _cut(self) -> str:
        self.is_exact = False
        return ""

    def _mapping(self, value: Mapping[Any, Any], level: int) -> Any:
        pairs = [
            (self.write(key, level + 1), self.write(value[key], level + 1)) for key in iter(value)
        ]
        if all(type(key) is str and not key.startswith("$") for key, _ in pairs):
            return dict(pairs)
        return {"$pairs": [list(pair) for pair in pairs]}

    def _other(self, value: Any, kind: type) -> Any:
        self._left -= 40
        if issubclass(kind, UUID):
            return {"$uuid": UUID.__str__(value)}
        if issubclass(kind, datetime):
            return self._instant(value)
        if issubclass(kind, bytes):
            return {"$bytes": self._text(base64.b64encode(bytes(value)).decode())}
        return self._only_named(value)

    def _instant(self, value: datetime) -> Any:
        parts = {"$instant": datetime.isoformat(datetime.replace(value, tzinfo=None))}
        offset = datetime.utcoffset(value)
        if offset is not None:
            parts["offset"] = str(offset / timedelta(microseconds=1))
        return parts

    def _only_named(self, value: object) -> Any:
        self.is_exact = False
        self._left -= 40
        return {"$object": type(value).__name__[:100]}


def write_down(value: object) -> tuple[Any, bool]:
    """Give what JSON can hold of a value, and whether that is all of it; never raises."""
    witness = _Witness()
    return witness.write(value), witness.is_exact


def to_text(value: Any) -> str:
    """Write what was written down in characters that every database and file keeps."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def read_back(written: Any) -> Any:
    """Give the value that was written down; of what was only named, its name.

    Raises:
        ValueError: it was written down by something else.
    """
    if isinstance(written, list):
        return [read_back(item) for item in written]
    if not isinstance(written, dict):
        return written
    name = next(iter(written), "")
    if not name.startswith("$"):
        return {key: read_back(value) for key, value in written.items()}
    return _read_special(name, written)


def _read_special(name: str, written: dict[str, Any]) -> Any:
    value = written[name]
    match name:
        case "$pairs":
            return {_hashable(read_back(key)): read_back(item) for key, item in value}
        case "$float":
            return float(value)
        case "$hex":
            return int(value or "0", 16)
        case "$uuid":
            return UUID(value)
        case "$bytes":
            return base64.b64decode(value)
        case "$instant":
            offset = written.get("offset")
            instant = datetime.fromisoformat(value)
            if offset is None:
                return instant
            return instant.replace(tzinfo=timezone(timedelta(microseconds=float(offset))))
        case "$object":
            return value
    raise ValueError(f"{name} is none of our marks")


def _hashable(key: Any) -> Any:
    return to_text(key) if isinstance(key, list | dict) else key
