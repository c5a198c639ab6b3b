"""Clocks that belong to an arm: of a trial's assignment, or of an outreach before a landmark.

Each function takes what is known of a contact, and gives its clocks in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from motfunnel.domain.event import Event
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rule import Rule
from motfunnel.domain.moment import Episode
from motfunnel.domain.signal import Signal
from motfunnel.reports.measure.clock import Clock, Happening, Told
from motfunnel.reports.measure.grouping import property_text

CONTACTED: Final = "contacted"
NOT_CONTACTED: Final = "not contacted"
ATTEMPTED: Final = 1
"""The argument of an outreach that was made, and not held out."""


def trial_rules(funnel: Funnel) -> dict[str, list[Rule]]:
    """The rules of trials: those that hold an arm out, by the names of their events."""
    trials = {
        name: [rule for rule in rules if rule.signal is Signal.OUTREACH and rule.holdout]
        for name, rules in funnel.rules.items()
    }
    return {name: rules for name, rules in trials.items() if rules}


def trial_clocks(told: Told, funnel: Funnel) -> Iterator[Clock]:
    """From the first assignment of each departure that had one to its return."""
    assigned = [*assignments(told.happenings, funnel)]
    for episode in told.episodes:
        during = (one for one in assigned if _is_during(episode, one[0].event))
        first = next(during, None)
        if first is not None:
            at = first[0].event.occurred_at
            yield Clock(
                contact=told.contact,
                key=at,
                started_at=at,
                ended_at=episode.returned_at,
                arm=first[1],
            )


def assignments(happenings: Iterable[Happening], funnel: Funnel) -> Iterator[tuple[Happening, str]]:
    """The outreaches that assign a contact to an arm, each with the arm."""
    for one in happenings:
        if one.signal is Signal.OUTREACH and (arm := _arm(one.event, funnel)) is not None:
            yield one, arm


def _arm(event: Event, funnel: Funnel) -> str | None:
    """The arm that an outreach assigns to; None where it belongs to no trial."""
    for rule in funnel.rules.get(event.name, ()):
        if rule.applies(event.properties):
            return property_text(event.properties, rule.arm or "") if rule.holdout else None
    return None


def _is_during(episode: Episode, event: Event) -> bool:
    """Whether an outreach found the contact away: it ranks before what leaves and what returns."""
    at, back = event.occurred_at, episode.returned_at
    return episode.departed_at < at and (back is None or at <= back)
