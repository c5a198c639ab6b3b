"""The stage funnel: how many contacts reached each stage, and how long that took.

Counts reaching, not being there: a contact that skipped a stage has reached it too, at the instant
of the leap. Time is described among those who made the step; who did not yet, is not in it.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from attrs import field, frozen

from motfunnel.domain.instant import MICROSECOND, iso
from motfunnel.domain.moment import Moment, MomentKind
from motfunnel.reports.table import (
    csv_table,
    days,
    percent,
    span,
    text_table,
    without_erased,
    wrapped,
)
from motfunnel.statistics import Interval, Proportion

DEFINITION = (
    "of the contacts that reached the stage before (or a higher one), the share that reached this "
    "one by now; the first stage is reached by the opening"
)


@frozen(kw_only=True)
class StageRow:
    """One stage.

    Attributes:
        stage: its name.
        contacts: how many reached it or a higher one.
        from_previous: the share of those of the stage before; None for the first stage, and
            where nobody reached the stage before.
        interval: Wilson's, around that share.
        from_first: the share of all that opened; None where nobody did.
        lower_quartile: of the time from reaching the stage before; None where nobody made it.
        median: of the same.
        upper_quartile: of the same.
    """

    stage: str
    contacts: int
    from_previous: float | None
    interval: Interval | None
    from_first: float | None
    lower_quartile: timedelta | None
    median: timedelta | None
    upper_quartile: timedelta | None
    members: tuple[str, ...] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The row, ready for JSON; durations in seconds."""
        spans = {"lower_quartile": self.lower_quartile, "median": self.median,
                 "upper_quartile": self.upper_quartile}  # fmt: skip
        return {
            "stage": self.stage,
            "contacts": self.contacts,
            "from_previous": self.from_previous,
            "lower": None if self.interval is None else self.interval.lower,
            "upper": None if self.interval is None else self.interval.upper,
            "from_first": self.from_first,
            **{name: None if s is None else s.total_seconds() for name, s in spans.items()},
        }


@frozen(kw_only=True)
class StageFunnel:
    """How contacts go through the stages.

    Attributes:
        definition: what the shares mean.
        as_of: the instant of the question.
        known_by: what had been recorded by this instant was taken into account; None: everything.
        confidence: of the intervals.
        rows: the stages, in order.
        erased: how many contacts were erased without their counts, and are not in it.
    """

    definition: str
    as_of: datetime
    known_by: datetime | None
    confidence: float
    rows: tuple[StageRow, ...]
    erased: int = 0

    def members(self, row: StageRow) -> list[str]:
        """Name the contacts that reached a stage."""
        return list(row.members)

    def to_dict(self) -> dict[str, Any]:
        """The whole answer, ready for JSON."""
        return {
            "name": "funnel",
            "definition": self.definition,
            "as_of": iso(self.as_of),
            "known_by": None if self.known_by is None else iso(self.known_by),
            "confidence": self.confidence,
            "erased": self.erased,
            "rows": [row.to_dict() for row in self.rows],
        }

    def to_json(self) -> str:
        """The same as a JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def to_csv(self) -> str:
        """A line for each stage, under one header."""
        asked = {"as_of": iso(self.as_of), "known_by": self.to_dict()["known_by"]}
        rows = [row.to_dict() | asked for row in self.rows]
        return csv_table(list(rows[0]), [list(row.values()) for row in rows])

    def __str__(self) -> str:
        """The answer with its definition, as one reads it on a terminal."""
        header = ("stage", "contacts", "of previous", f"{self.confidence:.0%}", "of first",
                  "25% took", "median", "75% took")  # fmt: skip
        table = text_table(header, [_shown(row) for row in self.rows])
        known = "" if self.known_by is None else f", as known by {iso(self.known_by)}"
        gone = f"\n{without_erased(self.erased)}" if self.erased else ""
        return (
            f"Stages, as of {iso(self.as_of)}{known}\n{wrapped(self.definition)}{gone}\n\n{table}"
        )


def make_stage_funnel(
    moments: Iterable[Moment],
    stages: Sequence[str],
    as_of: datetime,
    *,
    known_by: datetime | None,
    confidence: float,
) -> StageFunnel:
    """Count who reached which stage, from the openings and conversions, in order of contacts."""
    reached: dict[str, list[datetime | None]] = {}
    rank = {stage: number for number, stage in enumerate(stages)}
    for moment in moments:
        if moment.kind is MomentKind.OPENING:
            reached[moment.contact] = [moment.occurred_at] + [None] * (len(stages) - 1)
        elif moment.kind is MomentKind.CONVERSION:
            times = reached[moment.contact]
            # Of one erased before the funnel changed, a stage may be gone.
            before = rank.get(moment.from_stage or "", len(stages))
            for number in range(before + 1, rank.get(moment.to_stage or "", 0) + 1):
                times[number] = moment.occurred_at
    return StageFunnel(
        definition=DEFINITION,
        as_of=as_of,
        known_by=known_by,
        confidence=confidence,
        rows=tuple(_row(reached, stages, n, confidence) for n in range(len(stages))),
    )


def _row(
    reached: dict[str, list[datetime | None]], stages: Sequence[str], n: int, confidence: float
) -> StageRow:
    here = [contact for contact, times in reached.items() if times[n] is not None]
    step = first = None
    spans: list[int] = []
    if n > 0:
        before = sum(times[n - 1] is not None for times in reached.values())
        step = Proportion(numerator=len(here), denominator=before)
        for contact in here:
            since, at = reached[contact][n - 1 : n + 1]
            if since is not None and at is not None:
                spans.append((at - since) // MICROSECOND)
    first = Proportion(numerator=len(here), denominator=len(reached)).value
    quartiles = _quartiles(spans)
    return StageRow(
        stage=stages[n],
        contacts=len(here),
        from_previous=None if step is None else step.value,
        interval=None if step is None else step.interval(confidence),
        from_first=first,
        lower_quartile=quartiles[0],
        median=quartiles[1],
        upper_quartile=quartiles[2],
        members=tuple(here),
    )


def _quartiles(spans: Sequence[int]) -> tuple[timedelta | None, ...]:
    """The quartiles, between neighbours where they fall between."""
    if not spans:
        return (None, None, None)
    if len(spans) == 1:
        return (spans[0] * MICROSECOND,) * 3
    cuts = statistics.quantiles(spans, n=4, method="inclusive")
    return tuple(round(cut) * MICROSECOND for cut in cuts)


def _shown(row: StageRow) -> list[str]:
    return [
        row.stage,
        f"{row.contacts:,}",
        percent(row.from_previous),
        span(row.interval),
        percent(row.from_first),
        days(row.lower_quartile),
        days(row.median),
        days(row.upper_quartile),
    ]
