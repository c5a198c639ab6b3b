"""Trials: to which arm of which trial an event assigns, as reports name it.

The arms of a landmark are named here too. Makes no clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from motfunnel.domain.event import ASSIGN
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.trial import ARM, CONTROL, HOLDOUT, control_of, trial_of
from motfunnel.reports.measure.grouping import property_text

CONTACTED: Final = "contacted"
NOT_CONTACTED: Final = "not contacted"
BY_TRIAL: Final = "only a trial tells one: plan_holdout says how large, holdout what came of it"
"""Of an effect, where a report tells a difference."""
ATTEMPTED: Final = 1
"""The argument of an outreach that was made, and not held out."""
NO_TRIAL: Final = -1
"""What is read of an outreach that assigns to no arm."""


class Assignment(NamedTuple):
    """What an event assigns to.

    Attributes:
        trial: which trial; ``unknown`` of an erased contact's.
        arm: the arm, the control by what the funnel calls it; ``unknown`` where it says none.
        holdout: the share that was held out then; None where that is not recorded.
    """

    trial: str
    arm: str
    holdout: float | None = None


def assignment_of(funnel: Funnel, name: str, properties: Mapping[str, Any]) -> Assignment | None:
    """What an outreach assigns to; None where it belongs to no trial."""
    trial = trial_of(funnel, name, properties)
    if trial is None:
        return None
    if name == ASSIGN:
        arm = property_text(properties, ARM)
        return Assignment(
            trial, control_of(funnel) if arm == CONTROL else arm, properties.get(HOLDOUT)
        )
    rule = funnel.rule_of(name, properties)
    arm = "" if rule is None or rule.arm is None else rule.arm
    return Assignment(trial, property_text(properties, arm))
