"""A randomised hold-out: how many return in each arm of a trial.

Compares as assigned, whatever was sent.
"""

from __future__ import annotations

from typing import Final

from motfunnel.domain.instant import Duration
from motfunnel.domain.signal import Signal
from motfunnel.errors import QuestionError
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, read_window
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.measure.trial import trial_clocks, trial_rules
from motfunnel.reports.measure.window import Windowed
from motfunnel.reports.windowed import compare_arms

RANDOMISED: Final = (
    "compares as assigned, whatever was sent; the difference is an effect only if chance alone "
    "assigned the arms, and nothing but the outreach differed between them"
)
HOLDOUT: Final = Windowed(
    name="hold-out trial",
    definition=(
        "of the departed first assigned in the cohort and observed for the whole window, the share "
        "that returned within it after the assignment, by arm"
    ),
    since="the assignment",
    event="returned",
    clocks=trial_clocks,
    start=Signal.OUTREACH,
    reads="trials",
    note=RANDOMISED,
)


def holdout(
    inquiry: Inquiry,
    *,
    within: Duration,
    assigned: Bounds | None = None,
    confidence: float = CONFIDENCE,
) -> Rate:
    """How many return in each arm of a trial in which some were held out; contact-based.

    Numerator: mature assigned contacts that returned within the window of their assignment.
    Denominator: contacts assigned in the cohort, each by the first assignment of its first
    such episode, and observed for the whole window. An empty denominator gives None.

    Args:
        within: the window after the assignment; its edge belongs to it.
        assigned: the cohort: assignments from the first instant on, before the second.
        confidence: of the intervals.

    Raises:
        QuestionError: no rule of the funnel has a hold-out.
    """
    window = read_window(within)
    rules = trial_rules(inquiry.funnel)
    if not rules:
        raise QuestionError(
            "no rule of the funnel has a hold-out; write e.g. "
            'winback_sent = { outreach = true, arm = "arm", holdout = "control" }'
        )
    held_out = {rule.holdout for several in rules.values() for rule in several}
    return compare_arms(inquiry, HOLDOUT, window, assigned, confidence, "assigned", held_out)
