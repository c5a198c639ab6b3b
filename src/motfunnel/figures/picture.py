"""A picture, before it is framed: its traces and axes as plain data, and what to say of it.

The frame adds the title, the instant of the question, how many were counted and the definition.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, Final

from attrs import field, frozen

from motfunnel.answers.answer import Answer
from motfunnel.figures.lettering import label, lines, moment
from motfunnel.figures.style import FONT, HEIGHT, INK, PAPER, QUIET, WIDTH, note

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


def framed(picture: Picture, answer: Answer[Any]) -> dict[str, Any]:
    """Set a picture alone, as on a slide: with title, instant, count and definition."""
    title, definition = lines(answer.title, _TITLE), lines(answer.definition, _DEFINITION)
    said = textwrap.wrap(source(picture, answer), _SOURCE, break_on_hyphens=False)
    top = 26 * len(title) + 27 + 17 * len(said) + picture.above
    bottom = picture.below + _LINE * len(definition) + 20
    layout = _layout(picture, top, bottom)
    layout["title"] = {
        "text": f"<b>{'<br>'.join(title)}</b>",
        "subtitle": {"text": "<br>".join(said), "font": {"size": 13, "color": QUIET}},
        "font": {"size": 20, "color": INK},
        "x": _EDGE / WIDTH,
        "xanchor": "left",
        "y": 1 - 16 / layout["height"],
        "yanchor": "top",
    }
    below = note(
        "<br>".join(definition),
        name="definition",
        **{"x": 0, "xanchor": "left", "xshift": _EDGE - picture.left},
        **{"y": 0, "yanchor": "top", "yshift": -picture.below - 8, "align": "left"},
    )
    below["font"] = {"size": 11.5, "color": QUIET}
    layout["annotations"] = [*layout.get("annotations", ()), below]
    return {"data": list(picture.traces), "layout": layout}


def unframed(picture: Picture) -> dict[str, Any]:
    """Set a picture on a page that has the title and the definition already."""
    return {"data": list(picture.traces), "layout": _layout(picture, picture.above, picture.below)}


def source(picture: Picture, answer: Answer[Any]) -> str:
    """What was asked when, and how many are in it."""
    told = [f"as of {moment(answer.as_of)}"]
    if answer.known_by is not None:
        told.append(f"as known by {moment(answer.known_by)}")
    if answer.tenant != "default":
        told.append(f"tenant {label(answer.tenant)}")
    return " · ".join([*told, picture.counted])


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
