"""The printer to SVG: a scene as a text that any browser draws, with nothing but this package.

At each width a picture is laid out anew. Standing alone it brings its own style, in light and in
dark, and its words for who does not see it; on a page the page has both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html import escape
from typing import Final

from motfunnel.charts.labels import visible, width_of, wrapped
from motfunnel.charts.layout import (
    LINE,
    SMALL,
    Along,
    Layout,
    Lettered,
    Named,
    laid_out,
    named_marks,
    placed,
    thinned,
)
from motfunnel.charts.marks import Field, element, lettered, number, printed
from motfunnel.charts.scene import (
    Axis,
    Bars,
    Cells,
    Dots,
    Frame,
    Line,
    Links,
    Panel,
    Picture,
    Rows,
    Rule,
    Run,
    fill_of,
    plain,
)
from motfunnel.charts.style import DARK, FONT, LIGHT, QUIET, SHADES, WIDE, everyone, shade
from motfunnel.errors import QuestionError

LEAST: Final = 320
"""No picture is narrower, in pixels."""

_SIGN: Final = 22  # pixels of the sign before a name in the legend, with the gap behind it
_LOWER: Final = 0.8  # of the height of a panel on a phone
_TALLER: Final = 1.25  # of flows, which run from the top down there
_SIZES: Final = {False: (20, 13, 11.5, 24), True: (16, 12, 11, 14)}
"""Of the title, what was asked and the definition, and the edge; on a page, and on a phone."""

_RULES: Final = """\
.mf{color:var(--mf-ink);max-width:100%;height:auto}
.mf *{fill:currentColor}
.mf .strong{font-weight:700}
.mf .line,.mf .whisker,.mf .interval,.mf .link,.mf .limit,.mf .zero,.mf .grid,.mf .hatch,
.mf .ring,.mf .cell{fill:none;stroke:currentColor}
.mf .line{stroke-linejoin:round}
.mf .interval{stroke-width:2.5;opacity:.55}
.mf .whisker{stroke-width:1.5}
.mf .link{stroke-width:5;opacity:.6}
.mf .limit{stroke-dasharray:2 3}
.mf .ring{fill:var(--mf-paper);stroke-width:2}
.mf .hatch{color:var(--mf-paper);stroke-width:1.5}
.mf .open{opacity:.6}
.mf .band{opacity:.16}
.mf .between{opacity:.14}
.mf .flow{opacity:.3}
.mf .halo{paint-order:stroke;stroke:var(--mf-paper);stroke-width:2.5px;stroke-opacity:.7}
.mf .on-paper{color:var(--mf-on)}
.mf .on-ink{color:var(--mf-on-soft)}
.mf .on-shade{color:var(--mf-ink)}"""
"""How marks look; what none of these says, classes of colours do."""


def to_svg(picture: Picture, *, width: int = WIDE, frame: Frame | None = None) -> str:
    """Print a picture as SVG.

    Args:
        picture: the picture.
        width: in pixels; below 600 it is laid out for a phone.
        frame: what stands around it where it stands alone. Without it there is no style either:
            the page has it, with the classes of ``style``, and tells what one sees.

    Raises:
        QuestionError: the width is too small.
    """
    if width < LEAST:
        raise QuestionError(f"a picture is at least {LEAST} pixels wide, not {width}")
    title, _, _, edge = _SIZES[width < SMALL]
    layout = laid_out(picture, width, edge if frame else 2)
    parts: list[str] = []
    top = 0.0
    if frame is not None:
        top = _framed(frame, picture, layout, parts, title)
    top = _above(picture, layout, parts, top)
    top = _panels(picture, layout, parts, top)
    if picture.blank and not picture.panels:
        top = _blank(picture, layout, parts, top)
    if frame is not None:
        top = _paragraph(frame.definition, layout, parts, top + 14, _SIZES[layout.is_small][2])
    return _document(picture, frame, (width, top + (12 if frame else 2)), parts)


@cache
def style() -> str:
    """The style sheet of all pictures: colours by classes, in light and in dark."""
    named = [*LIGHT, *(f"s{n}" for n in range(SHADES)), "everyone"]
    colours = "".join(f".mf .{name}{{color:var(--mf-{name})}}\n" for name in named)
    light, dark = _variables(LIGHT, dark=False), _variables(DARK, dark=True)
    screen = f"@media (prefers-color-scheme:dark){{.mf{{{dark}}}}}"
    return f".mf{{{light};font:12px {FONT}}}\n{screen}\n{colours}{_RULES}"


def _variables(colours: Mapping[str, str], *, dark: bool) -> str:
    told = {**colours} | {f"s{n}": shade(n, dark=dark) for n in range(SHADES)}
    told |= {"everyone": everyone(dark=dark)}
    told |= {"on": DARK["paper"] if dark else LIGHT["paper"]}
    told |= {"on-soft": DARK["paper"] if dark else LIGHT["ink"]}
    return ";".join(f"--mf-{name}:{colour}" for name, colour in told.items())


def _document(
    picture: Picture, frame: Frame | None, size: tuple[float, float], parts: Sequence[str]
) -> str:
    width, height = (number(one) for one in size)
    box = f'class="mf" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    if frame is None:
        return f"<svg {box}>{''.join(parts)}</svg>"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img">\n'
        f"<title>{escape(visible(frame.title))}</title>\n"
        f"<desc>{escape(visible(picture.told))}</desc>\n"
        f"<style>{style()}</style>\n"
        f'<rect class="paper" width="{width}" height="{height}"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _framed(frame: Frame, picture: Picture, layout: Layout, parts: list[str], size: float) -> float:
    """The title, what was asked and how many were counted; where they end."""
    top = 10.0
    for line in wrapped(frame.title, layout.inner, size, "strong"):
        top += size * 1.3
        parts.append(lettered(Lettered((Run(line, "strong"),), layout.edge), top, size))
    said = f"{frame.asked} · {picture.counted}"
    return _paragraph(said, layout, parts, top + 4, _SIZES[layout.is_small][1]) + 8


def _paragraph(text: str, layout: Layout, parts: list[str], top: float, size: float) -> float:
    """Quiet lines over the whole width."""
    for line in wrapped(text, layout.inner, size):
        top += round(size * 1.4)
        parts.append(lettered(Lettered((Run(line, "quiet"),), layout.edge), top, size))
    return top


def _blank(picture: Picture, layout: Layout, parts: list[str], top: float) -> float:
    """Why nothing is drawn."""
    left, right = (layout.left, layout.right) if picture.panels else (0, layout.width)
    for n, line in enumerate(wrapped(picture.blank, right - left - 2 * layout.edge)):
        text = Lettered((Run(line, "quiet"),), (left + right) / 2, "middle")
        parts.append(lettered(text, top + 60 + LINE * n))
    return top + 110


def _above(picture: Picture, layout: Layout, parts: list[str], top: float) -> float:
    """The legend, the scale of the shades, and the note."""
    items = list(named_marks(picture)) if picture.has_legend else []
    if items:
        top = _set_legend(items, layout, parts, top + 4)
    for panel in picture.panels:
        for mark in panel.marks:
            if isinstance(mark, Cells) and mark.most is not None:
                top = _scale(mark.most, layout, parts, top + 4)
    return _paragraph(picture.note, layout, parts, top, 11) + 6 if picture.note else top


def _set_legend(
    items: Sequence[tuple[str, Bars | Dots | Line | Links]],
    layout: Layout,
    parts: list[str],
    top: float,
) -> float:
    """Beside each other, on as many lines as they need."""
    at, top = layout.edge, top + 14
    for name, mark in items:
        lines = wrapped(name, layout.inner - _SIGN)
        wide = _SIGN + max(map(width_of, lines))
        if at > layout.edge and at + wide > layout.width - layout.edge:
            at, top = layout.edge, top + LINE + 2
        parts.append(_sign(mark, at, top - 4))
        for n, line in enumerate(lines):
            top += LINE if n else 0
            parts.append(lettered(Lettered(plain(line), at + _SIGN), top))
        at += wide + 16
    return top + 8


def _sign(mark: Named, x: float, y: float) -> str:
    if isinstance(mark, Dots):
        look = mark.colour if fill_of(mark) == mark.colour else f"ring {mark.colour}"
        return element("circle", class_=f"key {look}", cx=x + 7, cy=y, r=5)
    if isinstance(mark, Bars):
        return element("rect", class_=f"key {mark.colour}", x=x + 1, y=y - 6, width=12, height=12)
    look = "link" if isinstance(mark, Links) else "line"
    path = f"M{number(x)} {number(y)}h16"
    return element("path", class_=f"key {look} {mark.colour}", d=path, stroke_width=3)


def _scale(most: float, layout: Layout, parts: list[str], top: float) -> float:
    """What the shades mean."""
    first, last, wide = "0%", f"{most * 100:.3g}%", 14
    at, y = layout.edge, top + 12
    parts.append(lettered(Lettered((Run(first, "quiet"),), at), y, 11))
    at += width_of(first, 11) + 5
    for n in range(SHADES):
        left = at + n * wide
        box = element("rect", class_=f"key s{n}", x=left, y=y - 9, width=wide, height=10)
        parts.append(box)
    at += SHADES * wide + 5
    parts.append(lettered(Lettered((Run(last, "quiet"),), at), y, 11))
    return y + 8


def _panels(picture: Picture, layout: Layout, parts: list[str], top: float) -> float:
    """All panels with the axis that they have in common, from the top on; where they end."""
    x = picture.x
    if x is None:
        return _without_axes(picture, layout, parts, top)
    along = Along(x, layout.left, layout.right)
    if x.is_above:
        top = _ticks(x, along, layout, parts, top)
    for n, panel in enumerate(picture.panels):
        begun = top + (14 if n else 0)
        top = _panel(panel, along, layout, parts, begun)
        if picture.blank and not n:
            _blank(picture, layout, parts, (begun + top) / 2 - 50)
        if panel.has_x and not x.is_above:
            top = _ticks(x, along, layout, parts, top)
    return top


def _without_axes(picture: Picture, layout: Layout, parts: list[str], top: float) -> float:
    for panel in picture.panels:
        high = panel.high * (_TALLER if layout.is_small else 1)
        field = Field(x=None, y=None, layout=layout, top=top + 8, bottom=top + 8 + high)
        for mark in panel.marks:
            parts += printed(mark, field)
        top = field.bottom
    return top


def _panel(panel: Panel, along: Along, layout: Layout, parts: list[str], top: float) -> float:
    """A panel with its own axis, from the top on; where it ends."""
    if panel.heading:
        packed = isinstance(panel.y, Rows)
        for line in wrapped(panel.heading, layout.inner, look="" if packed else "strong"):
            top += LINE
            look = QUIET if packed else "strong"
            parts.append(lettered(Lettered((Run(line, look),), layout.edge), top))
        top += 4
    if isinstance(panel.y, Rows):
        rows = placed(panel, panel.y, layout, top + 2)
        field = Field(x=along, y=rows, layout=layout, top=top, bottom=rows.bottom)
        parts += _grid(along, field)
        for mark in panel.marks:
            parts += printed(mark, field)
        parts += [lettered(text, y) for text, y in rows.texts]
        return rows.bottom
    return _numeric(panel, along, layout, parts, top)


def _numeric(panel: Panel, along: Along, layout: Layout, parts: list[str], top: float) -> float:
    """A panel with an axis of numbers, whose title stands above it."""
    axis = panel.y
    assert isinstance(axis, Axis)
    rules = [" ".join(m.text) for m in panel.marks if isinstance(m, Rule) and m.is_upright]
    room = layout.inner - max((width_of(text) + 16 for text in rules), default=0)
    top += 2
    for line in wrapped(axis.title, room):
        top += LINE
        parts.append(lettered(Lettered((Run(line, "quiet"),), layout.edge), top))
    top += 9
    bottom = top + panel.high * (_LOWER if layout.is_small else 1)
    upward = Along(axis, bottom, top)
    field = Field(x=along, y=upward, layout=layout, top=top, bottom=bottom)
    above = bottom + LINE
    for tick in axis.ticks:
        at = upward(tick.at)
        if above - at >= LINE:
            above = at
            level = f"M{number(layout.left)} {number(at)}H{number(layout.right)}"
            parts.append(element("path", class_="grid", d=level))
            text = Lettered((Run(tick.text, "quiet"),), layout.left - 8, "end")
            parts.append(lettered(text, at + 4))
    parts += _grid(along, field)
    for mark in panel.marks:
        parts += printed(mark, field)
    if axis.zero:
        level = f"M{number(layout.left)} {number(upward(0))}H{number(layout.right)}"
        parts.append(element("path", class_="zero ink", d=level))
    return bottom


def _grid(along: Along, field: Field) -> Iterator[str]:
    """A line at each tick of the common axis."""
    if along.axis.has_grid and along.axis.is_shown:
        for tick, _ in thinned(along.axis.ticks, along, field.layout):
            at = number(along(tick.at))
            path = f"M{at} {number(field.top)}V{number(field.bottom)}"
            yield element("path", class_="grid", d=path)


def _ticks(axis: Axis, along: Along, layout: Layout, parts: list[str], top: float) -> float:
    """The letters of the common axis, and its title; where they end."""
    if not axis.is_shown:
        return top
    title = wrapped(axis.title, layout.inner) if axis.title else []
    if axis.is_above:
        top = _title(title, layout.edge, parts, top)
    top += LINE
    for tick, at in thinned(axis.ticks, along, layout):
        parts.append(lettered(Lettered((Run(tick.text, "quiet"),), at, "middle"), top))
    if axis.is_above:
        return top + 6
    half = max(map(width_of, title), default=0) / 2
    middle = max((layout.left + layout.right) / 2, layout.edge + half)
    middle = min(middle, layout.width - layout.edge - half)
    return _title(title, middle, parts, top + 2, "middle") + 4


def _title(
    lines: Sequence[str], at: float, parts: list[str], top: float, anchor: str = "start"
) -> float:
    for line in lines:
        top += LINE
        parts.append(lettered(Lettered((Run(line, "quiet"),), at, anchor), top))
    return top
