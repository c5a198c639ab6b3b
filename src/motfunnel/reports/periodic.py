"""Questions about periods of the calendar: who is active, who comes and goes, who stays.

States each report in full; ``lifecycle``, ``growth`` and ``retention`` count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, Literal

from attrs import frozen

from motfunnel.errors import QuestionError
from motfunnel.reports import growth, lifecycle, retention
from motfunnel.reports.clock import choose
from motfunnel.reports.contact_stories import Source, activity, stories
from motfunnel.reports.grouped import openings_of
from motfunnel.reports.grouping import read_grouping
from motfunnel.reports.growth import Growth, growth_rows
from motfunnel.reports.lifecycle import Lifecycle, lifecycle_rows
from motfunnel.reports.question import CONFIDENCE, Question
from motfunnel.reports.retention import Retention, retention_rows
from motfunnel.reports.timeline import Groups, Timeline, make_timeline, read_calendar

Day = date | datetime | None
Unit = Literal["day", "week", "month", "quarter", "year"]


@frozen(kw_only=True)
class _Asked:
    """One question about periods, as far as all of them are alike.

    Attributes:
        source: what can be read.
        timeline: the periods; None where there are none.
        groups: of each contact that opened, its group.
        erased: when those were erased whose counts were kept.
        told: what the answer says of the question.
    """

    source: Source
    timeline: Timeline | None
    groups: Groups
    erased: dict[str, datetime]
    told: dict[str, Any]

    @property
    def shown(self) -> Sequence[str | None]:
        """The groups that have rows; without any, all contacts are one, were there none at all."""
        if self.told["by"] is None:
            return (None,)
        return sorted({str(group) for group in self.groups.values()})


class AboutPeriods(Question):
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
        with self._periods("lifecycle", period, since, until, week_start, by) as asked:
            rows: Any = ()
            if asked.timeline is not None:
                found = activity(asked.source, asked.timeline, asked.erased)
                rows = lifecycle_rows(found, asked.groups, asked.timeline, asked.shown)
        return Lifecycle(definition=lifecycle.DEFINITION, rows=rows, **asked.told)

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
        with self._periods("growth", period, since, until, week_start, by) as asked:
            rows: Any = ()
            if asked.timeline is not None:
                told = stories(asked.source, growth.KINDS)
                rows = growth_rows(told, asked.groups, asked.timeline, asked.shown, asked.erased)
        return Growth(definition=growth.DEFINITION, rows=rows, **asked.told)

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
        if periods is not None and (not isinstance(periods, int) or periods < 0):
            raise QuestionError(f"periods is {periods!r}; it must be a number, not below zero")
        with self._periods("retention", period, since, until, week_start, by, confidence) as asked:
            rows: Any = ()
            if asked.timeline is not None:
                found = activity(asked.source, asked.timeline, asked.erased)
                line = asked.timeline
                rows = retention_rows(
                    found, asked.groups, line, asked.shown, how, periods, confidence
                )
        definition = retention.DEFINITIONS[how]
        return Retention(definition=definition, rows=rows, how=how, **asked.told)

    @contextmanager
    def _periods(
        self,
        name: str,
        period: str,
        since: Day,
        until: Day,
        week_start: int | str,
        by: str | None,
        confidence: float = CONFIDENCE,
    ) -> Iterator[_Asked]:
        calendar = read_calendar(period, self.timezone, week_start)
        opening = openings_of(name)
        grouping = read_grouping(by, opening)
        erased, _ = self._erased()
        told = {"name": name, "period": period, "week_start": calendar.week_start, "by": by}
        told |= self._asked(confidence)
        with self._reading(grouping) as source:
            opened = choose(
                source.clocks(opening), (None, None), self.as_of, erased, first_only=True
            )
            group = source.groups(grouping, opening, opened) if grouping else lambda _: None
            earliest = min((one.clock.started_at for one in opened), default=None)
            yield _Asked(
                source=source,
                timeline=make_timeline(calendar, self.as_of, since, until, earliest),
                groups={one.clock.contact: group(one.clock) for one in opened},
                erased=erased,
                told=told,
            )
