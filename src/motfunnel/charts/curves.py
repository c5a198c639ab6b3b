"""Curves: the share with the event so far, its band, and how many are still at risk.

The window's end is marked, and the number that is quoted there. Below the axis stands, in a line
for each curve, how many are at risk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final, Self

from attrs import evolve, frozen

from motfunnel.charts.labels import label
from motfunnel.charts.scene import (
    Axis,
    Band,
    Dots,
    Ends,
    Line,
    Mark,
    Numbers,
    Panel,
    Picture,
    Rows,
    Rule,
    Tick,
    shares,
)
from motfunnel.charts.style import GREY, PALETTE, PAPER, QUIET, nice

_TICKS: Final = 8
_HIGH: Final = 330
_ROW: Final = 18
_WORDS: Final = 36  # letters of what a clock counts from, and of what stops it
_CALENDAR: Final = (1, 2, 5, 7, 10, 14, 30, 60, 90, 180, 365, 730, 1460)
_UNITS: Final = (
    ("days", timedelta(days=1), timedelta(days=2)),
    ("hours", timedelta(hours=1), timedelta(hours=2)),
    ("minutes", timedelta(minutes=1), timedelta(0)),
)


@frozen
class Scale:
    """Durations as people count them.

    Attributes:
        unit: what is counted: days, hours or minutes.
        one: how long that is.
        window: the window's length in it.
    """

    unit: str
    one: timedelta
    window: float

    @classmethod
    def of(cls, window: timedelta) -> Self:
        """The scale that suits a window."""
        unit, one, _ = next(unit for unit in _UNITS if window >= unit[2])
        return cls(unit, one, window / one)

    def ticks(self) -> list[int]:
        """Where the axis is lettered, from 0 to the window's end."""
        rough = self.window / _TICKS
        step = next((one for one in _CALENDAR if one >= rough), nice(rough))
        if self.unit != "days":
            step = nice(rough)
        return list(range(0, int(self.window) + 1, step))


@frozen
class Step:
    """From when on, as the scale counts, the share is so high; with the ends of its interval."""

    at: float
    share: float
    lower: float
    upper: float


@frozen(kw_only=True)
class Curve:
    """One curve.

    Attributes:
        group: of whom, as it is set.
        short: the same where there is little room.
        name: what stands in the legend.
        steps: its steps.
        has_band: whether their intervals are drawn.
        end: the share that is quoted at the window's end; None: none is.
        ends: of its interval; None: there is none.
        at_risk: how many are at risk at each tick of the scale.
    """

    group: str
    short: str
    name: str
    steps: Sequence[Step]
    has_band: bool
    end: float | None
    ends: Ends | None
    at_risk: Sequence[int]


@frozen(kw_only=True)
class Words:
    """What stands at the axes.

    Attributes:
        since: from what the clocks count.
        event: what those did for whom they stopped.
        by: the estimators.
        window: the window.
        blank: why there is no curve; empty where there is one.
        nearly: how high the axis goes where every curve stays at 0: the share that it may be.
    """

    since: str
    event: str
    by: str
    window: str
    blank: str
    nearly: float = 0.0


def curves(
    shown: Sequence[Curve],
    scale: Scale,
    words: Words,
    *,
    grouped: bool,
    counted: str,
    told: str,
) -> Picture:
    """Draw the curves, up to the end of the window."""
    coloured = list(zip(shown, PALETTE, strict=False))
    marks: list[Mark] = [Rule(at=scale.window, is_upright=True, text=(words.window,), colour=GREY)]
    marks += [mark for curve, colour in coloured for mark in _marks(curve, scale, words, colour)]
    at_risk = Panel(
        marks=[_at_risk(curve, scale, n) for n, (curve, _) in enumerate(coloured)],
        y=Rows(
            names=[curve.short if grouped else "at risk" for curve, _ in coloured],
            colours=[colour if grouped else QUIET for _, colour in coloured],
            high=_ROW,
            is_packed=True,
        ),
        heading="at risk" if grouped else "",
        has_x=False,
    )
    return Picture(
        panels=(Panel(marks=marks, y=_upward(shown, words), high=_HIGH), at_risk),
        x=Axis(
            title=f"{scale.unit} since {label(words.since, _WORDS)}",
            lower=0,
            upper=scale.window * 1.015 or 1,
            ticks=[Tick(tick, f"{tick:,}") for tick in scale.ticks()],
            has_grid=False,
        ),
        has_legend=grouped,
        counted=counted,
        told=told,
        blank=words.blank,
    )


def _upward(shown: Sequence[Curve], words: Words) -> Axis:
    """The axis of the shares, high enough for every end."""
    title = f"share that {label(words.event, _WORDS)} (by {words.by})"
    drawn = [
        step.upper if curve.has_band else step.share for curve in shown for step in curve.steps
    ]
    drawn += [curve.ends.upper for curve in shown if curve.ends]
    axis = shares(title, drawn if any(drawn) else [words.nearly])
    return shares(title, (), 1) if words.blank else evolve(axis, upper=min(axis.upper, 1.02))


def _marks(curve: Curve, scale: Scale, words: Words, colour: str) -> Iterator[Mark]:
    at = [step.at for step in curve.steps]
    if curve.has_band:
        lower, upper = ([getattr(step, end) for step in curve.steps] for end in ("lower", "upper"))
        yield Band(x=at, lower=lower, upper=upper, colour=colour, is_stepped=True)
    yield Line(
        x=at,
        y=[step.share for step in curve.steps],
        colour=colour,
        name=curve.name,
        group=curve.group,
        is_stepped=True,
        hovers=[
            f"{step.share:.1%} {label(words.event, _WORDS)} within {step.at:,.1f} {scale.unit}"
            for step in curve.steps
        ],
    )
    known = curve.end is not None
    yield Dots(
        x=[scale.window] if known else [],
        y=[curve.end] if curve.end is not None else [],
        ends=[curve.ends] if known else [],
        is_upright=True,
        colour=colour,
        fill=PAPER,
        size=9,
        name="at the window's end",
    )


def _at_risk(curve: Curve, scale: Scale, number: int) -> Numbers:
    """How many are at risk at each tick, in a line below the axis."""
    texts = [f"{count:,}" for count in curve.at_risk]
    return Numbers(row=number, at=scale.ticks(), texts=texts, name="at risk")
