"""Words: what a reader calls what is counted; one table for pages, sentences and headings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from motfunnel.domain.moment import MomentKind, Presence

STATES: Final[Mapping[Presence, str]] = {
    Presence.ACTIVE: "with us",
    Presence.DEPARTED: "away",
    Presence.UNKNOWN: "not here yet",
}
"""What a contact is."""

MOMENTS: Final[Mapping[MomentKind, str]] = {}
"""What happened to a contact."""
