"""Curves of a rate: the share with the event so far, its band, and how many are still at risk.

A curve ends where fewer than ten are at risk: there the number is withheld, and so is the line.
The band is left out where episodes of one contact repeat, as it would be too narrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from attrs import frozen

from motfunnel.answers.cells import percent, span
from motfunnel.charts.labels import label, labels, legend_room, room
from motfunnel.charts.picture import Picture
from motfunnel.charts.style import GREY, PALETTE, PAPER, RULE, TICKS_OF_SHARES, axis, faint, note
from motfunnel.domain.instant import MICROSECOND, format_duration
from motfunnel.figures.apart import apart
from motfunnel.figures.calendar import nice
from motfunnel.figures.tracing import Traced, trace_of
from motfunnel.reports.rate import AJ, FEWEST_AT_RISK, KM, Rate, RateRow
from motfunnel.statistics import CompetingRisks, Interval

_TICKS: Final = 8
_ROW: Final = 18
_WORDS: Final = 36  # letters of what a clock counts from, and of what stops it
_SEEN: Final = 100
"""A curve that ends before this part of the window is an upright line at its edge."""

_NAMES: Final = {KM: "Kaplan–Meier", AJ: "Aalen–Johansen"}
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
        micros: how many microseconds that is.
        window: the window's length in it.
    """

    unit: str
    micros: int
    window: float

    def ticks(self) -> list[int]:
        """Where the axis is lettered, from 0 to the window's end."""
        rough = self.window / _TICKS
        step = next((one for one in _CALENDAR if one >= rough), nice(rough))
        if self.unit != "days":
            step = nice(rough)
        return list(range(0, int(self.window) + 1, step))


def picture(answer: Rate) -> Picture:
    """Draw the curve of each group, up to the end of the window."""
    rows = sorted(answer.rows, key=lambda row: -_size(row))[: len(PALETTE)]
    rows = [row for row in answer.rows if row in rows]
    scale = _scale(answer.within)
    colours = dict(zip([row.group for row in rows], PALETTE, strict=False))
    banded = answer.unit != "episode"
    traces = [
        trace
        for row, name in zip(rows, labels(row.group or "all" for row in rows), strict=True)
        for trace in _traces(row, name, answer, scale, colours[row.group], banded=banded)
    ]
    table = [_at_risk(row, scale, number) for number, row in enumerate(rows)]
    blank = _blank(traces, scale)
    left = 96 if answer.by is None else room(_short([row.group for row in rows]), 132)
    legend = [one["name"] for one in traces if "legendgroup" in one]
    above = 30 if answer.by is None else 24 + legend_room(legend, left + 40)
    return Picture(
        traces=[*traces, *table],
        layout=_layout(answer, rows, scale, colours, blank),
        counted=_counted(answer, rows, blank),
        told=_told(answer, rows),
        left=left,
        right=40,
        above=above,
        below=14,
        height=476 + above + _ROW * len(rows),
        blank=blank,
    )


def _traces(
    row: RateRow, group: str, answer: Rate, scale: Scale, colour: str, *, banded: bool
) -> list[dict[str, Any]]:
    traced = trace_of(row.km.curve, answer.within // MICROSECOND, answer.confidence)
    days = [t / scale.micros for t in traced.times]
    line = {
        "type": "scatter",
        "mode": "lines",
        "name": f"{group}: {percent(row.km.probability)} ({_estimator(row)})",
        "legendgroup": group,
        "x": days,
        "y": traced.shares,
        "line": {"color": colour, "width": 2.5, "shape": "hv"},
        "hovertemplate": f"%{{y:.1%}} {label(answer.event, _WORDS)} within %{{x:,.1f}} {scale.unit}"
        f"<extra>{group}</extra>",
    }
    return [*(_band(days, traced, colour) if banded else []), line, _end(row, scale, colour)]


def _band(days: Sequence[float], traced: Traced, colour: str) -> list[dict[str, Any]]:
    """The lower edge, and the upper one filled down to it; before the first return both are 0."""
    known = [end or Interval(lower=share, upper=share)
             for end, share in zip(traced.bands, traced.shares, strict=True)]  # fmt: skip
    edge = {
        "type": "scatter",
        "mode": "lines",
        "x": list(days),
        "line": {"width": 0, "shape": "hv"},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    return [
        edge | {"name": "lower", "y": [one.lower for one in known]},
        edge | {"name": "upper", "y": [one.upper for one in known], "fill": "tonexty",
                "fillcolor": faint(colour, 0.16)},
    ]  # fmt: skip


def _end(row: RateRow, scale: Scale, colour: str) -> dict[str, Any]:
    """The number that is quoted: the share at the window's end, with its interval."""
    share, ends = row.km.probability, row.km.interval
    shown = share is not None
    return {
        "type": "scatter",
        "name": "at the window's end",
        "mode": "markers",
        "x": [scale.window] if shown else [],
        "y": [share] if shown else [],
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


def _at_risk(row: RateRow, scale: Scale, number: int) -> dict[str, Any]:
    """How many are at risk at each tick, as numbers in a line below the axis."""
    ticks = scale.ticks()
    return {
        "type": "scatter",
        "mode": "text",
        "name": "at risk",
        "x": ticks,
        "y": [number] * len(ticks),
        "yaxis": "y2",
        "text": [f"{row.km.curve.at_risk(round(t * scale.micros)):,}" for t in ticks],
        "textfont": {"size": 11},
        "hoverinfo": "skip",
        "showlegend": False,
        "cliponaxis": False,
    }


def _layout(
    answer: Rate, rows: Sequence[RateRow], scale: Scale, colours: dict[Any, str], blank: str
) -> dict[str, Any]:
    ticks = scale.ticks()
    lines = _ROW * len(rows)
    share = lines / (420 + lines)
    by = " or ".join(dict.fromkeys(_NAMES[_estimator(row)] for row in rows))
    shown = {"tickvals": ticks, "ticktext": [f"{t:,}" for t in ticks]}
    below: dict[str, Any] = {
        "domain": [0, share],
        "visible": False,
        "range": [len(rows) - 0.4, -0.6],
    }
    return {
        "showlegend": answer.by is not None,
        "xaxis": axis(f"{scale.unit} since {label(answer.since, _WORDS)}", anchor="y", **shown,
                      range=[0, scale.window * 1.015 or 1], showgrid=False, ticks="outside",
                      tickcolor=RULE),
        "yaxis": axis(f"share that {label(answer.event, _WORDS)}<br>(by {by})",
                      domain=[share + 0.15, 1], tickformat=TICKS_OF_SHARES,
                      **({"range": [0, 1]} if blank else {"rangemode": "tozero"})),
        "yaxis2": axis(**below),
        "annotations": [*_row_names(rows, colours, answer.by is not None),
                        *_notes(answer, blank)],
        "shapes": [{"type": "line", "x0": scale.window, "x1": scale.window, "y0": 0, "y1": 1,
                    "yref": "y domain", "line": {"color": GREY, "width": 1, "dash": "dot"}}],
    }  # fmt: skip


def _estimator(row: RateRow) -> str:
    """How the curve of a row was estimated, in two letters."""
    return AJ if isinstance(row.km.curve, CompetingRisks) else KM


def _blank(traces: Sequence[dict[str, Any]], scale: Scale) -> str:
    """Why there is no curve; nothing where there is one."""
    ends = [one["x"][-1] for one in traces if one["x"]]
    if not ends:
        return f"fewer than {FEWEST_AT_RISK} are at risk, and no curve is quoted"
    if max(ends) * _SEEN < scale.window:
        return f"fewer than {FEWEST_AT_RISK} are at risk almost from the start: no curve is quoted"
    return ""


def _short(groups: Sequence[str | None]) -> list[str]:
    """The groups left of the numbers at risk, where there is little room."""
    return labels(groups, 14)


def _row_names(
    rows: Sequence[RateRow], colours: dict[Any, str], grouped: bool
) -> list[dict[str, Any]]:
    at: dict[str, Any] = {"x": 0, "xanchor": "right", "xshift": -34, "yref": "y2"}
    names = _short([row.group for row in rows]) if grouped else ["at risk"] * len(rows)
    said = [
        note(name, y=n, font={"size": 11, "color": colours[row.group] if grouped else GREY}, **at)
        for n, (name, row) in enumerate(zip(names, rows, strict=True))
    ]
    if grouped:
        said.append(note("at risk", y=-0.9, font={"size": 11, "color": GREY}, **at))
    return said


def _notes(answer: Rate, blank: str) -> list[dict[str, Any]]:
    """Where the window ends, or why there is no curve."""
    if blank:
        return [note(blank, x=0.5, y=0.5, yref="y domain")]
    edge: dict[str, Any] = {"x": 1 / 1.015, "y": 1, "yref": "y domain", "yanchor": "bottom"}
    return [note(format_duration(answer.within), **edge)]


def _counted(answer: Rate, rows: Sequence[RateRow], blank: str) -> str:
    if answer.by is not None:
        fewer = len(answer.rows) > len(rows)
        largest = f"the {len(rows)} largest of {len(answer.rows)} groups, " if fewer else ""
        n = f"{apart(answer, 'by their rates, ')}{largest}n = {sum(map(_size, rows)):,}"
    else:
        n = _rate(rows[0])
    if blank:
        return n
    cut = any(_size(row) and row.km.at_risk < FEWEST_AT_RISK for row in rows)
    ends = f"; each curve ends where fewer than {FEWEST_AT_RISK} are at risk" if cut else ""
    if answer.unit == "episode":
        return f"{n}{ends}"
    return f"{n}; {answer.confidence * 100:.4g}% band{ends}"


def _rate(row: RateRow) -> str:
    size = _size(row)
    if row.rate is None:
        return "nobody observed" + (f" for the whole window; n = {size:,}" if size else "")
    return (
        f"{percent(row.rate)} ({span(row.interval)}), {row.numerator:,} of {row.denominator:,} "
        f"observed; n = {size:,}, {percent(row.immature)} immature"
    )


def _told(answer: Rate, rows: Sequence[RateRow]) -> str:
    said = [
        f"{'all' if row.group is None else row.group}: {percent(row.km.probability)} "
        f"({span(row.km.interval)}), {row.km.at_risk:,} at risk"
        for row in rows
    ]
    window = format_duration(answer.within)
    return f"Curve of the share with the event, up to {window}. At its end, {'; '.join(said)}."


def _size(row: RateRow) -> int:
    return row.denominator + row.immature_count


def _scale(window: timedelta) -> Scale:
    unit, one, _ = next(u for u in _UNITS if window >= u[2])
    return Scale(unit, one // MICROSECOND, window / one)
