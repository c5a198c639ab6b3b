"""A windowed rate, asked: from what is given over clocks and estimates to the answer.

What is counted, each rate says; what the answer is, ``measure.rate``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from attrs import evolve

from motfunnel.domain.instant import Duration
from motfunnel.errors import QuestionError
from motfunnel.reports.inquiry import Groups, Inquiry
from motfunnel.reports.measure.adjusted import NOT_FITTED
from motfunnel.reports.measure.adjusted import adjust as adjust_groups
from motfunnel.reports.measure.arguments import Bounds, Unit, read_cohort, read_window
from motfunnel.reports.measure.clock import EVERYBODY, Readings
from motfunnel.reports.measure.estimate import compare_classes, make_row
from motfunnel.reports.measure.grouping import (
    By,
    Grouping,
    Groupings,
    Partition,
    each_of,
    read_grouping,
)
from motfunnel.reports.measure.rate import CausedRate, Rate, RateRow, competing
from motfunnel.reports.measure.timeline import Timeline, read_calendar
from motfunnel.reports.measure.trend import (
    CausedTrend,
    CausedTrendRow,
    Per,
    Trend,
    TrendRow,
    first_of_each,
    notes_of,
    timeline_of,
    trend_rows,
)
from motfunnel.reports.remarks import (
    Beside,
    apart_from_the_curve,
    impossible,
    nobody_yet,
    not_compared,
)
from motfunnel.reports.silence import (
    NOT_ALIKE,
    SAID,
    are_alike,
    classes,
    mixed_note,
    no_event_note,
    patiences,
    silence_note,
)
from motfunnel.reports.window import Windowed

_BY_ARM: Final = Groupings((Grouping("arm"),), "arm")


def ask_rate(
    inquiry: Inquiry,
    rate: Windowed,
    within: Duration,
    bounds: Bounds | None,
    by: By,
    unit: Unit,
    confidence: float,
    per: Per | None = None,
) -> Rate:
    """Ask for a windowed rate of a cohort, or of each period's, by contact or by episode."""
    window = read_window(within)
    if unit not in ("contact", "episode"):
        raise QuestionError(f"unit is {unit!r}; it can be 'contact' or 'episode'")
    cohort = read_cohort(bounds, inquiry.instant)
    groupings = read_grouping(by, rate.name, rate.groups)
    written = None if groupings is None else groupings.written
    more: dict[str, Any] = {"by": written, "unit": unit, "cohort": cohort}
    if per is not None:
        return _by_period(inquiry, rate, groupings, window, confidence, more | {"per": per})
    groups = inquiry.choose(rate, cohort, groupings, first_only=unit == "contact")
    kind = CausedRate if rate.causes else Rate
    return answer_rate(inquiry, kind, rate, groups, window, confidence, **more)


def adjust_rate(inquiry: Inquiry, rate: Windowed, answer: Rate, by: By, adjust: By) -> Rate:
    """Beside the rates, how the groups compare with other things held alike.

    Raises:
        QuestionError: there are no groups, or they are told apart by period.
        MissingExtraError: lifelines is not installed.
    """
    groupings = read_grouping(by, rate.name, rate.groups)
    held = read_grouping(adjust, rate.name, rate.groups)
    if held is None:
        return answer
    if groupings is None or isinstance(answer, Trend):
        raise QuestionError("adjust holds alike what differs between groups; give by, and no per")
    written = each_of(adjust)
    for one, grouping in zip(written, held.each, strict=True):
        if grouping in groupings.each:
            raise QuestionError(f"adjust is {one!r}, and so is by: it holds alike what by is not")
    every = Groupings((*groupings.each, *held.each), "")
    first_only = answer.unit == "contact"
    chosen, told = inquiry.told_of_each(rate, answer.cohort, every, first_only=first_only)
    number = len(groupings.each)
    values = [*zip(written, held.each, told[number:], strict=True)]
    groups = Partition.together(told[:number])

    def is_told(parted: Partition, one: str, other: str) -> bool:
        places = parted.places()
        first, second = chosen.at(places[one]), chosen.at(places[other])
        return are_alike(rate, first, second, inquiry.funnel)

    found = adjust_groups(chosen, groups, groupings.written, values, answer.confidence, is_told)
    if isinstance(found, str):
        return evolve(answer, notes=(*answer.notes, f"{NOT_FITTED}: {found}"))
    return evolve(answer, adjusted=found)


def _by_period(
    inquiry: Inquiry,
    rate: Windowed,
    groupings: Groupings | None,
    window: timedelta,
    confidence: float,
    more: Mapping[str, Any],
) -> Trend:
    """Ask for a windowed rate of each period's cohort, of which contact-based is the first."""
    calendar = read_calendar(more["per"], inquiry.timezone, 0)
    as_of, cohort, lines = inquiry.as_of, more["cohort"], list[Timeline]()

    def narrow(chosen: Readings) -> Readings:
        line = timeline_of(chosen, calendar, cohort, as_of)
        if line is None:
            return chosen
        lines.append(line)
        return first_of_each(chosen, line) if more["unit"] == "contact" else chosen

    groups = inquiry.choose(rate, cohort, groupings, first_only=False, narrow=narrow)
    rows = tuple(
        row
        for line in lines
        for group, chosen in groups.items()
        for row in _rows_by_period(inquiry, rate, group, chosen, line, window, confidence)
    )
    return (CausedTrend if rate.causes else Trend)(
        name=rate.name,
        definition=rate.definition,
        since=rate.since,
        event=rate.event,
        rows=rows,
        within=window,
        notes=(
            *notes_of(rows, cohort, confidence),
            *_notes(inquiry, rate, groups, rows, window, more),
        ),
        **more,
        **inquiry.header(confidence),
    )


def _rows_by_period(
    inquiry: Inquiry,
    rate: Windowed,
    group: str | None,
    chosen: Readings,
    line: Timeline,
    window: timedelta,
    confidence: float,
) -> Iterator[TrendRow]:
    """The rate of a group in each period."""

    def estimate(one: Readings) -> RateRow:
        return make_row(group, one, window, inquiry.as_of, confidence, rate.causes)

    kind = CausedTrendRow if rate.causes else TrendRow
    return trend_rows(kind, chosen, line, estimate)


def compare_arms(
    inquiry: Inquiry,
    rate: Windowed,
    within: timedelta,
    bounds: Bounds | None,
    confidence: float,
    by: str,
    against: set[Any],
    after: timedelta | None = None,
    *,
    narrow: Callable[[Readings], Readings] = lambda chosen: chosen,
) -> Rate:
    """Ask for a windowed rate of each contact's first clock, arm by arm."""
    cohort = read_cohort(bounds, inquiry.instant)
    started = EVERYBODY if after is not None else cohort
    groups = inquiry.choose(rate, started, _BY_ARM, first_only=True, narrow=narrow)
    more = {"by": by, "unit": "contact", "cohort": cohort, "against": against}
    return answer_rate(inquiry, Rate, rate, groups, within, confidence, **more)


def answer_rate(
    inquiry: Inquiry,
    kind: type[Rate],
    rate: Windowed,
    groups: Groups,
    window: timedelta,
    confidence: float,
    against: Collection[str] = (),
    **more: Any,
) -> Rate:
    """Estimate each group, and compare them where they hold different contacts."""
    rows = tuple(
        make_row(group, one, window, inquiry.as_of, confidence, rate.causes)
        for group, one in groups.items()
    )
    alike: Mapping[str | None, object] = {}
    mixed: str | None = None
    if more["unit"] == "contact" and more["by"] is not None:
        kinds = {group: patiences(rate, one, inquiry.funnel) for group, one in groups.items()}
        alike = dict.fromkeys(groups, SAID) if against else classes(kinds)
        mixed = None if against else mixed_note(kinds, more["by"])
    told: dict[str, Any] = {
        "within": window,
        "notes": (
            *_notes(inquiry, rate, groups, rows, window, more),
            *_not_compared(alike),
            *(() if mixed is None else (mixed,)),
        ),
    }
    return kind(
        name=rate.name,
        definition=rate.definition,
        since=rate.since,
        event=rate.event,
        rows=rows,
        comparisons=compare_classes(groups, rows, confidence, alike, against),
        **told | more,
        **inquiry.header(confidence),
    )


def _notes(
    inquiry: Inquiry,
    rate: Windowed,
    groups: Groups,
    rows: Sequence[RateRow],
    window: timedelta,
    more: Mapping[str, Any],
) -> Iterator[str]:
    """What a reader of a rate has to know besides."""
    happened = any(row.numerator for row in rows)
    stages = {stage for chosen in groups.values() for stage in chosen.texts("stage")}
    erased = sum(row.erased_count for row in rows)
    grouping = read_grouping(more["by"], rate.name, rate.groups)
    notes = (
        rate.note,
        silence_note(rate, groups, window, inquiry.as_of, inquiry.funnel, _each(more)),
        competing(erased) if erased else None,
        None if happened else impossible(inquiry.funnel, rate.awaits, window, stages),
        nobody_yet(more["cohort"], inquiry.as_of),
        no_event_note(rate, groups, grouping),
        inquiry.unknown(grouping, [row.group for row in rows]),
        None if "per" in more else _apart(rate, rows, inquiry.as_of - window),
    )
    yield from (note for note in notes if note is not None)


def _each(more: Mapping[str, Any]) -> str:
    """How often a contact can be among those of all periods together; once without periods."""
    if "per" not in more or more["unit"] != "contact":
        return ""
    return f"of each {more['per']}'s, all together, "


def _apart(rate: Windowed, rows: Sequence[RateRow], by: datetime) -> str | None:
    """That rates differ from their curves."""
    shown = [
        Beside(row.group, row.rate, row.km.probability, row.km.interval)
        for row in rows
        if row.immature_count
    ]
    return apart_from_the_curve(shown, rate.since, by, has_periods=rate.has_periods)


def _not_compared(alike: Mapping[str | None, object]) -> Iterator[str]:
    """That groups are not compared, and why."""
    sizes = Counter(alike.values())
    if len(sizes) > 1 or None in sizes:
        yield NOT_ALIKE
    yield from (note for note in map(not_compared, sizes.values()) if note is not None)
