"""A randomised hold-out: how many return in each arm of a trial.

Compares as assigned, whatever was sent.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from attrs import define, evolve, field, frozen

from motfunnel.answers.cells import percent
from motfunnel.domain.columns import column, pick
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import Duration, When, from_micros
from motfunnel.domain.moment import UNKNOWN
from motfunnel.domain.signal import Signal
from motfunnel.domain.trial import assigning, trial_rules
from motfunnel.errors import QuestionError
from motfunnel.reports.facts.facts import Facts
from motfunnel.reports.facts.relations import places_of
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, read_window
from motfunnel.reports.measure.clock import Clocks, Cohort, Readings, bounds_of
from motfunnel.reports.measure.comparison import Comparison, DifferenceRow
from motfunnel.reports.measure.rate import Rate, RateRow
from motfunnel.reports.measure.trial import NO_TRIAL, Assignment, assignment_of
from motfunnel.reports.remarks import RULES, no_rule
from motfunnel.reports.window import Asked, Windowed
from motfunnel.reports.windowed import compare_arms
from motfunnel.statistics import Proportion, always_valid, goodness_of_fit
from motfunnel.store.queries.happenings import Read, Wanted

RANDOMISED: Final = (
    "compares as assigned, whatever was sent; the difference is an effect only if chance alone "
    "assigned the arms, and nothing but the outreach differed between them"
)

RUNNING: Final = "the trial "
"""How the remark begins that a trial was looked at while it runs."""
_MISMATCH: Final = 0.001
"""Below this chance the sizes of the arms are not those that were planned."""


@define
class Assignments:
    """The assignments of a question: of one trial, or of all.

    Attributes:
        trial: which one; None: all of them.
        known: what events assign to, each once.
        of_each: of each contact that was assigned more than once, what to, in order.
        counted: of each clock of the cohort, whose it is, and which assignment began it.
        instants: of all assignments, whoever is counted.
    """

    trial: str | None = None
    known: list[Assignment] = field(factory=list)
    of_each: dict[int, list[int]] = field(factory=dict)
    counted: list[tuple[int, Any]] = field(factory=list)
    instants: Sequence[int] = ()

    def read_by(self, funnel: Funnel) -> Read:
        """Read the place of what an outreach assigns to."""
        places: dict[Assignment, int] = {}

        def read(name: str, properties: Mapping[str, Any]) -> int:
            found = assignment_of(funnel, name, properties)
            if found is None:
                return NO_TRIAL
            if found not in places:
                places[found] = len(self.known)
                self.known.append(found)
            return places[found]

        return read

    def clocks(self, facts: Facts, _: Asked) -> Clocks:
        """From the first assignment of each departure that had one to its return."""
        outreach = {Signal.OUTREACH: self.read_by(facts.funnel)}
        found = facts.happenings(Wanted(reads=outreach, names=assigning(facts.funnel)))
        meant = {n for n, one in enumerate(self.known) if self.trial in (None, one.trial)}
        assigned = {
            contact: [place for place in places if found.said[place] in meant]
            for contact, places in places_of(found.contacts).items()
        }
        self.instants = [found.at[place] for places in assigned.values() for place in places]
        self.of_each = {
            contact: [found.said[place] for place in places]
            for contact, places in assigned.items()
            if len(places) > 1
        }
        episodes = facts.episodes("departed", "returned", "stage", "reason")
        places, firsts = list[int](), list[int]()
        columns = (episodes.contact, episodes.departed, episodes.returned)
        for place, (contact, left, back) in enumerate(zip(*columns, strict=True)):
            for one in assigned.get(contact, ()):
                # An outreach ranks before what leaves and what returns at the same instant.
                if left < found.at[one] <= back:
                    places.append(place)
                    firsts.append(one)
                    break
        labels = facts.names.labels
        arms = [labels[one.arm] for one in self.known]
        return Clocks(
            names=facts.names,
            contact=column(pick(episodes.contact, places)),
            started=column(pick(found.at, firsts)),
            ended=column(pick(episodes.returned, places)),
            stage=column(pick(episodes.stage, places)),
            reason=column(pick(episodes.reason, places)),
            key=pick(found.said, firsts),
            arm=column(arms[found.said[one]] for one in firsts),
        )

    def see(self, chosen: Readings) -> Readings:
        """Take note of the cohort."""
        self.counted = [*zip(chosen.contact, chosen.key, strict=True)]
        return chosen

    def check(self, named: Collection[str]) -> None:
        """Refuse a trial that nobody is in, where there are others.

        Raises:
            QuestionError: it is called otherwise.
        """
        known = dict.fromkeys([*named, *sorted(one.trial for one in self.known)])
        if self.trial is not None and known and self.trial not in known:
            there_are = ", ".join(known)
            raise QuestionError(f"no trial is called {self.trial!r}; there are: {there_are}")

    def runs_until(self, window: timedelta, cohort: Cohort) -> datetime | None:
        """When the window of the newest assignment of the cohort is over; None: there is none."""
        start, end = bounds_of(cohort)
        newest = max((at for at in self.instants if start <= at < end), default=None)
        return None if newest is None else from_micros(newest) + window

    def notes(self) -> Iterator[str]:
        """What a reader has to know of the assignments of those who are counted."""
        first = Counter(self.known[said].trial for _, said in self.counted)
        if len(first) > 1:
            told = ", ".join(f"{trial} ({many:,})" for trial, many in sorted(first.items()))
            yield f"{len(first)} trials are counted together: {told}; ask for each with trial"
        mixed = sum(self._is_mixed(self.of_each.get(who, ())) for who, _ in self.counted)
        if mixed:
            yield (
                f"assigned to more than one arm, by keys that were merged since or a later draw: "
                f"{mixed:,} of {len(self.counted):,}; each counts by the earliest, which draws the "
                "arms together"
            )
        for trial, shares in self._shares().items():
            if len(shares) > 1:
                told = ", ".join(map(percent, sorted(shares)))
                yield (
                    f"the share that was held out in {trial} changed while it ran ({told}): its "
                    "arms were assigned at other times; compare a stretch with one share, by "
                    "assigned"
                )

    def _shares(self) -> dict[str, set[float]]:
        """Of each trial, which shares were held out, where that is recorded."""
        shares: defaultdict[str, set[float]] = defaultdict(set)
        for one in {said: self.known[said] for _, said in self.counted}.values():
            shares[one.trial] |= set() if one.holdout is None else {one.holdout}
        return shares

    def _is_mixed(self, several: Sequence[int]) -> bool:
        """Whether several arms of one trial are among some assignments."""
        arms = {self.known[one][:2] for one in several if self.known[one].arm != UNKNOWN}
        return len(arms) > len(dict(arms))


HOLDOUT: Final = Windowed(
    name="hold-out trial",
    definition=(
        "of the departed first assigned in the cohort and observed for the whole window, the share "
        "that returned within it after the assignment, by arm"
    ),
    since="the assignment",
    event="returned",
    clocks=lambda facts, asked: Assignments().clocks(facts, asked),
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
        sizes = {
            row.group: row.denominator + row.immature_count for row in rows if row.group != UNKNOWN
        }
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

    def looked_at(self, as_of: datetime, seen_by: datetime | None) -> str | None:
        """That a trial was looked at while it runs.

        Args:
            as_of: the instant of the question.
            seen_by: when the window of its newest assignment is over; None: nobody is assigned.
        """
        ends_at = seen_by if self.ends_at is None else self.ends_at
        if ends_at is None or as_of >= ends_at:
            return None
        until = f"{RUNNING}runs until {ends_at:%Y-%m-%d}, and is looked at before"
        if self.ends_at is None:
            until = (
                f"{RUNNING}still runs, and is looked at meanwhile: the window of its newest "
                f"assignment is over on {ends_at:%Y-%m-%d}"
            )
        if self.effect is not None:
            return f"{until}: the interval allows for it"
        return (
            f"{until}: whoever stops at the first difference that looks certain finds one too "
            "often; wait, or ask with sequential"
        )


def _p(p: float) -> str:
    return "p < 0.001" if p < _MISMATCH else f"p = {p:.3f}"


def _read_plan(
    share: float | None, ends_at: datetime | None, effect: float | None, sequential: bool
) -> Plan:
    for name, one in ("share", share), ("effect", effect):
        if one is not None and not 0 < one < 1:
            raise QuestionError(f"{name} is {one!r}; it lies between 0 and 1, such as 0.2")
    if sequential and effect is None:
        raise QuestionError(
            "a sequential look needs the effect that was planned, fixed beforehand; give effect, "
            "such as 0.05 for 5 points"
        )
    return Plan(share=share, ends_at=ends_at, effect=effect if sequential else None)


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
    planned: When | None = None,
    sequential: bool = False,
    effect: float | None = None,
    confidence: float = CONFIDENCE,
) -> Rate:
    """How many return in each arm of a trial in which some were held out; contact-based.

    Numerator: mature assigned contacts that returned within the window of their assignment.
    Denominator: contacts assigned in the cohort, each by the first assignment of its first
    such episode, and observed for the whole window. An empty denominator gives None.
    Assignments are those that ``assign`` recorded, and events of a rule that holds an arm out.

    Args:
        within: the window after the assignment; its edge belongs to it.
        assigned: the cohort: assignments from the first instant on, before the second.
        trial: which trial, by the name that ``assign`` was given, the property that the rule
            names, or else the event that assigns; all together if not given.
        share: how much of all was to be held out; tested, and said.
        planned: when the trial was to be looked at; an earlier look is said.
        sequential: whether the intervals are to hold however often one looks.
        effect: the difference that was planned, fixed beforehand; needed for that.
        confidence: of the intervals.

    Raises:
        QuestionError: there is no such trial, or the plan is none.
    """
    ends_at = None if planned is None else inquiry.instant("planned", planned)
    plan = _read_plan(share, ends_at, effect, sequential)
    return _answer(inquiry, read_window(within), assigned, trial, plan, confidence)


def _answer(
    inquiry: Inquiry,
    window: timedelta,
    assigned: Bounds | None,
    trial: str | None,
    plan: Plan,
    confidence: float,
) -> Rate:
    """Compare the arms, and hold the answer against the plan."""
    rules, made = trial_rules(inquiry.funnel), Assignments(trial)
    rate = evolve(HOLDOUT, clocks=made.clocks)
    held_out = {rule.holdout for several in rules.values() for rule in several}
    answer = compare_arms(
        inquiry, rate, window, assigned, confidence, "assigned", held_out, narrow=made.see
    )
    made.check([name for name, several in rules.items() if not all(one.trial for one in several)])
    if plan.effect is not None:
        answer = evolve(answer, comparisons=_at_every_look(answer, plan.effect))
    until = made.runs_until(window, answer.cohort)
    notes = plan.sizes(answer.rows, held_out), plan.looked_at(inquiry.as_of, until)
    more = (*made.notes(), *(note for note in notes if note is not None))
    lacking = "" if rules else no_rule("holds an arm out", RULES[Signal.OUTREACH])
    return evolve(answer, notes=(*answer.notes, *more), lacking=lacking)
