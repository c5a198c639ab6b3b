"""The style of all pictures: the colours by their names, in light and in dark, and the letters.

Colours are Okabe and Ito's, which people see apart who see few colours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

INK: Final = "ink"
QUIET: Final = "quiet"
RULE: Final = "rule"
PAPER: Final = "paper"
GRID: Final = "grid"
BLUE: Final = "blue"
ORANGE: Final = "orange"
GREEN: Final = "green"
PURPLE: Final = "purple"
SKY: Final = "sky"
AMBER: Final = "amber"
GREY: Final = "grey"
PALE: Final = "pale"
PALETTE: Final = (BLUE, ORANGE, GREEN, PURPLE, SKY, AMBER)
"""One for each group; there is no seventh that is told apart at a glance."""

LIGHT: Final[Mapping[str, str]] = {
    INK: "#1f2328",
    QUIET: "#57606a",
    RULE: "#d0d7de",
    PAPER: "#ffffff",
    GRID: "#eaeef2",
    BLUE: "#0072b2",
    ORANGE: "#d55e00",
    GREEN: "#009e73",
    PURPLE: "#cc79a7",
    SKY: "#56b4e9",
    AMBER: "#e69f00",
    GREY: "#8c959f",
    PALE: "#c8d1da",
}
DARK: Final[Mapping[str, str]] = {
    INK: "#e6edf3",
    QUIET: "#9aa4af",
    RULE: "#3d444d",
    PAPER: "#15181c",
    GRID: "#262b31",
    BLUE: "#3d9be0",
    ORANGE: "#f0833a",
    GREEN: "#2fbf93",
    PURPLE: "#e09bc2",
    SKY: "#9bd6fa",
    AMBER: "#f2bd42",
    GREY: "#8c959f",
    PALE: "#74808c",
}

_LIGHT_SHADES: Final = ("#e6eaee", "#f1f7fb", "#b9d9ec", "#6fb1d8", "#2b86bd", "#00497a")
_DARK_SHADES: Final = ("#2b3138", "#16242f", "#1b4a6b", "#2a78ab", "#5aafe0", "#c3e6fb")
"""The grey of everyone; then from few to many, of one hue: further from the paper is more."""

SHADES: Final = 10
"""So many shades are told apart where each has a name; the first is that of fewest."""

FONT: Final = "system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"
WIDE: Final = 960
"""How wide a picture is, in pixels, on a page or a slide."""

NARROW: Final = 360
"""How wide it is on a phone, whose screen is some 390 pixels wide."""


def stops(*, dark: bool = False) -> list[str]:
    """The colours that shades run through, from few to many."""
    return list((_DARK_SHADES if dark else _LIGHT_SHADES)[1:])


def everyone(*, dark: bool = False) -> str:
    """The grey of a cell that is not part of the scale."""
    return (_DARK_SHADES if dark else _LIGHT_SHADES)[0]


def shade(number: int, *, dark: bool = False) -> str:
    """The colour of a shade, by its number.

    >>> shade(0), shade(9)
    ('#f1f7fb', '#00497a')
    """
    known = stops(dark=dark)
    place = number / (SHADES - 1) * (len(known) - 1)
    first = min(int(place), len(known) - 2)
    return _between(known[first], known[first + 1], place - first)


def faint(colour: str, opacity: float) -> str:
    """A colour, by its name, let through so much."""
    red, green, blue = _rgb(LIGHT[colour])
    return f"rgba({red},{green},{blue},{opacity})"


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


def _between(one: str, other: str, part: float) -> str:
    mixed = (round(a + (b - a) * part) for a, b in zip(_rgb(one), _rgb(other), strict=True))
    return "#" + "".join(f"{each:02x}" for each in mixed)


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[n : n + 2], 16) for n in (1, 3, 5))
