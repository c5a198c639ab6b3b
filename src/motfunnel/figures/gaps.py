"""Gaps between two scores: an open dot, a full one, and the line between them.

Of touchpoints between what was expected and what was experienced, of the journey map between its
target and the actual. The line is blue where the second is the better one, and orange where it is
the worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from attrs import frozen

from motfunnel.charts.labels import fewer, labels, room
from motfunnel.charts.picture import Picture
from motfunnel.charts.style import BLUE, INK, ORANGE, PAPER, QUIET, axis, faint, names, note
from motfunnel.reports.journey_map_rows import JourneyMap
from motfunnel.reports.touchpoint_rows import Touchpoints

_ROW: Final = 30
_MOST: Final = 30


@frozen(kw_only=True)
class Gap:
    """One line of the picture: two scores, how far they lie apart, and on how many they rest."""

    name: str
    expected: float | None
    experienced: float | None
    gap: float | None
    experiences: int


def touchpoints(answer: Touchpoints) -> Picture:
    """Each touchpoint, and each group of it."""
    rows = [
        Gap(
            name=_joined(row.touchpoint, row.group if answer.by is not None else None),
            expected=row.expected,
            experienced=row.experienced,
            gap=row.gap,
            experiences=row.experiences,
        )
        for row in answer.rows
    ]
    return _picture(rows, "expected", "experienced")


def journey_map(answer: JourneyMap) -> Picture:
    """Each touchpoint at each stage, in their order."""
    rows = [
        Gap(
            name=row.touchpoint if row.stage is None else _joined(row.stage, row.touchpoint),
            expected=row.target,
            experienced=row.actual,
            gap=row.from_target,
            experiences=row.experiences,
        )
        for row in answer.rows
    ]
    return _picture(rows, "target", "actual")


def _picture(all_rows: Sequence[Gap], expected: str, experienced: str) -> Picture:
    rows = list(all_rows[:_MOST])
    set_names = labels((row.name for row in rows), 40)
    n = sum(row.experiences for row in rows)
    said = [f"{row.name}: {_score(row.expected)} {expected}, {_score(row.experienced)} "
            f"{experienced}, n = {row.experiences:,}" for row in rows]  # fmt: skip
    return Picture(
        traces=[
            _lines(rows, "worse", ORANGE, better=False),
            _lines(rows, "better", BLUE, better=True),
            _dots(expected, [row.expected for row in rows], PAPER, QUIET),
            _dots(experienced, [row.experienced for row in rows], INK, INK),
        ],
        layout={
            "xaxis": axis("mean score"),
            "yaxis": names(set_names),
            "showlegend": True,
            "annotations": [_beside(row, n) for n, row in enumerate(rows)],
        },
        counted=f"n = {n:,} experiences{fewer(len(rows), len(all_rows))}",
        told=f"Dots of {expected} and {experienced}. {'; '.join(said)}.",
        left=room(set_names),
        right=140,
        above=40,
        height=120 + 96 + _ROW * max(len(rows), 2),
    )


def _lines(rows: Sequence[Gap], name: str, colour: str, *, better: bool) -> dict[str, Any]:
    """One trace for all lines of a colour: two ends each, and nothing between them."""
    x: list[float | None] = []
    y: list[float | None] = []
    for n, row in enumerate(rows):
        if row.expected is None or row.experienced is None:
            continue
        if (row.experienced >= row.expected) is better:
            x += [row.expected, row.experienced, None]
            y += [n, n, None]
    line = {"color": faint(colour, 0.6), "width": 5}
    return {"type": "scatter", "mode": "lines", "name": name, "x": x, "y": y, "line": line,
            "hoverinfo": "skip", "showlegend": bool(x)}  # fmt: skip


def _dots(name: str, x: list[float | None], fill: str, edge: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": x,
        "y": list(range(len(x))),
        "marker": {"size": 11, "color": fill, "line": {"color": edge, "width": 2}},
        "hovertemplate": f"{name} %{{x:.2f}}<extra></extra>",
    }


def _beside(row: Gap, n: int) -> dict[str, Any]:
    gap = "" if row.gap is None else f"<b>{row.gap:+.2f}</b> "
    text = f"{gap}<span style='color:{QUIET}'>n = {row.experiences:,}</span>"
    return note(text, x=1, xanchor="left", xshift=12, y=n, yref="y")


def _joined(name: str, more: str | None) -> str:
    return name if more is None else f"{name} · {more}"


def _score(score: float | None) -> str:
    return "–" if score is None else f"{score:.2f}"
