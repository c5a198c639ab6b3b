"""A windowed rate: a share that carries its definition, its counts, and how sure one can be.

Made by ``return_rates``. Holds who was counted, so that any number can be turned into names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from attrs import field, frozen

from motfunnel.domain.instant import format_duration, iso
from motfunnel.domain.moment import Episode
from motfunnel.reports.table import (
    csv_table,
    days,
    percent,
    span,
    text_table,
    without_erased,
    wrapped,
)
from motfunnel.statistics import CompetingRisks, Interval, SurvivalCurve

FEWEST_AT_RISK = 10
"""Below this many still under observation at the window's end, no curve is quoted there."""

COMPETING = (
    "contacts that were erased with their counts kept cannot return any more: they count as not "
    "returned, and the KM columns are by Aalen–Johansen, with erasure as the competing risk"
)

Part = Literal["numerator", "denominator", "immature"]


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

    probability: float | None
    interval: Interval | None
    at_risk: int
    median: timedelta | None
    curve: SurvivalCurve | CompetingRisks = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The answer, ready for JSON; the median in seconds."""
        return {
            "probability": self.probability,
            "lower": None if self.interval is None else self.interval.lower,
            "upper": None if self.interval is None else self.interval.upper,
            "at_risk": self.at_risk,
            "median": None if self.median is None else self.median.total_seconds(),
        }


@frozen(kw_only=True)
class RateRow:
    """The rate of one group.

    Attributes:
        group: the group's value; None where all are one group.
        numerator: mature, and with the event within the window.
        denominator: mature: observed for the whole window.
        rate: the first over the second; None, never 0, where the second is 0.
        interval: around the rate; Wilson's, or clustered by contact where contacts repeat.
        immature: the share of the cohort that is not mature; None for an empty cohort.
        km: the Kaplan–Meier answer, to be read beside it.
        erased: how many were erased, their counts kept, before the event and by the instant.
    """

    group: str | None
    numerator: int
    denominator: int
    rate: float | None
    interval: Interval | None
    immature: float | None
    km: KaplanMeier
    erased: int
    parts: Mapping[Part, tuple[Episode, ...]] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The row, ready for JSON."""
        return {
            "group": self.group,
            "rate": self.rate,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "lower": None if self.interval is None else self.interval.lower,
            "upper": None if self.interval is None else self.interval.upper,
            "immature": self.immature,
            "immature_count": len(self.parts["immature"]),
            "erased_count": self.erased,
            "km": self.km.to_dict(),
        }


@frozen(kw_only=True)
class Rate:
    """A windowed rate, of all or by groups.

    Attributes:
        name: what it is called.
        definition: what it means, numerator and denominator in words.
        within: the window; its edge belongs to it.
        unit: ``contact`` (each contact's first episode in the cohort) or ``episode`` (all).
        by: what the rows are told apart by, or None.
        cohort: from when to when the clocks of those counted began; half-open, None: no bound.
        as_of: the instant of the question.
        known_by: what had been recorded by this instant was taken into account; None: everything.
        confidence: of all intervals.
        rows: one for each group, in the order of their names; without groups just one.
        erased: how many contacts were erased without their counts, and are in no row.
    """

    name: str
    definition: str
    within: timedelta
    unit: str
    by: str | None
    cohort: tuple[datetime | None, datetime | None]
    as_of: datetime
    known_by: datetime | None
    confidence: float
    rows: tuple[RateRow, ...]
    erased: int = 0

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

    def members(self, row: RateRow | None = None, part: Part = "numerator") -> list[str]:
        """Name who was counted in a row: in its numerator, its denominator, or as immature."""
        counted = (self.row if row is None else row).parts[part]
        return [episode.contact for episode in counted]

    def to_dict(self) -> dict[str, Any]:
        """The whole answer, ready for JSON; instants as ISO 8601, durations as text."""
        head = self._asked()
        if self.by is not None:
            return head | {"rows": [row.to_dict() for row in self.rows]}
        alone = self.row.to_dict()
        del alone["group"]
        return head | alone

    def to_json(self) -> str:
        """The same as a JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def to_csv(self) -> str:
        """A line for each row, under one header."""
        header = (
            *("group", "rate", "lower", "upper", "numerator", "denominator", "immature"),
            *("km_probability", "km_lower", "km_upper", "km_at_risk", "km_median_seconds"),
            *("within", "unit", "from", "to", "as_of", "known_by"),
        )
        asked = self._asked()
        return csv_table(header, [_cells(row, asked) for row in self.rows])

    def __str__(self) -> str:
        """The answer with its definition, as one reads it on a terminal."""
        level = f"{self.confidence:.0%}"
        header = (self.by or "", "rate", level, "returned", "observed", "immature",
                  "KM", level, "at risk", "median")  # fmt: skip
        told = [
            f"{self.name.capitalize()} within {format_duration(self.within)}, "
            f"{self.unit}-based, as of {iso(self.as_of)}{self._bounds()}",
            f"{self.definition}. KM, at risk, median: by Kaplan–Meier, with the immature counted "
            f"for as long as they were observed; withheld below {FEWEST_AT_RISK} at risk",
        ]
        if any(row.erased for row in self.rows):
            told.append(COMPETING)
        if self.erased:
            told.append(without_erased(self.erased))
        lines = [wrapped(one) for one in told]
        return "\n".join([*lines, "", text_table(header, [_shown(row) for row in self.rows])])

    def _asked(self) -> dict[str, Any]:
        start, end = self.cohort
        return {
            "name": self.name,
            "definition": self.definition,
            "within": format_duration(self.within),
            "unit": self.unit,
            "by": self.by,
            "from": None if start is None else iso(start),
            "to": None if end is None else iso(end),
            "as_of": iso(self.as_of),
            "known_by": None if self.known_by is None else iso(self.known_by),
            "confidence": self.confidence,
            "erased": self.erased,
        }

    def _bounds(self) -> str:
        start, end = self.cohort
        since = "" if start is None else f" from {iso(start)}"
        until = "" if end is None else f" to {iso(end)}"
        known = "" if self.known_by is None else f", as known by {iso(self.known_by)}"
        return (f", cohort{since}{until}" if since or until else "") + known


def _cells(row: RateRow, asked: Mapping[str, Any]) -> list[object]:
    told = row.to_dict()
    km = told["km"]
    return [
        *(told[name] for name in ("group", "rate", "lower", "upper")),
        *(told[name] for name in ("numerator", "denominator", "immature")),
        *(km[name] for name in ("probability", "lower", "upper", "at_risk", "median")),
        *(asked[name] for name in ("within", "unit", "from", "to", "as_of", "known_by")),
    ]


def _shown(row: RateRow) -> list[str]:
    return [
        "all" if row.group is None else row.group,
        percent(row.rate),
        span(row.interval),
        f"{row.numerator:,}",
        f"{row.denominator:,}",
        percent(row.immature),
        percent(row.km.probability),
        span(row.km.interval),
        f"{row.km.at_risk:,}",
        days(row.km.median),
    ]
