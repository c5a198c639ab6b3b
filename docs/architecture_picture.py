"""The picture of the architecture, drawn from the imports of ``src/motfunnel``.

``python -m docs.architecture_picture`` writes ``docs/_static/architecture.svg``; a test holds the
file to it. A room stands above all that it knows, and says the first line of its face. An arrow is
left out where others lead to the same room.
"""

import ast
import re
from collections import Counter, defaultdict
from functools import cache
from graphlib import CycleError, TopologicalSorter
from html import escape
from itertools import combinations, permutations, product
from pathlib import Path
from random import Random
from textwrap import wrap
from typing import NamedTuple

from tests.test_architecture import FILES, SOURCE, dotted, of_ours, parting

FILE = Path(__file__).parent / "_static" / "architecture.svg"
HOUSE = "motfunnel"
ABREAST = 3  # as many as can be read on a floor
TRIES = 12  # at an order of the floors, each begun at random
DEPTH = 2  # the rooms of the house, and the rooms in those

WIDTH = 540
PAD, GAP, LANE, INSET = 10, 10, 12, 12
DROPS = (30, 18)  # from a floor to the next, in the house and in a room
LINE, LETTER = 16, 6.9  # how high a line is, and how wide most fonts make a letter

# What is drawn where no style is read, and by light; and the same by dark.
INK, SOFT, GREY = "#1f2328", "#59636e", "#818b98"
FILL, PAPER, RED = "#f6f8fa", "#ffffff", "#cf222e"
STYLE = """
  @media (prefers-color-scheme: dark) {
    .architecture { fill: #b7bdc8; }
    .architecture .name { fill: #f0f6fc; }
    .architecture .paper { fill: #0d1117; }
    .architecture .room { fill: #1c2128; stroke: #656c76; }
    .architecture .inner { fill: #2a313c; }
    .architecture .arrow { stroke: #9198a1; }
    .architecture .tip { fill: #9198a1; }
    .architecture .up { stroke: #ff7b72; }
    .architecture .up-tip { fill: #ff7b72; }
  }
"""

Edge = tuple[str, str]


class Graph(NamedTuple):
    """What a room shows: on which floor each member stands, and what it stands on."""

    floors: dict[str, int]
    arrows: dict[Edge, bool]
    """Whether the lower is known when the upper is loaded, or only when it is called."""
    upward: list[Edge]


class Item(NamedTuple):
    """What takes part of a floor: a member, or the lane of arrows to one that stands lower."""

    name: str
    is_lane: bool = False


class Piece(NamedTuple):
    """The part of an arrow between a floor and the next."""

    floor: int
    above: Item
    below: Item


class Place(NamedTuple):
    """Where an item lies."""

    left: float
    right: float
    top: float = 0
    bottom: float = 0

    @property
    def open(self) -> tuple[float, float]:
        """Between where and where an arrow may touch it."""
        inset = min(INSET, (self.right - self.left) / 2)
        return self.left + inset, self.right - inset


Row = tuple[Item, ...]


@cache
def imported() -> tuple[tuple[str, str, str], ...]:
    """Every import of ours: of which module, which other, and when."""
    return tuple((dotted(file), name, when) for file in FILES for name, when in of_ours(file))


def known(room: str) -> dict[Edge, Counter[str]]:
    """Which member of a room imports which other, how often, and when."""
    found: defaultdict[Edge, Counter[str]] = defaultdict(Counter)
    for module, name, when in imported():
        shared, mine, theirs = parting(module, name)
        if shared == room and theirs and (mine or room == HOUSE):
            found[mine or HOUSE, theirs][when] += 1
    return found


def straighten(edges: dict[Edge, int]) -> tuple[dict[str, set[str]], set[Edge]]:
    """All that each member knows, and the rarest imports of every circle, which point up."""
    upward: set[Edge] = set()
    while True:
        graph: defaultdict[str, list[str]] = defaultdict(list)
        for above, below in sorted(edges.keys() - upward):
            graph[above].append(below)
        try:
            order = [*TopologicalSorter(graph).static_order()]
        except CycleError as error:
            circle = error.args[1]
            upward.add(min(zip(circle[1:], circle, strict=False), key=lambda e: (edges[e], e)))
            continue
        below_of: dict[str, set[str]] = {}
        for one in order:
            below_of[one] = {*graph[one]}.union(*(below_of[below] for below in graph[one]))
        return below_of, upward


@cache
def rooms_in(room: str) -> set[str]:
    """The rooms that a room has, down to the depth that is drawn."""
    folder = SOURCE.joinpath(*room.split("."))
    if room.count(".") >= DEPTH or not folder.is_dir():
        return set()
    return {one.name for one in folder.iterdir() if any(one.rglob("*.py"))}


@cache
def graph_of(room: str) -> Graph:
    """A room's rooms, and the files that they stand on: within a room, those between its rooms."""
    edges = known(room)
    below_of, upward = straighten({edge: when.total() for edge, when in edges.items()})
    loaded = {edge: when.total() for edge, when in edges.items() if {*when} != {"called"}}
    firm, _ = straighten({edge: count for edge, count in loaded.items() if edge not in upward})
    rooms = rooms_in(room)
    borne = set[str]().union(*(below_of.get(one, ()) for one in rooms)) - rooms
    files = {HOUSE, *borne} if room == HOUSE else {one for one in borne if below_of[one] & rooms}
    drawn = sorted(rooms | files)
    floors: dict[str, int] = {}
    for one in sorted(drawn, key=lambda name: len(below_of.get(name, ()))):
        below = below_of.get(one, set()).intersection(drawn)
        floor = max((floors[other] + 1 for other in below), default=0)
        while [*floors.values()].count(floor) == ABREAST:
            floor += 1
        floors[one] = floor
    arrows: dict[Edge, bool] = {}
    for one, other in product(drawn, drawn):
        between = firm.get(one, set()).intersection(drawn)
        if other in between and not any(other in firm.get(third, ()) for third in between):
            arrows[one, other] = True
        elif other not in between and (one, other) in edges.keys() - loaded.keys() - upward:
            arrows[one, other] = False
    return Graph(floors, arrows, sorted(edge for edge in upward if {*edge} <= {*drawn}))


def summary(room: str, member: str) -> str:
    """The first line of a face, without the name that is written above it."""
    path = SOURCE.joinpath(*room.split("."), *([] if member == HOUSE else [member]))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    first = docstring.partition("\n")[0].replace("``", "")
    bare = re.sub(rf"^(The )?{member}: ", "", first, flags=re.IGNORECASE)
    return first if bare == first else bare[:1].upper() + bare[1:]


@cache
def pieces(room: str) -> dict[Piece, str]:
    """The arrows in pieces, each from a floor to the next, and how each is drawn."""
    graph = graph_of(room)
    made: dict[Piece, str] = {}
    for (above, below), is_loaded in graph.arrows.items():
        item, kind = Item(above), "arrow" if is_loaded else "arrow called"
        for floor in range(graph.floors[above], graph.floors[below] + 1, -1):
            lane = Item(below, is_lane=True)
            made[Piece(floor, item, lane)] = kind
            item, kind = lane, "arrow"
        made[Piece(graph.floors[below] + 1, item, Item(below))] = kind
    return made


@cache
def spread(room: str, row: Row, width: float) -> dict[Item, Place]:
    """A floor from left to right; what has rooms inside is given more of it."""
    weights = [0 if item.is_lane else 3 if rooms_in(f"{room}.{item.name}") else 1 for item in row]
    free = width - LANE * weights.count(0) - GAP * (len(row) - 1)
    places, left = {}, 0.0
    for item, weight in zip(row, weights, strict=True):
        right = left + (free * weight / sum(weights) if weight else LANE)
        places[item] = Place(left, right)
        left = right + GAP
    return places


def meet(above: Place, below: Place) -> tuple[float, float]:
    """Where an arrow leaves what is above, and where it comes in below: upright if it can."""
    (left, right), (to_left, to_right) = above.open, below.open
    if right < to_left:
        return right, to_left
    if to_right < left:
        return left, to_right
    middle = (max(left, to_left) + min(right, to_right)) / 2
    return middle, middle


def strain(room: str, rows: list[Row], floor: int, width: float) -> float:
    """How far the arrows from a floor to the next one below lean, and how often they cross."""
    if not 0 < floor < len(rows):
        return 0
    above, below = spread(room, rows[floor], width), spread(room, rows[floor - 1], width)
    ends = [
        meet(above[piece.above], below[piece.below])
        for piece in pieces(room)
        if piece.floor == floor
    ]
    crossings = sum((a - c) * (b - d) < 0 for (a, b), (c, d) in combinations(ends, 2))
    return sum(abs(start - end) for start, end in ends) + 200 * crossings


def rows_of(room: str, width: float) -> list[Row]:
    """The floors from the ground up, each in an order in which few arrows lean or cross."""
    floors = graph_of(room).floors
    items: list[set[Item]] = [set() for _ in {*floors.values()}]
    for name, floor in floors.items():
        items[floor].add(Item(name))
    for piece in pieces(room):
        items[piece.floor - 1].add(piece.below)
    chance = Random(0)
    found = []
    for _ in range(TRIES):
        rows = [tuple(chance.sample(sorted(row), len(row))) for row in items]
        for floor in (*range(len(rows)), *reversed(range(len(rows)))) * 2:
            settle(room, rows, floor, width)
        found.append((sum(strain(room, rows, floor, width) for floor in range(len(rows))), rows))
    return min(found)[1]


def settle(room: str, rows: list[Row], floor: int, width: float) -> None:
    """Give a floor the order that suits its neighbours best."""

    def worse(row: Row) -> float:
        others = [*rows[:floor], row, *rows[floor + 1 :]]
        return sum(strain(room, others, height, width) for height in (floor, floor + 1))

    rows[floor] = min(permutations(rows[floor]), key=worse)


def line(kind: str, start: tuple[float, float], end: tuple[float, float], tip: str = "") -> str:
    """A piece of an arrow, bent where it is not upright."""
    (x, y), (to_x, to_y) = start, end
    half = (y + to_y) / 2
    bend = f"C{x:.0f},{half:.0f} {to_x:.0f},{half:.0f} {to_x:.0f},{to_y:.0f}"
    look = f'class="{kind}" fill="none" stroke="{RED if kind == "up" else GREY}" stroke-width="1.6"'
    if "called" in kind:
        look += ' stroke-dasharray="4 3"'
    if tip:
        look += f' marker-end="url(#architecture-{tip})"'
    return f'<path {look} d="M{x:.0f},{y:.0f} {f"V{to_y:.0f}" if x == to_x else bend}"/>'


def box(path: str, width: float) -> tuple[float, list[str]]:
    """How high a member is, and what is written and stands in it."""
    room, _, name = path.rpartition(".")
    shown = name + ".py" * SOURCE.joinpath(*path.split(".")).with_suffix(".py").exists()
    title = f'<tspan class="name" fill="{INK}" font-weight="600">{shown}</tspan>'
    words = wrap(f"{shown}:: {summary(room, name)}", int((width - 2 * PAD) / LETTER))
    words[0] = words[0].removeprefix(f"{shown}::").strip()
    height, drawn = 5.0, []
    for number, some in enumerate(words):
        height += LINE
        said = f"{'' if number else title} {escape(some)}".strip()
        drawn.append(f'<text x="{PAD}" y="{height:.0f}">{said}</text>')
    if rooms_in(path):
        inner, lines = floors_of(path, width - 2 * PAD)
        drawn += [f'<g transform="translate({PAD} {height + PAD:.0f})">', *lines, "</g>"]
        height += inner + PAD
    return height + PAD, drawn


def boxes_of(room: str, width: float) -> tuple[dict[tuple[int, Item], Place], list[str]]:
    """Where everything lies, from the roof down, and the boxes."""
    places: dict[tuple[int, Item], Place] = {}
    drawn, top = [], 0.0
    look = f'class="room" fill="{FILL}"' if room == HOUSE else f'class="room inner" fill="{PAPER}"'
    for floor, row in reversed([*enumerate(rows_of(room, width))]):
        spans = spread(room, row, width)
        boxes = {
            span: box(f"{room}.{item.name}", span.right - span.left)
            for item, span in spans.items()
            if not item.is_lane
        }
        bottom = top + max(height for height, _ in boxes.values())
        for item, span in spans.items():
            places[floor, item] = span._replace(top=top, bottom=bottom)
        for span, (_, lines) in boxes.items():
            size = f'width="{span.right - span.left:.0f}" height="{bottom - top:.0f}" rx="6"'
            drawn += [
                f'<g transform="translate({span.left:.0f} {top:.0f})">',
                f'<rect {look} stroke="{GREY}" {size}/>',
                *lines,
                "</g>",
            ]
        top = bottom + DROPS[room != HOUSE]
    return places, drawn


def floors_of(room: str, width: float) -> tuple[float, list[str]]:
    """How high a room's floors are together, and the drawing of them."""
    places, drawn = boxes_of(room, width)
    for (_, item), at in places.items():
        if item.is_lane:
            drawn.append(line("arrow", (at.open[0], at.top), (at.open[0], at.bottom)))
    for piece, kind in pieces(room).items():
        above, below = places[piece.floor, piece.above], places[piece.floor - 1, piece.below]
        start, end = meet(above, below)
        tip = "" if piece.below.is_lane else "tip"
        drawn.append(line(kind, (start, above.bottom), (end, below.top), tip))
    graph = graph_of(room)
    for one, other in graph.upward:
        low, high = (places[graph.floors[name], Item(name)] for name in (one, other))
        drawn.append(line("up", (low.open[0], low.top), (high.open[0], high.bottom), "up-tip"))
    return max(at.bottom for at in places.values()), drawn


def told(room: str) -> str:
    """The arrows in words, from the roof down."""
    graph = graph_of(room)
    said = []
    for name in sorted(graph.floors, key=lambda name: (-graph.floors[name], name)):
        below = [other for one, other in graph.arrows if one == name]
        said += [f"{name} stands on {', '.join(below)}."] if below else []
        said += [told(f"{room}.{name}")] if len(rooms_in(f"{room}.{name}")) > 1 else []
    return " ".join(said)


def draw() -> str:
    """The whole picture."""
    inner, drawn = floors_of(HOUSE, WIDTH - 2 * PAD)
    height = f"{inner + 2 * PAD:.0f}"
    marker = 'viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" orient="auto"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="architecture" width="{WIDTH}"',
        f'  height="{height}" viewBox="0 0 {WIDTH} {height}" fill="{SOFT}" font-size="13"',
        '  font-family="system-ui, sans-serif" role="img"',
        '  aria-labelledby="architecture-title architecture-desc">',
        '<title id="architecture-title">The rooms of motfunnel, and what each stands on</title>',
        f'<desc id="architecture-desc">{escape(told(HOUSE))}</desc>',
        f"<style>{STYLE}</style>",
    ]
    for tip, fill in (("tip", GREY), ("up-tip", RED)):
        lines += [
            f'<marker id="architecture-{tip}" markerUnits="userSpaceOnUse" {marker}>',
            f'<path class="{tip}" fill="{fill}" d="M0,0 L10,5 L0,10 z"/></marker>',
        ]
    lines += [
        f'<rect class="paper" fill="{PAPER}" width="{WIDTH}" height="{height}" rx="8"/>',
        f'<g transform="translate({PAD} {PAD})">',
        *drawn,
        "</g>",
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.write_text(draw(), encoding="utf-8")
