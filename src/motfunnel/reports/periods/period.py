"""Periods as they are asked for: their length, since when, until when, read once for the room.

And the stretches of a contact, which questions about activity have as the bits of a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Literal

from motfunnel.domain.instant import When
from motfunnel.reports.cohort import Opened, began
from motfunnel.reports.facts.moments import Activity
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE
from motfunnel.reports.measure.grouping import By, as_written
from motfunnel.reports.measure.timeline import Timeline, make_timeline, read_calendar

Day = date | When | None
Unit = Literal["day", "week", "month", "quarter", "year"]


def told_of(
    inquiry: Inquiry,
    period: str,
    week_start: int | str,
    by: By,
    confidence: float = CONFIDENCE,
) -> dict[str, Any]:
    """What each of these answers says of its question; refuses what is not a period."""
    calendar = read_calendar(period, inquiry.timezone, week_start)
    told = {"period": period, "week_start": calendar.week_start, "by": as_written(by)}
    return told | inquiry.header(confidence)


def timeline_of(
    inquiry: Inquiry, period: str, week_start: int | str, since: Day, until: Day, opened: Opened
) -> Timeline | None:
    """The periods that are asked for; None where nobody opened."""
    calendar = read_calendar(period, inquiry.timezone, week_start)
    earliest = opened.source.earliest() if since is None else None
    return make_timeline(calendar, inquiry.as_of, since, until, earliest)


def notes_of(inquiry: Inquiry, opened: Opened, line: Timeline | None) -> tuple[str, ...]:
    """What a reader has to know of the groups, and of how the history begins."""
    if line is None:
        return opened.notes
    return (*opened.notes, *began(inquiry.funnel, opened, line.periods[0].starts_at))


def read_active(opened: Opened, timeline: Timeline) -> Activity:
    """In which stretches of the periods asked for contacts were seen."""
    return opened.source.activity(timeline.bounds, erased=bool(opened.gone))


@lru_cache(maxsize=10_000)
def stretches_of(bits: int) -> Sequence[int]:
    """The numbers of the stretches of which the bit is set, in order.

    >>> stretches_of(0b1101)
    (0, 2, 3)
    """
    return tuple(n for n, bit in enumerate(f"{bits:b}"[::-1]) if bit == "1")
