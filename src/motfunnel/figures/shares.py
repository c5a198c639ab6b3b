"""Shares of a whole, side by side in one bar for each row: verdicts, scores, changes of moments.

Each part is a count of the report; the bar's length is all of them, or their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from motfunnel.answers.cells import cells
from motfunnel.charts.labels import fewer, labels, room
from motfunnel.charts.picture import Picture
from motfunnel.charts.style import (
    AMBER,
    BLUE,
    GREY,
    INK,
    ORANGE,
    PAPER,
    SKY,
    TICKS_OF_SHARES,
    axis,
    names,
)
from motfunnel.domain.lens import LENSES
from motfunnel.reports.lens import LensAnswer
from motfunnel.reports.promoting import Nps, NpsRow
from motfunnel.reports.simulation import Simulation
from motfunnel.reports.touchpoint_rows import Touchpoints

_PALE: Final = "#c8d1da"
_ROW: Final = 34
_MOST: Final = 30
Parts = Sequence[tuple[str, str, Sequence[int]]]
"""Of each part its name, its colour, and its count in each row."""


def nps(answer: Nps) -> Picture:
    """Detractors, passives and promoters, and the score."""
    row = answer.rows[0]
    parts = [
        ("detractors", ORANGE, [row.detractors]),
        ("passives", _PALE, [row.passives]),
        ("promoters", BLUE, [row.promoters]),
    ]
    shown = cells(NpsRow)
    score = "–" if row.nps is None else shown["nps"].kind.show(row.nps)
    sure = "" if row.interval is None else f" ({shown['interval'].kind.show(row.interval)})"
    return _picture([f"NPS {score}"], parts, f"NPS {score}{sure}; n = {row.contacts:,} contacts")


def verdicts(answer: Touchpoints) -> Picture:
    """Bad, in between and good experiences at each touchpoint."""
    rows = answer.rows[:_MOST]
    said = [
        row.touchpoint if answer.by is None else f"{row.touchpoint} · {row.group}" for row in rows
    ]
    parts = [
        ("bad", ORANGE, [row.verdicts.bad for row in rows]),
        ("in between", _PALE, [row.verdicts.in_between for row in rows]),
        ("good", BLUE, [row.verdicts.good for row in rows]),
    ]
    n = sum(row.experiences for row in rows)
    counted = f"n = {n:,} experiences{fewer(len(rows), len(answer.rows))}"
    return _picture(said, parts, counted)


def lens(answer: LensAnswer) -> Picture:
    """The events of each class; by touchpoint where the lens tells them apart."""
    rows = answer.rows[:_MOST]
    said = [
        row.of_class if row.touchpoint is None else f"{row.touchpoint}: {row.of_class}"
        for row in rows
    ]
    events, unit = sum(row.events for row in answer.rows), LENSES[answer.lens].unit
    parts = [(unit, BLUE, [row.events for row in rows])]
    counted = f"n = {events:,} {unit}{fewer(len(rows), len(answer.rows))}"
    return _picture(said, parts, counted, whole=False)


def simulation(answer: Simulation) -> Picture:
    """What becomes of the moments of each kind."""
    rows = answer.rows
    parts = [
        ("same", _PALE, [row.same for row in rows]),
        ("moved", AMBER, [row.moved for row in rows]),
        ("gained", SKY, [row.gained for row in rows]),
        ("lost", ORANGE, [row.lost for row in rows]),
    ]
    n = [row.same + row.moved + row.gained + row.lost for row in rows]
    said = [f"{row.moment} (n = {one:,})" for row, one in zip(rows, n, strict=True)]
    return _picture(said, parts, f"n = {sum(n):,} moments of {answer.folded:,} contacts")


def _picture(said: Sequence[str], parts: Parts, counted: str, *, whole: bool = True) -> Picture:
    set_names = labels(said)
    totals = [sum(counts) for counts in zip(*(counts for _, _, counts in parts), strict=True)]
    scale = (
        axis("", tickformat=TICKS_OF_SHARES, range=[0, 1])
        if whole
        else axis("", rangemode="tozero")
    )
    told = [
        f"{name}: " + ", ".join(f"{counts[n]:,} {part}" for part, _, counts in parts)
        for n, name in enumerate(said)
    ]
    return Picture(
        traces=[_bar(part, totals, whole=whole, alone=len(parts) == 1) for part in parts],
        layout={
            "barmode": "stack",
            "bargap": 0.32,
            "showlegend": len(parts) > 1,
            "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1,
                       "yanchor": "bottom", "traceorder": "normal"},
            "xaxis": scale,
            "yaxis": names(set_names),
        },
        counted=counted,
        told=f"Bars of shares. {'; '.join(told)}.",
        left=room(set_names),
        right=64,
        above=40 if len(parts) > 1 else 12,
        below=40,
        height=120 + 96 + _ROW * max(len(set_names), 2),
    )  # fmt: skip


def _bar(
    part: tuple[str, str, Sequence[int]], totals: Sequence[int], *, whole: bool, alone: bool
) -> dict[str, Any]:
    """One part in each row; what is too narrow for its number says it when pointed at."""
    name, colour, counts = part
    of = [count / total if total else None for count, total in zip(counts, totals, strict=True)]
    longest = max(totals, default=0) or 1
    wide = [(share or 0) if whole else count / longest
            for share, count in zip(of, counts, strict=True)]  # fmt: skip
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "x": of if whole else list(counts),
        "y": list(range(len(counts))),
        "marker": {"color": colour},
        "customdata": list(counts),
        "text": [f"{count:,}" if alone or width > 0.05 else ""  # noqa: PLR2004
                 for count, width in zip(counts, wide, strict=True)],
        "textposition": "outside" if alone else "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "cliponaxis": False,
        "insidetextfont": {"color": PAPER if colour in (BLUE, ORANGE, GREY) else INK},
        "hovertemplate": f"%{{customdata:,}} {name}<extra></extra>",
    }  # fmt: skip
