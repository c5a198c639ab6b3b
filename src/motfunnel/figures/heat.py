"""The heat map of retention: cohorts in lines, the periods after the opening in columns.

What has no share yet stays blank. The first column is everyone, by opening: it is grey, and no part
of the scale, which ends at the largest share after it.
"""

from __future__ import annotations

from html import unescape
from typing import Any, Final

from motfunnel.charts.labels import labels, room
from motfunnel.charts.picture import Picture
from motfunnel.charts.style import QUIET, SHADES, TICKS_OF_SHARES, WIDTH, axis, names
from motfunnel.figures.calendar import named

_EVERYONE: Final = "#e6eaee"
_WIDE: Final = 34
_NARROW: Final = 25
"""Pixels of a cell in which a share fits; from the second on, in small letters."""

_LOW: Final = 13
_BAR: Final = 84
_FEW: Final = 0.005
_ROW: Final = 26
_MOST_NAMES: Final = 40


def picture(answer: Any) -> Picture:
    """Draw each cohort's share by the number of periods since its opening."""
    rows = [row for row in answer.rows if row.contacts] or list(answer.rows)
    columns = max((len(row.cells) for row in rows), default=0)
    shares = [
        [one.share for one in row.cells] + [None] * (columns - len(row.cells)) for row in rows
    ]
    groups = list(dict.fromkeys(row.group for row in rows))
    short = dict(zip(groups, labels(groups, 20), strict=True))
    named_rows = [_name(row, answer, short) for row in rows]
    hovers = [_hovers(*one, columns) for one in zip(rows, named_rows, strict=True)]
    each = max(1, -(-len(named_rows) // _MOST_NAMES))
    ticks = {"tickvals": list(range(0, len(named_rows), each)), "ticktext": named_rows[::each]}
    contacts = sum(row.contacts for row in rows)
    high = 184 + max(_ROW * len(rows), 120) if len(rows) <= _MOST_NAMES else 900
    cell = ((WIDTH - room(named_rows) - _BAR) / max(columns, 1), (high - 184) / max(len(rows), 1))
    return Picture(
        traces=_maps(shares, columns, hovers, _letters(*cell)),
        layout={
            "xaxis": axis(f"{answer.period}s after that of the opening", side="top",
                          showgrid=False, dtick=max(1, columns // 20), tick0=0),
            "yaxis": names(named_rows) | ticks,
        },
        counted=f"n = {contacts:,} contacts that opened, in {len(named_rows)} cohorts"
        f"{_left_out(len(answer.rows) - len(rows))}",
        told="Heat map of retention. " + "; ".join(map(_told, named_rows, shares)) + ".",
        left=room(named_rows),
        right=_BAR,
        below=12,
        above=52,
        height=high,
    )  # fmt: skip


def _maps(
    shares: list[list[float | None]], columns: int, hovers: list[list[str]], letters: int
) -> list[dict[str, Any]]:
    """The first column, and the rest on the scale."""
    later = [share for line in shares for share in line[1:] if share is not None]
    gap = 2 if max(columns, len(shares)) <= _MOST_NAMES else 0  # or there is nothing but gaps
    look = {"type": "heatmap", "y": list(range(len(shares))), "zmin": 0, "xgap": gap, "ygap": gap,
            "hoverongaps": False, "hoverinfo": "text"}  # fmt: skip
    if letters:
        look |= {"texttemplate": "%{text}", "textfont": {"size": letters}}
    opening = look | _columns(shares, hovers, 0, 1) | {
        "colorscale": [[0, _EVERYONE], [1, _EVERYONE]], "zmax": 1, "showscale": False,
    }  # fmt: skip
    rest = look | _columns(shares, hovers, 1, columns) | {
        "colorscale": SHADES,
        "zmax": max(later, default=1) or 1,
        "colorbar": {"tickformat": TICKS_OF_SHARES, "thickness": 12, "outlinewidth": 0,
                     "len": 0.6, "nticks": 5, "tickfont": {"color": QUIET}},
    }  # fmt: skip
    return [opening, rest] if columns > 1 else [opening]


def _columns(
    shares: list[list[float | None]], hovers: list[list[str]], first: int, end: int
) -> dict[str, Any]:
    """Some of the columns: where they stand, their shares, and what is lettered in them."""
    return {
        "x": list(range(first, end)),
        "z": [line[first:end] for line in shares],
        "text": [[_whole(share) for share in line[first:end]] for line in shares],
        "hovertext": [line[first:end] for line in hovers],
    }


def _whole(share: float | None) -> str:
    """A share in whole percents; some, however few, are not none."""
    if share is None:
        return ""
    return "&lt;1%" if 0 < share < _FEW else f"{share:.0%}"


def _letters(width: float, height: float) -> int:
    """The size of letters that fit a cell; 0 where none do."""
    if width < _NARROW or height < _LOW:
        return 0
    return 11 if width >= _WIDE else 9


def _left_out(empty: int) -> str:
    return f"; {empty:,} more, in which nobody opened, left out" if empty else ""


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
