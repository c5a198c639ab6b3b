"""Tracing a curve: the steps that are drawn of it, with the interval at each.

As far as ten are at risk, and no more steps than a screen shows. Draws nothing.
"""

from __future__ import annotations

from typing import Final

from attrs import frozen

from motfunnel.reports.clock import HAPPENED
from motfunnel.reports.rate import FEWEST_AT_RISK
from motfunnel.statistics import CompetingRisks, Interval, SurvivalCurve

_POINTS: Final = 400
"""So many steps of a curve are drawn; a screen shows no more."""

_COMPETING: Final = 100
"""So many where something competes with the event: there each interval takes long to compute."""


@frozen
class Traced:
    """The steps of a curve: durations in microseconds, and the share back from each on."""

    times: list[int]
    shares: list[float]
    bands: list[Interval | None]


def trace_of(curve: SurvivalCurve | CompetingRisks, window: int, confidence: float) -> Traced:
    """Read a curve's steps up to the window's end, or to where fewer than ten are at risk."""
    table = curve.table if isinstance(curve, SurvivalCurve) else curve.curve.table
    enough = [t for t, n in zip(table.durations, table.at_risk, strict=True) if n >= FEWEST_AT_RISK]
    end = min(window, enough[-1]) if enough else None
    if end is None:
        return Traced([], [], [])
    steps = [t for t, n in zip(table.durations, table.returned, strict=True) if n and t <= end]
    most = _POINTS if isinstance(curve, SurvivalCurve) else _COMPETING
    each = -(-len(steps) // most) or 1
    times = sorted({0, *steps[::-1][::each], end})
    found = [(t, _share(curve, t)) for t in times]
    kept = [(t, share) for t, share in found if share is not None]
    return Traced(
        [0, *(t for t, _ in kept)],
        [0.0, *(share for _, share in kept)],
        [None, *(_interval(curve, t, confidence) for t, _ in kept)],
    )


def _share(curve: SurvivalCurve | CompetingRisks, t: int) -> float | None:
    if isinstance(curve, SurvivalCurve):
        return curve.probability(t)
    return curve.incidence(HAPPENED, t)


def _interval(curve: SurvivalCurve | CompetingRisks, t: int, confidence: float) -> Interval | None:
    if isinstance(curve, SurvivalCurve):
        return curve.probability_interval(t, confidence)
    return curve.interval(HAPPENED, t, confidence)
