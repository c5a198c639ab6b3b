"""The stage funnel: how many contacts reached each stage, and how long that took.

Counts reaching, not being there: a contact that skipped a stage has reached it too, at the instant
of the leap. Time is described among those who made the step; who did not yet, is not in it.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from attrs import field, frozen

from motfunnel.domain.instant import MICROSECOND
from motfunnel.domain.moment import Moment, MomentKind
from motfunnel.reports.answer import Answer, Row
from motfunnel.reports.cells import COUNT, DURATION, LEVEL, SHARE, TEXT, between, cell
from motfunnel.statistics import Interval, Proportion

DEFINITION = (
    "of the contacts that reached the stage before (or a higher one), the share that reached this "
    "one by now; the first stage is reached by the opening"
)


@frozen(kw_only=True)
class StageRow(Row):
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

    stage: str = field(metadata=cell(TEXT, "stage"))
    contacts: int = field(metadata=cell(COUNT, "contacts"))
    from_previous: float | None = field(metadata=cell(SHARE, "of previous"))
    interval: Interval | None = field(metadata=cell(between(SHARE), LEVEL))
    from_first: float | None = field(metadata=cell(SHARE, "of first"))
    lower_quartile: timedelta | None = field(metadata=cell(DURATION, "25% in"))
    median: timedelta | None = field(metadata=cell(DURATION, "median"))
    upper_quartile: timedelta | None = field(metadata=cell(DURATION, "75% in"))


@frozen(kw_only=True)
class StageFunnel(Answer[StageRow]):
    """How contacts go through the stages: a row for each, in their order.

    Names stand behind ``contacts``.
    """

    row_class: ClassVar[type[Row]] = StageRow

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        return "Stages"


def stage_rows(
    moments: Iterable[Moment], stages: Sequence[str], confidence: float
) -> tuple[StageRow, ...]:
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
    return tuple(_row(reached, stages, n, confidence) for n in range(len(stages)))


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
        names={"contacts": tuple(here)},
    )


def _quartiles(spans: Sequence[int]) -> tuple[timedelta | None, ...]:
    """The quartiles, between neighbours where they fall between."""
    if not spans:
        return (None, None, None)
    if len(spans) == 1:
        return (spans[0] * MICROSECOND,) * 3
    cuts = statistics.quantiles(spans, n=4, method="inclusive")
    return tuple(round(cut) * MICROSECOND for cut in cuts)
