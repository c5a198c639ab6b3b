"""The plan of a trial: how many each arm needs, and what those who are away now can show.

Computes before the trial begins, from what is expected and from who is away. Assigns nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from attrs import field, frozen

from motfunnel.answers.answer import Answer, Draw, Row
from motfunnel.answers.cells import (
    COUNT,
    FLAG,
    NAMED,
    OURS,
    PLANNED_POINTS,
    POINTS,
    POWER,
    SHARE,
    cell,
    in_full,
)
from motfunnel.answers.members import Members
from motfunnel.charts.bars import Part, stacked
from motfunnel.charts.scene import Picture
from motfunnel.charts.style import BLUE, PALE
from motfunnel.errors import QuestionError
from motfunnel.reports.decisions.away import Away
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE
from motfunnel.reports.measure.clock import EVERYBODY, choose
from motfunnel.reports.returns.recidivism import departures
from motfunnel.reports.window import Asked
from motfunnel.statistics import power_of, sizes_for, smallest_effect

PLANNED: Final = "planned"
AWAY_NOW: Final = "away now"
DEFINITION: Final = (
    "how many contacts each arm needs, so that a difference of so many points above the baseline "
    "is found as often as the power says, found meaning that its interval excludes 0; and of those "
    "who are away now, if all were assigned, the smallest difference that is found so often"
)
_ROUGH: Final = 5


@frozen(kw_only=True)
class PlanRow(Row):
    """The arms of a trial. Names stand behind ``contacts`` of those who are away now.

    Attributes:
        sizes: ``planned``, or of those who are ``away now``.
        contacts: how many in both arms.
        control: how many are held out.
        treatment: how many are not.
        effect: the difference that is found as often as the power asked for: the one planned, or
            the smallest; None where no difference is.
        power: how often the planned difference is found with so many; None with nobody in an arm.
    """

    sizes: str = field(metadata=cell(OURS, NAMED))
    contacts: int = field(metadata=cell(COUNT, NAMED))
    control: int = field(metadata=cell(COUNT, NAMED))
    treatment: int = field(metadata=cell(COUNT, NAMED))
    effect: float | None = field(metadata=cell(PLANNED_POINTS, NAMED))
    power: float | None = field(metadata=cell(POWER, NAMED))


def picture(answer: PlanHoldout) -> Picture:
    """Draw how large the arms are to be, and how large they would be now."""
    parts = [
        Part("control", PALE, [row.control for row in answer.rows]),
        Part("treatment", BLUE, [row.treatment for row in answer.rows]),
    ]
    names = [row.sizes for row in answer.rows]
    return stacked(names, parts, f"{answer.title}; contacts", whole=False)


@frozen(kw_only=True, repr=False)
class PlanHoldout(Answer[PlanRow]):
    """The plan of a trial in which some are held out.

    Attributes:
        baseline: the share of the control that is expected to return.
        expected: how far the treatment is expected above it.
        wanted: how often that is to be found.
        share: which share of all is held out.
        sequential: whether one looks at any time.
    """

    row_class: ClassVar[type[Row]] = PlanRow
    _pictures: ClassVar[Mapping[str, Draw]] = {"sizes": picture}

    unnamed: ClassVar[Mapping[str, str]] = {
        part: "the trial has not begun, and nobody is assigned to an arm"
        for part in ("contacts", "control", "treatment")
    }

    baseline: float = field(metadata=cell(SHARE))
    expected: float = field(metadata=cell(POINTS))
    wanted: float = field(metadata=cell(SHARE))
    share: float = field(metadata=cell(SHARE))
    sequential: bool = field(metadata=cell(FLAG))

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        return (
            f"Plan of a trial, {in_full(self.baseline)}% against "
            f"{in_full(self.baseline + self.expected)}%, {in_full(self.share)}% held out"
        )


def plan_holdout(
    inquiry: Inquiry,
    *,
    baseline: float,
    effect: float,
    power: float = 0.8,
    share: float = 0.5,
    sequential: bool = False,
    confidence: float = CONFIDENCE,
) -> PlanHoldout:
    """How many a trial needs in each arm, and what those who are away now can show.

    The test is two-sided, by the normal approximation (Fleiss, Levin & Paik 2003). Nobody in an arm
    gives None.

    Args:
        baseline: of those held out, the share that is expected to return in the window, e.g. 0.08.
        effect: how far the others are expected above it, e.g. 0.02 for 2 points.
        power: how often a difference so large is to be found.
        share: how much of all is to be held out.
        sequential: whether one is to look at any time, by intervals that allow for it.
        confidence: of the interval that is to exclude 0.

    Raises:
        QuestionError: one of them is no share, or baseline and effect come to 1 or more.
    """
    looks: Any = {"confidence": confidence, "every_look": sequential}
    needed = _needed(baseline, effect, power, share, looks)
    return PlanHoldout(
        name="plan of a trial",
        definition=DEFINITION,
        rows=_rows(_away(inquiry), needed, (baseline, effect, power, share), looks),
        notes=(*_notes(baseline, needed, sequential=sequential),),
        baseline=baseline,
        expected=effect,
        wanted=power,
        share=share,
        sequential=sequential,
        **inquiry.header(confidence),
    )


def _needed(
    baseline: float, effect: float, power: float, share: float, looks: Any
) -> tuple[int, int]:
    """How many the arms need."""
    given = {"baseline": baseline, "effect": effect, "power": power, "share": share}
    for name, one in given.items():
        if one is None or not 0 < one < 1:
            raise QuestionError(f"{name} is {one!r}; it lies between 0 and 1, such as 0.2")
    if baseline + effect >= 1:
        raise QuestionError(
            f"a baseline of {baseline} and an effect of {effect} come to 1 or more; the effect is "
            "in points, such as 0.02 for 2"
        )
    return sizes_for(baseline, effect, power, share, **looks)


def _rows(
    away: Members, needed: tuple[int, int], plan: tuple[float, float, float, float], looks: Any
) -> tuple[PlanRow, PlanRow]:
    """The arms as they are planned, and as they would be of those who are away now."""
    baseline, effect, power, share = plan
    held = round(len(away) * share)
    now = (held, len(away) - held)
    planned = PlanRow(
        sizes=PLANNED,
        contacts=sum(needed),
        control=needed[0],
        treatment=needed[1],
        effect=effect,
        power=power_of(baseline, effect, needed, **looks),
    )
    at_present = PlanRow(
        sizes=AWAY_NOW,
        contacts=sum(now),
        control=now[0],
        treatment=now[1],
        effect=smallest_effect(baseline, now, power, **looks),
        power=power_of(baseline, effect, now, **looks) if all(now) else None,
        names={"contacts": away},
    )
    return planned, at_present


def _away(inquiry: Inquiry) -> Members:
    """Who is away now, whom a trial could be made of."""
    erased, _ = inquiry.erased()
    with inquiry.reading(keeps=frozenset({"episodes"})) as source:
        clocks = departures(source, Asked())
        chosen = choose(clocks, EVERYBODY, inquiry.as_of, erased, first_only=False)
        return chosen.members(Away.of(chosen, erased).places)


def _notes(baseline: float, needed: tuple[int, int], *, sequential: bool) -> Iterator[str]:
    """What a reader has to know of a plan."""
    if sequential:
        yield (
            "with so many the interval of holdout with sequential, for this effect, excludes 0 as "
            "often as the power says; most trials are sure before"
        )
    else:
        yield (
            "for one look, once all were observed for the whole window; who looks before, by "
            "holdout with sequential, needs more: ask for the plan with sequential too"
        )
    yield (
        "the baseline is a guess until it is measured: the recidivism of those who are not written "
        "to says it best, or of those who have long been away their reactivation; who leaves while "
        "the trial runs adds to those who are away now"
    )
    if min(needed) * min(baseline, 1 - baseline) < _ROUGH:
        yield (
            f"fewer than {_ROUGH} of an arm are expected to return, or not to: the approximation "
            "is rough; hold more out"
        )
