"""A heat map: a line for each cohort, the shares after its beginning in columns.

What has no share yet stays blank. The first column is everyone: it is grey, and no part of the
scale, which ends at the largest share after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import unescape
from typing import Any, Final

from attrs import frozen

from motfunnel.charts.labels import room
from motfunnel.charts.picture import Picture
from motfunnel.charts.style import QUIET, SHADES, TICKS_OF_SHARES, WIDTH, axis, names

_EVERYONE: Final = "#e6eaee"
_WIDE: Final = 34
_NARROW: Final = 25
"""Pixels of a cell in which a share fits; from the second on, in small letters."""

_LOW: Final = 13
_BAR: Final = 84
_FEW: Final = 0.005
_ROW: Final = 26
_MOST_NAMES: Final = 40


@frozen(kw_only=True)
class Line:
    """One cohort.

    Attributes:
        name: as it is set beside its line.
        shares: from the first column on; None: none yet.
        hovers: what is said of each when it is pointed at.
    """

    name: str
    shares: Sequence[float | None]
    hovers: Sequence[str]


def heat(lines: Sequence[Line], heading: str, *, counted: str, told: str) -> Picture:
    """Draw each cohort's shares.

    Args:
        lines: the cohorts.
        heading: what the columns are counted in.
        counted: how many they rest on.
        told: what it is a heat map of.
    """
    columns = max((len(line.shares) for line in lines), default=0)
    shares = [[*line.shares, *[None] * (columns - len(line.shares))] for line in lines]
    hovers = [[*line.hovers, *[""] * (columns - len(line.hovers))] for line in lines]
    said = [line.name for line in lines]
    each = max(1, -(-len(said) // _MOST_NAMES))
    ticks = {"tickvals": list(range(0, len(said), each)), "ticktext": said[::each]}
    high = 184 + max(_ROW * len(said), 120) if len(said) <= _MOST_NAMES else 900
    cell = ((WIDTH - room(said) - _BAR) / max(columns, 1), (high - 184) / max(len(said), 1))
    return Picture(
        traces=_maps(shares, columns, hovers, _letters(*cell)),
        layout={
            "xaxis": axis(heading, side="top", showgrid=False, dtick=max(1, columns // 20),
                          tick0=0),
            "yaxis": names(said) | ticks,
        },
        counted=counted,
        told=f"Heat map of {told}. {'; '.join(map(_told, said, shares))}.",
        left=room(said),
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


def _told(name: str, shares: Sequence[float | None]) -> str:
    finished = [f"{share:.0%}" for share in shares if share is not None]
    return f"{unescape(name)}: {', '.join(finished) or 'nothing yet'}"
