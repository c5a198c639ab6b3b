"""Trials: which rules of a funnel hold an arm out, and to which arm an outreach assigns.

The arms of a landmark are named here too. Makes no clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rule import Rule
from motfunnel.domain.signal import Signal
from motfunnel.reports.measure.grouping import property_text

CONTACTED: Final = "contacted"
NOT_CONTACTED: Final = "not contacted"
ATTEMPTED: Final = 1
"""The argument of an outreach that was made, and not held out."""
NO_TRIAL: Final = -1
"""What is read of an outreach that assigns to no arm."""


def trial_rules(funnel: Funnel) -> dict[str, list[Rule]]:
    """The rules of trials: those that hold an arm out, by the names of their events."""
    trials = {
        name: [rule for rule in rules if rule.signal is Signal.OUTREACH and rule.holdout]
        for name, rules in funnel.rules.items()
    }
    return {name: rules for name, rules in trials.items() if rules}


def arm_of(funnel: Funnel, name: str, properties: Mapping[str, Any]) -> str | None:
    """The arm that an outreach assigns to; None where it belongs to no trial."""
    for rule in funnel.rules.get(name, ()):
        if rule.applies(properties):
            return property_text(properties, rule.arm or "") if rule.holdout else None
    return None
