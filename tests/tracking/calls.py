"""Every kind of call that a host makes of a tracker, by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from motfunnel import Tracker
from motfunnel.errors import QuestionError
from motfunnel.reports.catalogue import CATALOGUE, Entry
from tests.tracking.scene import FUNNEL, day

Call = Callable[[Tracker], Any]

_GIVEN: Final[Mapping[str, Any]] = {
    "within": timedelta(days=9),
    "start": "lead",
    "goal": "customer",
    "after": timedelta(days=1),
    "name": "ultimate",
    "other_funnel": FUNNEL,
    "baseline": 0.08,
    "effect": 0.02,
    "period": (day(0), day(20)),
}


def _asking(question: Entry) -> Call:
    needed = {name: _GIVEN[name] for name, one in question.options.items() if one.needed}

    def ask(tracker: Tracker) -> Any:
        try:
            return getattr(tracker.report(), question.name)(**needed)
        except QuestionError as error:  # of what was recorded, not of the connection
            return str(error)

    return ask


def _sound_health(tracker: Tracker) -> Any:
    health = tracker.health()
    assert health.error is None
    return health


READS: Final[Mapping[str, Call]] = {
    "contact": lambda tracker: tracker.contact("ada"),
    "moments": lambda tracker: tracker.moments(),
    "moments, one by one": lambda tracker: list(tracker.iter_moments()),
    "identity": lambda tracker: tracker.identity("ada"),
    "export": lambda tracker: tracker.export("ada"),
    "tombstones": lambda tracker: tracker.tombstones(),
    "check": lambda tracker: tracker.check(),
    "health": _sound_health,
    "the traits' names": lambda tracker: tracker.report().trait_names(),
    "as known then": lambda tracker: tracker.report(known_by=tracker.clock()).funnel(),
    **{name: _asking(question) for name, question in CATALOGUE.items()},
}
"""What only asks."""

WRITES: Final[Mapping[str, Call]] = {
    "track": lambda tracker: tracker.track("ada", "saw"),
    "track_many": lambda tracker: tracker.track_many([{"contact": "ada", "event": "saw"}]),
    "identify": lambda tracker: tracker.identify("ada", {"plan": "pro"}),
    "merge": lambda tracker: tracker.merge("eve", into="ada"),
    "unmerge": lambda tracker: tracker.unmerge("eve"),
    "sweep": lambda tracker: tracker.sweep(),
    "rebuild": lambda tracker: tracker.rebuild(),
    "retain": lambda tracker: tracker.retain(timedelta(days=9000)),
    "forget": lambda tracker: tracker.forget("zoe"),
    "migrate": lambda tracker: tracker.migrate(),
}
"""What writes."""

EVERY: Final[Mapping[str, Call]] = {**READS, **WRITES}
