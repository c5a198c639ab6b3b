"""Python's garbage collector, told to look less often while millions of rows go by.

Rows are no garbage that only it could find, and its looking took a third of an import. Only a
command does so, whose process is its own; the setting is put back, and a collector that was
switched off stays off.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

_OBJECTS: Final = 100_000
_lock = Lock()
_before: list[tuple[int, int, int]] = []
"""For each that is in here, what the setting was before the first of them came."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let the collector look once in a hundred thousand objects instead of some hundreds.

    Of several threads that do so at once, the last to be done puts the setting back.
    """
    with _lock:
        _before.append(_before[0] if _before else gc.get_threshold())
        first, *others = gc.get_threshold()
        if 0 < first < _OBJECTS:
            gc.set_threshold(_OBJECTS, *others)
    try:
        yield
    finally:
        with _lock:
            before = _before.pop()
            if not _before:
                gc.set_threshold(*before)
