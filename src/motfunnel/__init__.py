"""Moments of truth, classified inside your own application.

The front door: everything a host imports. It defines nothing itself.

PYTEST_DONT_REWRITE: pytest has nothing to rewrite here, and need not warn where it comes too late.
"""

from typing import TYPE_CHECKING

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rule import (
    Rule,
    advocate,
    complain,
    leave,
    note,
    outreach,
    purchase,
    rating,
    reach,
    refer,
    research,
    resolve,
    touch,
)
from motfunnel.domain.funnel.touchpoint import Touchpoint
from motfunnel.domain.moment import Episode, Moment, MomentKind, Presence
from motfunnel.tracking.async_tracker import AsyncTracker
from motfunnel.tracking.configuration import configure, track, tracker
from motfunnel.tracking.erasing import Forgotten
from motfunnel.tracking.health import Health
from motfunnel.tracking.merging import Identity
from motfunnel.tracking.profile import Profile
from motfunnel.tracking.tracked import Tracked
from motfunnel.tracking.tracker import Tracker

if TYPE_CHECKING:
    __version__: str
else:
    from motfunnel.tracking.configuration import module_attribute as __getattr__  # noqa: F401

__all__ = [
    "AsyncTracker",
    "Episode",
    "Forgotten",
    "Funnel",
    "Health",
    "Identity",
    "Moment",
    "MomentKind",
    "Presence",
    "Profile",
    "Rule",
    "Touchpoint",
    "Tracked",
    "Tracker",
    "advocate",
    "complain",
    "configure",
    "leave",
    "note",
    "outreach",
    "purchase",
    "rating",
    "reach",
    "refer",
    "research",
    "resolve",
    "touch",
    "track",
    "tracker",
]
