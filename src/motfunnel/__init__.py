"""Who left, who came back, and why: customer analytics inside your own application and database.

>>> from motfunnel import Funnel, Tracker, purchase, touch
>>> funnel = Funnel(
...     stages=("visitor", "customer"),
...     rules={"page_viewed": touch(), "order_placed": purchase()},
... )
>>> tracker = Tracker("sqlite://", funnel=funnel)  # or a URL of PostgreSQL, or your own Engine
>>> tracked = tracker.track("ada@example.com", "order_placed", properties={"value": 40})
>>> [moment.kind.value for moment in tracked.moments]
['opening', 'conversion']
>>> rate = tracker.report().recidivism(within="90d")  # of those who left, how many came back
>>> tracker.close()

Tracker, AsyncTracker: record events, answer what they mean: track, contact, report, on, sweep.
Funnel: the definition; its rules are touch, reach, purchase, leave, outreach, and their like.
configure, track: the same for an application that wants one tracker.

PYTEST_DONT_REWRITE: for pytest, which would else warn where it is loaded after this.
"""

from importlib import import_module
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

import motfunnel.errors  # noqa: F401 - motfunnel.errors.StoreError needs no import of its own

# Every name is loaded when it is first used; nothing is defined here.
if TYPE_CHECKING:
    from motfunnel.domain.funnel.funnel import Funnel
    from motfunnel.domain.funnel.rhythm import Rhythm, rhythm
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
    from motfunnel.trackers.asyncio import AsyncTracker
    from motfunnel.trackers.configured import configure, track, tracker
    from motfunnel.trackers.tracker import Tracker
    from motfunnel.tracking.people.erase import Forgotten
    from motfunnel.tracking.profile.identity import Identity
    from motfunnel.tracking.profile.profile import Profile
    from motfunnel.tracking.recording.call import Tracked
    from motfunnel.tracking.upkeep.upkeep import Health

    __version__: str

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
    "Rhythm",
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
    "rhythm",
    "touch",
    "track",
    "tracker",
]

# Where each name is: what the imports above say to type checkers, for Python.
_NAMES: Final = {
    "motfunnel.domain.funnel.funnel": "Funnel",
    "motfunnel.domain.funnel.rhythm": "Rhythm rhythm",
    "motfunnel.domain.funnel.rule": "Rule advocate complain leave note outreach purchase rating "
    "reach refer research resolve touch",
    "motfunnel.domain.funnel.touchpoint": "Touchpoint",
    "motfunnel.domain.moment": "Episode Moment MomentKind Presence",
    "motfunnel.trackers.asyncio": "AsyncTracker",
    "motfunnel.trackers.configured": "configure track tracker",
    "motfunnel.tracking.people.erase": "Forgotten",
    "motfunnel.tracking.upkeep.upkeep": "Health",
    "motfunnel.tracking.profile.identity": "Identity",
    "motfunnel.tracking.profile.profile": "Profile",
    "motfunnel.tracking.recording.call": "Tracked",
    "motfunnel.trackers.tracker": "Tracker",
}
_HOMES: Final = {name: home for home, names in _NAMES.items() for name in names.split()}
# Threads that enter one package at several places at once may find parts of it half loaded.
_LOADING: Final = RLock()

if not TYPE_CHECKING:  # a checker is to refuse what is not there

    def __getattr__(name: str) -> Any:
        """Load a name when it is first used; of one that is not here, say what was meant."""
        if name in _HOMES:
            with _LOADING:
                thing = getattr(import_module(_HOMES[name]), name)
            return globals().setdefault(name, thing)
        if name.startswith("__") and name != "__version__":  # asked for by Python and its tools
            raise AttributeError(f"module 'motfunnel' has no attribute {name!r}", name=name)
        with _LOADING:
            from motfunnel.trackers.configured import module_attribute
        return module_attribute(name, __all__)


def __dir__() -> list[str]:
    """Every name, loaded or not; and what Python asks of a module."""
    here = {name for name in globals() if name.startswith("__")}
    return sorted({*here, *__all__, "__version__", "errors"})
