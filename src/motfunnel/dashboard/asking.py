"""Asking: from a section and the filters to questions of the catalogue, and to their answers.

The filters are given to each question under the names that it has for them. Counts nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import evolve, frozen

from motfunnel.answers.answer import Answer
from motfunnel.dashboard.filters import Filters
from motfunnel.dashboard.pages import Ask, Section
from motfunnel.errors import QuestionError
from motfunnel.reports.catalogue import CATALOGUE, Entry
from motfunnel.reports.report import Report

_UNITS: Final = {"lifecycle", "growth", "retention"}
"""The questions of which ``period`` is a length of time."""


@frozen(kw_only=True)
class Question:
    """A question with all that it is told.

    Attributes:
        name: in the catalogue.
        options: its arguments.
    """

    name: str
    options: Mapping[str, Any]

    def put(self, report: Report) -> Answer[Any]:
        """Ask it.

        Where contacts cannot be told apart as a reader chose, all of them are one group.

        Raises:
            QuestionError: it has no answer.
        """
        asked = getattr(report, self.name)
        if not self.options.get("by"):
            answer: Answer[Any] = asked(**self.options)
            return answer
        try:
            answer = asked(**self.options)
        except QuestionError as error:
            answer = asked(**{**self.options, "by": None})
            return evolve(answer, notes=(*answer.notes, str(error)))
        return answer


def answers(section: Section, report: Report, filters: Filters) -> tuple[Answer[Any], ...]:
    """The answers that a section shows, in order.

    Raises:
        QuestionError: one of its questions has no answer.
    """
    return tuple(one.put(report) for one in questions(section, report.as_of, filters))


def people(section: Section, report: Report, filters: Filters, row: int, column: str) -> list[str]:
    """Name who was counted in a number of a section; each link of a page says which.

    Args:
        section: the section.
        report: what it is asked of, as of the instant of the number.
        filters: as they were.
        row: which row, counted through all answers of the section.
        column: the name of the number.

    Raises:
        QuestionError: there is no such number, or nobody behind it.
    """
    rows = [(answer, one) for answer in answers(section, report, filters) for one in answer.rows]
    if not 0 <= row < len(rows):
        raise QuestionError(f"there is no row {row}; there are {len(rows)}")
    answer, found = rows[row]
    return answer.members(found, column)


def questions(section: Section, as_of: datetime, filters: Filters) -> Sequence[Question]:
    """What a section asks, with all that each question is told."""
    return [one for ask in section.asks for one in _asked(ask, as_of, filters)]


def _asked(ask: Ask, as_of: datetime, filters: Filters) -> Iterator[Question]:
    entry = CATALOGUE[ask.question]
    yield Question(name=entry.name, options={**_options(entry, ask, as_of, filters), **ask.given})


def _options(entry: Entry, ask: Ask, as_of: datetime, filters: Filters) -> dict[str, Any]:
    """The filters under the names that a question has for them."""
    by = filters.group if ask.by is None else ask.by
    told: dict[str, Any] = {"within": filters.window, "by": by or None}
    told = {name: value for name, value in told.items() if name in entry.options}
    if entry.name in _UNITS:
        _, until = filters.bounds(as_of)
        return told | {
            "period": filters.step,
            "since": filters.since(as_of),
            "until": until,
        }
    bounds = filters.bounds(as_of)
    return told if bounds == (None, None) or not entry.cohort else told | {entry.cohort[0]: bounds}
