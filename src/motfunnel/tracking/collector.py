"""Python's garbage collector, told to look less often while millions of rows go by.

Rows are no garbage that only it could find, and its looking took a third of an import. The setting
is the process's own and is put back; a collector that was switched off stays off.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_OBJECTS: Final = 100_000


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let the collector look once in a hundred thousand objects instead of some hundreds."""
    first, *others = gc.get_threshold()
    if 0 < first < _OBJECTS:
        gc.set_threshold(_OBJECTS, *others)
    try:
        yield
    finally:
        gc.set_threshold(first, *others)
