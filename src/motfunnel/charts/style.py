"""The style of all pictures: colours, axes, notes, and what an interval is.

Colours are Okabe and Ito's, which people see apart who see few colours.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

INK: Final = "#1f2328"
QUIET: Final = "#57606a"
RULE: Final = "#d0d7de"
PAPER: Final = "#ffffff"
BLUE: Final = "#0072B2"
ORANGE: Final = "#D55E00"
GREEN: Final = "#009E73"
PURPLE: Final = "#CC79A7"
SKY: Final = "#56B4E9"
AMBER: Final = "#E69F00"
GREY: Final = "#8c959f"
PALE: Final = "#c8d1da"
PALETTE: Final = (BLUE, ORANGE, GREEN, PURPLE, SKY, AMBER)
"""One for each group; there is no seventh that is told apart at a glance."""

SHADES: Final[list[list[float | str]]] = [
    [0.0, "#f1f7fb"],
    [0.25, "#b9d9ec"],
    [0.5, "#6fb1d8"],
    [0.75, "#2b86bd"],
    [1.0, "#00497a"],
]
"""From few to many, of one hue: dark is more, in print too."""

FONT: Final = "system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"
WIDTH: Final = 960
HEIGHT: Final = 540
TICKS_OF_SHARES: Final = "~%"
"""As many digits as a tick needs, so that none is rounded: 0.5% and 1%."""


class Ends(Protocol):
    """An interval, by its two ends."""

    @property
    def lower(self) -> float:
        """The lower one."""

    @property
    def upper(self) -> float:
        """The upper one."""


def axis(title: str = "", **more: Any) -> dict[str, Any]:
    """An axis with a quiet grid and no frame."""
    told: dict[str, Any] = {
        "gridcolor": "#eaeef2",
        "zeroline": False,
        "linecolor": RULE,
        "tickfont": {"size": 12, "color": QUIET},
        "fixedrange": True,
    }
    if title:
        told["title"] = {"text": title, "font": {"size": 12, "color": QUIET}, "standoff": 8}
    return told | more


def names(labels: list[str], **more: Any) -> dict[str, Any]:
    """An axis of names: each at its number, so that no name is taken for a number or a date."""
    told: dict[str, Any] = {
        "tickvals": list(range(len(labels))),
        "ticktext": labels,
        "tickfont": {"size": 12, "color": INK},
        "showgrid": False,
        "range": [len(labels) - 0.5, -0.5],
    }
    return axis(**told) | more


def faint(colour: str, opacity: float) -> str:
    """The same colour, let through so much."""
    red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def note(text: str, **more: Any) -> dict[str, Any]:
    """A text in the picture, without an arrow."""
    font = {"size": 12, "color": QUIET}
    return {"text": text, "showarrow": False, "font": font, "xref": "paper", "yref": "paper"} | more


def nice(rough: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, … that is not below a number.

    >>> nice(0.2), nice(3.1), nice(140)
    (1, 5, 200)
    """
    power = 1
    while True:
        for digit in (1, 2, 5):
            if digit * power >= rough:
                return digit * power
        power *= 10
