"""The picture of any answer: its rows as dots with intervals, by their cells.

The first cell that people read as a number is drawn, with the interval that stands beside it; of a
report that has counts only, bars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from attrs import frozen

from motfunnel.answers.cells import FLAG, SHARE, Cell, Kind, cells
from motfunnel.charts.dots import Dot, dots
from motfunnel.charts.scene import Picture, Run, Text, quiet, strong

_MOST: Final = 30
"""So many rows are shown; of more, those that rest on most."""

_COUNTS: Final = (("numerator", "denominator"), ("openings", "contacts"))
_ALONE: Final = {"K": "new per contact"}
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


def dots_of_cells(
    all_rows: Sequence[Any], row_class: type, words: Mapping[str, str], before: str = ""
) -> Picture:
    """Draw each row: a dot with its interval, or a bar.

    Args:
        all_rows: the rows.
        row_class: their class.
        words: what stands in headings for what is asked differently each time.
        before: what is said before how many were observed.
    """
    drawn = _chosen(cells(row_class), words)
    if drawn is None:
        counted, told = _counted(len(all_rows)), "Nothing is counted."
        return Picture(counted=counted, told=told, blank="nothing is counted")
    rows = _largest(all_rows, drawn.counts)
    return dots(
        [
            Dot(
                name="all" if (name := _name(row, drawn)) is None else name,
                value=getattr(row, drawn.value),
                ends=getattr(row, drawn.interval) if drawn.interval else None,
                beside=_beside(row, drawn),
            )
            for row in rows
        ],
        drawn.heading,
        are_shares=drawn.kind is SHARE,
        are_bars=drawn.interval is None,
        counted=_said(len(all_rows), rows, drawn, words["level"], before),
        told=f"{drawn.heading}, by row: " + "; ".join(_spoken(row, drawn) for row in rows),
    )


def _chosen(known: Mapping[str, Cell], words: Mapping[str, str]) -> Drawn | None:
    """Choose the cells: the first number that has an interval, else the first count."""
    shown = [(name, one) for name, one in known.items() if one.heading is not None]
    texts = [name for name, one in shown if one.kind.name == "text"]
    numbers = [(name, one) for name, one in shown if one.kind.name in ("number", "count")]
    pairs = [
        (name, one, beside)
        for (name, one), (beside, other) in pairwise(shown)
        if one.kind.name == "number" and other.kind.name == "interval"
    ]
    if not numbers:
        return None
    name, one, interval = pairs[0] if pairs else (*numbers[0], None)
    heading = str(one.heading).format_map(words)
    return Drawn(
        name=texts[0] if texts else None,
        value=name,
        kind=one.kind,
        heading=_ALONE.get(heading, heading),
        interval=interval,
        counts=next((pair for pair in _COUNTS if pairs and known.keys() >= {*pair}), None),
    )


def _largest(rows: Sequence[Any], counts: tuple[str, str] | None) -> list[Any]:
    """Keep the rows that rest on most, in the order in which they stand."""
    if len(rows) <= _MOST:
        return list(rows)
    size = {id(row): getattr(row, counts[1]) if counts else 0 for row in rows}
    kept = {id(row) for row in sorted(rows, key=lambda row: -size[id(row)])[:_MOST]}
    return [row for row in rows if id(row) in kept]


def _beside(row: Any, drawn: Drawn) -> Text:
    """What stands right of a row: its number, and of how many."""
    value = getattr(row, drawn.value)
    if drawn.counts is None:
        return Run("–" if value is None else drawn.kind.show(value)), *_flags(row)
    numerator, denominator = (getattr(row, one) for one in drawn.counts)
    if value is None:
        return (quiet("– (nobody observed)"),)
    return strong(drawn.kind.show(value)), quiet(f"{numerator:,} of {denominator:,}")


def _flags(row: Any) -> Text:
    """What is so of a row, by the names of its flags, such as that it is held out."""
    flags = [name for name, one in cells(type(row)).items() if one.kind is FLAG]
    return tuple(quiet(name.replace("_", " ")) for name in flags if getattr(row, name))


def _spoken(row: Any, drawn: Drawn) -> str:
    """The same in words only, for who has it read aloud."""
    value, name = getattr(row, drawn.value), _name(row, drawn)
    shown = "–" if value is None else drawn.kind.show(value)
    counts = drawn.counts and " of ".join(f"{getattr(row, one):,}" for one in drawn.counts)
    return f"{'all' if name is None else name}: {shown}" + (f", {counts}" if counts else "")


def _name(row: Any, drawn: Drawn) -> Any:
    return None if drawn.name is None else getattr(row, drawn.name)


def _said(of: int, rows: Sequence[Any], drawn: Drawn, level: str, before: str) -> str:
    interval = f", {level} intervals" if drawn.interval else ""
    if len(rows) < of:
        which = "first" if drawn.counts is None else "largest"
        return f"the {which} {len(rows)} of the {of:,} listed are drawn{interval}"
    if drawn.counts == _COUNTS[0]:
        return f"{before}n = {sum(row.denominator for row in rows):,} observed{interval}"
    if drawn.counts is not None:
        return f"{drawn.heading}{interval}"
    return _counted(len(rows)) + interval


def _counted(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"
