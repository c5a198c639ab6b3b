"""A windowed rate by calendar period: each period of the start event is a cohort of its own.

Beside each rate stands how far it lies from the period before. Says where it may still change.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Final, Literal

from attrs import field, fields, frozen

from motfunnel.answers.answer import Draw, Table, columns_of
from motfunnel.answers.cells import (
    COUNT,
    INSTANT,
    NAMED,
    POINTS,
    TEXT,
    Kind,
    between,
    cell,
    percent,
)
from motfunnel.charts.dots import scale
from motfunnel.charts.labels import labels
from motfunnel.charts.scene import Dots, Panel, Picture, Rows, Text, quiet, strong
from motfunnel.charts.style import BLUE, PAPER
from motfunnel.domain.calendar import Calendar
from motfunnel.domain.instant import from_micros, to_micros
from motfunnel.reports.measure.clock import Cohort, Readings
from motfunnel.reports.measure.rate import KaplanMeier, Rate, RateRow
from motfunnel.reports.measure.timeline import DATE, FIRST, SO_FAR, Timeline, make_timeline
from motfunnel.statistics import Difference, Interval, hybrid

BY_PERIOD: Final = (
    "each period is a cohort of its own, by when the clock started; the change from the period "
    "before takes the two for independent, though a contact can be in both; so far: the period is "
    "not over, or not all of it was observed for the whole window"
)
_FIRST: Final = ("period", "starts_on", "starts_at", "ends_at", "unfinished")
_MOST: Final = 36

Per = Literal["day", "week", "month", "quarter", "year"]


@frozen(kw_only=True)
class TrendRow(RateRow):
    """The rate of those whose clocks started in one period.

    Attributes:
        period: its name, such as ``2005-03``.
        starts_on: its first local date.
        starts_at: its first instant.
        ends_at: the first instant after it.
        unfinished: whether the period is not over, or some of it are immature; it may change.
        change: the rate less that of the period before; None where either is undefined.
        change_interval: around it: Newcombe's, or made of the two intervals alike.
    """

    period: str = field(metadata=cell(TEXT, "{period}"))
    starts_on: date = field(metadata=cell(DATE))
    starts_at: datetime = field(metadata=cell(INSTANT))
    ends_at: datetime = field(metadata=cell(INSTANT))
    unfinished: bool = field(metadata=cell(SO_FAR, ""))
    change: float | None = field(default=None, metadata=cell(POINTS, NAMED))
    change_interval: Interval | None = field(default=None, metadata=cell(between(POINTS), NAMED))


@frozen(kw_only=True)
class CausedTrendRow(TrendRow):
    """The same of a rate whose event is a purchase or advocacy, whichever comes first.

    Attributes:
        purchase_first: of the numerator, those with whom it was a purchase.
        advocacy_first: of the numerator, those with whom it was advocacy.
    """

    purchase_first: int = field(metadata=cell(COUNT, NAMED))
    advocacy_first: int = field(metadata=cell(COUNT, NAMED))


def picture(answer: Trend) -> Picture:
    """Draw a dot with its interval for each period, hollow where it may still change."""
    rows = answer.rows[-_MOST:]
    periods = [row.period for row in rows]
    groups = [
        "" if answer.by is None else f"{group}, "
        for group in labels([row.group for row in rows], 20)
    ]
    fewer = f"the last {len(rows)} of {len(answer.rows)} rows, " if rows != answer.rows else ""
    n = sum(row.denominator for row in rows)
    said = [
        f"{group}{period}: {percent(row.rate)}, {row.numerator:,} of {row.denominator:,}"
        f"{' so far' if row.unfinished else ''}"
        for row, period, group in zip(rows, periods, groups, strict=True)
    ]
    return Picture(
        panels=(
            Panel(
                marks=(_dots(rows, is_open=False), _dots(rows, is_open=True)),
                y=Rows(
                    names=[f"{g}{p}" for g, p in zip(groups, periods, strict=True)],
                    beside=[_beside(row) for row in rows],
                ),
            ),
        ),
        x=scale(
            "rate", [row.rate for row in rows], [row.interval for row in rows], are_shares=True
        ),
        has_legend=any(row.unfinished for row in rows),
        counted=f"{fewer}n = {n:,} observed, {answer.confidence * 100:.4g}% intervals",
        told=f"The rate by {answer.per}. {'; '.join(said)}.",
    )


def _dots(rows: Sequence[TrendRow], *, is_open: bool) -> Dots:
    """The dots of the periods that may still change, or of the others."""
    shown = [row if row.unfinished is is_open else None for row in rows]
    return Dots(
        x=[None if row is None else row.rate for row in shown],
        y=range(len(rows)),
        ends=[None if row is None else row.interval for row in shown],
        fill=PAPER if is_open else BLUE,
        name="so far" if is_open else "observed",
        is_in_legend=True,
    )


def _beside(row: TrendRow) -> Text:
    if row.rate is None:
        return (quiet("– (nobody observed)"),)
    change = "" if row.change is None else f", {POINTS.show(row.change)} points"
    so_far = " so far" if row.unfinished else ""
    return (
        strong(percent(row.rate)),
        quiet(f"{row.numerator:,} of {row.denominator:,}{so_far}{change}"),
    )


@frozen(kw_only=True, repr=False)
class Trend(Rate):
    """A windowed rate by calendar period: a row for each, and in groups for each of each group.

    Names stand behind the same counts as of a rate without periods.

    Attributes:
        per: of which length the periods are.
    """

    rows: tuple[TrendRow, ...]
    row_class: ClassVar[type[TrendRow]] = TrendRow
    _pictures: ClassVar[Mapping[str, Draw]] = {"periods": picture}

    per: str = field(metadata=cell(TEXT))

    @property
    def row(self) -> RateRow:
        """There is none: each period has its own."""
        raise ValueError(f"this rate has a row for each {self.per}; look at its rows")

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        zone = "" if self.timezone == "UTC" else f", {self.timezone}"
        return f"{super().title}, by {self.per}{zone}"

    def to_dict(self) -> dict[str, Any]:
        """The whole answer, ready for JSON."""
        return super(Rate, self).to_dict()

    def tables(self) -> Iterator[Table]:
        """The rates with their changes, then the curves."""
        hidden = {"group"} if self.by is None else set[str]()
        known = sorted(columns_of(self.row_class), key=lambda one: one[0] not in _FIRST)
        shown = [one for one in known if one[0] not in hidden]
        yield self.table(None, shown, self.rows)
        lead = [one for one in shown if one[0] in ("group", "period")]
        yield self.table(self._caption(), [*lead, *columns_of(KaplanMeier, "km")], self.rows)

    def columns(self) -> list[tuple[str, Kind, list[Any]]]:
        """All that is written in a line of a table; the period comes first."""
        return sorted(super().columns(), key=lambda one: one[0] not in _FIRST)

    def words(self) -> dict[str, str]:
        """What stands in headings for what is asked differently each time."""
        return super().words() | {"period": self.per}

    def _kinds(self) -> tuple[str, ...]:
        return tuple(self._pictures)


def timeline_of(
    chosen: Readings, calendar: Calendar, cohort: Cohort, as_of: datetime
) -> Timeline | None:
    """The periods of a cohort's starts; from the earliest of them, where it has no first bound."""
    earliest = from_micros(min(chosen.started)) if len(chosen) else None
    return make_timeline(calendar, as_of, *cohort, earliest)


def stretches(chosen: Readings, line: Timeline) -> list[int]:
    """In which stretch of a timeline each clock started."""
    bounds = [*map(to_micros, line.bounds)]
    return [bisect_right(bounds, at) for at in chosen.started]


def first_of_each(chosen: Readings, line: Timeline) -> Readings:
    """Of each contact the first clock of each period; they come contact by contact, in order."""
    seen = dict[tuple[int, int], int]()
    for place, key in enumerate(zip(chosen.contact, stretches(chosen, line), strict=True)):
        seen.setdefault(key, place)
    return chosen.at([*seen.values()])


def trend_rows(
    kind: type[TrendRow],
    chosen: Readings,
    line: Timeline,
    estimate: Callable[[Readings], RateRow],
) -> Iterator[TrendRow]:
    """Estimate the rate of each period of a group, and how far it lies from the one before."""
    places: dict[int, list[int]] = {}
    for place, stretch in enumerate(stretches(chosen, line)):
        places.setdefault(stretch, []).append(place)
    before: RateRow | None = None
    for number in range(line.shown):
        row = estimate(chosen.at(places.get(number + FIRST, [])))
        told = line.told(number)
        told["unfinished"] = told["unfinished"] or row.immature_count > 0
        found = _change(row, before)
        before = row
        yield kind(
            **{one.name: getattr(row, one.name) for one in fields(type(row))} | told,
            change=None if found is None else found.value,
            change_interval=None if found is None else found.interval,
        )


def notes_of(rows: Sequence[TrendRow], cohort: Cohort, confidence: float) -> Iterator[str]:
    """What a period is, how many changes are looked at, and which periods are cut."""
    yield BY_PERIOD
    changes = sum(row.change_interval is not None for row in rows)
    if changes > 1:
        yield (
            f"{changes} changes are shown, and each interval stands for itself: of "
            f"{round(1 / (1 - confidence))}, one excludes 0 by chance alone"
        )
    start, stop = cohort
    cut = dict.fromkeys(
        row.period
        for row in rows
        if (start and row.starts_at < start) or (stop and row.ends_at > stop)
    )
    if cut:
        yield f"the cohort begins or ends within {' and '.join(cut)}: only a part is counted"


def _change(row: RateRow, before: RateRow | None) -> Difference | None:
    if before is None or row.rate is None or before.rate is None:
        return None
    return hybrid(row.rate, row.interval, before.rate, before.interval)


@frozen(kw_only=True, repr=False)
class CausedTrend(Trend):
    """The same of a rate whose rows say what came first.

    Names stand behind ``purchase_first`` and ``advocacy_first`` too.
    """

    row_class: ClassVar[type[TrendRow]] = CausedTrendRow
