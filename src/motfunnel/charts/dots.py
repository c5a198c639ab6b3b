"""Dots with intervals, one for each row; bars where there are counts only; gaps between two dots.

What is said of a row stands right of the axes. The line of a gap is blue where the second score is
the better one, and orange where it is the worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from attrs import frozen

from motfunnel.charts.labels import fewer, labels, room
from motfunnel.charts.picture import Picture
from motfunnel.charts.style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PAPER,
    QUIET,
    TICKS_OF_SHARES,
    Ends,
    axis,
    faint,
    names,
    note,
)

_ROW: Final = 30  # pixels
_MOST: Final = 30  # rows of gaps; dots are cut by who asks


@frozen(kw_only=True)
class Dot:
    """One row of the picture.

    Attributes:
        name: of the row, as anybody wrote it.
        value: what is drawn; None: nothing.
        ends: of its interval; None: there is none.
        beside: what stands right of it, in markup.
    """

    name: object
    value: float | None
    ends: Ends | None
    beside: str


@frozen
class Gap:
    """Two scores, how far they lie apart, and on how many they rest."""

    name: str
    first: float | None
    second: float | None
    gap: float | None
    n: int


def dots(
    rows: Sequence[Dot],
    heading: str,
    *,
    are_shares: bool,
    are_bars: bool,
    counted: str,
    told: str,
) -> Picture:
    """Draw a dot with its interval in each row, or a bar."""
    set_names = labels(row.name for row in rows)
    return Picture(
        traces=[_bars(rows) if are_bars else marks([(row.value, row.ends) for row in rows])],
        layout={
            "xaxis": axis(heading, **_scale(rows, are_shares=are_shares)),
            "yaxis": names(set_names),
            "annotations": [beside(row.beside, n, font=_font(row)) for n, row in enumerate(rows)],
        },
        counted=counted,
        told=told,
        left=room(set_names),
        right=190,
        height=120 + 68 + _ROW * max(len(rows), 2),
    )


def gaps(all_rows: Sequence[Gap], first: str, second: str, what: str) -> Picture:
    """Draw two dots in each row, and the line between them.

    Args:
        all_rows: the rows; only the first ones are drawn, which is said.
        first: what the first scores are called.
        second: what the second ones are called.
        what: what a row rests on so many of.
    """
    rows = list(all_rows[:_MOST])
    set_names = labels((row.name for row in rows), 40)
    total = sum(row.n for row in rows)
    said = [f"{row.name}: {_score(row.first)} {first}, {_score(row.second)} {second}, n = {row.n:,}"
            for row in rows]  # fmt: skip
    return Picture(
        traces=[
            _lines(rows, "worse", ORANGE, better=False),
            _lines(rows, "better", BLUE, better=True),
            _scores(first, [row.first for row in rows], PAPER, QUIET),
            _scores(second, [row.second for row in rows], INK, INK),
        ],
        layout={
            "xaxis": axis("mean score"),
            "yaxis": names(set_names),
            "showlegend": True,
            "annotations": [beside(_apart(row), n) for n, row in enumerate(rows)],
        },
        counted=f"n = {total:,} {what}{fewer(len(rows), len(all_rows))}",
        told=f"Dots of {first} and {second}. {'; '.join(said)}.",
        left=room(set_names),
        right=140,
        above=40,
        height=120 + 96 + _ROW * max(len(rows), 2),
    )


def marks(
    values: Sequence[tuple[float | None, Ends | None]],
    colour: str = BLUE,
    *,
    shift: float = 0,
    size: int = 11,
    name: str = "",
) -> dict[str, Any]:
    """A dot for each value, with its interval; a name, if given, is told when one points."""
    named = {"name": name} if name else {}
    said = f"%{{x:.1%}} {name}<extra></extra>"
    hover = {"hovertemplate": said} if name else {"hoverinfo": "skip"}
    return {
        "type": "scatter",
        "mode": "markers",
        **named,
        "x": [value for value, _ in values],
        "y": [n + shift for n in range(len(values))],
        "marker": {"size": size, "color": colour},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [0 if v is None or e is None else e.upper - v for v, e in values],
            "arrayminus": [0 if v is None or e is None else v - e.lower for v, e in values],
            "color": faint(colour, 0.55),
            "thickness": 2.5,
            "width": 0,
        },
        **hover,
    }


def beside(text: str, n: int, **more: Any) -> dict[str, Any]:
    """What stands right of a row."""
    return note(text, x=1, xanchor="left", xshift=12, y=n, yref="y", **more)


def _font(row: Dot) -> dict[str, Any]:
    return {"size": 12, "color": GREY if row.value is None else INK}


def _bars(rows: Sequence[Dot]) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "x": [row.value for row in rows],
        "y": list(range(len(rows))),
        "marker": {"color": BLUE},
        "width": 0.62,
        "hoverinfo": "skip",
    }


def _scale(rows: Sequence[Dot], *, are_shares: bool) -> dict[str, Any]:
    """From nothing on; where there is no number at all, a scale to one says so best."""
    scale: dict[str, Any] = {"tickformat": TICKS_OF_SHARES if are_shares else ",~g"}
    if not any(row.value for row in rows):
        ends = [row.ends.upper * 1.05 for row in rows if row.ends]
        return scale | {"range": [0, max(ends or [1])]}
    return scale | {"rangemode": "tozero"}


def _lines(rows: Sequence[Gap], name: str, colour: str, *, better: bool) -> dict[str, Any]:
    """One trace for all lines of a colour: two ends each, and nothing between them."""
    x: list[float | None] = []
    y: list[float | None] = []
    for n, row in enumerate(rows):
        if row.first is None or row.second is None:
            continue
        if (row.second >= row.first) is better:
            x += [row.first, row.second, None]
            y += [n, n, None]
    line = {"color": faint(colour, 0.6), "width": 5}
    return {"type": "scatter", "mode": "lines", "name": name, "x": x, "y": y, "line": line,
            "hoverinfo": "skip", "showlegend": bool(x)}  # fmt: skip


def _scores(name: str, x: list[float | None], fill: str, edge: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": x,
        "y": list(range(len(x))),
        "marker": {"size": 11, "color": fill, "line": {"color": edge, "width": 2}},
        "hovertemplate": f"{name} %{{x:.2f}}<extra></extra>",
    }


def _apart(row: Gap) -> str:
    gap = "" if row.gap is None else f"<b>{row.gap:+.2f}</b> "
    return f"{gap}<span style='color:{QUIET}'>n = {row.n:,}</span>"


def _score(score: float | None) -> str:
    return "–" if score is None else f"{score:.2f}"
