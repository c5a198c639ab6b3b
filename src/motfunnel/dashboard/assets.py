"""The assets: style, scripts and their like, each served by a name that its content gave it.

What is asked for is looked up among the names that there are, and never opened as a path. So a
browser may keep a file for ever, and nothing else of the machine can be had.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Final

from attrs import frozen

from motfunnel.charts import style

SHEET: Final = "dashboard.css"
"""The style sheet; that of the figures, as they draw themselves, is added to its file."""

_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_DIGITS: Final = 12


@frozen(kw_only=True)
class Asset:
    """A file for browsers.

    Attributes:
        name: by which it is served: with a hash of its content.
        media_type: what it is.
        content: its bytes.
        packed: the same, compressed by gzip.
    """

    name: str
    media_type: str
    content: bytes
    packed: bytes


@cache
def assets() -> Mapping[str, Asset]:
    """All of them, by the names that pages call them by."""
    found = {}
    for file in files("motfunnel.dashboard").joinpath("static").iterdir():
        stem, _, ending = file.name.rpartition(".")
        if ending in _TYPES:
            content = file.read_bytes() + (style().encode() if file.name == SHEET else b"")
            found[file.name] = Asset(
                name=f"{stem}.{sha256(content).hexdigest()[:_DIGITS]}.{ending}",
                media_type=_TYPES[ending],
                content=content,
                packed=gzip.compress(content, mtime=0),
            )
    return found


@cache
def served() -> Mapping[str, Asset]:
    """All of them, by the names by which they are served."""
    return {one.name: one for one in assets().values()}


def write_assets(folder: str | Path) -> list[Path]:
    """Write the files for a host that serves them itself, and names the place in ``static_url``.

    Returns:
        What was written.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    written = []
    for one in served().values():
        written.append(place / one.name)
        written[-1].write_bytes(one.content)
    return written
