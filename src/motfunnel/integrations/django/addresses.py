"""How a row is named in an address, whatever characters its key holds.

A key may be any text: a path, a script, blanks, two dots. Letters and digits stand as they are; all
else is written as ``_`` and two hexadecimal digits for each byte, so that neither a browser nor a
proxy finds anything in it to tidy up.
"""

from __future__ import annotations

import re
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import Model

_OTHER: Final = re.compile(rb"[^A-Za-z0-9-]")
_WRITTEN: Final = re.compile(r"[A-Za-z0-9-]|_[0-9A-F]{2}")
_JOINERS: Final = "\u200c\u200d"  # they make one emoji of several
_LAST: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)


def write(parts: tuple[object, ...]) -> str:
    """Write the columns of a key for an address."""
    return "/".join(_OTHER.sub(_escaped, str(part).encode()).decode() for part in parts)


def read(address: str, model: type[Model], columns: tuple[str, ...]) -> tuple[Any, ...] | None:
    """Read the columns of a key back; None if the address is not one of ours."""
    texts = [_read(part) for part in address.split("/")]
    if len(texts) != len(columns) or None in texts:
        return None
    try:
        return tuple(
            model._meta.get_field(column).clean(text, None)
            for column, text in zip(columns, texts, strict=True)
        )
    except ValidationError:
        return None


def shown(key: object) -> str:
    """Write a key so that a person sees what is in it, blanks at its ends included."""
    text = "".join(c if c.isprintable() or c in _JOINERS else f"\\u{ord(c):04x}" for c in str(key))
    inner = text.strip(" ")
    begins = len(text) - len(text.lstrip(" "))
    return "␣" * begins + inner + "␣" * (len(text) - len(inner) - begins) if inner else text


def beyond(prefix: str) -> str | None:
    """The first text that comes after all that begin so; None if nothing does."""
    for length in range(len(prefix), 0, -1):
        following = ord(prefix[length - 1]) + 1
        if following <= _LAST:
            after = _SURROGATES.stop if following in _SURROGATES else following
            return prefix[: length - 1] + chr(after)
    return None


def _escaped(match: re.Match[bytes]) -> bytes:
    return b"_%02X" % match[0][0]


def _read(part: str) -> str | None:
    if not part or _WRITTEN.sub("", part):
        return None
    kept = re.sub(r"_(..)", lambda match: chr(int(match[1], 16)), part)
    try:
        text = kept.encode("latin-1").decode()
    except UnicodeDecodeError:
        return None
    return None if "\x00" in text else text
