"""Asking: from a section and the filters to questions of the catalogue, and to their answers.

The filters are given to each question under the names that it has for them. Counts nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from attrs import evolve, frozen

from motfunnel.answers.answer import Answer
from motfunnel.dashboard.filters import SHOWN, WINDOWS, Filters
from motfunnel.dashboard.page import Ask, Section
from motfunnel.dashboard.typed import line
from motfunnel.dashboard.words import days
from motfunnel.domain.calendar import Calendar, Period
from motfunnel.domain.event import to_readable_json
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rhythm import MOST, Rhythm
from motfunnel.domain.instant import LONGEST, MICROSECOND, format_duration, parse_duration
from motfunnel.errors import QuestionError
from motfunnel.reports.catalogue import CATALOGUE, Entry
from motfunnel.reports.report import Report

BY_PERIODS: Final = frozenset({"lifecycle", "growth", "retention", "value"})
"""The questions of which ``period`` is a length of time."""


_SECOND: Final = timedelta(seconds=1)


@frozen(kw_only=True)
class Question:
    """A question with all that it is told.

    Attributes:
        name: in the catalogue.
        options: its arguments.
        label: what tells it apart from the others of its section; empty: it is alone.
        kind: of which kind its picture is; empty: the one that suits it best.
    """

    name: str
    options: Mapping[str, Any]
    label: str = ""
    kind: str = ""

    def put(self, report: Report) -> Answer[Any]:
        """Ask it.

        Where contacts cannot be told apart as a reader chose, all of them are one group.

        Raises:
            QuestionError: it has no answer.
        """
        asked = getattr(report, self.name)
        try:
            answer: Answer[Any] = asked(**self.options)
        except QuestionError as error:
            if not self.options.get("by"):
                raise
            answer = asked(**{**self.options, "by": None})
            answer = evolve(answer, notes=(*answer.notes, str(error)))
        return _from_the_first(answer) if self.name in BY_PERIODS else answer

    def command(self, report: Report, answer: Answer[Any] | None = None) -> str:
        """What to type for the same answer; empty: it cannot be typed."""
        return line(self.name, self.options, report, answer)


def _from_the_first(answer: Answer[Any]) -> Answer[Any]:
    """The same without the periods before anybody was there."""
    seen = [row.starts_on for row in answer.rows if any(row.names.values())]
    rows = tuple(row for row in answer.rows if not seen or row.starts_on >= min(seen))
    return evolve(answer, rows=rows)


def answers(section: Section, report: Report, filters: Filters) -> tuple[Answer[Any], ...]:
    """The answers that a section shows, in order.

    Raises:
        QuestionError: one of its questions has no answer.
    """
    return tuple(one.put(report) for one in questions(section, report, filters))


def to_csv(found: Sequence[Answer[Any]]) -> str:
    """Answers as CSV: under one header where they have the same, else one after the other."""
    tables = [one.to_csv() for one in found]
    headers = {one.partition("\n")[0] for one in tables}
    if len(headers) == 1:
        return tables[0] + "".join(one.partition("\n")[2] for one in tables[1:])
    return "\n".join(tables)


def to_json(found: Sequence[Answer[Any]]) -> str:
    """Answers as JSON: a list of them, where there are several."""
    each = [one.to_dict() for one in found]
    return to_readable_json(each[0] if len(each) == 1 else each)


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
    before = 0
    for question in questions(section, report, filters):
        answer = question.put(report)
        if before <= row < before + len(answer.rows):
            return answer.members(answer.rows[row - before], column)
        before += len(answer.rows)
    raise QuestionError(f"there is no row {row}; there are {before}")


def questions(section: Section, report: Report, filters: Filters) -> Sequence[Question]:
    """What a section asks, with all that each question is told."""
    has_values = report.definition.has_values
    asks = [ask for ask in section.asks if has_values or not ask.of_values]
    return [one for ask in asks for one in _each(ask, report, filters)]


def stretch(section: Section, filters: Filters) -> str:
    """Of which time a section tells where a reader chose none; empty: of now.

    >>> from motfunnel.dashboard.pages import FUNNEL, GROWTH
    >>> [stretch(FUNNEL.sections[0], Filters()), stretch(GROWTH.sections[0], Filters(step="week"))]
    ['all time', 'the last 12 weeks']
    """
    return next(filter(None, (_stretch(ask, filters) for ask in section.asks)), "")


def stretches(sections: Sequence[Section], filters: Filters) -> list[str]:
    """Of which times the sections of a page tell, each once."""
    return [one for one in dict.fromkeys(stretch(one, filters) for one in sections) if one]


def _stretch(ask: Ask, filters: Filters) -> str:
    entry = CATALOGUE[ask.question]
    if entry.name in BY_PERIODS or ask.each in ("per", "period"):
        return f"the last {SHOWN} {filters.step}s"
    if not entry.cohort:
        return ""
    needs_one = entry.options[entry.cohort[0]].needed
    return f"the last whole {filters.step}" if needs_one else "all time"


def complete_periods(report: Report, filters: Filters, most: int = SHOWN) -> list[Period]:
    """The latest periods that are over, the earliest first; those that were chosen, if any were."""
    since, until = filters.bounds(report.as_of)
    calendar = Calendar(zone=report.timezone, unit=filters.step)
    end = report.as_of if until is None else min(until, report.as_of)
    found = [one for one in islice(_before(calendar, end), most) if one.is_over(report.as_of)]
    return [one for one in reversed(found) if since is None or one.starts_at >= since]


def _before(calendar: Calendar, end: datetime) -> Iterator[Period]:
    """The periods that end no later than an instant, the latest first."""
    period = calendar.period_before(calendar.day_of(end + MICROSECOND))
    while True:
        yield period
        try:
            period = calendar.period_before(period.starts_on)
        except (OverflowError, ValueError):
            return


def _each(ask: Ask, report: Report, filters: Filters) -> Iterator[Question]:
    entry = CATALOGUE[ask.question]
    told = {**_options(entry, ask, report, filters), **_given(ask, report.definition, filters)}
    if ask.of_meant:
        told |= filters.meant.told()
    if ask.each == "per":
        if whole := complete_periods(report, filters):
            bounds = (whole[0].starts_at, whole[-1].ends_at)
            more = {entry.cohort[0]: bounds, "per": filters.step}
            yield Question(name=entry.name, options=told | more)
    elif ask.each == "period":
        for period in complete_periods(report, filters):
            cohort = {entry.cohort[0]: (period.starts_at, period.ends_at)}
            yield Question(name=entry.name, options=told | cohort, label=period.name)
    elif ask.each == "window":
        for window in _windows(filters):
            label = days(format_duration(window))
            yield Question(name=entry.name, options=told | {"within": window}, label=label)
    elif ask.each == "patience":
        if filters.patience is not None:
            label = days(format_duration(filters.patience))
            yield Question(name=entry.name, options=told, label=label)
    else:
        yield Question(name=entry.name, options=told, label=ask.label, kind=ask.kind)


def _windows(filters: Filters) -> list[timedelta]:
    return sorted({filters.window, *map(parse_duration, WINDOWS)})


def _options(entry: Entry, ask: Ask, report: Report, filters: Filters) -> dict[str, Any]:
    """The filters under the names that a question has for them."""
    by = (filters.group or ask.by) if ask.by else (filters.group if ask.by is None else None)
    told: dict[str, Any] = {"within": filters.window, "by": by or None}
    told = {name: value for name, value in told.items() if name in entry.options}
    if entry.name == "funnel":
        del told["within"]
    if entry.name in BY_PERIODS:
        _, until = filters.bounds(report.as_of)
        since = filters.since(report.as_of)
        return told | {"period": filters.step, "since": since, "until": until}
    bounds = filters.bounds(report.as_of)
    if not entry.cohort:
        return told
    if entry.options[entry.cohort[0]].needed:
        whole = complete_periods(report, filters)
        if not whole:
            reason = f"no whole {filters.step} lies in the time that was chosen"
            raise QuestionError(f"{reason}; choose a longer time, or shorter periods")
        return told | {entry.cohort[0]: (whole[-1].starts_at, whole[-1].ends_at)}
    return told if bounds == (None, None) else told | {entry.cohort[0]: bounds}


def _given(ask: Ask, funnel: Funnel, filters: Filters) -> dict[str, Any]:
    """What the page fixes; what is so in each funnel is read off it."""
    read: dict[str, Callable[[], Any]] = {
        "first stage": lambda: funnel.stages[0],
        "last stage": lambda: funnel.stages[-1],
        "shorter patience": lambda: _patience(funnel, 1, 2),
        "longer patience": lambda: _patience(funnel, 2, 1),
        "chosen patience": lambda: _waiting(funnel, filters.patience),
    }
    return {
        name: read[value]() if isinstance(value, str) and value in read else value
        for name, value in ask.given.items()
    }


def _waiting(funnel: Funnel, patience: timedelta | None) -> Funnel:
    """The same funnel with this patience at each stage that is left by silence, or at all."""
    by_silence = [stage for stage in funnel.stages if funnel.patience_of(stage) is not None]
    each = dict.fromkeys(by_silence or funnel.stages, patience)
    return evolve(funnel, patience={"default": None, **each})


def _patience(funnel: Funnel, times: int, parts: int) -> Funnel:
    """The same funnel with another patience at each stage."""

    def scaled(one: timedelta) -> timedelta:
        return min(LONGEST, max(_SECOND, one // _SECOND * times // parts * _SECOND))

    def other(one: timedelta | Rhythm | None) -> timedelta | Rhythm | None:
        if not isinstance(one, Rhythm):
            return None if one is None else scaled(one)
        factor = min(MOST, max(1, one.tenths * times // parts) / 10)
        least, most = scaled(one.at_least), scaled(one.at_most)
        return evolve(one, times=factor, at_least=least, at_most=most)

    each = {stage: other(funnel.patience_of(stage)) for stage in funnel.stages}
    return evolve(funnel, patience=each)
