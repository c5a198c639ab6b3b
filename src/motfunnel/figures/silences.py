"""Patience: after each length of silence the share that still came back, a line for each stage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from motfunnel.charts.labels import fewer, label
from motfunnel.charts.picture import Picture
from motfunnel.charts.style import INK, PALETTE, QUIET, TICKS_OF_SHARES, axis, faint, note
from motfunnel.domain.instant import format_duration
from motfunnel.reports.patience import Patience, PatienceRow, PatienceStep

_DAY: Final = timedelta(days=1)
FEWEST: Final = 10
"""A share of fewer silences is not drawn: one of one would be all."""


def picture(answer: Patience) -> Picture:
    """A line with its band for each stage, and the share asked for as a level beside it."""
    known = [row for row in answer.rows if _enough(row)]
    rows = known[: len(PALETTE)]
    traces = [one for row, colour in zip(rows, PALETTE, strict=False) for one in _line(row, colour)]
    shown = sorted({step.silent_for for row in rows for step in _enough(row)})
    level = {"type": "line", "xref": "x domain", "x0": 0, "x1": 1, "y0": answer.below,
             "y1": answer.below, "line": {"color": INK, "width": 1, "dash": "dot"}}  # fmt: skip
    horizon = format_duration(answer.horizon)
    cut = any(len(_enough(row)) < len(row.steps) for row in answer.rows)
    ends = f"; each line ends where fewer than {FEWEST} were observed" if cut else ""
    return Picture(
        traces=traces,
        layout={
            "xaxis": axis("silent for, in days", type="log", **_ticks(shown)),
            "yaxis": axis(f"came back within {horizon} more", tickformat=TICKS_OF_SHARES,
                          rangemode="tozero"),
            "showlegend": True,
            "shapes": [level],
            "annotations": [note(f"{answer.below * 100:.4g}%<br>asked for", x=1, xanchor="left",
                                 y=answer.below, xshift=8, yref="y", align="left",
                                 font={"size": 11, "color": QUIET})],
        },
        counted=f"n = {sum(row.silences for row in answer.rows):,} silences"
        f"{fewer(len(rows), len(known), 'stages')}{ends}",
        told=f"Lines by the length of silence. {'; '.join(map(_told, answer.rows))}.",
        above=40,
        right=92,
    )  # fmt: skip


def _line(row: PatienceRow, colour: str) -> list[dict[str, Any]]:
    """The line of a stage above its band; the legend says what is suggested."""
    suggested = "none" if row.suggested is None else format_duration(row.suggested)
    steps = _enough(row)
    x = [step.silent_for / _DAY for step in steps]
    known = [step for step in steps if step.interval is not None]
    at = [step.silent_for / _DAY for step in known]
    edge = {"type": "scatter", "mode": "lines", "x": at, "line": {"width": 0},
            "hoverinfo": "skip", "showlegend": False}  # fmt: skip
    return [
        edge | {"name": "lower", "y": [s.interval.lower for s in known if s.interval]},
        edge | {"name": "upper", "y": [s.interval.upper for s in known if s.interval],
                "fill": "tonexty", "fillcolor": faint(colour, 0.14)},
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": f"{label(row.stage)}: suggested {suggested}",
            "x": x,
            "y": [step.share for step in steps],
            "line": {"color": colour, "width": 2.5},
            "marker": {"size": 6},
            "text": [f"{step.numerator:,} of {step.denominator:,}" for step in steps],
            "hovertemplate": "%{y:.1%} after %{x:,.3~g} days: %{text}<extra></extra>",
        },
    ]  # fmt: skip


def _enough(row: PatienceRow) -> list[PatienceStep]:
    """The lengths of silence that are drawn: those that rest on enough of them."""
    return [step for step in row.steps if step.denominator >= FEWEST]


def _ticks(lengths: Sequence[timedelta]) -> dict[str, Any]:
    each = -(-len(lengths) // 12) or 1
    days = [one / _DAY for one in lengths[::each]]
    return {"tickvals": days, "ticktext": [f"{one:,.3g}" for one in days]}


def _told(row: PatienceRow) -> str:
    suggested = "none" if row.suggested is None else format_duration(row.suggested)
    return f"{row.stage}: suggested patience {suggested}, {row.silences:,} silences"
