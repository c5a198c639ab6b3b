"""The Sankey diagram of flows: from moment to moment, step by step, and where contacts are now.

A moment of another step is another node; each end is one. Draws the first steps only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from motfunnel.charts.labels import label
from motfunnel.charts.picture import Picture
from motfunnel.charts.style import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    QUIET,
    SKY,
    faint,
    note,
)
from motfunnel.reports.flows import AWAY, ENDS, ERASED, STILL_ACTIVE, FlowRow, Flows

STEPS: Final = 5
"""So many steps fit beside each other."""

_LETTERED: Final = 0.012
"""Nodes below this share of the largest are too low for a name; pointing at them says it."""

_COLOURS: Final = {
    "opening": BLUE,
    "conversion": SKY,
    "loyalist": GREEN,
    "apostle": GREEN,
    "referral": PURPLE,
    "complaint": AMBER,
    "depart": ORANGE,
    "recidivism": BLUE,
    STILL_ACTIVE: BLUE,
    AWAY: ORANGE,
    ERASED: GREY,
}
_ON: Final = "→"
Node = tuple[int | None, str]


def picture(answer: Flows) -> Picture:
    """Draw the flows; those of groups all together, which is said."""
    rows = [row for row in answer.rows if row.step is None or row.step <= STEPS]
    flows: Counter[tuple[Node, Node]] = Counter()
    for row in rows:
        flows[(row.step, row.source), _target(row)] += row.transitions
    last = max((row.step for row in rows if row.step is not None), default=STEPS)
    cut = any(step is not None and step > last for _, (step, _) in flows)
    first = f", the first {last} steps" if cut else ""
    said = "each step a moment of the contact; colour: where it leads"
    said += f"; {_ON}: goes on" if cut else ""
    pooled = "" if answer.by is None else f", all groups by {label(answer.by)} together"
    at = {"x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"}
    return Picture(
        traces=[_sankey(flows, last)],
        layout={"annotations": [note(said, **at, font={"size": 11, "color": QUIET})]},
        counted=f"n = {answer.contacts:,} contacts{pooled}{first}",
        told=_told(rows),
        left=24,
        right=24,
        below=12,
        above=32,
        height=620,
    )


def _sankey(flows: Counter[tuple[Node, Node]], last: int) -> dict[str, Any]:
    nodes = list(dict.fromkeys(node for flow in flows for node in flow))
    number = {node: n for n, node in enumerate(nodes)}
    size = _sizes(flows)
    least = _LETTERED * max(size.values(), default=0)
    to = "%{source.customdata} to %{target.customdata}: %{value:,}<extra></extra>"
    return {
        "type": "sankey",
        "arrangement": "snap",
        "node": {
            "label": [_lettered(node, last) if size[node] >= least else "" for node in nodes],
            "customdata": [_name(node, last) for node in nodes],
            "color": [_COLOURS.get(node[1], GREY) for node in nodes],
            "pad": 14,
            "thickness": 14,
            "line": {"width": 0},
            "hovertemplate": "%{customdata}: %{value:,}<extra></extra>",
        },
        "link": {
            "source": [number[source] for source, _ in flows],
            "target": [number[target] for _, target in flows],
            "value": list(flows.values()),
            "color": [faint(_COLOURS.get(target[1], GREY), 0.28) for _, target in flows],
            "hovertemplate": to,
        },
        "textfont": {"size": 12, "color": INK},
    }


def _target(row: FlowRow) -> Node:
    if row.target in ENDS or row.step is None:
        return (None, row.target)
    return (row.step + 1, row.target)


def _sizes(flows: Counter[tuple[Node, Node]]) -> Counter[Node]:
    """How much comes to a node, or leaves it, whichever is more."""
    out: Counter[Node] = Counter()
    into: Counter[Node] = Counter()
    for (source, target), count in flows.items():
        out[source] += count
        into[target] += count
    return out | into


def _name(node: Node, last: int) -> str:
    """A moment's name; of what comes after the last step that is drawn, that it is no end."""
    step, kind = node
    return f"{label(kind)}, goes on" if step is not None and step > last else label(kind)


def _lettered(node: Node, last: int) -> str:
    """The same, short enough for its place beside the names of the column before."""
    return _name(node, last).replace(", goes on", f" {_ON}")


def _told(rows: Iterable[FlowRow]) -> str:
    largest = sorted(rows, key=lambda row: -row.transitions)[:10]
    said = [
        f"{row.source} to {row.target}{'' if row.step is None else f' at step {row.step}'}: "
        f"{row.transitions:,}"
        for row in largest
    ]
    return f"Sankey diagram; the greatest flows: {'; '.join(said)}."
