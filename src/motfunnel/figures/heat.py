"""The heat map of retention: cohorts in lines, the periods after the opening in columns.

What has no share yet stays blank. The first column is everyone, and does not set the scale.
"""

from __future__ import annotations

from html import unescape
from typing import Any, Final

from motfunnel.figures.calendar import named
from motfunnel.figures.lettering import labels, room
from motfunnel.figures.picture import Picture
from motfunnel.figures.style import QUIET, SHADES, TICKS_OF_SHARES, axis, names

_TEXT: Final = 18  # columns; beyond, the numbers would not fit their cells
_ROW: Final = 26
_MOST_NAMES: Final = 40


def picture(answer: Any) -> Picture:
    """Draw each cohort's share by the number of periods since its opening."""
    rows = [row for row in answer.rows if row.contacts or answer.by is None]
    columns = max((len(row.cells) for row in rows), default=0)
    shares = [
        [one.share for one in row.cells] + [None] * (columns - len(row.cells)) for row in rows
    ]
    groups = list(dict.fromkeys(row.group for row in rows))
    short = dict(zip(groups, labels(groups, 14), strict=True))
    named_rows = [_name(row, answer, short) for row in rows]
    hovers = [_hovers(*one, columns) for one in zip(rows, named_rows, strict=True)]
    each = max(1, -(-len(named_rows) // _MOST_NAMES))
    ticks = {"tickvals": list(range(0, len(named_rows), each)), "ticktext": named_rows[::each]}
    contacts = sum(row.contacts for row in rows)
    return Picture(
        traces=[_map(shares, columns, hovers)],
        layout={
            "xaxis": axis(f"{answer.period}s after that of the opening", side="top",
                          showgrid=False, dtick=max(1, columns // 20), tick0=0),
            "yaxis": names(named_rows) | ticks,
        },
        counted=f"n = {contacts:,} contacts that opened, in {len(named_rows)} cohorts",
        told="Heat map of retention. " + "; ".join(map(_told, named_rows, shares)) + ".",
        left=room(named_rows),
        right=84,
        below=12,
        above=52,
        height=184 + max(_ROW * len(rows), 120) if len(rows) <= _MOST_NAMES else 900,
    )  # fmt: skip


def _map(shares: list[list[float | None]], columns: int, hovers: list[list[str]]) -> dict[str, Any]:
    later = [share for line in shares for share in line[1:] if share is not None]
    gap = 2 if max(columns, len(shares)) <= _MOST_NAMES else 0  # or there is nothing but gaps
    lettered = {"texttemplate": "%{z:.0%}", "textfont": {"size": 11}}
    return {
        "type": "heatmap",
        "z": shares,
        "x": list(range(columns)),
        "y": list(range(len(shares))),
        "colorscale": SHADES,
        "zmin": 0,
        "zmax": max(later, default=1) or 1,
        "xgap": gap,
        "ygap": gap,
        "hoverongaps": False,
        "text": hovers,
        "hoverinfo": "text",
        "colorbar": {"tickformat": TICKS_OF_SHARES, "thickness": 12, "outlinewidth": 0, "len": 0.6,
                     "tickfont": {"color": QUIET}},
    } | (lettered if columns <= _TEXT else {})  # fmt: skip


def _name(row: Any, answer: Any, short: dict[str, str]) -> str:
    group = "" if answer.by is None else f"{short[row.group]}, "
    return f"{group}{named(row.starts_on, answer.period)} (n = {row.contacts:,})"


def _hovers(row: Any, name: str, columns: int) -> list[str]:
    said = [
        ""
        if one.share is None
        else f"{name}<br>{one.number}: {one.returned:,} back, {one.share:.1%}"
        for one in row.cells
    ]
    return said + [""] * (columns - len(said))


def _told(name: str, shares: list[float | None]) -> str:
    finished = [f"{share:.0%}" for share in shares if share is not None]
    return f"{unescape(name)}: {', '.join(finished) or 'nothing yet'}"
