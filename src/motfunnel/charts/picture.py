"""A picture: its traces and axes as plain data, what to say of it, and the frame around it.

The frame adds the title, what was asked, how many were counted and the definition. The library
that draws is loaded when something is drawn.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

from attrs import field, frozen

from motfunnel.charts.labels import lines
from motfunnel.charts.style import FONT, HEIGHT, INK, PAPER, QUIET, WIDTH, note
from motfunnel.errors import MissingExtraError, install

_EDGE: Final = 24
_LINE: Final = 16
_DEFINITION: Final = 150  # letters of the definition in a line
_TITLE: Final = 84
_SOURCE: Final = 128  # letters of what was asked, in a line


@frozen(kw_only=True)
class Picture:
    """What is drawn of an answer.

    Attributes:
        traces: what is drawn, as plotly reads it.
        layout: its axes and notes.
        counted: how many it rests on, in words.
        told: what one sees, for who does not see it.
        left: the room for what stands left of the axes, in pixels.
        right: the room right of them.
        below: the room that the axes need below.
        above: the room that they need above, for a legend.
        height: of all, without the definition.
        blank: why nothing is drawn; empty where something is.
    """

    traces: Sequence[dict[str, Any]]
    layout: dict[str, Any] = field(factory=dict)
    counted: str
    told: str
    left: int = 72
    right: int = 28
    below: int = 56
    above: int = 12
    height: int = HEIGHT
    blank: str = ""


_NOTHING: Final = "there is nothing to draw"
EMPTY: Final = Picture(
    traces=(),
    layout={
        "xaxis": {"visible": False},
        "yaxis": {"visible": False},
        "annotations": [note(_NOTHING, x=0.5, y=0.5)],
    },
    counted="n = 0",
    told=_NOTHING,
    height=280,
    blank=_NOTHING,
)
"""What is drawn of an answer without rows."""


def draw(picture: Picture, *, title: str, asked: str, definition: str) -> Any:
    """Draw a picture alone, as on a slide: with title, instant, count and definition.

    Args:
        picture: the picture.
        title: what stands above it.
        asked: what was asked when, in markup; how many were counted is added.
        definition: what stands below it.

    Raises:
        MissingExtraError: plotly is not installed.
    """
    heading, below = lines(title, _TITLE), lines(definition, _DEFINITION)
    said = textwrap.wrap(f"{asked} · {picture.counted}", _SOURCE, break_on_hyphens=False)
    top = 26 * len(heading) + 27 + 17 * len(said) + picture.above
    layout = _layout(picture, top, picture.below + _LINE * len(below) + 20)
    layout["title"] = {
        "text": f"<b>{'<br>'.join(heading)}</b>",
        "subtitle": {"text": "<br>".join(said), "font": {"size": 13, "color": QUIET}},
        "font": {"size": 20, "color": INK},
        "x": _EDGE / WIDTH,
        "xanchor": "left",
        "y": 1 - 16 / layout["height"],
        "yanchor": "top",
    }
    at = {"x": 0, "xanchor": "left", "xshift": _EDGE - picture.left, "y": 0, "yanchor": "top",
          "yshift": -picture.below - 8, "align": "left"}  # fmt: skip
    font = {"size": 11.5, "color": QUIET}
    said_below = note("<br>".join(below), name="definition", font=font, **at)
    layout["annotations"] = [*layout.get("annotations", ()), said_below]
    return library().graph_objects.Figure({"data": list(picture.traces), "layout": layout})


def draw_unframed(picture: Picture) -> Any:
    """Draw a picture for a page that has the title and the definition already.

    Raises:
        MissingExtraError: plotly is not installed.
    """
    layout = _layout(picture, picture.above, picture.below)
    return library().graph_objects.Figure({"data": list(picture.traces), "layout": layout})


def library() -> Any:
    """Give the library that draws.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import_module("plotly.graph_objects")
        return import_module("plotly")
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"a figure needs plotly: {install('plot')}") from error


def _layout(picture: Picture, top: int, bottom: int) -> dict[str, Any]:
    margin = {"l": picture.left, "r": picture.right, "t": top, "b": bottom, "pad": 0}
    plot = picture.height - picture.above - picture.below - 120
    return {
        "template": "none",
        "width": WIDTH,
        "height": plot + top + bottom,
        "margin": margin,
        "font": {"family": FONT, "size": 12, "color": INK},
        "paper_bgcolor": PAPER,
        "plot_bgcolor": PAPER,
        "hoverlabel": {"bgcolor": PAPER, "font": {"color": INK}},
        "showlegend": False,
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom",
                   "traceorder": "normal", "font": {"size": 12}, "itemclick": False,
                   "itemdoubleclick": False},
    } | picture.layout  # fmt: skip
