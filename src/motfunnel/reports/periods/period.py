"""Periods as they are asked for: their length, since when, until when, read once for the room.

Counts nothing.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from motfunnel.reports.cohort import Opened
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE
from motfunnel.reports.measure.timeline import Timeline, make_timeline, read_calendar

Day = date | datetime | None
Unit = Literal["day", "week", "month", "quarter", "year"]


def told_of(
    inquiry: Inquiry,
    period: str,
    week_start: int | str,
    by: str | None,
    confidence: float = CONFIDENCE,
) -> dict[str, Any]:
    """What each of these answers says of its question; refuses what is no period."""
    calendar = read_calendar(period, inquiry.timezone, week_start)
    told = {"period": period, "week_start": calendar.week_start, "by": by}
    return told | inquiry.header(confidence)


def timeline_of(
    inquiry: Inquiry, period: str, week_start: int | str, since: Day, until: Day, opened: Opened
) -> Timeline | None:
    """The periods that are asked for; None where nobody opened."""
    calendar = read_calendar(period, inquiry.timezone, week_start)
    return make_timeline(calendar, inquiry.as_of, since, until, opened.earliest)
