"""From tallies of experiences to the rows of the journey map, stage by stage.

Divides last, and names whoever is counted; ``meeting`` gathers the tallies.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from motfunnel.domain.experience import BAD, DELIGHT, DISAPPOINTMENT, GOOD, IN_BETWEEN, MET
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.reports.journey_map_rows import MapRow
from motfunnel.reports.touchpoint_facts import Tally, in_map_order
from motfunnel.statistics import ClusteredShare, Sample
from motfunnel.statistics.ratio import IN_WORDS

MAP_DEFINITION: Final = (
    "each touchpoint at the highest stage that the contact had reached: the score that the journey "
    "map leads one to expect (target), the mean of what was experienced (actual), and how far that "
    "lies from the target; below, of the experiences with an expectation, the mean gap and the "
    f"share that was met or surpassed; its interval is {IN_WORDS}"
)


def promise_of(touchpoint: str, funnel: Funnel) -> str | None:
    """What the journey map promises at a touchpoint; None where it promises nothing."""
    known = funnel.touchpoints.get(touchpoint)
    return None if known is None else known.promise or None


def map_rows(
    tallies: dict[tuple[str, str], Tally], funnel: Funnel, confidence: float
) -> Iterator[MapRow]:
    """Make the rows: stage by stage the touchpoints met there; then those of the map never met."""
    stages = [*funnel.stages, *sorted({stage for stage, _ in tallies} - {*funnel.stages})]
    for stage in stages:
        met = {touchpoint for of, touchpoint in tallies if of == stage}
        for touchpoint in in_map_order(met, funnel):
            yield _map_row(stage, touchpoint, tallies[stage, touchpoint], funnel, confidence)
    seen = {touchpoint for _, touchpoint in tallies}
    for touchpoint in funnel.touchpoints:
        if touchpoint not in seen:
            yield _map_row(None, touchpoint, Tally(), funnel, confidence)


def _map_row(
    stage: str | None, touchpoint: str, tally: Tally, funnel: Funnel, confidence: float
) -> MapRow:
    known = funnel.touchpoints.get(touchpoint)
    kept, expected = tally.who(DELIGHT, MET), tally.who(DELIGHT, MET, DISAPPOINTMENT)
    share = ClusteredShare.by_name(kept, expected)
    target, actual = None if known is None else known.expected, tally.experienced.mean
    return MapRow(
        stage=stage,
        touchpoint=touchpoint,
        promise=promise_of(touchpoint, funnel),
        target=target,
        actual=actual,
        from_target=None if target is None or actual is None else actual - target,
        experiences=tally.experienced.size,
        expected=Sample.of(tally.expected).mean,
        gap=Sample.of(tally.gaps).mean,
        kept=share.value,
        interval=share.interval(confidence),
        numerator=share.numerator,
        denominator=share.denominator,
        names={
            "experiences": tally.who(GOOD, IN_BETWEEN, BAD),
            "numerator": kept,
            "denominator": expected,
        },
    )
