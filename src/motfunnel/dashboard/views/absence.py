"""What is absent: which sections have nothing to show, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from motfunnel.answers.answer import Answer, Grouped
from motfunnel.dashboard.page import Section
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.moment import DIRECT, UNKNOWN
from motfunnel.errors import QuestionError
from motfunnel.reports.decisions.simulate import Simulation
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.progress.lens import UltimateLens
from motfunnel.reports.remarks import RULES, can, no_values


class NothingError(QuestionError):
    """A section has nothing to show, and leaves the page.

    Attributes:
        rule: the line that the funnel lacks; empty: that is not why.
    """

    def __init__(self, reason: str, rule: str = "") -> None:
        self.rule: str = rule
        super().__init__(reason)


def is_of_nobody(answer: Answer[Any]) -> bool:
    """Whether nobody stands behind any number of an answer."""
    if isinstance(answer, Simulation):
        return not answer.folded
    return not any(len(names) for row in answer.rows for names in row.names.values())


def check_funnel(section: Section, funnel: Funnel) -> None:
    """Make sure that the funnel has a rule for what a section shows.

    Raises:
        NothingError: it has none.
    """
    if section.asks and all(ask.of_values for ask in section.asks) and not funnel.has_values:
        raise NothingError(no_values(funnel))
    if section.needs and not can(funnel, section.needs):
        rule = next(RULES[signal] for signal in sorted(section.needs) if signal in RULES)
        raise NothingError("no event of the funnel says so", rule)


def check_answers(section: Section, answers: Sequence[Answer[Any]]) -> None:
    """Make sure that there is somebody to tell of, and groups, where a section is about groups.

    Raises:
        NothingError: the funnel lacks a rule for it, nobody stands behind any number, or all
            contacts are in one group.
    """
    if answers and all(answer.lacking for answer in answers):
        raise NothingError(answers[0].lacking)
    if section.nothing and all(map(is_of_nobody, answers)):
        raise NothingError(section.nothing)
    loops = [one.loop for one in answers if isinstance(one, UltimateLens)]
    if section.view == "loop" and not any(loop.ultimate_moments for loop in loops):
        raise NothingError(section.nothing)
    if section.view not in ("groups", "moved"):
        return
    for answer in answers:
        if not isinstance(answer, Grouped | Rate):
            continue
        if len({row.group for row in answer.rows}) == 1:
            raise NothingError(_alone(answer.by, answer.rows[0].group))


def _alone(by: str | None, group: str | None) -> str:
    """Why there is one group only, and what to set up or to choose."""
    if by is None or group is None:
        return f"{_TOLD_BY_NOTHING}; choose another group"
    if by == "source" and group == DIRECT:
        return (
            "no first event says where somebody came from: give it a property source as you track "
            "it, or name the column source in the file that you import; or choose another group"
        )
    if group == UNKNOWN:
        return f"of nobody is {by} known: tell it as you track them, or choose another group"
    return f"all are in one group by {by}, {group}; choose another group"


_TOLD_BY_NOTHING: Final = "people cannot be told apart by what was chosen"
