"""Bars by period, and shares of a whole side by side in one bar for each row.

By period, who came stands above the line and who left below it; what is not over is hatched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from attrs import frozen

from motfunnel.charts.labels import label, labels, room
from motfunnel.charts.picture import Picture
from motfunnel.charts.style import (
    BLUE,
    GREY,
    HEIGHT,
    INK,
    ORANGE,
    PAPER,
    TICKS_OF_SHARES,
    axis,
    names,
    nice,
    note,
)

_LABELS: Final = {"year": 18, "quarter": 12, "month": 12, "week": 8, "day": 8}
"""So many periods are named below the bars; a day is the longest name."""

_PANELS: Final = 6
_ROW: Final = 34
_LEGEND: Final = {"orientation": "h", "x": 0, "xanchor": "left", "yanchor": "bottom"}


@frozen
class Part:
    """A part of each bar.

    Attributes:
        name: what it is called.
        colour: its colour.
        counts: its count in each bar; None: there is none yet.
        is_below: whether it stands below the line.
    """

    name: str
    colour: str
    counts: Sequence[int | None]
    is_below: bool = False


@frozen
class Panel:
    """Bars by period, of all or of one group.

    Attributes:
        heading: of which group; None: of all.
        periods: the names of the periods.
        unfinished: of each, whether it is not over.
        parts: the parts of the bars.
    """

    heading: str | None
    periods: Sequence[str]
    unfinished: Sequence[bool]
    parts: Sequence[Part]


def calendar(
    panels: Sequence[Panel], period: str, counted: str, line: Sequence[int] = ()
) -> Picture:
    """Draw a panel for each group, one below the other, on one axis of periods.

    Args:
        panels: the groups; only the first ones are drawn, which is said.
        period: of which length the periods are.
        counted: how many they rest on.
        line: how many are present at the end of each period, drawn above the bars.
    """
    shown, first = panels[:_PANELS], panels[0]
    grouped = first.heading is not None
    traces = [_trace(panel, part, n) for n, panel in enumerate(shown) for part in panel.parts]
    layout: dict[str, Any] = {
        "barmode": "relative",
        "bargap": 0.18,
        "showlegend": True,
        "xaxis": _periods(first.periods, period) | {"anchor": "free", "position": 0},
        "annotations": _notes(shown),
    } | {f"yaxis{n + 1}": _counts(one.parts, n, len(shown)) for n, one in enumerate(shown)}
    if line:
        traces.append(_line(line, first.unfinished))
        layout["yaxis1"]["domain"] = [0, 0.6]
        layout["yaxis2"] = axis("present", domain=[0.68, 1], rangemode="tozero", nticks=4)
    if grouped:
        layout["legend"] = _LEGEND | {"y": 1 + 22 / max(180 * len(shown) - 24, 1)}
    fewer = f"; the first {_PANELS} of {len(panels)} groups" if len(panels) > _PANELS else ""
    return Picture(
        traces=traces,
        layout=layout,
        counted=counted + fewer,
        told=_told(first, period),
        above=60 if grouped else 40,
        below=44,
        height=HEIGHT if len(shown) < 2 else 200 + 180 * len(shown),  # noqa: PLR2004
    )


def stacked(
    rows: Sequence[str], parts: Sequence[Part], counted: str, *, whole: bool = True
) -> Picture:
    """Draw a bar for each row, made of its parts: as shares of the whole, or as they are."""
    set_names = labels(rows)
    totals = [sum(filter(None, each)) for each in zip(*(one.counts for one in parts), strict=True)]
    scale = {"tickformat": TICKS_OF_SHARES, "range": [0, 1]} if whole else {"rangemode": "tozero"}
    told = [
        f"{name}: " + ", ".join(f"{part.counts[n]:,} {part.name}" for part in parts)
        for n, name in enumerate(rows)
    ]
    alone = len(parts) == 1
    return Picture(
        traces=[_stacked(part, totals, whole=whole, alone=alone) for part in parts],
        layout={
            "barmode": "stack",
            "bargap": 0.32,
            "showlegend": not alone,
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1,
                       "yanchor": "bottom", "traceorder": "normal"},
            "xaxis": axis("", **scale),
            "yaxis": names(set_names),
        },
        counted=counted,
        told=f"Bars of shares. {'; '.join(told)}.",
        left=room(set_names),
        right=64,
        above=12 if alone else 40,
        below=40,
        height=120 + 96 + _ROW * max(len(set_names), 2),
    )  # fmt: skip


def _counts(parts: Sequence[Part], number: int, panels: int) -> dict[str, Any]:
    """The axis of a panel; the first lies on top."""
    ups, downs = (_most([part for part in parts if part.is_below is way]) for way in (False, True))
    share = 1 / panels
    top = 1 - number * share
    domain = [top - share * (1 if panels == 1 else 0.84), top]
    line = {"zeroline": True, "zerolinecolor": INK, "zerolinewidth": 1}
    return axis("contacts", domain=domain, **line) | _absolute(-downs, ups)


def _most(parts: Sequence[Part]) -> int:
    bars = zip(*(part.counts for part in parts), strict=True)
    return max((sum(filter(None, each)) for each in bars), default=0)


def _notes(panels: Sequence[Panel]) -> list[dict[str, Any]]:
    """Above each panel its heading; what the hatching means, and what is not drawn there."""
    at: dict[str, Any] = {"x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom"}
    said = [
        note(f"<b>{label(panel.heading, 100)}</b>", yref=f"y{n or ''} domain", **at)
        for n, panel in zip((0, *range(2, len(panels) + 1)), panels, strict=True)
        if panel.heading is not None
    ]
    if any(panels[0].unfinished):
        late = "".join(f"; its {one.name} are not drawn" for one in panels[0].parts
                       if None in one.counts)  # fmt: skip
        at = {"x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom", "yshift": 4}
        said.append(note(f"hatched: not over yet{late}", **at))
    return said


def _trace(panel: Panel, part: Part, number: int) -> dict[str, Any]:
    sign = -1 if part.is_below else 1
    return {
        "type": "bar",
        "name": part.name,
        "legendgroup": part.name,
        "showlegend": number == 0,
        "yaxis": "y" if number == 0 else f"y{number + 1}",
        "x": list(range(len(part.counts))),
        "y": [None if count is None else sign * count for count in part.counts],
        "hovertext": [
            f"{period}: {'–' if count is None else f'{count:,}'} {part.name}"
            for period, count in zip(panel.periods, part.counts, strict=True)
        ],
        "hoverinfo": "text",
        "marker": {
            "color": part.colour,
            "opacity": [0.55 if one else 1 for one in panel.unfinished],
            "pattern": {"shape": ["/" if one else "" for one in panel.unfinished],
                        "fgcolor": PAPER, "fillmode": "overlay", "size": 6, "solidity": 0.35},
        },
    }  # fmt: skip


def _line(counts: Sequence[int], unfinished: Sequence[bool]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "name": "present at the end",
        "mode": "lines+markers" if len(counts) <= 40 else "lines",  # noqa: PLR2004
        "x": list(range(len(counts))),
        "y": list(counts),
        "yaxis": "y2",
        "line": {"color": INK, "width": 2},
        "marker": {"size": 6, "color": [PAPER if one else INK for one in unfinished],
                   "line": {"color": INK, "width": 1.5}},
        "hovertemplate": "%{y:,} present<extra></extra>",
    }  # fmt: skip


def _periods(periods: Sequence[str], period: str) -> dict[str, Any]:
    each = max(1, -(-len(periods) // _LABELS[period]))
    return axis(
        tickvals=list(range(0, len(periods), each)),
        ticktext=list(periods[::each]),
        showgrid=False,
        range=[-0.6, max(len(periods), 1) - 0.4],
        tickangle=0,
    )


def _absolute(lowest: int, highest: int) -> dict[str, Any]:
    """Ticks that say how many, below the line too."""
    step = nice((highest - lowest) / 6)
    at = [n * step for n in range(-(-lowest // -step) * -1, highest // step + 2)]
    at = [one for one in at if lowest - step < one <= highest + step]
    return {"tickvals": at, "ticktext": [f"{abs(one):,}" for one in at]}


def _told(panel: Panel, period: str) -> str:
    said = [
        f"{name}: "
        + ", ".join(
            f"{count:,} {part.name}"
            for part in panel.parts
            if (count := part.counts[n]) is not None
        )
        for n, name in enumerate(panel.periods)
    ]
    return f"Bars by {period}; the last ones: {'; '.join(said[-12:])}."


def _stacked(part: Part, totals: Sequence[int], *, whole: bool, alone: bool) -> dict[str, Any]:
    """One part in each row; what is too narrow for its number says it when pointed at."""
    counts = [count or 0 for count in part.counts]
    of = [count / total if total else None for count, total in zip(counts, totals, strict=True)]
    longest = max(totals, default=0) or 1
    wide = [(share or 0) if whole else count / longest
            for share, count in zip(of, counts, strict=True)]  # fmt: skip
    return {
        "type": "bar",
        "orientation": "h",
        "name": part.name,
        "x": of if whole else counts,
        "y": list(range(len(counts))),
        "marker": {"color": part.colour},
        "customdata": counts,
        "text": [f"{count:,}" if alone or width > 0.05 else ""  # noqa: PLR2004
                 for count, width in zip(counts, wide, strict=True)],
        "textposition": "outside" if alone else "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "cliponaxis": False,
        "insidetextfont": {"color": PAPER if part.colour in (BLUE, ORANGE, GREY) else INK},
        "hovertemplate": f"%{{customdata:,}} {part.name}<extra></extra>",
    }  # fmt: skip
