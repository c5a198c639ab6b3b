"""Trials: by which rules there are any, which an event is of, and to which arm chance assigns.

Who decides once is ``draw``; what is recorded holds from then on. Records nothing.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, Final, Literal

from motfunnel.domain.event import ASSIGN
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rule import Rule
from motfunnel.domain.moment import UNKNOWN
from motfunnel.domain.signal import Signal

Arm = Literal["treatment", "control"]
TREATMENT: Final = "treatment"
CONTROL: Final = "control"
ARM: Final = "arm"
"""The property with the arm, of what ``assign`` records."""
TRIAL: Final = "trial"
"""The property with the trial, of what ``assign`` records."""
HOLDOUT: Final = "holdout"
"""The property with the share that was held out, of what ``assign`` records."""

_BYTES: Final = 8


def draw(trial: str, contact: str, holdout: float) -> Arm:
    """Assign by chance that anybody can repeat: a share ``holdout`` of contacts is the control.

    The first eight bytes of HMAC-SHA256, with the trial as its key, over the contact, as a share
    of all that they could be, are below ``holdout`` or not. So trials are independent of each
    other, and whoever raises the share adds to the control without taking anybody out of it.

    >>> [draw("winback", contact, 0.5) for contact in ("ada", "bob", "eve", "zoe")]
    ['treatment', 'treatment', 'treatment', 'control']
    """
    digest = hmac.digest(trial.encode(), contact.encode(), "sha256")[:_BYTES]
    return CONTROL if int.from_bytes(digest) < holdout * 2 ** (8 * _BYTES) else TREATMENT


def trial_rules(funnel: Funnel) -> dict[str, list[Rule]]:
    """The rules of trials: those that hold an arm out, by the names of their events."""
    trials = {
        name: [rule for rule in rules if rule.signal is Signal.OUTREACH and rule.holdout]
        for name, rules in funnel.rules.items()
    }
    return {name: rules for name, rules in trials.items() if rules}


def assigning(funnel: Funnel) -> list[str]:
    """The names of the events that assign; none where no rule of the funnel holds an arm out."""
    rules = trial_rules(funnel)
    return [*rules, ASSIGN] if rules else []


def trial_of(funnel: Funnel, name: str, properties: Mapping[str, Any]) -> str | None:
    """The trial that an event assigns in, by its property or its name; None where it is of none."""
    if name == ASSIGN:
        said = properties.get(TRIAL)
        return said if isinstance(said, str) else UNKNOWN
    rule = funnel.rule_of(name, properties)
    if rule is None or rule.signal is not Signal.OUTREACH or not rule.holdout:
        return None
    return rule.trial_of(properties) or name


def is_held_out(funnel: Funnel, name: str, properties: Mapping[str, Any]) -> bool:
    """Whether an event assigns to the arm that is held out."""
    if name == ASSIGN:
        return properties.get(ARM) == CONTROL
    is_attempt = funnel.read_stored(name, properties).argument
    return trial_of(funnel, name, properties) is not None and not is_attempt


def arm_in(funnel: Funnel, trial: str, name: str, properties: Mapping[str, Any]) -> Arm | None:
    """The arm of a trial that an event assigns to; None where it says none, or is of another."""
    if trial_of(funnel, name, properties) != trial:
        return None
    rule = None if name == ASSIGN else funnel.rule_of(name, properties)
    if rule is not None and rule.arm_of(properties) is None:
        return None
    return CONTROL if is_held_out(funnel, name, properties) else TREATMENT


def control_of(funnel: Funnel) -> str:
    """What the funnel calls the arm that is held out: as its first rule of a trial does."""
    held = [rule.holdout for rules in trial_rules(funnel).values() for rule in rules]
    return held[0] if held and held[0] is not None else CONTROL
