"""What the eye needs: every text on its ground is read, in the light and in the dark."""

from __future__ import annotations

import re

import pytest

from motfunnel.dashboard.assets import SHEET, assets

ON_PAPER = ":root { --paper: #fff; }"  # which is printed, and black on white
SHEET_TEXT = assets()[SHEET].content.decode().replace(ON_PAPER, "")
LEAST = 4.5  # WCAG 2.2, 1.4.3
GROUNDS = (
    *((ink, ground) for ink in ("ink", "quiet", "blue") for ground in ("paper", "card")),
    ("warn-ink", "warn"),
    ("card", "ink"),  # a tooltip
)


def colours(*, dark: bool) -> dict[str, str]:
    """The colours of a scheme by their names; what the dark does not say, the light does."""
    found: dict[str, str] = {}
    for block in re.findall(r"(@media[^{]*\{\s*)?([:.][^{}]*)\{([^{}]*--[^{}]*)\}", SHEET_TEXT):
        is_dark = "dark" in block[0]
        if dark or not is_dark:
            found |= dict(re.findall(r"--([\w-]+):\s*(#[0-9a-fA-F]{3,6})", block[2]))
    return found


def contrast(one: str, other: str) -> float:
    """How much lighter one is than the other, as WCAG counts it."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(one * 2 for one in colour[1:])
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    red, green, blue = (
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("dark", [False, True])
def test_texts_stand_out(dark: bool) -> None:
    """Words on paper, cards and warnings, and shares in each shade of the table of cohorts."""
    known = colours(dark=dark)
    for ink, ground in GROUNDS:
        assert contrast(known[ink], known[ground]) >= LEAST, (ink, ground)
    shades = re.findall(r"\.c(\d) \{ background: var\(--mf-s\d\); color: ([^;]+);", SHEET_TEXT)
    assert len(shades) == 10
    for number, ink in shades:
        told = re.sub(r"var\(--([\w-]+)\)", lambda name: known[name[1]], ink)
        assert contrast(told, known[f"mf-s{number}"]) >= LEAST, number


def test_a_scheme_is_another() -> None:
    """The test above looks at two of them."""
    light, dark = colours(dark=False), colours(dark=True)
    assert light.keys() == dark.keys()
    assert contrast(light["paper"], dark["paper"]) > 10
    assert light["mf-s5"] != dark["mf-s5"]
