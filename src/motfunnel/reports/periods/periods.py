"""Questions about periods of the calendar: who is active, who comes and goes, who stays.

States each report in full; ``lifecycle``, ``growth`` and ``retention`` count.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from motfunnel.errors import QuestionError
from motfunnel.reports.cohort import AboutOpened, Opened
from motfunnel.reports.facts.stories import activity, stories
from motfunnel.reports.measure.arguments import CONFIDENCE
from motfunnel.reports.measure.timeline import Timeline, make_timeline, read_calendar
from motfunnel.reports.periods import growth, lifecycle, retention
from motfunnel.reports.periods.growth import Growth, growth_rows
from motfunnel.reports.periods.lifecycle import Lifecycle, lifecycle_rows
from motfunnel.reports.periods.retention import Retention, retention_rows

Day = date | datetime | None
Unit = Literal["day", "week", "month", "quarter", "year"]


class AboutPeriods(AboutOpened):
    """The reports with a row for each period, in the time zone of the report."""

    def lifecycle(
        self,
        period: Unit = "month",
        *,
        since: Day = None,
        until: Day = None,
        week_start: int | str = 0,
        by: str | None = None,
    ) -> Lifecycle:
        """How many contacts are active in each period, and where they come from.

        Counted are contacts with an event in the period that kept them alive, each once. New:
        opened in it, by the earliest event of all history. Returning: active in the period just
        before too. Resurrecting: neither. Dormant: active just before, and not now. Always
        ``active = active before + new + resurrecting − dormant``.

        Args:
            period: ``day``, ``week``, ``month``, ``quarter`` or ``year``.
            since: the first row is the period that this local date, or instant, lies in; by
                default that of the earliest opening. What happened earlier still decides.
            until: the rows end with the last period that begins before it; by default with the
                one that is not over.
            week_start: the day on which weeks begin: 0 is Monday, or its name.
            by: ``source``, a trait as it held at the opening (``trait:NAME`` where it is called
                source, stage or reason), or ``property:NAME`` of the event that opened.
        """
        told = self._told(period, week_start, by)
        with self._opened("lifecycle", by) as opened:
            told["notes"] = opened.notes
            line = self._timeline(period, week_start, since, until, opened)
            found = () if line is None else activity(opened.source, line, opened.erased)
            rows = () if line is None else lifecycle_rows(found, opened, line)
        if any(row.unfinished and row.dormant for row in rows):
            told["notes"] = (*told["notes"], lifecycle.NOT_OVER)
        return Lifecycle(name="lifecycle", definition=lifecycle.DEFINITION, rows=rows, **told)

    def growth(
        self,
        period: Unit = "month",
        *,
        since: Day = None,
        until: Day = None,
        week_start: int | str = 0,
        by: str | None = None,
    ) -> Growth:
        """How many contacts open, return and depart in each period, by their moments.

        Counted are moments; a departure by silence is dated at its deadline. The quick ratio is
        (openings + returns) / departures, and None where nobody departed. Always ``present at the
        end = present at the start + openings + returns − departures``, less those who were erased.

        Args:
            period: as in ``lifecycle``.
            since: likewise.
            until: likewise.
            week_start: likewise.
            by: likewise.
        """
        told = self._told(period, week_start, by)
        with self._opened("growth", by) as opened:
            told["notes"] = opened.notes
            line = self._timeline(period, week_start, since, until, opened)
            found = stories(opened.source, growth.KINDS)
            rows = () if line is None else growth_rows(found, opened, line)
        return Growth(name="growth", definition=growth.DEFINITION, rows=rows, **told)

    def retention(
        self,
        period: Unit = "month",
        *,
        how: Literal["in", "in or after"] = "in",
        periods: int | None = None,
        since: Day = None,
        until: Day = None,
        week_start: int | str = 0,
        by: str | None = None,
        confidence: float = CONFIDENCE,
    ) -> Retention:
        """How many of those who opened in one period are back in each period after it.

        Numerator: contacts of the cohort with an event that kept them alive in period n (or in it
        or in any later one by now). Denominator: contacts that opened in the cohort's period. In
        period 0 that is everyone. None for a period that is not over, and where nobody opened.

        Args:
            period: as in ``lifecycle``.
            how: ``in`` the n-th period, or ``in or after`` it.
            periods: the greatest n; by default as far as time has come.
            since: the first cohort is that of the period in which this lies.
            until: the last cohort is that of the last period that begins before it; how long the
                cohorts are followed does not depend on it.
            week_start: as in ``lifecycle``.
            by: likewise.
            confidence: of the intervals.
        """
        if how not in retention.DEFINITIONS:
            raise QuestionError(f"how is {how!r}; it can be 'in' or 'in or after'")
        _check_periods(periods)
        told = self._told(period, week_start, by, confidence) | {"how": how}
        with self._opened("retention", by) as opened:
            told["notes"] = opened.notes
            line = self._timeline(period, week_start, since, until, opened)
            found = () if line is None else activity(opened.source, line, opened.erased)
            asked = (how, periods, confidence)
            rows = () if line is None else retention_rows(found, opened, line, *asked)
        return Retention(name="retention", definition=retention.DEFINITIONS[how], rows=rows, **told)

    def _told(
        self, period: str, week_start: int | str, by: str | None, confidence: float = CONFIDENCE
    ) -> dict[str, Any]:
        """What each of these answers says of its question; refuses what is no period."""
        calendar = read_calendar(period, self.timezone, week_start)
        told = {"period": period, "week_start": calendar.week_start, "by": by}
        return told | self._asked(confidence)

    def _timeline(
        self, period: str, week_start: int | str, since: Day, until: Day, opened: Opened
    ) -> Timeline | None:
        calendar = read_calendar(period, self.timezone, week_start)
        return make_timeline(calendar, self.as_of, since, until, opened.earliest)


def _check_periods(periods: int | None) -> None:
    if periods is not None and (not isinstance(periods, int) or periods < 0):
        raise QuestionError(f"periods is {periods!r}; it must be a number, not below zero")
