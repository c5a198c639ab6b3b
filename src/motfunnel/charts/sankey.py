"""A Sankey diagram: flows between nodes that stand in columns, coloured by where they lead."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from attrs import frozen

from motfunnel.charts.style import INK, faint

_LETTERED: Final = 0.012
"""Nodes below this share of the largest are too low for a name; pointing at them says it."""


@frozen(kw_only=True)
class Node:
    """A node; of one name there may be another in each column.

    Attributes:
        column: its column; None: it stands at the end.
        name: as it is set when it is pointed at.
        lettered: as it is set beside it.
        colour: its own, and of the flows that lead to it.
    """

    column: int | None
    name: str
    lettered: str
    colour: str


def sankey(flows: Counter[tuple[Node, Node]]) -> dict[str, Any]:
    """The nodes, in the order in which flows name them, and the flows."""
    nodes = list(dict.fromkeys(node for flow in flows for node in flow))
    number = {node: n for n, node in enumerate(nodes)}
    size = _sizes(flows)
    least = _LETTERED * max(size.values(), default=0)
    to = "%{source.customdata} to %{target.customdata}: %{value:,}<extra></extra>"
    return {
        "type": "sankey",
        "arrangement": "snap",
        "node": {
            "label": [node.lettered if size[node] >= least else "" for node in nodes],
            "customdata": [node.name for node in nodes],
            "color": [node.colour for node in nodes],
            "pad": 14,
            "thickness": 14,
            "line": {"width": 0},
            "hovertemplate": "%{customdata}: %{value:,}<extra></extra>",
        },
        "link": {
            "source": [number[source] for source, _ in flows],
            "target": [number[target] for _, target in flows],
            "value": list(flows.values()),
            "color": [faint(target.colour, 0.28) for _, target in flows],
            "hovertemplate": to,
        },
        "textfont": {"size": 12, "color": INK},
    }


def _sizes(flows: Counter[tuple[Node, Node]]) -> Counter[Node]:
    """How much comes to a node, or leaves it, whichever is more."""
    out: Counter[Node] = Counter()
    into: Counter[Node] = Counter()
    for (source, target), count in flows.items():
        out[source] += count
        into[target] += count
    return out | into
