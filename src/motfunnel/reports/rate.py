"""A windowed rate: a share that carries its definition, its counts, and how sure one can be.

Made by ``estimate``. Holds who was counted, so that any number can be turned into names.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from attrs import field, frozen

from motfunnel.domain.instant import format_duration, iso
from motfunnel.reports.answer import Answer, Row
from motfunnel.reports.cells import (
    BY,
    COHORT,
    COUNT,
    DURATION,
    GROUP,
    LEVEL,
    SHARE,
    TEXT,
    WINDOW,
    between,
    cell,
    nested,
)
from motfunnel.statistics import CompetingRisks, Interval, SurvivalCurve

FEWEST_AT_RISK = 10
"""Below this many still under observation at the window's end, no curve is quoted there."""

COMPETING = (
    "contacts that were erased with their counts kept cannot return any more: they count as not "
    "returned, and the KM columns are by Aalen–Johansen, with erasure as the competing risk"
)


@frozen(kw_only=True)
class KaplanMeier:
    """The same probability with those still under observation counted for as long as they were.

    Attributes:
        probability: of the event within the window; None where fewer than 10 are at risk at its
            end, or nobody was observed for that long.
        interval: its log(−log) interval; None where undefined.
        at_risk: how many are under observation at the window's end, without the event so far.
        median: the time by which half had it; None where fewer did.
        curve: the whole curve; by Aalen–Johansen where an erasure competes with the event.
    """

    caption: ClassVar[str] = (
        "By Kaplan–Meier, with the immature counted for as long as they were observed; "
        f"withheld below {FEWEST_AT_RISK} at risk"
    )

    probability: float | None = field(metadata=cell(SHARE, "KM"))
    interval: Interval | None = field(metadata=cell(between(SHARE), LEVEL))
    at_risk: int = field(metadata=cell(COUNT, "at risk"))
    median: timedelta | None = field(metadata=cell(DURATION, "median"))
    curve: SurvivalCurve | CompetingRisks = field(repr=False)


@frozen(kw_only=True)
class RateRow(Row):
    """The rate of one group.

    Attributes:
        group: the group's value; None where all are one group.
        rate: the numerator over the denominator; None, never 0, where that is 0.
        interval: around the rate; Wilson's, or clustered by contact where contacts repeat.
        numerator: mature, and with the event within the window.
        denominator: mature: observed for the whole window.
        immature: the share of the cohort that is not mature; None for an empty cohort.
        immature_count: how many these are.
        erased_count: how many were erased, their counts kept, before the event and by the instant.
        km: the Kaplan–Meier answer, to be read beside it.
    """

    group: str | None = field(metadata=cell(GROUP, BY))
    rate: float | None = field(metadata=cell(SHARE, "rate"))
    interval: Interval | None = field(metadata=cell(between(SHARE), LEVEL))
    numerator: int = field(metadata=cell(COUNT, "counted"))
    denominator: int = field(metadata=cell(COUNT, "observed"))
    immature: float | None = field(metadata=cell(SHARE, "immature"))
    immature_count: int = field(metadata=cell(COUNT))
    erased_count: int = field(metadata=cell(COUNT))
    km: KaplanMeier = field(metadata=cell(nested(KaplanMeier)))


@frozen(kw_only=True)
class Rate(Answer[RateRow]):
    """A windowed rate, of all or by groups: one row for each group, in the order of their names.

    Names stand behind ``numerator``, ``denominator`` and ``immature``.

    Attributes:
        within: the window; its edge belongs to it.
        unit: ``contact`` (each contact's first episode in the cohort) or ``episode`` (all).
        by: what the rows are told apart by, or None.
        cohort: from when to when the clocks of those counted began; half-open, None: no bound.
    """

    row_class: ClassVar[type[Row]] = RateRow

    within: timedelta = field(metadata=cell(WINDOW))
    unit: str = field(metadata=cell(TEXT))
    by: str | None = field(metadata=cell(TEXT))
    cohort: tuple[datetime | None, datetime | None] = field(metadata=cell(COHORT))

    @property
    def row(self) -> RateRow:
        """The one row of a rate without groups."""
        if self.by is not None:
            raise ValueError(f"this rate is grouped by {self.by}; look at its rows")
        return self.rows[0]

    @property
    def rate(self) -> float | None:
        """The share, of a rate without groups; None where nobody is mature."""
        return self.row.rate

    @property
    def numerator(self) -> int:
        """Those with the event within the window, of a rate without groups."""
        return self.row.numerator

    @property
    def denominator(self) -> int:
        """Those observed for the whole window, of a rate without groups."""
        return self.row.denominator

    @property
    def interval(self) -> Interval | None:
        """The interval around the share, of a rate without groups."""
        return self.row.interval

    @property
    def immature(self) -> float | None:
        """The share not observed for the whole window, of a rate without groups."""
        return self.row.immature

    @property
    def km(self) -> KaplanMeier:
        """The Kaplan–Meier answer, of a rate without groups."""
        return self.row.km

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        start, end = self.cohort
        since = "" if start is None else f" from {iso(start)}"
        until = "" if end is None else f" to {iso(end)}"
        cohort = f", cohort{since}{until}" if since or until else ""
        window = format_duration(self.within)
        return f"{self.name.capitalize()} within {window}, {self.unit}-based{cohort}"

    def to_dict(self) -> dict[str, Any]:
        """The whole answer, ready for JSON; without groups the row is part of it."""
        told = super().to_dict()
        if self.by is not None:
            return told
        del told["rows"]
        alone = self.row.to_dict()
        del alone["group"]
        return told | alone

    def words(self) -> dict[str, str]:
        """What stands in headings for what is asked differently each time."""
        return super().words() | {"by": self.by or ""}
