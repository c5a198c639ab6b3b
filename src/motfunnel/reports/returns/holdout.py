"""A randomised hold-out: how many return in each arm of a trial.

Compares as assigned, whatever was sent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from attrs import evolve, frozen

from motfunnel.answers.cells import percent
from motfunnel.domain.columns import column, pick
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rule import Rule
from motfunnel.domain.instant import Duration
from motfunnel.domain.signal import Signal
from motfunnel.errors import QuestionError
from motfunnel.reports.facts.facts import Facts
from motfunnel.reports.facts.relations import places_of
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, read_instant, read_window
from motfunnel.reports.measure.clock import Clocks
from motfunnel.reports.measure.comparison import Comparison, DifferenceRow
from motfunnel.reports.measure.rate import Rate, RateRow
from motfunnel.reports.measure.trial import NO_TRIAL, arm_of, trial_rules
from motfunnel.reports.window import Asked, Windowed
from motfunnel.reports.windowed import compare_arms
from motfunnel.statistics import Proportion, always_valid, goodness_of_fit
from motfunnel.store.queries.happenings import Wanted

RANDOMISED: Final = (
    "compares as assigned, whatever was sent; the difference is an effect only if chance alone "
    "assigned the arms, and nothing but the outreach differed between them"
)

_MISMATCH: Final = 0.001
"""Below this chance the sizes of the arms are not those that were planned."""


def trial_clocks(facts: Facts, _: Asked, names: Collection[str] | None = None) -> Clocks:
    """From the first assignment of each departure that had one to its return."""
    labels, funnel = facts.names.labels, facts.funnel

    def arm(name: str, properties: Mapping[str, Any]) -> int:
        found = arm_of(funnel, name, properties)
        return NO_TRIAL if found is None else labels[found]

    among = trial_rules(funnel) if names is None else names
    found = facts.happenings(Wanted(reads={Signal.OUTREACH: arm}, names=among))
    assigned = places_of(found.contacts)
    episodes = facts.episodes("departed", "returned", "stage", "reason")
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
        stage=column(pick(episodes.stage, places)),
        reason=column(pick(episodes.reason, places)),
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
    departures="started",
    note=RANDOMISED,
    keeps=frozenset({"episodes"}),
    has_periods=False,
)


@frozen(kw_only=True)
class Plan:
    """What was fixed before a trial began; None where it was not, or nobody says.

    Attributes:
        share: how much of all was to be held out.
        ends_at: when it was to be looked at.
        effect: the difference that it was to show.
    """

    share: float | None
    ends_at: datetime | None
    effect: float | None

    def sizes(self, rows: Sequence[RateRow], held_out: Collection[str | None]) -> str | None:
        """Whether the arms have the sizes that were planned, by chance alone."""
        if self.share is None:
            return None
        sizes = {row.group: row.denominator + row.immature_count for row in rows}
        kept = sum(size for group, size in sizes.items() if group in held_out)
        whole = sum(sizes.values())
        test = goodness_of_fit([kept, whole - kept], [self.share, 1 - self.share])
        if test is None:
            return None
        chi_square, p = test
        said = (
            f"{kept:,} of {whole:,} assigned were held out, {percent(kept / whole)} where "
            f"{percent(self.share)} were planned (χ² = {chi_square:.2f}, {_p(p)})"
        )
        if p >= _MISMATCH:
            return f"{said}: as chance would have it"
        return (
            f"{said}: chance alone did not assign these arms, or some of one are missing; until it "
            "is known why, the difference is no effect"
        )

    def looked_at(self, as_of: datetime) -> str | None:
        """That a trial was looked at while it runs."""
        if self.ends_at is None or as_of >= self.ends_at:
            return None
        until = f"the trial runs until {self.ends_at:%Y-%m-%d}, and is looked at before"
        if self.effect is not None:
            return f"{until}: the interval allows for it"
        return (
            f"{until}: whoever stops at the first difference that looks certain finds one too "
            "often; wait, or ask with sequential"
        )


def _p(p: float) -> str:
    return "p < 0.001" if p < _MISMATCH else f"p = {p:.3f}"


def _read_plan(
    share: float | None, planned: datetime | None, effect: float | None, sequential: bool
) -> Plan:
    for name, one in ("share", share), ("effect", effect):
        if one is not None and not 0 < one < 1:
            raise QuestionError(f"{name} is {one!r}; it lies between 0 and 1, such as 0.2")
    if sequential and effect is None:
        raise QuestionError(
            "a sequential look needs the effect that was planned, fixed beforehand; give effect, "
            "such as 0.05 for 5 points"
        )
    ends_at = None if planned is None else read_instant("planned", planned)
    return Plan(share=share, ends_at=ends_at, effect=effect if sequential else None)


def _named(funnel: Funnel, trial: str | None) -> dict[str, list[Rule]]:
    """The rules of trials, or of the one whose event is named."""
    rules = trial_rules(funnel)
    if not rules:
        raise QuestionError(
            "no rule of the funnel has a hold-out; write e.g. "
            'winback_sent = { outreach = true, arm = "arm", holdout = "control" }'
        )
    if trial is not None and trial not in rules:
        raise QuestionError(f"no trial is called {trial!r}; there are: {', '.join(rules)}")
    return rules if trial is None else {trial: rules[trial]}


def _at_every_look(answer: Rate, effect: float) -> tuple[Comparison, ...]:
    """The same comparisons, with intervals that hold however often one looks."""
    counted = {
        row.group: Proportion(numerator=row.numerator, denominator=row.denominator)
        for row in answer.rows
    }

    def valid(one: DifferenceRow, against: str) -> DifferenceRow:
        found = always_valid(counted[one.group], counted[against], effect, answer.confidence)
        around = None if found is None else found.interval
        return evolve(one, interval=around, p_value=None, adjusted=None)

    return tuple(
        evolve(
            one,
            differences=tuple(valid(row, one.against) for row in one.differences),
            log_rank=None,
            planned=effect,
        )
        for one in answer.comparisons
    )


def holdout(
    inquiry: Inquiry,
    *,
    within: Duration,
    assigned: Bounds | None = None,
    trial: str | None = None,
    share: float | None = None,
    planned: datetime | None = None,
    sequential: bool = False,
    effect: float | None = None,
    confidence: float = CONFIDENCE,
) -> Rate:
    """How many return in each arm of a trial in which some were held out; contact-based.

    Numerator: mature assigned contacts that returned within the window of their assignment.
    Denominator: contacts assigned in the cohort, each by the first assignment of its first
    such episode, and observed for the whole window. An empty denominator gives None.

    Args:
        within: the window after the assignment; its edge belongs to it.
        assigned: the cohort: assignments from the first instant on, before the second.
        trial: the event that assigns, where there are several trials.
        share: how much of all was to be held out; tested, and said.
        planned: when the trial was to be looked at; an earlier look is said.
        sequential: whether the intervals are to hold however often one looks.
        effect: the difference that was planned, fixed beforehand; needed for that.
        confidence: of the intervals.

    Raises:
        QuestionError: no rule of the funnel has a hold-out, or the plan is none.
    """
    window, plan = read_window(within), _read_plan(share, planned, effect, sequential)
    rules = _named(inquiry.funnel, trial)
    rate = evolve(HOLDOUT, clocks=partial(trial_clocks, names={*rules}))
    held_out = {rule.holdout for several in rules.values() for rule in several}
    answer = compare_arms(inquiry, rate, window, assigned, confidence, "assigned", held_out)
    if plan.effect is not None:
        answer = evolve(answer, comparisons=_at_every_look(answer, plan.effect))
    notes = plan.sizes(answer.rows, held_out), plan.looked_at(inquiry.as_of)
    return evolve(answer, notes=(*answer.notes, *(note for note in notes if note is not None)))
