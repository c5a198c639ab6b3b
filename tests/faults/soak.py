"""How large a fault test is: an ordinary size for every run, a long one for `make soak`."""

from __future__ import annotations

import os
from typing import TypeVar

LONG = "MOTFUNNEL_SOAK" in os.environ
"""Whether the long sizes are wanted."""

Size = TypeVar("Size")


def size(ordinary: Size, long: Size) -> Size:
    """The one of two sizes that this run wants."""
    return long if LONG else ordinary
