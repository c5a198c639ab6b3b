"""A randomised hold-out: how many return in each arm of a trial.

Compares as assigned, whatever was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from motfunnel.domain.columns import column, pick
from motfunnel.domain.instant import Duration
from motfunnel.domain.signal import Signal
from motfunnel.errors import QuestionError
from motfunnel.reports.facts.facts import Facts
from motfunnel.reports.facts.relations import places_of
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, read_window
from motfunnel.reports.measure.clock import Clocks
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.measure.trial import NO_TRIAL, arm_of, trial_rules
from motfunnel.reports.window import Asked, Windowed
from motfunnel.reports.windowed import compare_arms
from motfunnel.store.queries.happenings import Wanted

RANDOMISED: Final = (
    "compares as assigned, whatever was sent; the difference is an effect only if chance alone "
    "assigned the arms, and nothing but the outreach differed between them"
)


def trial_clocks(facts: Facts, _: Asked) -> Clocks:
    """From the first assignment of each departure that had one to its return."""
    labels, funnel = facts.names.labels, facts.funnel

    def arm(name: str, properties: Mapping[str, Any]) -> int:
        found = arm_of(funnel, name, properties)
        return NO_TRIAL if found is None else labels[found]

    found = facts.happenings(Wanted(reads={Signal.OUTREACH: arm}, names=trial_rules(funnel)))
    assigned = places_of(found.contacts)
    episodes = facts.episodes("departed", "returned")
    places, firsts = list[int](), list[int]()
    columns = (episodes.contact, episodes.departed, episodes.returned)
    for place, (contact, left, back) in enumerate(zip(*columns, strict=True)):
        for one in assigned.get(contact, ()):
            # An outreach ranks before what leaves and what returns at the same instant.
            if left < found.at[one] <= back and found.said[one] != NO_TRIAL:
                places.append(place)
                firsts.append(one)
                break
    return Clocks(
        names=facts.names,
        contact=column(pick(episodes.contact, places)),
        started=column(pick(found.at, firsts)),
        ended=column(pick(episodes.returned, places)),
        arm=column(pick(found.said, firsts)),
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
    note=RANDOMISED,
    keeps=frozenset({"episodes"}),
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
