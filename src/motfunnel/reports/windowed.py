"""A windowed rate, asked: from what is given over clocks and estimates to the answer.

What is counted, each rate says; what the answer is, ``measure.rate``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from motfunnel.domain.instant import Duration
from motfunnel.errors import QuestionError
from motfunnel.reports.inquiry import Groups, Inquiry
from motfunnel.reports.measure.arguments import Bounds, Unit, read_cohort, read_window
from motfunnel.reports.measure.clock import EVERYBODY
from motfunnel.reports.measure.estimate import compare, make_row
from motfunnel.reports.measure.grouping import Grouping, read_grouping
from motfunnel.reports.measure.rate import COMPETING, CausedRate, Rate, RateRow
from motfunnel.reports.remarks import impossible, nobody_yet, not_compared
from motfunnel.reports.window import Windowed

_BY_ARM: Final = Grouping(kind="arm")


def ask_rate(
    inquiry: Inquiry,
    rate: Windowed,
    within: Duration,
    bounds: Bounds | None,
    by: str | None,
    unit: Unit,
    confidence: float,
) -> Rate:
    """Ask for a windowed rate of a cohort, by contact or by episode."""
    window = read_window(within)
    if unit not in ("contact", "episode"):
        raise QuestionError(f"unit is {unit!r}; it can be 'contact' or 'episode'")
    cohort, grouping = read_cohort(bounds), read_grouping(by, rate.name, rate.groups)
    groups = inquiry.choose(rate, cohort, grouping, first_only=unit == "contact")
    return answer_rate(
        inquiry,
        CausedRate if rate.causes else Rate,
        rate,
        groups,
        window,
        confidence,
        by=by,
        unit=unit,
        cohort=cohort,
    )


def compare_arms(
    inquiry: Inquiry,
    rate: Windowed,
    within: timedelta,
    bounds: Bounds | None,
    confidence: float,
    by: str,
    against: set[Any],
    after: timedelta | None = None,
) -> Rate:
    """Ask for a windowed rate of each contact's first clock, arm by arm."""
    cohort = read_cohort(bounds)
    started = EVERYBODY if after is not None else cohort
    groups = inquiry.choose(rate, started, _BY_ARM, first_only=True)
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
    is_comparable = more["unit"] == "contact" and more["by"] is not None
    stages = {stage for chosen in groups.values() for stage in chosen.texts("stage")}
    never = impossible(inquiry.funnel, rate.awaits, window, stages)
    notes = _notes(inquiry, rate, rows, never, more)
    told: dict[str, Any] = {"within": window, "notes": notes}
    return kind(
        name=rate.name,
        definition=rate.definition,
        since=rate.since,
        event=rate.event,
        rows=rows,
        comparison=compare(groups, rows, confidence, against) if is_comparable else None,
        **told | more,
        **inquiry.header(confidence),
    )


def _notes(
    inquiry: Inquiry,
    rate: Windowed,
    rows: Sequence[RateRow],
    never: str | None,
    more: Mapping[str, Any],
) -> tuple[str, ...]:
    """What a reader of a rate has to know besides."""
    happened = any(row.numerator for row in rows)
    grouping = read_grouping(more["by"], rate.name, rate.groups)
    notes = (
        rate.note,
        COMPETING if any(row.erased_count for row in rows) else None,
        None if happened else never,
        nobody_yet(more["cohort"], inquiry.as_of),
        not_compared(len(rows)) if more["unit"] == "contact" else None,
        inquiry.unknown(grouping, [row.group for row in rows]),
    )
    return tuple(note for note in notes if note is not None)
