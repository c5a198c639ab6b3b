"""Trials: which rules of a funnel hold an arm out, and which outreaches assign to an arm.

The arms of a landmark are named here too. Makes no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from motfunnel.domain.event import Event
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rule import Rule
from motfunnel.domain.signal import Signal
from motfunnel.reports.measure.clock import Happening
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
