"""A Sankey diagram: flows between nodes that stand in columns, coloured by where they lead.

Also says where the nodes and flows stand: in columns from the first to the last, those of a column
in an order in which few flows cross.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from attrs import define, frozen

from motfunnel.charts.scene import Node, Ribbons

__all__ = ["Node", "Stand", "sankey", "stands"]


@define
class Stand:
    """Where a node stands.

    Attributes:
        column: its column, from 0.
        first: where it begins, across the columns.
        size: how far it reaches there.
    """

    column: int
    first: float
    size: float


@frozen
class Course:
    """Where a flow begins at its source and ends at its target, and how broad it is."""

    start: float
    end: float
    size: float


def sankey(flows: Counter[tuple[Node, Node]]) -> Ribbons:
    """The nodes, in the order in which flows name them, and the flows."""
    nodes = list(dict.fromkeys(node for flow in flows for node in flow))
    number = {node: n for n, node in enumerate(nodes)}
    return Ribbons(
        nodes=nodes,
        flows=[(number[source], number[target], n) for (source, target), n in flows.items()],
    )


def stands(ribbons: Ribbons, across: float, pad: float) -> tuple[list[Stand], list[Course]]:
    """Place the nodes and the flows.

    Args:
        ribbons: the nodes and the flows.
        across: how much room there is across the columns.
        pad: what lies between two nodes of a column.
    """
    columns = _columns(ribbons.nodes)
    sizes = _sizes(ribbons)
    found = [Stand(column, 0, size) for column, size in zip(columns, sizes, strict=True)]
    groups = [[n for n, one in enumerate(columns) if one == c] for c in sorted(set(columns))]
    rooms = [(across - pad * (len(group) - 1)) / sum(sizes[n] for n in group) for group in groups]
    scale = min(rooms, default=1)
    for stand in found:
        stand.size *= scale
    for group in groups:
        group.sort(key=lambda n: _middle(n, ribbons, found))
        free = across - sum(found[n].size for n in group)
        gap = min(free / max(len(group) - 1, 1), 4 * pad)
        first = (free - gap * (len(group) - 1)) / 2
        for n in group:
            found[n].first = first
            first += found[n].size + gap
    return found, _courses(ribbons, found, scale)


def _columns(nodes: Sequence[Node]) -> list[int]:
    """The columns, from 0; what stands at the end is behind the last."""
    known = sorted({node.column for node in nodes if node.column is not None})
    place = {column: n for n, column in enumerate(known)}
    return [len(known) if node.column is None else place[node.column] for node in nodes]


def _sizes(ribbons: Ribbons) -> list[float]:
    """How much comes to a node, or leaves it, whichever is more."""
    out, into = Counter[int](), Counter[int]()
    for source, target, count in ribbons.flows:
        out[source] += count
        into[target] += count
    return [float(max(out[n], into[n])) for n in range(len(ribbons.nodes))]


def _middle(node: int, ribbons: Ribbons, found: Sequence[Stand]) -> float:
    """The middle of all that flows to a node, as far as it has been placed."""
    into = [(found[source], n) for source, target, n in ribbons.flows if target == node]
    total = sum(n for _, n in into)
    return sum((one.first + one.size / 2) * n for one, n in into) / total if total else 0


def _courses(ribbons: Ribbons, found: Sequence[Stand], scale: float) -> list[Course]:
    """Lay the flows of a node beside each other, in the order in which their other ends stand."""
    starts: dict[int, float] = {}
    ends: dict[int, float] = {}
    flows = ribbons.flows
    out = [one.first for one in found]
    into = [one.first for one in found]
    for n in sorted(range(len(flows)), key=lambda n: found[flows[n][1]].first):
        starts[n] = out[flows[n][0]]
        out[flows[n][0]] += flows[n][2] * scale
    for n in sorted(range(len(flows)), key=lambda n: found[flows[n][0]].first):
        ends[n] = into[flows[n][1]]
        into[flows[n][1]] += flows[n][2] * scale
    return [Course(starts[n], ends[n], flow[2] * scale) for n, flow in enumerate(flows)]
