"""A scene: what is drawn of an answer, as plain data in the units of its axes.

Knows neither the report that it is of nor what prints it. A picture is panels on one axis, from
the top down, each with its marks; how wide a text is, and where it stands, the printers know.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from attrs import frozen

from motfunnel.charts.style import BLUE, INK, PAPER

_MOST_TICKS: Final = 7


class Ends(Protocol):
    """An interval, by its two ends."""

    @property
    def lower(self) -> float:
        """The lower one."""

    @property
    def upper(self) -> float:
        """The upper one."""


@frozen
class Run:
    """A part of a text that is set alike.

    Attributes:
        text: as it is read; whoever prints it escapes it.
        look: ``strong``, ``quiet``, or nothing.
    """

    text: str
    look: str = ""


Text = tuple[Run, ...]
"""A line of text."""


def plain(text: str) -> Text:
    """A text of one look."""
    return (Run(text),) if text else ()


def strong(text: str) -> Run:
    """What is read first."""
    return Run(text, "strong")


def quiet(text: str) -> Run:
    """What is read last."""
    return Run(text, "quiet")


@frozen
class Tick:
    """Where an axis is lettered, and with what."""

    at: float
    text: str


@frozen(kw_only=True)
class Axis:
    """An axis of numbers.

    Attributes:
        title: what it counts.
        lower: where it begins.
        upper: where it ends.
        ticks: where it is lettered.
        is_log: whether it is logarithmic.
        has_grid: whether there is a line at each tick.
        is_above: whether it is lettered above the panels.
        is_shown: whether it is drawn at all.
        zero: whether there is a line at 0.
    """

    title: str = ""
    lower: float
    upper: float
    ticks: Sequence[Tick] = ()
    is_log: bool = False
    has_grid: bool = True
    is_above: bool = False
    is_shown: bool = True
    zero: bool = False


def shares(title: str, values: Iterable[float | None], upper: float | None = None) -> Axis:
    """An axis of shares, from nothing to the largest; each tick has as many digits as it needs."""
    most = _most(values) if upper is None else upper
    return Axis(title=title, lower=0, upper=most, ticks=_ticks(0, most, "{:.10g}%", 100))


def numbers(title: str, values: Iterable[float | None]) -> Axis:
    """An axis of numbers, from nothing to the largest."""
    most = _most(values)
    return Axis(title=title, lower=0, upper=most, ticks=_ticks(0, most, "{:,.10g}", 1))


def around(title: str, values: Iterable[float | None]) -> Axis:
    """An axis of numbers, from the least to the largest."""
    known = [value for value in values if value is not None] or [0.0, 1.0]
    edge = (max(known) - min(known)) * 0.06 or 0.5
    lower, upper = min(known) - edge, max(known) + edge
    return Axis(title=title, lower=lower, upper=upper, ticks=_ticks(lower, upper, "{:,.10g}", 1))


def _most(values: Iterable[float | None]) -> float:
    return max((value for value in values if value), default=0) * 1.04 or 1


def _ticks(lower: float, upper: float, form: str, times: int) -> tuple[Tick, ...]:
    """Round numbers from the lower end to the upper one."""
    power = math.floor(math.log10((upper - lower) / _MOST_TICKS)) - 1
    steps = (digit * 10.0**n for n in range(power, power + 3) for digit in (1, 2, 5))
    step = next(one for one in steps if (upper - lower) / one <= _MOST_TICKS)
    found = range(math.ceil(lower / step - 1e-9), math.floor(upper / step + 1e-9) + 1)
    exact = [round(n * step, 12) for n in found]
    return tuple(Tick(at, form.format(round(at * times, 10))) for at in exact)


@frozen(kw_only=True)
class Rows:
    """An axis of rows, from the top down: the first is at 0, the next at 1.

    Attributes:
        names: of the rows.
        below: what stands below each name.
        beside: what stands right of each row.
        colours: of the names.
        high: how high a row is, in pixels.
        each: which of them are named: each, each second, ….
        is_packed: whether a row stays as high as it is where there is little room.
    """

    names: Sequence[str]
    below: Sequence[Sequence[str]] = ()
    beside: Sequence[Text] = ()
    colours: Sequence[str] = ()
    high: float = 30
    each: int = 1
    is_packed: bool = False


@frozen(kw_only=True)
class Line:
    """A line through points.

    Attributes:
        x: where they lie.
        y: how high.
        colour: of the line.
        name: in the legend; empty: it is not there.
        group: of whom it is.
        is_stepped: whether it stays as high as it is until the next point.
        has_dots: whether the points are drawn.
        hollow: which points are hollow.
        width: of the line, in pixels.
        hovers: what is said of each point.
    """

    x: Sequence[float]
    y: Sequence[float]
    colour: str
    name: str = ""
    group: str = ""
    is_stepped: bool = False
    has_dots: bool = False
    hollow: Sequence[bool] = ()
    width: float = 2.5
    hovers: Sequence[str] = ()


@frozen(kw_only=True)
class Band:
    """What lies between two lines."""

    x: Sequence[float]
    lower: Sequence[float]
    upper: Sequence[float]
    colour: str
    is_stepped: bool = False


@frozen(kw_only=True)
class Dots:
    """Dots, with intervals.

    Attributes:
        x: where they lie; None: there is none.
        y: how high; of rows, in which.
        ends: of the interval of each.
        is_upright: whether the intervals stand upright.
        colour: of the edge and of the intervals.
        fill: what a dot is filled with.
        size: of a dot, in pixels.
        name: what they are called.
        is_in_legend: whether the legend has it.
        hovers: what is said of each.
    """

    x: Sequence[float | None]
    y: Sequence[float]
    ends: Sequence[Ends | None] = ()
    is_upright: bool = False
    colour: str = BLUE
    fill: str = ""
    size: float = 11
    name: str = ""
    is_in_legend: bool = False
    hovers: Sequence[str] = ()


@frozen(kw_only=True)
class Links:
    """Lines within rows, from one number to another."""

    name: str
    colour: str
    rows: Sequence[int]
    first: Sequence[float]
    second: Sequence[float]


@frozen(kw_only=True)
class Bars:
    """Bars; of several, each begins where the one before it ends.

    Attributes:
        name: what they are called.
        colour: their colour.
        sizes: how long each is, below the line negative; None: there is none.
        starts: where each begins; empty: at 0.
        lane: which it is of those that lie beside each other.
        lanes: how many these are.
        is_upright: whether they stand upright, on an axis of numbers.
        are_steps: whether they are the steps of a funnel: what fell away is drawn between them.
        hatched: which are hatched.
        texts: what stands at each.
        are_outside: whether it stands behind the bar, not in it.
        is_in_legend: whether the legend has them.
        hovers: what is said of each.
    """

    name: str
    colour: str
    sizes: Sequence[float | None]
    starts: Sequence[float] = ()
    lane: int = 0
    lanes: int = 1
    is_upright: bool = False
    are_steps: bool = False
    hatched: Sequence[bool] = ()
    texts: Sequence[Text] = ()
    are_outside: bool = False
    is_in_legend: bool = True
    hovers: Sequence[str] = ()


@frozen(kw_only=True)
class Cells:
    """Cells in rows, coloured by their share.

    Attributes:
        first: the column in which they begin.
        values: of each row; None: there is none.
        texts: what stands in each.
        hovers: what is said of each.
        most: what the darkest shade means; None: all are grey.
    """

    first: int
    values: Sequence[Sequence[float | None]]
    texts: Sequence[Sequence[str]]
    hovers: Sequence[Sequence[str]]
    most: float | None


@frozen(kw_only=True)
class Node:
    """Where flows come from or lead to; of one name there may be another in each column.

    Attributes:
        column: its column; None: it stands at the end.
        name: what it is called.
        lettered: what stands beside it.
        colour: its own, and of the flows that lead to it.
    """

    column: int | None
    name: str
    lettered: str
    colour: str


@frozen(kw_only=True)
class Ribbons:
    """Flows between nodes.

    Attributes:
        nodes: the nodes.
        flows: from which node, to which, by their numbers, and how much.
    """

    nodes: Sequence[Node]
    flows: Sequence[tuple[int, int, int]]


@frozen(kw_only=True)
class Numbers:
    """Numbers that stand in a row, below their places on the axis."""

    row: int
    at: Sequence[float]
    texts: Sequence[str]
    name: str


@frozen(kw_only=True)
class Rule:
    """A dotted line over the whole panel, upright or level, with what it means.

    Attributes:
        at: where it lies.
        is_upright: whether it stands upright.
        text: what it means, a line each.
        colour: its colour.
    """

    at: float
    is_upright: bool
    text: Sequence[str] = ()
    colour: str = INK


Mark = Line | Band | Dots | Links | Bars | Cells | Ribbons | Numbers | Rule


@frozen(kw_only=True)
class Panel:
    """Marks on axes.

    Attributes:
        marks: what is drawn, the last on top.
        y: its own axis; None: it has none.
        heading: what stands above it.
        high: how high it is, in pixels, where that does not follow from its rows.
        has_x: whether the common axis is lettered below it.
    """

    marks: Sequence[Mark]
    y: Axis | Rows | None = None
    heading: str = ""
    high: float = 0
    has_x: bool = True


@frozen(kw_only=True)
class Picture:
    """What is drawn of an answer.

    Attributes:
        panels: from the top down; none: nothing is drawn.
        x: the axis that they have in common.
        note: what stands above them.
        has_legend: whether there is a legend.
        counted: how many it rests on, in words.
        told: what one sees, for who does not see it.
        blank: why nothing is drawn; empty where something is.
    """

    panels: Sequence[Panel] = ()
    x: Axis | None = None
    note: str = ""
    has_legend: bool = False
    counted: str
    told: str
    blank: str = ""


_NOTHING: Final = "there is nothing to draw"
EMPTY: Final = Picture(counted="n = 0", told=_NOTHING, blank=_NOTHING)
"""What is drawn of an answer without rows."""


@frozen(kw_only=True)
class Frame:
    """What stands around a picture that stands alone, as on a slide.

    Attributes:
        title: above it.
        asked: what was asked when; how many were counted is added.
        definition: below it.
    """

    title: str
    asked: str
    definition: str


def fill_of(dots: Dots) -> str:
    """What dots are filled with."""
    return dots.fill or dots.colour


def on(colour: str) -> str:
    """The colour of letters on a colour."""
    return PAPER if colour in _STRONG else INK


_STRONG: Final = ("blue", "orange", "green", "grey")
