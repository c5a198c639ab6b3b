"""A picture in SVG, read back: its texts with their boxes, and how many marks of which class."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any
from xml.etree import ElementTree

from attrs import define

from motfunnel.charts.labels import width_of

SVG = "{http://www.w3.org/2000/svg}"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@define
class Box:
    """What a text takes, by the measure of the printer."""

    text: str
    left: float
    right: float
    top: float
    bottom: float

    def is_over(self, other: Box) -> bool:
        """Whether two texts share more than an edge."""
        across = self.left < other.right - 0.6 and other.left < self.right - 0.6
        return across and self.top < other.bottom and other.top < self.bottom


def read(text: str) -> ElementTree.Element:
    """Read a picture; what is embedded in a page gets the name space that the page knows."""
    if "xmlns=" not in text:
        text = text.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return ElementTree.fromstring(text)


def boxes(svg: ElementTree.Element) -> list[Box]:
    """The texts, each with its place."""
    return [_box(one) for one in svg.iter(f"{SVG}text")]


def _box(text: ElementTree.Element) -> Box:
    size = float(text.get("font-size", "12"))
    x, y = float(text.get("x", "0")), float(text.get("y", "0"))
    wide = _wide(text.text, size, text.get("class", ""))
    for run in text:
        wide += _wide(run.text, size, run.get("class", "")) + _wide(run.tail, size, "")
    left = x - {"start": 0, "middle": wide / 2, "end": wide}[text.get("text-anchor", "start")]
    return Box("".join(text.itertext()), left, left + wide, y - 0.75 * size, y + 0.24 * size)


def _wide(text: str | None, size: float, looks: str) -> float:
    look = "strong" if "strong" in looks.split() else ""
    return width_of(text or "", size, look)


def reach(svg: ElementTree.Element) -> list[tuple[float, float]]:
    """The corners of all that is drawn."""
    found = []
    for one in svg.iter():
        known = {key: float(one.get(key, "0")) for key in ("x", "y", "cx", "cy", "r")}
        if one.tag == f"{SVG}rect":
            wide, high = (float(one.get(key, "0")) for key in ("width", "height"))
            assert wide >= 0 and high >= 0
            found += [(known["x"], known["y"]), (known["x"] + wide, known["y"] + high)]
        elif one.tag == f"{SVG}circle":
            r = known["r"]
            found += [(known["cx"] - r, known["cy"] - r), (known["cx"] + r, known["cy"] + r)]
        elif one.tag == f"{SVG}path":
            found += _corners(one.get("d", ""))
    return found


def _corners(path: str) -> list[tuple[float, float]]:
    """Where a path goes, by its letters."""
    x = y = 0.0
    found = []
    for letter, numbers in re.findall(r"([MLHVCZhvz])([^A-Za-z]*)", path):
        values = [float(one) for one in NUMBER.findall(numbers)]
        if letter in "MLC":
            pairs = list(zip(values[::2], values[1::2], strict=True))
            found += pairs
            x, y = pairs[-1]
        elif letter in "Hh":
            x = values[0] + (x if letter == "h" else 0)
        elif letter in "Vv":
            y = values[0] + (y if letter == "v" else 0)
        found.append((x, y))
    return found


def marks(svg: ElementTree.Element) -> Counter[str]:
    """How many marks of which class there are; of those that share a path, each."""
    found: Counter[str] = Counter()
    for one in svg.iter():
        looks = one.get("class", "").split()
        if one.tag in (f"{SVG}svg", f"{SVG}text", f"{SVG}tspan") or "key" in looks or not looks:
            continue
        kind = {"bars": "bar", "cell": "cell"}.get(looks[0], looks[0])
        many = one.get("d", "").count("M") if looks[0] in ("bars", "cell") else 1
        found[kind] += many
    return found


def drawn(figure: Any) -> Counter[str]:
    """The same of plotly's figure: how many marks its traces hold."""
    found: Counter[str] = Counter()
    for trace in (one.to_plotly_json() for one in figure.data):
        kind, mode = trace["type"], trace.get("mode", "")
        if kind in ("bar", "funnel"):
            sizes = trace["x"] if trace.get("orientation") == "h" else trace["y"]
            found["bar"] += sum(one is not None for one in sizes)
        elif kind == "heatmap":
            found["cell"] += sum(one is not None for line in trace["z"] for one in line)
        elif kind == "sankey":
            found["flow"] += len(trace["link"]["value"])
            found["node"] += len(trace["node"]["label"])
        elif mode == "markers":
            found["dot"] += sum(one is not None for one in trace["x"])
        elif trace.get("name") in ("better", "worse"):
            found["link"] += sum(one is None for one in trace["x"])
        elif mode.startswith("lines") and trace.get("name") not in ("lower", "upper"):
            found["line"] += bool(trace["x"])
        elif trace.get("name") == "upper":
            found["band"] += bool(trace["x"])
    return +found
