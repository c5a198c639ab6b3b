"""The funnel: how many reached each stage, what share of all that is, and how long a step took."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from motfunnel.answers.cells import days, percent, span
from motfunnel.charts.labels import label, labels, legend_room, room
from motfunnel.charts.picture import Picture
from motfunnel.charts.style import (
    BLUE,
    INK,
    PALETTE,
    PAPER,
    QUIET,
    TICKS_OF_SHARES,
    axis,
    faint,
    names,
)
from motfunnel.reports.stage_funnel import StageFunnel, StageRow

_STEP: Final = 84
_BESIDE: Final = 300  # pixels for the numbers beside a bar
_AT_ONCE: Final = timedelta(minutes=3)  # less would be shown as 0.0 h


def picture(answer: StageFunnel) -> Picture:
    """A bar for each stage, from the first to the last; of groups one beside the other."""
    return _funnel(answer) if answer.by is None else _groups(answer)


def _funnel(answer: StageFunnel) -> Picture:
    rows = answer.rows
    stages = labels(row.stage for row in rows)
    first = rows[0].contacts if rows else 0
    below = [_beside(row) for row in rows]
    quiet = [
        "".join(f"<br><span style='color:{QUIET}'>{line}</span>" for line in each) for each in below
    ]
    ticks = [f"<b>{one}</b>{more}" for one, more in zip(stages, quiet, strict=True)]
    return Picture(
        traces=[_trapezes(rows)],
        layout={
            "xaxis": axis(visible=False),
            "yaxis": names(ticks),
            "funnelgap": 0.34,
        },
        counted=f"n = {first:,} contacts that opened",
        told=f"Funnel. {'; '.join(f'{r.stage}: {r.contacts:,} contacts' for r in rows)}.",
        left=max(room(stages), room(line for each in below for line in each)),
        below=16,
        height=120 + 28 + _STEP * max(len(rows), 1),
    )


def _trapezes(rows: Sequence[StageRow]) -> dict[str, Any]:
    return {
        "type": "funnel",
        "x": [row.contacts for row in rows],
        "y": list(range(len(rows))),
        "text": [_said(row) for row in rows],
        "textinfo": "text",
        "textposition": "auto",
        "textfont": {"size": 13},
        "insidetextfont": {"color": PAPER},
        "outsidetextfont": {"color": INK},
        "marker": {"color": BLUE},
        "connector": {"fillcolor": faint(BLUE, 0.14), "line": {"width": 0}},
        "hovertext": [f"{row.contacts:,} contacts reached {label(row.stage)}" for row in rows],
        "hoverinfo": "text",
    }


def _groups(answer: StageFunnel) -> Picture:
    """For each stage, a bar of each group: the share of all in it that opened.

    Beside it stands the share of the stage before, which is the one that the definition tells.
    """
    groups: dict[str | None, list[StageRow]] = {}
    for row in answer.rows:
        groups.setdefault(row.group, []).append(row)
    shown = list(groups.items())[: len(PALETTE)]
    set_names = labels(group for group, _ in shown)
    stages = labels(dict.fromkeys(row.stage for row in answer.rows))
    opened = sum(rows[0].contacts for _, rows in shown)
    fewer = f", the first {len(shown)} of {len(groups)} groups" if len(groups) > len(shown) else ""
    said = [f"{row.group}, {row.stage}: {row.contacts:,}" for row in answer.rows]
    bars = [
        _bars(name, rows, colour)
        for name, (_, rows), colour in zip(set_names, shown, PALETTE, strict=False)
    ]
    above = 20 + legend_room((bar["name"] for bar in bars), room(stages) + _BESIDE)
    return Picture(
        traces=bars,
        layout={
            "xaxis": axis(
                "bars: share of all in the group that opened; beside them, of the stage before",
                tickformat=TICKS_OF_SHARES,
                range=[0, 1],
            ),
            "yaxis": names(stages),
            "bargap": 0.25,
            "showlegend": True,
        },
        counted=f"n = {opened:,} contacts that opened{fewer}",
        told=f"Bars by stage. {'; '.join(said)}.",
        left=room(stages),
        right=_BESIDE,
        above=above,
        height=160 + above + 26 * len(stages) * (len(shown) + 1),
    )


def _bars(group: str, rows: Sequence[StageRow], colour: str) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "name": f"{group} (n = {rows[0].contacts:,})",
        "x": [row.from_first for row in rows],
        "y": list(range(len(rows))),
        "marker": {"color": colour},
        "text": [_beside_bar(row) for row in rows],
        "textposition": "outside",
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _beside_bar(row: StageRow) -> str:
    """Beside a bar: its share with its count, and the share of the stage before."""
    share = f"<b>{percent(row.from_first)}</b> ({row.contacts:,})"
    if row.from_previous is None:
        return share
    sure = "" if row.interval is None else f" ({span(row.interval)})"
    before = f"{percent(row.from_previous)}{sure} of previous"
    return f"{share} <span style='color:{QUIET}'>{before}</span>"


def _said(row: StageRow) -> str:
    share = "" if row.from_first is None else f"   {percent(row.from_first)} of the first stage"
    return f"<b>{row.contacts:,}</b>{share}"


def _beside(row: StageRow) -> tuple[str, ...]:
    """Below the name: the share of the stage before with its counts, and the median time."""
    if row.from_previous is None:
        return ()
    sure = "" if row.interval is None else f" ({span(row.interval)})"
    counts = f"{row.numerator:,} of {row.denominator:,}"
    if row.median is not None:
        waited = "at once" if row.median < _AT_ONCE else f"in {days(row.median)}"
        counts += f", {waited} at the median"
    return f"{percent(row.from_previous)}{sure} of previous", counts
