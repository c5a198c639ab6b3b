"""A heat map: a line for each cohort, the shares after its beginning in columns.

What has no share yet stays blank. The first column is everyone: it is grey, and no part of the
scale, which ends at the largest share after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from motfunnel.charts.scene import Axis, Cells, Panel, Picture, Rows, Tick

_FEW: Final = 0.005
_ROW: Final = 26
_MOST_NAMES: Final = 40
_MOST_TOLD: Final = 24
_HIGH: Final = 720  # pixels of more lines than have a name each


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
    later = [share for line in shares for share in line[1:] if share is not None]
    more = f"; and {len(lines) - _MOST_TOLD:,} more" if len(lines) > _MOST_TOLD else ""
    scales = [(0, 1, None), (1, columns, max(later, default=1) or 1)]
    cells = [
        _cells(shares, hovers, first, end, most) for first, end, most in scales[: max(columns, 1)]
    ]
    rows = Rows(
        names=[line.name for line in lines],
        high=_ROW if len(lines) <= _MOST_NAMES else _HIGH / len(lines),
        each=max(1, -(-len(lines) // _MOST_NAMES)),
        is_packed=True,
    )
    return Picture(
        panels=(Panel(marks=cells, y=rows),),
        x=Axis(
            title=heading,
            lower=-0.5,
            upper=max(columns, 1) - 0.5,
            ticks=[Tick(n, f"{n}") for n in range(0, columns, max(1, columns // 20))],
            has_grid=False,
            is_above=True,
        ),
        counted=counted,
        told=f"Heat map of {told}. {'; '.join(map(_told, lines[:_MOST_TOLD]))}{more}.",
    )


def _cells(
    shares: list[list[float | None]],
    hovers: list[list[str]],
    first: int,
    end: int,
    most: float | None,
) -> Cells:
    """Some of the columns: their shares, and what is lettered in them."""
    return Cells(
        first=first,
        values=[line[first:end] for line in shares],
        texts=[[_whole(share) for share in line[first:end]] for line in shares],
        hovers=[line[first:end] for line in hovers],
        most=most,
    )


def _whole(share: float | None) -> str:
    """A share in whole percents; some, however few, are not none."""
    if share is None:
        return ""
    return "<1%" if 0 < share < _FEW else f"{share:.0%}"


def _told(line: Line) -> str:
    finished = [f"{share:.0%}" for share in line.shares[:_MOST_TOLD] if share is not None]
    more = ", …" if len(line.shares) > _MOST_TOLD else ""
    return f"{line.name}: {', '.join(finished) or 'nothing yet'}{more}"
