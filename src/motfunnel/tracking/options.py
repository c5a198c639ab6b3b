"""What can be said to a Tracker besides its database and funnel, as a type.

For functions that make one and take what it takes. A test holds it equal to the Tracker.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from os import PathLike
from typing import Any, Literal, TypedDict

from motfunnel.store.host import Host
from motfunnel.tracking.policy import OnError


class TrackerOptions(TypedDict, total=False):
    """The keyword arguments of ``Tracker``, which says what they mean."""

    tenant: str
    schema: str | None
    contact_key: Callable[[Any], object] | None
    clock: Callable[[], datetime]
    on_error: OnError
    budget: timedelta | None
    spool: str | PathLike[str] | Literal[False] | None
    host: Callable[[], Host | None] | None
