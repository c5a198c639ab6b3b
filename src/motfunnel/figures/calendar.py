"""Bars by period: who came above the line, who left below it; what is not over is hatched.

For lifecycle and growth; in growth the number of those present runs above the bars.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from motfunnel.figures.picture import Picture
from motfunnel.figures.style import (
    AMBER,
    BLUE,
    GREY,
    INK,
    ORANGE,
    PAPER,
    SKY,
    axis,
    note,
)

_LABELS: Final = 12
_LIFECYCLE: Final = (
    ("new", "new", BLUE, 1),
    ("returning", "returning", SKY, 1),
    ("resurrecting", "resurrecting", AMBER, 1),
    ("dormant", "dormant", ORANGE, -1),
)
_GROWTH: Final = (
    ("openings", "opened", BLUE, 1),
    ("returns", "returned", AMBER, 1),
    ("departures", "left", ORANGE, -1),
    ("erased_present", "erased", GREY, -1),
)
Parts = Sequence[tuple[str, str, str, int]]
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
    rows = _one_group(answer)
    active = max((row.active for row in rows), default=0)
    return _bars(
        answer, rows, _LIFECYCLE, f"at most {active:,} contacts active in a {answer.period}"
    )


def growth(answer: Any) -> Picture:
    """Openings and returns above the line, departures below it, and above all who is present."""
    rows = _one_group(answer)
    present = rows[-1].present_at_end if rows else 0
    parts = [part for part in _GROWTH if part[0] != "erased_present" or _any(rows, part[0])]
    return _bars(answer, rows, parts, f"n = {present:,} contacts present at the end", line=True)


def _bars(
    answer: Any, rows: Sequence[Any], parts: Parts, counted: str, *, line: bool = False
) -> Picture:
    traces = [_trace(rows, answer.period, *part) for part in parts]
    ups, downs = (_most(rows, parts, sign) for sign in (1, -1))
    layout: dict[str, Any] = {
        "barmode": "relative",
        "bargap": 0.18,
        "showlegend": True,
        "xaxis": _periods(rows, answer.period),
        "yaxis": axis("contacts", zeroline=True, zerolinecolor=INK, zerolinewidth=1)
        | _absolute(-downs, ups),
    }
    if line:
        traces.append(_line(rows))
        layout["yaxis"]["domain"] = [0, 0.6]
        layout["yaxis2"] = axis("present", domain=[0.68, 1], rangemode="tozero", nticks=4)
        layout["xaxis"]["anchor"] = "y"
    if any(row.unfinished for row in rows):
        layout["annotations"] = [note("hatched: not over yet", x=1, xanchor="right", y=1,
                                      yanchor="bottom")]  # fmt: skip
    return Picture(
        traces=traces,
        layout=layout,
        counted=counted,
        told=_told(rows, parts, answer.period),
        above=40,
        below=44,
    )


def _trace(
    rows: Sequence[Any], period: str, part: str, name: str, colour: str, sign: int
) -> dict[str, Any]:
    counts = [getattr(row, part) for row in rows]
    unfinished = [row.unfinished for row in rows]
    return {
        "type": "bar",
        "name": name,
        "x": list(range(len(rows))),
        "y": [sign * count for count in counts],
        "hovertext": [
            f"{named(row.starts_on, period)}: {count:,} {name}"
            for row, count in zip(rows, counts, strict=True)
        ],
        "hoverinfo": "text",
        "marker": {
            "color": colour,
            "opacity": [0.55 if one else 1 for one in unfinished],
            "pattern": {"shape": ["/" if one else "" for one in unfinished], "fgcolor": PAPER,
                        "size": 6, "solidity": 0.35},
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
    each = max(1, -(-len(rows) // _LABELS))
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
    return max((sum(getattr(row, part) for part in chosen) for row in rows), default=0)


def _any(rows: Sequence[Any], part: str) -> bool:
    return any(getattr(row, part) for row in rows)


def _one_group(answer: Any) -> list[Any]:
    return list(answer.rows)


def _told(rows: Sequence[Any], parts: Parts, period: str) -> str:
    said = [
        f"{named(row.starts_on, period)}: "
        + ", ".join(f"{getattr(row, part):,} {name}" for part, name, _, _ in parts)
        for row in rows[-12:]
    ]
    return f"Bars by {period}; the last ones: {'; '.join(said)}."
