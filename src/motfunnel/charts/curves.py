"""Curves: the share with the event so far, its band, and how many are still at risk.

The window's end is marked, and the number that is quoted there. Below the axis stands, in a line
for each curve, how many are at risk.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, Self

from attrs import frozen

from motfunnel.charts.labels import label, legend_room, room
from motfunnel.charts.picture import Picture
from motfunnel.charts.style import (
    GREY,
    PALETTE,
    PAPER,
    RULE,
    TICKS_OF_SHARES,
    Ends,
    axis,
    faint,
    nice,
    note,
)

_TICKS: Final = 8
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
    """

    since: str
    event: str
    by: str
    window: str
    blank: str


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
    traces = [
        trace
        for curve, colour in zip(shown, PALETTE, strict=False)
        for trace in _traces(curve, scale, words, colour)
    ]
    table = [_at_risk(curve, scale, number) for number, curve in enumerate(shown)]
    left = room((curve.short for curve in shown), 132) if grouped else 96
    above = 24 + legend_room((curve.name for curve in shown), left + 40) if grouped else 30
    return Picture(
        traces=[*traces, *table],
        layout=_layout(shown, scale, words, grouped=grouped),
        counted=counted,
        told=told,
        left=left,
        right=40,
        above=above,
        below=14,
        height=476 + above + _ROW * len(shown),
        blank=words.blank,
    )


def _traces(curve: Curve, scale: Scale, words: Words, colour: str) -> list[dict[str, Any]]:
    line = {
        "type": "scatter",
        "mode": "lines",
        "name": curve.name,
        "legendgroup": curve.group,
        "x": [step.at for step in curve.steps],
        "y": [step.share for step in curve.steps],
        "line": {"color": colour, "width": 2.5, "shape": "hv"},
        "hovertemplate": f"%{{y:.1%}} {label(words.event, _WORDS)} within %{{x:,.1f}} {scale.unit}"
        f"<extra>{curve.group}</extra>",
    }
    band = _band(curve.steps, colour) if curve.has_band else []
    return [*band, line, _end(curve, scale, colour)]


def _band(steps: Sequence[Step], colour: str) -> list[dict[str, Any]]:
    """The lower edge, and the upper one filled down to it."""
    edge = {
        "type": "scatter",
        "mode": "lines",
        "x": [step.at for step in steps],
        "line": {"width": 0, "shape": "hv"},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    return [
        edge | {"name": "lower", "y": [step.lower for step in steps]},
        edge | {"name": "upper", "y": [step.upper for step in steps], "fill": "tonexty",
                "fillcolor": faint(colour, 0.16)},
    ]  # fmt: skip


def _end(curve: Curve, scale: Scale, colour: str) -> dict[str, Any]:
    """The number that is quoted: the share at the window's end, with its interval."""
    share, ends = curve.end, curve.ends
    return {
        "type": "scatter",
        "name": "at the window's end",
        "mode": "markers",
        "x": [] if share is None else [scale.window],
        "y": [] if share is None else [share],
        "showlegend": False,
        "marker": {"size": 9, "color": PAPER, "line": {"color": colour, "width": 2.5}},
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [ends.upper - share] if ends and share is not None else [],
            "arrayminus": [share - ends.lower] if ends and share is not None else [],
            "color": colour,
            "thickness": 1.5,
            "width": 4,
        },
        "hoverinfo": "skip",
    }


def _at_risk(curve: Curve, scale: Scale, number: int) -> dict[str, Any]:
    """How many are at risk at each tick, as numbers in a line below the axis."""
    ticks = scale.ticks()
    return {
        "type": "scatter",
        "mode": "text",
        "name": "at risk",
        "x": ticks,
        "y": [number] * len(ticks),
        "yaxis": "y2",
        "text": [f"{count:,}" for count in curve.at_risk],
        "textfont": {"size": 11},
        "hoverinfo": "skip",
        "showlegend": False,
        "cliponaxis": False,
    }


def _layout(shown: Sequence[Curve], scale: Scale, words: Words, *, grouped: bool) -> dict[str, Any]:
    ticks = scale.ticks()
    lines = _ROW * len(shown)
    share = lines / (420 + lines)
    lettered = {"tickvals": ticks, "ticktext": [f"{t:,}" for t in ticks]}
    below: dict[str, Any] = {
        "domain": [0, share],
        "visible": False,
        "range": [len(shown) - 0.4, -0.6],
    }
    return {
        "showlegend": grouped,
        "xaxis": axis(f"{scale.unit} since {label(words.since, _WORDS)}", anchor="y", **lettered,
                      range=[0, scale.window * 1.015 or 1], showgrid=False, ticks="outside",
                      tickcolor=RULE),
        "yaxis": axis(f"share that {label(words.event, _WORDS)}<br>(by {words.by})",
                      domain=[share + 0.15, 1], tickformat=TICKS_OF_SHARES,
                      **({"range": [0, 1]} if words.blank else {"rangemode": "tozero"})),
        "yaxis2": axis(**below),
        "annotations": [*_row_names(shown, grouped=grouped), _note(words)],
        "shapes": [{"type": "line", "x0": scale.window, "x1": scale.window, "y0": 0, "y1": 1,
                    "yref": "y domain", "line": {"color": GREY, "width": 1, "dash": "dot"}}],
    }  # fmt: skip


def _row_names(shown: Sequence[Curve], *, grouped: bool) -> list[dict[str, Any]]:
    """What stands left of the numbers at risk."""
    at: dict[str, Any] = {"x": 0, "xanchor": "right", "xshift": -34, "yref": "y2"}
    said = [
        note(curve.short if grouped else "at risk", y=n,
             font={"size": 11, "color": colour if grouped else GREY}, **at)
        for n, (curve, colour) in enumerate(zip(shown, PALETTE, strict=False))
    ]  # fmt: skip
    if grouped:
        said.append(note("at risk", y=-0.9, font={"size": 11, "color": GREY}, **at))
    return said


def _note(words: Words) -> dict[str, Any]:
    """Where the window ends, or why there is no curve."""
    if words.blank:
        return note(words.blank, x=0.5, y=0.5, yref="y domain")
    edge: dict[str, Any] = {"x": 1 / 1.015, "y": 1, "yref": "y domain", "yanchor": "bottom"}
    return note(words.window, **edge)
