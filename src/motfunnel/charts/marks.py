"""The marks of a scene as elements of SVG, each with a class by which it is coloured and found.

Attributes say where a mark stands, classes how it looks; there are no ``style`` attributes. What is
said of a mark that is pointed at stands in its title.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

from attrs import frozen

from motfunnel.charts.labels import visible, width_of
from motfunnel.charts.layout import (
    LINE,
    Along,
    Layout,
    Lettered,
    Placed,
    broken,
    shortened,
    width_of_text,
)
from motfunnel.charts.sankey import Course, Stand, stands
from motfunnel.charts.scene import (
    Band,
    Bars,
    Cells,
    Dots,
    Line,
    Links,
    Node,
    Numbers,
    Ribbons,
    Rule,
    Run,
    fill_of,
    on,
    plain,
)
from motfunnel.charts.style import SHADES

_FINE: Final = 0.4  # pixels by which a step has to rise to be drawn
_HATCH: Final = 6
_THIN: Final = 1.5
_THICK: Final = 12  # pixels of a node along the flow
_PAD: Final = 16
_LETTER: Final = 13
_FEW_CELLS: Final = 40


@frozen(kw_only=True)
class Field:
    """Where the marks of a panel stand.

    Attributes:
        x: the common axis; None: there is none.
        y: the panel's own; None: there is none.
        layout: of the picture.
        top: where the panel begins.
        bottom: where it ends.
    """

    x: Along | None
    y: Along | Placed | None
    layout: Layout
    top: float
    bottom: float


def printed(mark: Any, field: Field) -> Iterator[str]:
    """A mark as elements of SVG."""
    yield from _PRINTERS[type(mark)](mark, field)


def number(value: float) -> str:
    """A number of pixels, to a tenth.

    >>> number(3.0), number(3.14), number(-0.02)
    ('3', '3.1', '0')
    """
    return f"{round(value, 1) + 0:.1f}".removesuffix(".0")


def lettered(line: Lettered, y: float, size: float = 12) -> str:
    """A line of text; names in it are escaped."""
    attributes = "" if size == 12 else f' font-size="{number(size)}"'  # noqa: PLR2004
    if line.anchor != "start":
        attributes += f' text-anchor="{line.anchor}"'
    if len(line.text) == 1:
        (run,) = line.text
        look = f' class="{run.look}"' if run.look else ""
        inner = _safe(run.text)
    else:
        look, inner = "", " ".join(map(_run, line.text))
    return f'<text x="{number(line.at)}" y="{number(y)}"{look}{attributes}>{inner}</text>'


def _run(run: Run) -> str:
    return f'<tspan class="{run.look}">{_safe(run.text)}</tspan>' if run.look else _safe(run.text)


def _safe(text: str) -> str:
    return escape(visible(text), quote=False)


def element(name: str, hover: str = "", **attributes: float | str) -> str:
    """An element, with what is said of it when it is pointed at."""
    told = ""
    for key, value in attributes.items():
        written = value if isinstance(value, str) else number(value)
        told += f' {key.rstrip("_").replace("_", "-")}="{written}"'
    return f"<{name}{told}><title>{_safe(hover)}</title></{name}>" if hover else f"<{name}{told}/>"


def _line(line: Line, field: Field) -> Iterator[str]:
    points = _points(line.x, line.y, field)
    if not points:
        return
    path = _path(_fine(points) if line.is_stepped else points, is_stepped=line.is_stepped)
    yield element("path", class_=f"line {line.colour}", d=path, stroke_width=line.width)
    if line.has_dots:
        hollow = line.hollow or [False] * len(points)
        hovers = line.hovers or [""] * len(points)
        for (x, y), is_hollow, hover in zip(points, hollow, hovers, strict=True):
            look = f"ring {line.colour}" if is_hollow else line.colour
            yield element("circle", hover, class_=look, cx=x, cy=y, r=3)


def _band(band: Band, field: Field) -> Iterator[str]:
    upper, lower = (_points(band.x, ends, field) for ends in (band.upper, band.lower))
    if not upper:
        return
    if band.is_stepped:
        upper, lower = _fine(upper), _fine(lower)
        lower = [point for one in _corners(lower) for point in one]
        there = _path(upper, is_stepped=True)
    else:
        there = _path(upper, is_stepped=False)
    back = "".join(f"L{number(x)} {number(y)}" for x, y in reversed(lower))
    yield element("path", class_=f"band {band.colour}", d=f"{there}{back}Z")


def _points(x: Sequence[float], y: Sequence[float], field: Field) -> list[tuple[float, float]]:
    assert field.x is not None and field.y is not None
    return [(field.x(a), field.y(b)) for a, b in zip(x, y, strict=True)]


def _fine(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Leave out steps that are lower than one sees."""
    kept = [points[0]]
    for point in points[1:-1]:
        if abs(point[1] - kept[-1][1]) >= _FINE:
            kept.append(point)
    return [*kept, points[-1]] if len(points) > 1 else kept


def _corners(points: Sequence[tuple[float, float]]) -> Iterator[list[tuple[float, float]]]:
    """The corners of a line of steps."""
    yield [points[0]]
    for (_, before), (x, y) in itertools.pairwise(points):
        yield [(x, before), (x, y)]


def _path(points: Sequence[tuple[float, float]], *, is_stepped: bool) -> str:
    (x, y), *rest = points
    begun = f"M{number(x)} {number(y)}"
    form = "H{}V{}" if is_stepped else "L{} {}"
    return begun + "".join(form.format(number(a), number(b)) for a, b in rest)


def _dots(dots: Dots, field: Field) -> Iterator[str]:
    assert field.x is not None and field.y is not None
    ends = dots.ends or [None] * len(dots.x)
    hovers = dots.hovers or [""] * len(dots.x)
    for x, y, end, hover in zip(dots.x, dots.y, ends, hovers, strict=True):
        if x is None:
            continue
        across, along = field.x(x), field.y(y)
        if end is not None and dots.is_upright:
            low, high = field.y(end.lower), field.y(end.upper)
            cap = f"M{number(across - 4)} {{0}}h8".format
            path = f"M{number(across)} {number(low)}V{number(high)}"
            path += cap(number(low)) + cap(number(high))
            yield element("path", class_=f"whisker {dots.colour}", d=path)
        elif end is not None:
            path = f"M{number(field.x(end.lower))} {number(along)}H{number(field.x(end.upper))}"
            yield element("path", class_=f"interval {dots.colour}", d=path)
        look = fill_of(dots) if fill_of(dots) == dots.colour else f"ring {dots.colour}"
        yield element("circle", hover, class_=f"dot {look}", cx=across, cy=along, r=dots.size / 2)


def _links(links: Links, field: Field) -> Iterator[str]:
    assert field.x is not None and field.y is not None
    for row, first, second in zip(links.rows, links.first, links.second, strict=True):
        path = f"M{number(field.x(first))} {number(field.y(row))}H{number(field.x(second))}"
        yield element("path", class_=f"link {links.colour}", d=path)


def _bars(bars: Bars, field: Field) -> Iterator[str]:
    yield from _upright(bars, field) if bars.is_upright else _level(bars, field)


def _upright(bars: Bars, field: Field) -> Iterator[str]:
    assert field.x is not None and isinstance(field.y, Along)
    half = (field.x(1) - field.x(0)) * 0.41
    if half < _THIN:
        yield from _thin(bars, field, half)
        return
    for n, size in enumerate(bars.sizes):
        if size is None:
            continue
        start = bars.starts[n] if bars.starts else 0
        one, other = sorted((field.y(start), field.y(start + size)))
        hatched = bool(bars.hatched) and bars.hatched[n]
        box = field.x(n) - half, one, 2 * half, other - one
        look = f"bar {bars.colour}{' open' if hatched else ''}"
        yield _rect(box, look, bars.hovers[n] if bars.hovers else "")
        if hatched and other - one > 2:  # noqa: PLR2004
            yield element("path", class_="hatch", d=_hatching(*box))


def _thin(bars: Bars, field: Field, half: float) -> Iterator[str]:
    """Bars that are too thin to be pointed at: one path of all that are over, and one of others."""
    assert field.x is not None and isinstance(field.y, Along)
    paths = {"": "", " open": ""}
    for n, size in enumerate(bars.sizes):
        if size is None:
            continue
        start = bars.starts[n] if bars.starts else 0
        one, other = sorted((field.y(start), field.y(start + size)))
        box = f"M{number(field.x(n) - half)} {number(one)}h{number(2 * half)}"
        look = " open" if bars.hatched and bars.hatched[n] else ""
        paths[look] += f"{box}v{number(other - one)}h-{number(2 * half)}z"
    for look, path in paths.items():
        if path:
            yield element("path", class_=f"bars {bars.colour}{look}", d=path)


def _rect(box: tuple[float, float, float, float], look: str, hover: str = "") -> str:
    x, y, width, height = box
    return element("rect", hover, class_=look, x=x, y=y, width=width, height=height)


def _hatching(x: float, y: float, width: float, height: float) -> str:
    """Slanting lines that end at the edges of a bar."""
    told = ""
    for n in range(1, int((width + height) / _HATCH) + 1):
        at = n * _HATCH
        left, low = max(at - height, 0), min(at, height)
        right, high = min(at, width), max(at - width, 0)
        told += f"M{number(x + left)} {number(y + low)}L{number(x + right)} {number(y + high)}"
    return told


def _level(bars: Bars, field: Field) -> Iterator[str]:
    assert field.x is not None and isinstance(field.y, Placed)
    lane = field.y.lane or field.y.high * (0.68 if bars.lanes == 1 else 0.86) / bars.lanes
    tops = [(0.5 - bars.lanes / 2 + bars.lane) * lane] * len(bars.sizes)
    middle = field.y.high / 2
    before: tuple[float, float, float] | None = None
    for n, size in enumerate(bars.sizes):
        start = field.x(bars.starts[n] if bars.starts else 0)
        end = start if size is None else field.x((bars.starts[n] if bars.starts else 0) + size)
        top, high = field.y.tops[n] + middle - lane / 2 + tops[n], lane
        if field.y.lane:
            top, high = field.y.tops[n] + bars.lane * lane + lane - 11, 9
        if bars.are_steps and before is not None:
            yield _connector(before, (start, end, top), bars.colour)
        before = (start, end, top + high)
        if size is not None:
            hover = bars.hovers[n] if bars.hovers else ""
            yield _rect((start, top, end - start, high), f"bar {bars.colour}", hover)
        if bars.texts and size is not None:
            yield from _text_of_bar(bars, n, (start, end, top, high), field)


def _connector(
    above: tuple[float, float, float], below: tuple[float, float, float], colour: str
) -> str:
    corners = (above[0], above[2]), (above[1], above[2]), (below[1], below[2]), (below[0], below[2])
    path = "L".join(f"{number(x)} {number(y)}" for x, y in corners)
    return element("path", class_=f"between {colour}", d=f"M{path}Z")


def _text_of_bar(
    bars: Bars, n: int, box: tuple[float, float, float, float], field: Field
) -> Iterator[str]:
    """In a bar, if it has room there; behind it; or above it, where that is how they stand."""
    start, end, top, high = box
    text, layout = bars.texts[n], field.layout
    if not text:
        return
    if bars.are_steps and layout.is_stacked:
        return  # it stands above the row
    if field.y is not None and isinstance(field.y, Placed) and field.y.lane:
        lines = broken(text, layout.inner)
        for up, line in enumerate(reversed(lines)):
            yield lettered(Lettered(line, layout.edge), top - 4 - LINE * up)
    elif bars.are_outside:
        yield lettered(Lettered(text, end + 6), top + high / 2 + 4)
    elif width_of_text(text) + (16 if bars.are_steps else 6) <= end - start:
        inside = tuple(Run(run.text, f"{run.look} on-{on(bars.colour)}".strip()) for run in text)
        at = (start + 8, "start") if bars.are_steps else ((start + end) / 2, "middle")
        yield lettered(Lettered(inside, *at), top + high / 2 + 4)
    elif bars.are_steps:
        yield lettered(Lettered(text, end + 6), top + high / 2 + 4)


def _cells(cells: Cells, field: Field) -> Iterator[str]:
    """All cells of a shade are one path of broad strokes; what is lettered in them lies on it."""
    assert field.x is not None and isinstance(field.y, Placed)
    wide, high = field.x(1) - field.x(0), field.y.high
    gap = 1.5 if max(len(cells.values), *map(len, cells.values), 0) <= _FEW_CELLS else 0
    paths: dict[str, list[str]] = {}
    for row, values in enumerate(cells.values):
        for n, value in enumerate(values):
            if value is None:
                continue
            left, top = field.x(cells.first + n - 0.5), field.y(row)
            box = f"M{number(left)} {number(top)}h{number(wide - gap)}"
            paths.setdefault(_shade(value, cells), []).append(box)
    for shade in sorted(paths):
        d = "".join(paths[shade])
        yield element("path", class_=f"cell {shade}", d=d, stroke_width=high - gap)
    yield from _in_cells(cells, field, wide, high)


def _shade(value: float, cells: Cells) -> str:
    if cells.most is None:
        return "everyone"
    return f"s{min(int(value / cells.most * SHADES), SHADES - 1)}"


def _in_cells(cells: Cells, field: Field, wide: float, high: float) -> Iterator[str]:
    """The shares, where the widest has room in a cell."""
    assert field.x is not None and isinstance(field.y, Placed)
    widest = max((width_of(text) for line in cells.texts for text in line), default=0) / 12
    size = next((one for one in (11, 10, 9) if one * widest <= wide - 2), 0)
    if not size or high < _LETTER:
        return
    for row, (values, texts) in enumerate(zip(cells.values, cells.texts, strict=True)):
        for n, (value, text) in enumerate(zip(values, texts, strict=True)):
            if value is not None and text:
                dark = cells.most is not None and value / cells.most * SHADES >= SHADES / 2 + 1
                run = Run(text, "on-paper" if dark else "on-shade")
                at = Lettered((run,), field.x(cells.first + n), "middle")
                yield lettered(at, field.y.tops[row] + high / 2 + 3, size)


def _numbers(numbers: Numbers, field: Field) -> Iterator[str]:
    """Those that have room beside each other."""
    assert field.x is not None and isinstance(field.y, Placed)
    free = 0.0
    for at, text in zip(numbers.at, numbers.texts, strict=True):
        half = width_of(text, 11) / 2
        middle = min(field.x(at), field.layout.width - field.layout.edge - half)
        if middle - half >= free:
            yield lettered(Lettered(plain(text), middle, "middle"), field.y(numbers.row) + 4, 11)
            free = middle + half + 5


def _rule(rule: Rule, field: Field) -> Iterator[str]:
    """The line, with what it means at its end."""
    layout = field.layout
    if rule.is_upright:
        assert field.x is not None
        at, text = field.x(rule.at), " ".join(rule.text)
        path = f"M{number(at)} {number(field.top)}V{number(field.bottom)}"
        yield element("path", class_=f"limit {rule.colour}", d=path)
        ends = Lettered((Run(text, "quiet"),), layout.right, "end")
        yield lettered(ends, field.top - 5)
        return
    assert field.y is not None
    at = field.y(rule.at)
    path = f"M{number(layout.left)} {number(at)}H{number(layout.right)}"
    yield element("path", class_=f"limit {rule.colour}", d=path)
    if layout.is_small:
        inside = Lettered((Run(" ".join(rule.text), "quiet halo"),), layout.right - 2, "end")
        yield lettered(inside, at - 4, 11)
        return
    for n, line in enumerate(rule.text):
        yield lettered(Lettered((Run(line, "quiet"),), layout.right + 8), at + 4 + 14 * n, 11)


def _ribbons(ribbons: Ribbons, field: Field) -> Iterator[str]:
    """From left to right; on a phone from the top down."""
    layout = field.layout
    down = layout.is_small
    across = layout.inner if down else field.bottom - field.top
    found, courses = stands(ribbons, across, _PAD)
    long = (field.bottom - field.top - 16) if down else layout.inner - _behind(ribbons, found)
    step = (long - _THICK) / max(max((one.column for one in found), default=0), 1)
    start = (field.top + 16, layout.edge) if down else (layout.edge, field.top)
    for (source, target, count), course in zip(ribbons.flows, courses, strict=True):
        ends = (found[source].column * step + _THICK, found[target].column * step)
        said = f"{ribbons.nodes[source].name} to {ribbons.nodes[target].name}: {count:,}"
        path = _ribbon((start[0] + ends[0], start[0] + ends[1]), course, start[1], down=down)
        yield element("path", said, class_=f"flow {ribbons.nodes[target].colour}", d=path)
    for node, stand in zip(ribbons.nodes, found, strict=True):
        size = max(stand.size, 1.0)
        box = start[0] + stand.column * step, start[1] + stand.first, float(_THICK), size
        turned = (box[1], box[0], box[3], box[2]) if down else box
        yield _rect(turned, f"node {node.colour}", node.name)
    yield from _nodes(ribbons.nodes, found, step, start, field, down=down)


def _behind(ribbons: Ribbons, found: Sequence[Stand]) -> float:
    """How much room the names of the last column need, behind it."""
    last = max((one.column for one in found), default=0)
    names = [
        node.lettered
        for node, stand in zip(ribbons.nodes, found, strict=True)
        if stand.column == last
    ]
    return max(map(width_of, names), default=0) + 8


def _ribbon(ends: tuple[float, float], course: Course, start: float, *, down: bool) -> str:
    """A band that bends from where it begins to where it ends."""
    (a, b), middle = ends, (ends[0] + ends[1]) / 2
    one, other = start + course.start, start + course.end

    def at(along: float, across: float) -> str:
        pair = (across, along) if down else (along, across)
        return f"{number(pair[0])} {number(pair[1])}"

    there = f"M{at(a, one)}C{at(middle, one)} {at(middle, other)} {at(b, other)}"
    size = course.size
    back = f"L{at(b, other + size)}C{at(middle, other + size)} {at(middle, one + size)}"
    return f"{there}{back} {at(a, one + size)}Z"


def _nodes(
    nodes: Sequence[Node],
    found: Sequence[Stand],
    step: float,
    start: tuple[float, float],
    field: Field,
    *,
    down: bool,
) -> Iterator[str]:
    """The names of nodes, of the largest first, as long as they have room."""
    last = max((one.column for one in found), default=0)
    taken: list[tuple[int, float, float]] = []
    for n in sorted(range(len(nodes)), key=lambda n: -found[n].size):
        stand = found[n]
        line, y = _named(nodes[n], stand, last, step, start, field, down=down)
        wide = width_of_text(line.text)
        ends = (line.at, line.at + wide) if down else (y - _LETTER, y)
        if all(c != stand.column or ends[1] + 3 <= a or b + 3 <= ends[0] for c, a, b in taken):
            taken.append((stand.column, *ends))
            yield lettered(line, y)


def _named(
    node: Node,
    stand: Stand,
    last: int,
    step: float,
    start: tuple[float, float],
    field: Field,
    *,
    down: bool,
) -> tuple[Lettered, float]:
    """A node's name, and its baseline: behind the node, or above it."""
    along, middle = start[0] + stand.column * step, start[1] + stand.first + stand.size / 2
    if down:
        text = shortened(node.lettered, field.layout.inner)
        right = field.layout.width - field.layout.edge - width_of(text)
        return Lettered((Run(text, "halo"),), min(start[1] + stand.first, right)), along - 4
    room = field.layout.inner if stand.column == last else step - _THICK - 10
    text = shortened(node.lettered, room)
    middle = min(max(middle, field.top + 8), field.bottom - 8)
    return Lettered((Run(text, "halo"),), along + _THICK + 6), middle + 4


_PRINTERS: Final[Mapping[type[Any], Callable[[Any, Field], Iterator[str]]]] = {
    Line: _line,
    Band: _band,
    Dots: _dots,
    Links: _links,
    Bars: _bars,
    Cells: _cells,
    Ribbons: _ribbons,
    Numbers: _numbers,
    Rule: _rule,
}
