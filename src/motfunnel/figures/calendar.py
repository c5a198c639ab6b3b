"""Bars by period: who came above the line, who left below it; what is not over is hatched.

For lifecycle and growth; in growth the number of those present runs above the bars.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from motfunnel.charts.labels import label
from motfunnel.charts.picture import Picture
from motfunnel.charts.style import (
    AMBER,
    BLUE,
    GREY,
    HEIGHT,
    INK,
    ORANGE,
    PAPER,
    SKY,
    axis,
    note,
)

Parts = Sequence[tuple[str, str, str, int]]
"""Of each part its cell, its name, its colour, and whether it stands above the line."""

_LABELS: Final = {"year": 18, "quarter": 12, "month": 12, "week": 8, "day": 8}
"""So many periods are named below the bars; a day is the longest name."""

_NOT_YET: Final = "dormant"
"""What nobody can be before a period is over: it is not drawn of one that is not."""

_PANELS: Final = 6
_LEGEND: Final = {"orientation": "h", "x": 0, "xanchor": "left", "yanchor": "bottom"}
_LIFECYCLE: Final[Parts] = (
    ("new", "new", BLUE, 1),
    ("returning", "returning", SKY, 1),
    ("resurrecting", "resurrecting", AMBER, 1),
    ("dormant", "dormant", ORANGE, -1),
)
_GROWTH: Final[Parts] = (
    ("openings", "opened", BLUE, 1),
    ("returns", "returned", AMBER, 1),
    ("departures", "left", ORANGE, -1),
    ("erased_present", "erased", GREY, -1),
)
_FORMS: Final = {"year": "%Y", "month": "%b %Y"}


def named(day: date, period: str) -> str:
    """Name a period by its first day.

    >>> named(date(2025, 4, 1), "quarter"), named(date(2025, 4, 1), "month")
    ('Q2 2025', 'Apr 2025')
    """
    if period == "quarter":
        return f"Q{(day.month + 2) // 3} {day.year}"
    return day.strftime(_FORMS[period]) if period in _FORMS else day.isoformat()


def lifecycle(answer: Any) -> Picture:
    """Active contacts by where they come from, and below the line those that fell off."""
    active: Counter[date] = Counter()
    for row in answer.rows:
        active[row.starts_on] += row.active
    pooled = "" if answer.by is None else ", all groups together"
    most = max(active.values(), default=0)
    counted = f"at most {most:,} contacts active in a {answer.period}{pooled}"
    return _bars(answer, _LIFECYCLE, counted)


def growth(answer: Any) -> Picture:
    """Openings and returns above the line, departures below it, and above all who is present."""
    groups = _groups(answer)
    present = sum(rows[-1].present_at_end for rows in groups.values())
    erased = any(row.erased_present for row in answer.rows)
    parts = [part for part in _GROWTH if part[0] != "erased_present" or erased]
    counted = f"n = {present:,} contacts present at the end"
    return _bars(answer, parts, counted, line=len(groups) == 1)


def _bars(answer: Any, parts: Parts, counted: str, *, line: bool = False) -> Picture:
    """A panel for each group, one below the other, on one axis of periods."""
    groups = _groups(answer)
    panels = list(groups.items())[:_PANELS]
    first = next(iter(groups.values()), [])
    layout: dict[str, Any] = {
        "barmode": "relative",
        "bargap": 0.18,
        "showlegend": True,
        "xaxis": _periods(first, answer.period) | {"anchor": "free", "position": 0},
        "annotations": [],
    }
    traces = []
    for number, (group, rows) in enumerate(panels):
        traces += [_trace(rows, answer.period, part, number) for part in parts]
        layout[f"yaxis{number + 1}"] = _counts(rows, parts, number, len(panels))
        if group is not None:
            layout["annotations"].append(_heading(f"{answer.by}: {group}", number))
    if line:
        traces.append(_line(first))
        layout["yaxis1"]["domain"] = [0, 0.6]
        layout["yaxis2"] = axis("present", domain=[0.68, 1], rangemode="tozero", nticks=4)
    if answer.by is not None:
        layout["legend"] = _LEGEND | {"y": 1 + 22 / max(180 * len(panels) - 24, 1)}
    if any(row.unfinished for row in answer.rows):
        layout["annotations"].append(_unfinished(parts))
    fewer = f"; the first {_PANELS} of {len(groups)} groups" if len(groups) > _PANELS else ""
    return Picture(
        traces=traces,
        layout=layout,
        counted=counted + fewer,
        told=_told(first, parts, answer.period),
        above=40 if answer.by is None else 60,
        below=44,
        height=HEIGHT if len(panels) < 2 else 200 + 180 * len(panels),  # noqa: PLR2004
    )


def _unfinished(parts: Parts) -> dict[str, Any]:
    """What the hatching means, and what is not drawn there."""
    without = any(part == _NOT_YET for part, *_ in parts)
    said = f"hatched: not over yet{'; its dormant are not drawn' if without else ''}"
    return note(said, x=1, xanchor="right", y=1, yanchor="bottom", yshift=4)


def _count(row: Any, part: str) -> int | None:
    """How many a bar shows; None where there cannot be any yet."""
    return None if part == _NOT_YET and row.unfinished else getattr(row, part)


def _groups(answer: Any) -> dict[str | None, list[Any]]:
    groups: dict[str | None, list[Any]] = {}
    for row in answer.rows:
        groups.setdefault(row.group, []).append(row)
    return groups


def _counts(rows: Sequence[Any], parts: Parts, number: int, panels: int) -> dict[str, Any]:
    """The axis of a panel; the first lies on top."""
    ups, downs = (_most(rows, parts, sign) for sign in (1, -1))
    share = 1 / panels
    top = 1 - number * share
    domain = [top - share * (1 if panels == 1 else 0.84), top]
    line = {"zeroline": True, "zerolinecolor": INK, "zerolinewidth": 1}
    return axis("contacts", domain=domain, **line) | _absolute(-downs, ups)


def _heading(text: str, number: int) -> dict[str, Any]:
    axis_name = "y" if number == 0 else f"y{number + 1}"
    at: dict[str, Any] = {"x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom"}
    return note(f"<b>{label(text, 100)}</b>", yref=f"{axis_name} domain", **at)


def _trace(
    rows: Sequence[Any], period: str, told: tuple[str, str, str, int], panel: int
) -> dict[str, Any]:
    part, name, colour, sign = told
    counts = [_count(row, part) for row in rows]
    unfinished = [row.unfinished for row in rows]
    return {
        "type": "bar",
        "name": name,
        "legendgroup": name,
        "showlegend": panel == 0,
        "yaxis": "y" if panel == 0 else f"y{panel + 1}",
        "x": list(range(len(rows))),
        "y": [None if count is None else sign * count for count in counts],
        "hovertext": [
            f"{named(row.starts_on, period)}: {'–' if count is None else f'{count:,}'} {name}"
            for row, count in zip(rows, counts, strict=True)
        ],
        "hoverinfo": "text",
        "marker": {
            "color": colour,
            "opacity": [0.55 if one else 1 for one in unfinished],
            "pattern": {"shape": ["/" if one else "" for one in unfinished], "fgcolor": PAPER,
                        "fillmode": "overlay", "size": 6, "solidity": 0.35},
        },
    }  # fmt: skip


def _line(rows: Sequence[Any]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "name": "present at the end",
        "mode": "lines+markers" if len(rows) <= 40 else "lines",  # noqa: PLR2004
        "x": list(range(len(rows))),
        "y": [row.present_at_end for row in rows],
        "yaxis": "y2",
        "line": {"color": INK, "width": 2},
        "marker": {"size": 6, "color": [PAPER if row.unfinished else INK for row in rows],
                   "line": {"color": INK, "width": 1.5}},
        "hovertemplate": "%{y:,} present<extra></extra>",
    }  # fmt: skip


def _periods(rows: Sequence[Any], period: str) -> dict[str, Any]:
    each = max(1, -(-len(rows) // _LABELS[period]))
    shown = range(0, len(rows), each)
    return axis(
        tickvals=list(shown),
        ticktext=[named(rows[n].starts_on, period) for n in shown],
        showgrid=False,
        range=[-0.6, max(len(rows), 1) - 0.4],
        tickangle=0,
    )


def _absolute(lowest: int, highest: int) -> dict[str, Any]:
    """Ticks that say how many, below the line too."""
    step = nice((highest - lowest) / 6)
    at = [n * step for n in range(-(-lowest // -step) * -1, highest // step + 2)]
    at = [one for one in at if lowest - step < one <= highest + step]
    return {"tickvals": at, "ticktext": [f"{abs(one):,}" for one in at]}


def nice(rough: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, … that is not below a number.

    >>> nice(0.2), nice(3.1), nice(140)
    (1, 5, 200)
    """
    power = 1
    while True:
        for digit in (1, 2, 5):
            if digit * power >= rough:
                return digit * power
        power *= 10


def _most(rows: Sequence[Any], parts: Parts, sign: int) -> int:
    chosen = [part for part, _, _, way in parts if way == sign]
    return max((sum(_count(row, part) or 0 for part in chosen) for row in rows), default=0)


def _told(rows: Sequence[Any], parts: Parts, period: str) -> str:
    said = [
        f"{named(row.starts_on, period)}: "
        + ", ".join(
            f"{count:,} {name}"
            for part, name, _, _ in parts
            if (count := _count(row, part)) is not None
        )
        for row in rows[-12:]
    ]
    return f"Bars by {period}; the last ones: {'; '.join(said)}."
