"""Lists: who is away as a table of people, and cohorts as cells of a table, the newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import islice
from typing import Any, Final

from attrs import frozen

from motfunnel.answers.answer import Answer
from motfunnel.answers.cells import MONEY, percent, span
from motfunnel.charts.style import SHADES
from motfunnel.reports.decisions.worklist import Worklist
from motfunnel.reports.periods.growth import Growth, GrowthRow
from motfunnel.reports.periods.retention import Retention

Href = Callable[[int, str], str]

SHOWN: Final = 500
"""So many of a worklist stand on a page; all of them are in the CSV."""

_YEAR: Final = 24 * 365.25
_SPANS: Final = ((1, 1 / 60, "minute"), (24, 1, "hour"), (2 * _YEAR, 24, "day"))
"""Up to how many hours which unit is told, and how many hours it has."""

NAMED: Final = 24
"""So many people are listed by name beside a figure."""

COLUMNS: Final = 13
"""So many periods after that of the opening stand in a table of cohorts."""

MOVED: Final = 3
"""So many groups are named."""


@frozen(kw_only=True)
class Away:
    """One who is away.

    Attributes:
        group: which it is in; empty: they are not told apart.
        contact: who.
        chance: to return within the window.
        interval: around it.
        worth: the chance times the value per purchase; empty where no values are known.
        per_purchase: that value; likewise.
        away: for how long.
        stage: as what it left.
        reason: why.
        silence: what its silence was, where its own rhythm decided; else empty.
        written: when it was written to; empty: never.
        held_out: whether a trial holds it out.
    """

    group: str
    contact: str
    chance: str
    interval: str
    worth: str
    per_purchase: str
    away: str
    stage: str
    reason: str
    silence: str
    written: str
    held_out: bool


def away(answer: Worklist) -> list[Away]:
    """Who is away, in the order of the answer."""
    return [
        Away(
            group="" if answer.by is None else f"{row.group}",
            contact=row.contact,
            chance=percent(row.chance),
            interval="" if row.interval is None else span(row.interval),
            worth="" if row.chance_value is None else MONEY.show(row.chance_value),
            per_purchase="" if row.per_purchase is None else MONEY.show(row.per_purchase),
            away=away_for(row.away),
            stage=row.stage,
            reason=row.reason,
            silence=row.silence or "",
            written=f"{row.first_outreach_at:%Y-%m-%d}" if row.first_outreach_at else "",
            held_out=row.held_out,
        )
        for row in answer.rows[:SHOWN]
    ]


def away_for(span: timedelta) -> str:
    """For how long somebody is away, as one says it.

    >>> away_for(timedelta(hours=23.4)), away_for(timedelta(days=1.2)), away_for(timedelta(9000))
    ('23 hours', '1 day', '24.6 years')
    """
    hours = span / timedelta(hours=1)
    for most, hours_each, unit in _SPANS:
        if hours < most:
            number = int(hours / hours_each)
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return f"{hours / _YEAR:.1f} years"


@frozen(kw_only=True)
class Listed:
    """People by name.

    Attributes:
        caption: what is said above them.
        names: the first of them.
        count: how many the number counts.
        href: all of them.
    """

    caption: str
    names: Sequence[str]
    count: int
    href: str


def listed(
    column: str, caption: str, asked: Sequence[tuple[object, Answer[Any]]], href: Href
) -> Listed | None:
    """Who stands behind a count of the last row that has it; None: nobody does."""
    rows = [row for _, answer in asked for row in answer.rows]
    for n, row in reversed(list(enumerate(rows))):
        if names := row.names.get(column):
            first = list(islice(dict.fromkeys(names), NAMED))
            return Listed(caption=caption, names=first, count=len(names), href=href(n, column))
    return None


@frozen(kw_only=True)
class CohortCell:
    """What became of a cohort in one period.

    Attributes:
        text: the share; empty: there is none.
        shade: which of the shades; None: there is none.
        told: how many these are.
        href: who they are; empty: nobody is.
    """

    text: str
    shade: int | None = None
    told: str = ""
    href: str = ""


@frozen(kw_only=True)
class Cohort:
    """Those who were new in one period.

    Attributes:
        name: of the period.
        size: how many they are.
        href: who they are.
        cells: what became of them, from the first period after on.
    """

    name: str
    size: str
    href: str
    cells: Sequence[CohortCell]


def cohorts(answer: Retention, href: Href) -> list[Cohort]:
    """The cohorts, the newest first, and all of them together on top."""
    found = [_cohort(answer, n, href) for n, row in enumerate(answer.rows) if row.contacts]
    wide = min(COLUMNS, max((len(one.cells) for one in found), default=0))
    together = Cohort(
        name="all",
        size=f"{sum(row.contacts for row in answer.rows):,}",
        href="",
        cells=[_together(answer, n) for n in range(1, wide + 1)],
    )
    return [together, *reversed(found)] if found else []


def _cohort(answer: Retention, n: int, href: Href) -> Cohort:
    row = answer.rows[n]
    cells = []
    for one in row.cells[1 : COLUMNS + 1]:
        if one.share is None or one.retained is None:
            cells.append(CohortCell(text="" if one.is_complete else "·", told="not over yet"))
            continue
        cells.append(
            CohortCell(
                text=f"{one.share:.0%}",
                shade=_shade(one.share),
                told=f"{one.retained:,} of {row.contacts:,}",
                href=href(n, str(one.number)) if one.retained else "",
            )
        )
    return Cohort(
        name=row.period,
        size=f"{row.contacts:,}",
        href=href(n, "contacts"),
        cells=cells,
    )


def _together(answer: Retention, number: int) -> CohortCell:
    """The share of all cohorts that were followed for so many periods."""
    known = [
        (row.contacts, row.cells[number].retained)
        for row in answer.rows
        if len(row.cells) > number and row.cells[number].retained is not None
    ]
    of, back = sum(one for one, _ in known), sum(one or 0 for _, one in known)
    if not of:
        return CohortCell(text="·", told="not over yet")
    return CohortCell(text=f"{back / of:.0%}", shade=_shade(back / of), told=f"{back:,} of {of:,}")


def _shade(share: float) -> int:
    return min(SHADES - 1, int(share * SHADES))


@frozen(kw_only=True)
class Moved:
    """How a group moved in the latest period that is over.

    Attributes:
        group: which.
        change: how many more, or fewer, are with us.
        counts: with us at its end, new, came back and left: each with who they are.
    """

    group: str
    change: str
    counts: Sequence[tuple[str, str]]


_COUNTS: Final = ("present_at_end", "openings", "returns", "departures")


def moved(answer: Growth, href: Href) -> tuple[str, list[Moved], list[str]]:
    """The groups that moved most in the latest period that is over, which it is, and headings."""
    over = [(n, row) for n, row in enumerate(answer.rows) if not row.unfinished]
    if not over:
        return "", [], []
    last = over[-1][1].period
    rows = sorted(((n, row) for n, row in over if row.period == last), key=lambda one: -_by(one[1]))
    return (
        last,
        [
            Moved(
                group=f"{row.group}",
                change=f"{row.present_at_end - row.present_at_start:+,}",
                counts=[
                    (f"{count:,}", href(n, column) if count else "")
                    for column in _COUNTS
                    if (count := getattr(row, column)) is not None
                ],
            )
            for n, row in rows[:MOVED]
        ],
        [answer.word("present"), *map(answer.word, _COUNTS[1:])],
    )


def _by(row: GrowthRow) -> int:
    return abs(row.present_at_end - row.present_at_start)
