"""Dots with intervals, one for each row; bars where a report has counts only.

The first cell that people read as a number is drawn, with the interval that stands beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from attrs import frozen

from motfunnel.answers.answer import Answer
from motfunnel.answers.cells import FLAG, SHARE, Kind, cells
from motfunnel.charts.labels import labels, room
from motfunnel.charts.picture import Picture
from motfunnel.charts.style import (
    BLUE,
    GREY,
    INK,
    QUIET,
    TICKS_OF_SHARES,
    axis,
    faint,
    names,
    note,
)
from motfunnel.figures.apart import apart

MOST: Final = 30
"""So many rows are shown; of more, those that rest on most."""

_COUNTS: Final = (("numerator", "denominator"), ("openings", "contacts"))
_ROW: Final = 30
_ALONE: Final = {"K": "openings per contact"}
"""What a heading is called where no table stands beside it."""


@frozen(kw_only=True)
class Drawn:
    """Which cells of a row are drawn.

    Attributes:
        name: the one that names the row; None: there is none.
        value: the one that is drawn.
        kind: its kind.
        heading: what it is called.
        interval: the one that holds its interval; None: there is none.
        counts: those of its numerator and its denominator, where there are such.
    """

    name: str | None
    value: str
    kind: Kind
    heading: str
    interval: str | None
    counts: tuple[str, str] | None


def picture(answer: Answer[Any]) -> Picture:
    """Draw each row: a dot with its interval, or a bar."""
    drawn = drawn_of(answer)
    if drawn is None:
        return Picture(
            traces=[],
            counted=_counted(len(answer.rows)),
            told="Nothing is counted.",
            blank="nothing is counted",
        )
    rows = largest(answer.rows, drawn.counts)
    names_of = (_name(row, drawn) for row in rows)
    said = labels("all" if name is None else name for name in names_of)
    trace = _dots(rows, drawn) if drawn.interval else _bars(rows, drawn)
    return Picture(
        traces=[trace],
        layout={
            "xaxis": axis(drawn.heading, **_scale(rows, drawn)),
            "yaxis": names(said),
            "annotations": [_beside(row, n, drawn) for n, row in enumerate(rows)],
        },
        counted=_said(answer, rows, drawn),
        told=f"{drawn.heading}, by row: " + "; ".join(_spoken(row, drawn) for row in rows),
        left=room(said),
        right=190,
        height=120 + 68 + _ROW * max(len(rows), 2),
    )  # fmt: skip


def drawn_of(answer: Answer[Any]) -> Drawn | None:
    """Choose the cells: the first number that has an interval, else the first count."""
    known = [
        (name, one) for name, one in cells(answer.row_class).items() if one.heading is not None
    ]
    texts = [name for name, one in known if one.kind.name == "text"]
    numbers = [(name, one) for name, one in known if one.kind.name in ("number", "count")]
    pairs = [
        (name, one, beside)
        for (name, one), (beside, other) in pairwise(known)
        if one.kind.name == "number" and other.kind.name == "interval"
    ]
    if not numbers:
        return None
    name, one, interval = pairs[0] if pairs else (*numbers[0], None)
    has = set(cells(answer.row_class))
    heading = str(one.heading).format_map(answer.words())
    return Drawn(
        name=texts[0] if texts else None,
        value=name,
        kind=one.kind,
        heading=_ALONE.get(heading, heading),
        interval=interval,
        counts=next((pair for pair in _COUNTS if pairs and has.issuperset(pair)), None),
    )


def largest(rows: Sequence[Any], counts: tuple[str, str] | None) -> list[Any]:
    """Keep the rows that rest on most, in the order in which they stand."""
    if len(rows) <= MOST:
        return list(rows)
    size = {id(row): getattr(row, counts[1]) if counts else 0 for row in rows}
    kept = {id(row) for row in sorted(rows, key=lambda row: -size[id(row)])[:MOST]}
    return [row for row in rows if id(row) in kept]


def _dots(rows: Sequence[Any], drawn: Drawn) -> dict[str, Any]:
    values = [getattr(row, drawn.value) for row in rows]
    ends = [getattr(row, str(drawn.interval)) for row in rows]
    told = [(value, end) for value, end in zip(values, ends, strict=True)]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": values,
        "y": list(range(len(rows))),
        "marker": {"size": 11, "color": BLUE},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [0 if v is None or e is None else e.upper - v for v, e in told],
            "arrayminus": [0 if v is None or e is None else v - e.lower for v, e in told],
            "color": faint(BLUE, 0.55),
            "thickness": 2.5,
            "width": 0,
        },
        "hoverinfo": "skip",
    }


def _bars(rows: Sequence[Any], drawn: Drawn) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "x": [getattr(row, drawn.value) for row in rows],
        "y": list(range(len(rows))),
        "marker": {"color": BLUE},
        "width": 0.62,
        "hoverinfo": "skip",
    }


def _beside(row: Any, n: int, drawn: Drawn) -> dict[str, Any]:
    """What stands right of a row: its number, and of how many."""
    value = getattr(row, drawn.value)
    colour = GREY if value is None else INK
    at: dict[str, Any] = {"x": 1, "xanchor": "left", "xshift": 12, "y": n, "yref": "y"}
    return note(_shown(row, drawn), font={"size": 12, "color": colour}, **at)


def _shown(row: Any, drawn: Drawn) -> str:
    value = getattr(row, drawn.value)
    if drawn.counts is None:
        return ("–" if value is None else drawn.kind.show(value)) + _flags(row)
    numerator, denominator = (getattr(row, one) for one in drawn.counts)
    if value is None:
        return "– (nobody observed)"
    share = drawn.kind.show(value)
    return f"<b>{share}</b> <span style='color:{QUIET}'>{numerator:,} of {denominator:,}</span>"


def _flags(row: Any) -> str:
    """What is so of a row, by the names of its flags, such as that it is held out."""
    flags = [name for name, one in cells(type(row)).items() if one.kind is FLAG]
    words = [name.replace("_", " ") for name in flags if getattr(row, name)]
    return "".join(f" <span style='color:{QUIET}'>{one}</span>" for one in words)


def _spoken(row: Any, drawn: Drawn) -> str:
    """The same in words only, for who has it read aloud."""
    value, name = getattr(row, drawn.value), _name(row, drawn)
    shown = "–" if value is None else drawn.kind.show(value)
    counts = drawn.counts and " of ".join(f"{getattr(row, one):,}" for one in drawn.counts)
    return f"{'all' if name is None else name}: {shown}" + (f", {counts}" if counts else "")


def _name(row: Any, drawn: Drawn) -> Any:
    return None if drawn.name is None else getattr(row, drawn.name)


def _scale(rows: Sequence[Any], drawn: Drawn) -> dict[str, Any]:
    """From nothing on; where there is no number at all, a scale to one says so best."""
    scale: dict[str, Any] = {"tickformat": TICKS_OF_SHARES if drawn.kind is SHARE else ",~g"}
    if not any(getattr(row, drawn.value) for row in rows):
        ends = [getattr(row, drawn.interval) for row in rows] if drawn.interval else []
        return scale | {"range": [0, max([one.upper * 1.05 for one in ends if one] or [1])]}
    return scale | {"rangemode": "tozero"}


def _said(answer: Answer[Any], rows: Sequence[Any], drawn: Drawn) -> str:
    interval = f", {answer.confidence * 100:.4g}% intervals" if drawn.interval else ""
    if len(rows) < len(answer.rows):
        listed = f"of the {len(answer.rows):,} listed are drawn{interval}"
        which = "first" if drawn.counts is None else "largest"
        return f"the {which} {len(rows)} {listed}"
    if drawn.counts == _COUNTS[0]:
        total = sum(row.denominator for row in rows)
        return f"{apart(answer)}n = {total:,} observed{interval}"
    if drawn.counts is not None:
        return f"{drawn.heading}{interval}"
    return _counted(len(rows)) + interval


def _counted(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"
