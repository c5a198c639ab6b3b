"""What came of complaints: for each group the share that recovered first and that left first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from motfunnel.answers.cells import percent
from motfunnel.charts.labels import labels, room
from motfunnel.charts.picture import Picture
from motfunnel.charts.style import BLUE, ORANGE, QUIET, TICKS_OF_SHARES, axis, faint, names, note
from motfunnel.domain.instant import format_duration
from motfunnel.reports.complaint_rows import ComplaintRow, Complaints
from motfunnel.statistics import Interval

_ROW: Final = 44
_MOST: Final = 20
_APART: Final = 0.14


def picture(answer: Complaints) -> Picture:
    """Two dots with intervals for each group."""
    rows = sorted(answer.rows, key=lambda row: -row.outcomes.mature)[:_MOST]
    rows = [row for row in answer.rows if row in rows]
    set_names = labels("all" if row.group is None else row.group for row in rows)
    both = [row.outcomes for row in rows]
    window = format_duration(answer.within)
    fewer = f", the {len(rows)} largest groups" if len(answer.rows) > len(rows) else ""
    cases, observed = sum(row.cases for row in rows), sum(one.mature for one in both)
    said = [f"{'all' if row.group is None else row.group}: "
            f"{percent(one.recovered_share)} recovered first, "
            f"{percent(one.departed_share)} left first, of {one.mature:,}"
            for row, one in zip(rows, both, strict=True)]  # fmt: skip
    return Picture(
        traces=[
            _dots("recovered first", BLUE, -_APART,
                  [(one.recovered_share, one.recovered_interval) for one in both]),
            _dots("left first", ORANGE, _APART,
                  [(one.departed_share, one.departed_interval) for one in both]),
        ],
        layout={
            "xaxis": axis(f"of contacts, within {window} of their first complaint",
                          tickformat=TICKS_OF_SHARES, rangemode="tozero"),
            "yaxis": names(set_names),
            "showlegend": True,
            "annotations": [_beside(row, n) for n, row in enumerate(rows)],
        },
        counted=f"{cases:,} cases, n = {observed:,} contacts observed for the whole window{fewer}",
        told=f"Dots. {'; '.join(said)}.",
        left=room(set_names),
        right=150,
        above=40,
        height=120 + 96 + _ROW * max(len(rows), 2),
    )  # fmt: skip


def _dots(
    name: str, colour: str, shift: float, shares: Sequence[tuple[float | None, Interval | None]]
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [share for share, _ in shares],
        "y": [n + shift for n in range(len(shares))],
        "marker": {"size": 10, "color": colour},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [0 if s is None or e is None else e.upper - s for s, e in shares],
            "arrayminus": [0 if s is None or e is None else s - e.lower for s, e in shares],
            "color": faint(colour, 0.55),
            "thickness": 2.5,
            "width": 0,
        },
        "hovertemplate": f"%{{x:.1%}} {name}<extra></extra>",
    }


def _beside(row: ComplaintRow, n: int) -> dict[str, Any]:
    one = row.outcomes
    text = (
        f"<b>{percent(one.recovered_share)}</b> / <b>{percent(one.departed_share)}</b> "
        f"<span style='color:{QUIET}'>of {one.mature:,}</span>"
    )
    return note(text, x=1, xanchor="left", xshift=12, y=n, yref="y")
