"""Where the parts of a picture stand at a width: the edges of the axes, rows, ticks, and letters.

Measures texts, rather too wide than too narrow, so that nothing overlaps or leaves the frame. On
little room names stand above their rows and not beside them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Final, TypeGuard

from attrs import frozen

from motfunnel.charts.labels import width_of, wrapped
from motfunnel.charts.scene import (
    Axis,
    Bars,
    Dots,
    Line,
    Links,
    Mark,
    Numbers,
    Panel,
    Picture,
    Rows,
    Rule,
    Run,
    Text,
    Tick,
    strong,
)

Named = Bars | Dots | Line | Links
"""A mark that the legend may have."""

SMALL: Final = 600
"""Below so many pixels a picture is laid out for a phone."""

LINE: Final = 16
"""Pixels from one line of text to the next."""

_GAP: Final = 10
_MOST: Final = 0.42  # part of the width that may stand beside the axes
_PACKED: Final = 0.5
_LEAST: Final = 0.35
_TAIL: Final = 22  # letters of a shortened name that are kept of its end
_LANE: Final = 9
_LOW: Final = 30
_EXACT: Final = 0.5  # pixels that sums of widths may be off


@frozen(kw_only=True)
class Layout:
    """How a picture is laid out.

    Attributes:
        width: of all.
        edge: what stays empty left and right.
        left: where the axes begin.
        right: where they end.
        is_stacked: whether names stand above their rows.
        are_texts_above: whether what belongs behind a bar stands above it.
    """

    width: float
    edge: float
    left: float
    right: float
    is_stacked: bool
    are_texts_above: bool

    @property
    def is_small(self) -> bool:
        """Whether it is laid out for a phone."""
        return self.width < SMALL

    @property
    def inner(self) -> float:
        """How wide it is between its edges."""
        return self.width - 2 * self.edge


@frozen
class Along:
    """The way from an axis to the sheet.

    Attributes:
        axis: the axis.
        first: where its lower end lies.
        last: where its upper end lies.
    """

    axis: Axis
    first: float
    last: float

    def __call__(self, value: float) -> float:
        """Where a value lies."""
        lower, upper = self.axis.lower, self.axis.upper
        if self.axis.is_log:
            lower, upper, value = map(math.log, (lower, upper, value))
        return self.first + (value - lower) / (upper - lower) * (self.last - self.first)


@frozen
class Lettered:
    """A line of text, from where on, and which of its ends stands there."""

    text: Text
    at: float
    anchor: str = "start"


@frozen(kw_only=True)
class Placed:
    """Rows, placed: where the band of each begins, and how high it is.

    Attributes:
        tops: where each begins.
        high: how high each band is.
        lane: how high what belongs to one of several bars is; 0: they share the band.
        texts: what is lettered at each row, with the baseline.
        bottom: where the last ends.
    """

    tops: Sequence[float]
    high: float
    lane: float
    texts: Sequence[tuple[Lettered, float]]
    bottom: float

    def __call__(self, row: float) -> float:
        """Where a row's middle lies; between two rows, so much above or below it."""
        whole = round(row)
        return self.tops[whole] + self.high * (0.5 + row - whole)


def width_of_text(text: Text, size: float = 12) -> float:
    """How wide a line of text is, with a space between its parts."""
    gaps = (len(text) - 1) * width_of(" ", size)
    return gaps + sum(width_of(run.text, size, run.look) for run in text)


def broken(text: Text, width: float) -> list[Text]:
    """Break a line of text between its parts, or within those that are too wide."""
    parts = [Run(line, run.look) for run in text for line in wrapped(run.text, width, 12, run.look)]
    lines: list[Text] = []
    for part in parts:
        if lines and width_of_text((*lines[-1], part)) <= width:
            lines[-1] = (*lines[-1], part)
        else:
            lines.append((part,))
    return lines


def laid_out(picture: Picture, width: float, edge: float) -> Layout:
    """Find the edges of the axes, with names above their rows where they leave too little."""
    inner = width - 2 * edge
    beside = [_beside(panel) for panel in picture.panels]
    names = max((left for left, _ in beside), default=0)
    notes = max((right for _, right in beside), default=0)
    stacked = width < SMALL or names > _MOST * inner or names + notes > (1 - _LEAST) * inner
    stacked = stacked or _is_crowded(picture, inner - names - _GAP)
    found = _laid_out(picture, width, edge, is_stacked=stacked)
    if found.are_texts_above and not stacked:
        return _laid_out(picture, width, edge, is_stacked=True)
    return found


def _laid_out(picture: Picture, width: float, edge: float, *, is_stacked: bool) -> Layout:
    gutters = [_gutters(one, width, edge, is_stacked=is_stacked) for one in picture.panels]
    left = edge + max((one for one, _ in gutters), default=0)
    right = width - edge - max((one for _, one in gutters), default=0)
    if picture.x is not None and picture.x.is_shown and picture.x.ticks:
        left = max(left, edge + width_of(picture.x.ticks[0].text) / 2)
    room, above = _behind_bars(picture, right - left)
    return Layout(
        width=width,
        edge=edge,
        left=left,
        right=left + room,
        is_stacked=is_stacked,
        are_texts_above=above,
    )


def placed(panel: Panel, rows: Rows, layout: Layout, top: float) -> Placed:
    """Place rows from the top down, with what is lettered at each."""
    is_above = stands_above(rows, layout.inner, is_stacked=layout.is_stacked)
    high, lane = _band(panel, rows, layout, is_above=is_above)
    tops, texts = [], []
    behind = [_of_step(panel, n) for n in range(len(rows.names))]
    for n, name in enumerate(rows.names):
        if is_above:
            beside = rows.beside[n] if rows.beside else behind[n]
            lines = _above(name, rows.below[n] if rows.below else (), beside, layout)
            for line in lines:
                texts += [(one, top + 13) for one in line]
                top += LINE
            top += 2
        elif n % rows.each == 0:
            texts += _left_of(panel, rows, n, layout, top + high / 2)
        tops.append(top)
        top += high + (6 if is_above else 0)
    return Placed(tops=tops, high=high, lane=lane, texts=texts, bottom=top)


def stands_above(rows: Rows, inner: float, *, is_stacked: bool) -> bool:
    """Whether the names of rows stand above them, and not left of them."""
    if not rows.is_packed:
        return is_stacked
    is_short = rows.each > 1 or bool(rows.colours)  # those in colours stand in the legend too
    return not is_short and _names_wide(rows) > _PACKED * inner


def thinned(ticks: Sequence[Tick], along: Along, layout: Layout) -> list[tuple[Tick, float]]:
    """The ticks that have room beside each other, each with the middle of its letters."""
    for each in (1, 2, 3, 4, 5, 6, 8, 10, 12, 20, 50, 100):
        found = [(tick, _kept(tick, along, layout)) for tick in ticks[::each]]
        ends = [(at - _half(tick), at + _half(tick)) for tick, at in found]
        if all(b[0] - a[1] >= _GAP for a, b in itertools.pairwise(ends)):
            return found
    return found[:1]


def shortened(text: str, width: float, size: float = 12) -> str:
    """Take out the middle of a text that is too wide; its end stays.

    >>> shortened("a" * 30 + ", 2025-01 (n = 12)", 190)
    'aaaa…aaaa, 2025-01 (n = 12)'
    """
    if width_of(text, size) <= width + _EXACT:
        return text
    tail = text[-_TAIL:] if width_of(text[-_TAIL:], size) < width * 0.9 else ""
    head = text[: len(text) - len(tail)]
    while head and width_of(f"{head}…{tail}", size) > width:
        head = head[:-1]
    return f"{head}…{tail}"


def named_marks(picture: Picture) -> Iterator[tuple[str, Named]]:
    """The names in the legend, each once, with the first mark that they stand for."""
    seen: set[str] = set()
    for panel in picture.panels:
        for mark in panel.marks:
            if isinstance(mark, Bars | Dots | Line | Links) and _is_named(mark):
                if mark.name not in seen:
                    yield mark.name, mark
                seen.add(mark.name)


def _is_named(mark: Named) -> bool:
    if isinstance(mark, Bars | Dots):
        return mark.is_in_legend
    return bool(mark.rows) if isinstance(mark, Links) else bool(mark.name)


def bars_of(panel: Panel) -> list[Bars]:
    """The bars of a panel."""
    return [mark for mark in panel.marks if isinstance(mark, Bars)]


def _half(tick: Tick) -> float:
    return width_of(tick.text) / 2


def _kept(tick: Tick, along: Along, layout: Layout) -> float:
    """The middle of a tick's letters, moved as far as the frame needs."""
    half = _half(tick)
    at = along(tick.at)
    return min(max(at, layout.edge + half), layout.width - layout.edge - half)


def _beside(panel: Panel) -> tuple[float, float]:
    """How wide what stands left and right of rows is, if it stands there."""
    rows = panel.y
    if not isinstance(rows, Rows) or rows.is_packed:
        return 0, 0
    return _names_wide(rows), max(map(width_of_text, rows.beside), default=0)


def _names_wide(rows: Rows) -> float:
    look = "strong" if rows.below else ""
    lines = [line for lines in rows.below for line in lines]
    names = [width_of(name, look=look) for name in rows.names]
    return max([*names, *map(width_of, lines)], default=0)


def _gutters(panel: Panel, width: float, edge: float, *, is_stacked: bool) -> tuple[float, float]:
    """How much stands left and right of a panel's axes."""
    inner = width - 2 * edge
    right = 6.0 if width < SMALL else max((_right_of(mark) for mark in panel.marks), default=0)
    if isinstance(panel.y, Axis):
        return 8 + max((width_of(tick.text) for tick in panel.y.ticks), default=0), right
    if panel.y is None or stands_above(panel.y, inner, is_stacked=is_stacked):
        return 0, 0
    if panel.y.is_packed:
        first = max((width_of(m.texts[0], 11) for m in panel.marks if _is_lettered(m)), default=0)
        return min(_names_wide(panel.y), _PACKED * inner) + _GAP + first / 2, right
    beside = max(map(width_of_text, panel.y.beside), default=0)
    return _names_wide(panel.y) + _GAP, beside + (_GAP if beside else 0)


def _is_lettered(mark: Mark) -> TypeGuard[Numbers]:
    return isinstance(mark, Numbers) and bool(mark.texts)


def _right_of(mark: Mark) -> float:
    if isinstance(mark, Rule) and not mark.is_upright:
        return _GAP + max(map(width_of, mark.text), default=0)
    return 6


def _is_crowded(picture: Picture, room: float) -> bool:
    """Whether what is said in a funnel has no room in its bar, and none behind it."""
    for bars in (bars for panel in picture.panels for bars in bars_of(panel) if bars.are_steps):
        most = max((size or 0 for size in bars.sizes), default=0) or 1
        for size, text in zip(bars.sizes, bars.texts, strict=True):
            long, wide = (size or 0) / most * room, width_of_text(text) + _GAP
            if wide > long and wide > room - long:
                return True
    return False


def _behind_bars(picture: Picture, room: float) -> tuple[float, bool]:
    """How wide the axes may be with what stands behind the bars; or that stands above them."""
    axis, found = picture.x, room
    for bars in (bars for panel in picture.panels for bars in bars_of(panel)):
        if axis is None or not bars.are_outside:
            continue
        for size, text in zip(bars.sizes, bars.texts, strict=True):
            part = ((size or 0) - axis.lower) / (axis.upper - axis.lower)
            left = room - width_of_text(text) - _GAP
            if part > 0:
                found = min(found, left / part)
            elif left < 0:
                found = 0
    return (room, True) if found < _LEAST * room * 1.2 else (found, False)


def _band(panel: Panel, rows: Rows, layout: Layout, *, is_above: bool) -> tuple[float, float]:
    """How high a row's band is, and what belongs to one bar of several in it."""
    lanes = max((bars.lanes for bars in bars_of(panel)), default=1)
    if layout.are_texts_above:
        texts = [text for bars in bars_of(panel) for text in bars.texts]
        lines = max((len(broken(text, layout.inner)) for text in texts), default=1)
        return lanes * (LINE * lines + _LANE + 2), LINE * lines + _LANE + 2
    if is_above and not rows.is_packed:
        is_low = not bars_of(panel) and rows.high <= _LOW
        return (16 if is_low else max(min(rows.high, 22 * lanes + 4), 16)), 0
    if rows.below:
        return max(rows.high, LINE * (1 + max(map(len, rows.below))) + 8), 0
    return rows.high, 0


def _of_step(panel: Panel, row: int) -> Text:
    """What is said of a row of a funnel."""
    return next((bars.texts[row] for bars in bars_of(panel) if bars.are_steps), ())


def _above(
    name: str, below: Sequence[str], beside: Text, layout: Layout
) -> Iterator[list[Lettered]]:
    """The lines above a row: its name, what stands beside it, and what stands below."""
    look = "strong" if below else ""
    *whole, last = wrapped(name, layout.inner, look=look)
    left, right = layout.edge, layout.width - layout.edge
    yield from ([Lettered((Run(line, look),), left)] for line in whole)
    ends = [Lettered((Run(last, look),), left)]
    if beside and width_of(last, look=look) + width_of_text(beside) + _GAP <= layout.inner:
        yield [*ends, Lettered(beside, right, "end")]
    else:
        yield ends
        yield from ([Lettered(line, left)] for line in broken(beside, layout.inner) if beside)
    for text in below:
        for line in wrapped(text, layout.inner):
            yield [Lettered((Run(line, "quiet"),), left)]


def _left_of(
    panel: Panel, rows: Rows, n: int, layout: Layout, middle: float
) -> Iterator[tuple[Lettered, float]]:
    """A name left of its row, with what stands below it, and what stands right of the row."""
    count = next((mark.texts[0] for mark in panel.marks if _is_lettered(mark)), "")
    at = layout.left - _GAP - width_of(count, 11) / 2
    name = shortened(rows.names[n], at - layout.edge)
    look = rows.colours[n] if rows.colours else ""
    lines: list[Text] = [(strong(name) if rows.below else Run(name, look),)]
    if rows.below:
        lines += [(Run(line, "quiet"),) for line in rows.below[n]]
    first = middle + 4 - LINE * (len(lines) - 1) / 2
    for number, line in enumerate(lines):
        yield Lettered(line, at, "end"), first + number * LINE
    if rows.beside and rows.beside[n]:
        yield Lettered(rows.beside[n], layout.right + _GAP), middle + 4
