"""Figures: the picture of an answer in a reader's words, twice: for a screen and for a phone.

And what has no answer of its own: a number by the time at which it was asked, one dot for each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from attrs import evolve, frozen

from motfunnel.answers.answer import Answer, picture
from motfunnel.answers.cells import between, percent, span
from motfunnel.charts.scene import (
    Axis,
    Bars,
    Dots,
    Ends,
    Line,
    Mark,
    Node,
    Numbers,
    Panel,
    Picture,
    Ribbons,
    Rows,
    Tick,
)
from motfunnel.charts.style import BLUE, PAPER
from motfunnel.charts.svg import to_svg
from motfunnel.dashboard.words import phrase, told
from motfunnel.domain.moment import MomentKind
from motfunnel.reports.experience.nps import POINTS, NpsRow
from motfunnel.reports.measure.rate import RateRow

WIDE: Final = 720
NARROW: Final = 340
"""How wide figures are, in pixels: beside each other's text on a screen, and on a phone."""

_LABELS: Final = 12
_TOLD_ROWS: Final = {*MomentKind, "at risk"}
_NAMES: Final = ("group", "stage", "touchpoint")
"""What holds names that somebody gave: such a name stays, whatever a report calls so."""

Say = Callable[[str], str]
"""Gives a reader's word for one of a report's."""


@frozen(kw_only=True)
class Figure:
    """A drawn picture.

    Attributes:
        wide: as SVG, for a screen.
        narrow: as SVG, for a phone.
        told: what one sees, for who does not see it.
        counted: how many it rests on.
        blank: why nothing is drawn; empty where something is.
    """

    wide: str
    narrow: str
    told: str
    counted: str
    blank: str = ""


def figure_of(answer: Answer[Any], kind: str = "") -> Figure:
    """Draw the picture of an answer in a reader's words."""
    named = {f"{getattr(row, name, '')}" for row in answer.rows for name in _NAMES}

    def say(text: str) -> str:
        return text if text in named else told(text, answer.spoken)

    return drawn(_worded(picture(answer, kind or None), say, answer.spoken))


def drawn(scene: Picture) -> Figure:
    """Draw a picture at both widths."""
    if scene.blank:
        return Figure(wide="", narrow="", told="", counted=scene.counted, blank=scene.blank)
    return Figure(
        wide=to_svg(scene, width=WIDE),
        narrow=to_svg(scene, width=NARROW),
        told=scene.told,
        counted=scene.counted,
    )


def _worded(scene: Picture, say: Say, spoken: Mapping[str, str]) -> Picture:
    """The same picture in a reader's words."""
    panels = [
        evolve(
            one,
            marks=[_mark(mark, say) for mark in one.marks],
            y=_axis(one.y, say, spoken),
            heading=say(one.heading),
        )
        for one in scene.panels
    ]
    x = None if scene.x is None else evolve(scene.x, title=phrase(scene.x.title, spoken))
    return evolve(scene, panels=panels, x=x, note=phrase(scene.note, spoken))


def _axis(y: Axis | Rows | None, say: Say, spoken: Mapping[str, str]) -> Axis | Rows | None:
    """The axis of a panel; where moments are its rows, what happened then."""
    match y:
        case Axis():
            return evolve(y, title=phrase(y.title, spoken))
        case Rows():
            return evolve(y, names=[_row(one, say) for one in y.names])
    return y


def _row(name: str, say: Say) -> str:
    """The name of a row; that of a group is its own."""
    moment, behind, more = name.partition(" (n = ")
    return f"{say(moment)}{behind}{more}" if moment in _TOLD_ROWS else name


def _mark(mark: Mark, say: Say) -> Mark:
    match mark:
        case Bars() | Line() | Dots() | Numbers():
            return evolve(mark, name=say(mark.name))
        case Ribbons():
            return evolve(mark, nodes=[_node(one, say) for one in mark.nodes])
    return mark


def _node(node: Node, say: Say) -> Node:
    """A place in a flow; what is added to its name stays."""
    name = node.name.partition(",")[0]
    own, beside = (one.replace(name, say(name)) for one in (node.name, node.lettered))
    return evolve(node, name=own, lettered=beside)


@frozen(kw_only=True)
class Point:
    """One of a series of the same number.

    Attributes:
        label: what tells it apart.
        value: the number; None: there is none.
        ends: of its interval; None: there is none.
        n: how many it rests on.
        text: the number as one writes it.
        more: what else is said of it.
        is_early: whether it is too early to tell.
    """

    label: str
    value: float | None
    ends: Ends | None
    n: int
    text: str
    more: str
    is_early: bool = False


def rate_point(label: str, row: RateRow, *, is_whole: bool) -> Point:
    """A rate; where it is too early to tell, the one by Kaplan–Meier, of all that is known yet.

    Args:
        label: what tells it apart.
        row: the rate.
        is_whole: whether only those count who were followed for the whole window.
    """
    early = bool(row.immature_count) and not is_whole
    share, ends = (row.km.probability, row.km.interval) if early else (row.rate, row.interval)
    counted = f"{row.numerator:,} of {row.denominator:,}"
    return Point(
        label=label,
        value=share,
        ends=ends,
        n=row.denominator,
        text=percent(share),
        more=f"{span(ends)}; too early to tell" if early else f"{span(ends)}, {counted}",
        is_early=early,
    )


def score_point(label: str, row: NpsRow) -> Point:
    """A net promoter score."""
    ends = row.interval
    return Point(
        label=label,
        value=row.nps,
        ends=ends,
        n=row.contacts,
        text="–" if row.nps is None else POINTS.show(row.nps),
        more=f"{'–' if ends is None else between(POINTS).show(ends)}, {row.contacts:,} contacts",
    )


def series(points: Sequence[Point], axis: Callable[[Sequence[float | None]], Axis]) -> Picture:
    """Draw a number by when it was asked, a dot for each; hollow where it is too early to tell.

    Args:
        points: in order.
        axis: makes the upright axis, from the numbers and the ends of their intervals.
    """
    seen = [(n, one) for n, one in enumerate(points) if one.value is not None]
    if not seen:
        return Picture(counted="n = 0", told="", blank="nobody was followed for long enough yet")
    ends = [end for _, one in seen if one.ends for end in (one.ends.lower, one.ends.upper)]
    marks = [
        _dots([pair for pair in seen if pair[1].is_early is early], early=early)
        for early in (False, True)
    ]
    each = max(1, -(-len(points) // _LABELS))
    ticks = [Tick(n, points[n].label) for n in range(0, len(points), each)]
    early = any(one.is_early for _, one in seen)
    said = "; ".join(f"{one.label}: {one.text}" for _, one in seen)
    return Picture(
        panels=(Panel(marks=marks, y=axis([*ends, *(one.value for _, one in seen)]), high=200),),
        x=Axis(lower=-0.6, upper=len(points) - 0.4, ticks=ticks, has_grid=False),
        note="hollow: too early to tell" if early else "",
        counted=f"n = {sum(one.n for one in points):,}",
        told=f"Dots with their intervals. {said}.",
    )


def _dots(pairs: Sequence[tuple[int, Point]], *, early: bool) -> Dots:
    return Dots(
        x=[n for n, _ in pairs],
        y=[one.value or 0.0 for _, one in pairs],
        ends=[one.ends for _, one in pairs],
        is_upright=True,
        colour=BLUE,
        fill=PAPER if early else "",
        hovers=[f"{one.label}: {one.text}, {one.more}" for _, one in pairs],
    )
