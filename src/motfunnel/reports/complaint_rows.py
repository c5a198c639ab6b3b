"""The values of complaints: how long cases take, and what comes of those who complain.

Rows and answers only; ``complaint_estimate`` makes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import ClassVar, Final

from attrs import field, frozen

from motfunnel.answers.answer import Answer, Draw, Row, Table, columns_of
from motfunnel.answers.cells import (
    BY,
    COHORT,
    COUNT,
    DURATION,
    GROUP,
    LEVEL,
    SHARE,
    TEXT,
    WAIT,
    WINDOW,
    Cell,
    Kind,
    between,
    cell,
    nested,
    percent,
)
from motfunnel.charts.dots import beside, marks
from motfunnel.charts.labels import labels, room
from motfunnel.charts.picture import Picture
from motfunnel.charts.style import BLUE, ORANGE, QUIET, TICKS_OF_SHARES, axis, names
from motfunnel.domain.instant import format_duration
from motfunnel.reports.lens import in_period
from motfunnel.reports.rate import Span
from motfunnel.statistics import Interval

FEWEST_KNOWN: Final = 10
"""Below so many of whom it is known what came of them by the window's end, no curve is quoted."""

_ROW: Final = 44
_MOST: Final = 20
_APART: Final = 0.14


@frozen(kw_only=True)
class Outcomes:
    """What came first of those who complained: a recovery (a purchase or advocacy), or a departure.

    Contact-based: each contact's first complaint in the cohort.

    Attributes:
        contacts: how many complained.
        mature: those of them that were observed for the whole window.
        immature: the share of them that were not; None where nobody complained.
        recovered: of the mature, those that recovered within it, before any departure.
        recovered_share: of the mature; None where nobody is.
        recovered_interval: Wilson's, around that share.
        purchase_first: of those that recovered, with whom it was a purchase.
        advocacy_first: of those that recovered, with whom it was advocacy.
        departed: of the mature, those that departed within it, before any recovery.
        departed_share: of the mature.
        departed_interval: Wilson's, around that share.
        recovery: the probability of recovery first within the window, by Aalen–Johansen with
            departure (and erasure) as competing outcomes; None below 10 of known outcome.
        recovery_interval: its log(−log) interval.
        departure: the probability of departure first, likewise.
        departure_interval: its interval.
    """

    contacts: int = field(metadata=cell(COUNT))
    mature: int = field(metadata=cell(COUNT))
    immature: float | None = field(metadata=cell(SHARE))
    recovered: int = field(metadata=cell(COUNT))
    recovered_share: float | None = field(metadata=cell(SHARE))
    recovered_interval: Interval | None = field(metadata=cell(between(SHARE)))
    purchase_first: int = field(metadata=cell(COUNT))
    advocacy_first: int = field(metadata=cell(COUNT))
    departed: int = field(metadata=cell(COUNT))
    departed_share: float | None = field(metadata=cell(SHARE))
    departed_interval: Interval | None = field(metadata=cell(between(SHARE)))
    recovery: float | None = field(metadata=cell(SHARE))
    recovery_interval: Interval | None = field(metadata=cell(between(SHARE)))
    departure: float | None = field(metadata=cell(SHARE))
    departure_interval: Interval | None = field(metadata=cell(between(SHARE)))


@frozen(kw_only=True)
class ComplaintRow(Row):
    """The complaints of one group.

    Names stand behind ``cases``, ``resolved``, ``unresolved``, ``reopened``,
    ``departed_meanwhile`` (once for each case), ``mature``, ``recovered`` and ``departed``.

    Attributes:
        group: the group's value; None where all are one group.
        cases: how often a case was opened in the cohort; one that opened again counts again.
        resolved: those that were resolved.
        unresolved: the others.
        lower_quartile: by when a quarter is resolved, by Kaplan–Meier with open cases censored;
            None where fewer were.
        median: by when half are.
        median_interval: between which times that lies; None where undefined.
        upper_quartile: by when three quarters are.
        reopened: of the resolved, those whose case opened again.
        reopened_share: of the resolved; None where there are none.
        reopened_interval: around that share; Wilson's, or clustered by contact where
            contacts repeat.
        departed_meanwhile: of the cases, those whose contact left while they were open.
        departed_meanwhile_share: of the cases.
        departed_meanwhile_interval: around that share; Wilson's, or clustered by contact where
            contacts repeat.
        outcomes: what came of those who complained.
    """

    group: str | None = field(metadata=cell(GROUP, BY))
    cases: int = field(metadata=cell(COUNT, "cases"))
    resolved: int = field(metadata=cell(COUNT))
    unresolved: int = field(metadata=cell(COUNT, "open"))
    lower_quartile: timedelta | None = field(metadata=cell(WAIT, "25% within"))
    median: timedelta | None = field(metadata=cell(WAIT, "median"))
    median_interval: Span | None = field(metadata=cell(between(DURATION), LEVEL))
    upper_quartile: timedelta | None = field(metadata=cell(WAIT, "75% within"))
    reopened: int = field(metadata=cell(COUNT))
    reopened_share: float | None = field(metadata=cell(SHARE))
    reopened_interval: Interval | None = field(metadata=cell(between(SHARE)))
    departed_meanwhile: int = field(metadata=cell(COUNT))
    departed_meanwhile_share: float | None = field(metadata=cell(SHARE))
    departed_meanwhile_interval: Interval | None = field(metadata=cell(between(SHARE)))
    outcomes: Outcomes = field(metadata=cell(nested(Outcomes)))


def picture(answer: Complaints) -> Picture:
    """Draw two dots with intervals for each group: who recovered first, and who left first."""
    rows = sorted(answer.rows, key=lambda row: -row.outcomes.mature)[:_MOST]
    rows = [row for row in answer.rows if row in rows]
    both = [row.outcomes for row in rows]
    set_names = labels("all" if row.group is None else row.group for row in rows)
    window = format_duration(answer.within)
    fewer = f", the {len(rows)} largest groups" if len(answer.rows) > len(rows) else ""
    cases, observed = sum(row.cases for row in rows), sum(one.mature for one in both)
    recovered = [(one.recovered_share, one.recovered_interval) for one in both]
    departed = [(one.departed_share, one.departed_interval) for one in both]
    said = [f"{'all' if row.group is None else row.group}: "
            f"{percent(one.recovered_share)} recovered first, "
            f"{percent(one.departed_share)} left first, of {one.mature:,}"
            for row, one in zip(rows, both, strict=True)]  # fmt: skip
    return Picture(
        traces=[
            marks(recovered, BLUE, shift=-_APART, size=10, name="recovered first"),
            marks(departed, ORANGE, shift=_APART, size=10, name="left first"),
        ],
        layout={
            "xaxis": axis(f"of contacts, within {window} of their first complaint",
                          tickformat=TICKS_OF_SHARES, rangemode="tozero"),
            "yaxis": names(set_names),
            "showlegend": True,
            "annotations": [beside(_beside(one), n) for n, one in enumerate(both)],
        },
        counted=f"{cases:,} cases, n = {observed:,} contacts observed for the whole window{fewer}",
        told=f"Dots. {'; '.join(said)}.",
        left=room(set_names),
        right=150,
        above=40,
        height=120 + 96 + _ROW * max(len(rows), 2),
    )  # fmt: skip


def _beside(one: Outcomes) -> str:
    return (
        f"<b>{percent(one.recovered_share)}</b> / <b>{percent(one.departed_share)}</b> "
        f"<span style='color:{QUIET}'>of {one.mature:,}</span>"
    )


@frozen(kw_only=True)
class Complaints(Answer[ComplaintRow]):
    """Cases and what came of them, of all or by groups.

    Attributes:
        within: the window of the outcomes; its edge belongs to it.
        by: what tells the groups apart: a property of the complaint, or ``trait:NAME``; or None.
        cohort: from when to when the complaints were made; half-open, None: no bound.
    """

    row_class: ClassVar[type[Row]] = ComplaintRow
    _pictures: ClassVar[Mapping[str, Draw]] = {"outcomes": picture}

    within: timedelta = field(metadata=cell(WINDOW))
    by: str | None = field(metadata=cell(TEXT))
    cohort: tuple[datetime | None, datetime | None] = field(metadata=cell(COHORT))

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        return "Complaints" + in_period(self.cohort)

    def words(self) -> dict[str, str]:
        """What stands in headings for what is asked differently each time."""
        return super().words() | {"by": self.by or ""}

    def tables(self) -> Iterator[Table]:
        """The cases and what became of them; then who recovered or departed first, two ways."""
        shown = columns_of(ComplaintRow)
        yield self.table(None, shown, self.rows)
        window = format_duration(self.within)
        for caption, columns in _outcome_tables(window):
            yield self.table(caption, shown[:1] + columns, self.rows)


def _told(*columns: tuple[str, Kind, str]) -> list[tuple[str, Cell]]:
    return [(path, Cell(kind, heading)) for path, kind, heading in columns]


_REOPENED: Final = _told(
    ("reopened_share", SHARE, "reopened"),
    ("reopened_interval", between(SHARE), LEVEL),
    ("reopened", COUNT, "counted"),
    ("resolved", COUNT, "resolved"),
)
_LEFT_MEANWHILE: Final = _told(
    ("departed_meanwhile_share", SHARE, "left meanwhile"),
    ("departed_meanwhile_interval", between(SHARE), LEVEL),
    ("departed_meanwhile", COUNT, "counted"),
    ("cases", COUNT, "cases"),
)
_RECOVERED: Final = _told(
    ("outcomes.recovered_share", SHARE, "rate"),
    ("outcomes.recovered_interval", between(SHARE), LEVEL),
    ("outcomes.recovered", COUNT, "counted"),
    ("outcomes.mature", COUNT, "observed"),
    ("outcomes.immature", SHARE, "immature"),
    ("outcomes.purchase_first", COUNT, "purchase"),
    ("outcomes.advocacy_first", COUNT, "advocacy"),
)
_DEPARTED: Final = _told(
    ("outcomes.departed_share", SHARE, "rate"),
    ("outcomes.departed_interval", between(SHARE), LEVEL),
    ("outcomes.departed", COUNT, "counted"),
    ("outcomes.mature", COUNT, "observed"),
    ("outcomes.immature", SHARE, "immature"),
)
_ESTIMATED: Final = _told(
    ("outcomes.contacts", COUNT, "contacts"),
    ("outcomes.recovery", SHARE, "recovery"),
    ("outcomes.recovery_interval", between(SHARE), LEVEL),
    ("outcomes.departure", SHARE, "departure"),
    ("outcomes.departure_interval", between(SHARE), LEVEL),
)


def _outcome_tables(window: str) -> Iterator[tuple[str, list[tuple[str, Cell]]]]:
    yield "By now: of the resolved cases, those that were opened again", _REOPENED
    yield "By now: of all cases, those whose contact left while they were open", _LEFT_MEANWHILE
    yield (
        f"Recovered first, by a purchase or by advocacy within {window} of the contact's first "
        "complaint, before any departure",
        _RECOVERED,
    )
    yield f"Departed first, within {window}, before any recovery", _DEPARTED
    yield (
        "Both by Aalen–Johansen as competing outcomes, with those still under observation counted "
        f"for as long as they were; withheld below {FEWEST_KNOWN} of known outcome",
        _ESTIMATED,
    )
