"""Dots with intervals, one for each row; bars where there are counts only; gaps between two dots.

What is said of a row stands right of the axes. The line of a gap is blue where the second score is
the better one, and orange where it is the worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from motfunnel.charts.labels import fewer, labels
from motfunnel.charts.scene import (
    Axis,
    Bars,
    Dots,
    Ends,
    Links,
    Panel,
    Picture,
    Rows,
    Text,
    around,
    numbers,
    quiet,
    shares,
    strong,
)
from motfunnel.charts.style import BLUE, INK, ORANGE, PAPER, QUIET

_MOST: Final = 30  # rows of gaps; dots are cut by who asks


@frozen(kw_only=True)
class Dot:
    """One row of the picture.

    Attributes:
        name: of the row, as anybody wrote it.
        value: what is drawn; None: nothing.
        ends: of its interval; None: there is none.
        beside: what stands right of it.
    """

    name: object
    value: float | None
    ends: Ends | None
    beside: Text


@frozen
class Gap:
    """Two scores, how far they lie apart, and on how many they rest."""

    name: str
    first: float | None
    second: float | None
    gap: float | None
    n: int


def dots(
    rows: Sequence[Dot],
    heading: str,
    *,
    are_shares: bool,
    are_bars: bool,
    counted: str,
    told: str,
) -> Picture:
    """Draw a dot with its interval in each row, or a bar."""
    values = [row.value for row in rows]
    marks = (
        Bars(name="", colour=BLUE, sizes=values, is_in_legend=False)
        if are_bars
        else Dots(x=values, y=range(len(rows)), ends=[row.ends for row in rows])
    )
    return Picture(
        panels=(
            Panel(
                marks=(marks,),
                y=Rows(names=labels(row.name for row in rows), beside=[row.beside for row in rows]),
            ),
        ),
        x=scale(heading, values, [row.ends for row in rows], are_shares=are_shares),
        counted=counted,
        told=told,
    )


def scale(
    title: str,
    values: Sequence[float | None],
    ends: Sequence[Ends | None],
    *,
    are_shares: bool,
) -> Axis:
    """An axis from nothing on, as long as the longest interval."""
    all_values = [*values, *(each.upper for each in ends if each is not None)]
    return (shares if are_shares else numbers)(title, all_values)


def gaps(all_rows: Sequence[Gap], first: str, second: str, what: str) -> Picture:
    """Draw two dots in each row, and the line between them.

    Args:
        all_rows: the rows; only the first ones are drawn, which is said.
        first: what the first scores are called.
        second: what the second ones are called.
        what: what a row rests on so many of.
    """
    rows = list(all_rows[:_MOST])
    total = sum(row.n for row in rows)
    said = [f"{row.name}: {_score(row.first)} {first}, {_score(row.second)} {second}, n = {row.n:,}"
            for row in rows]  # fmt: skip
    scores = [score for row in rows for score in (row.first, row.second)]
    return Picture(
        panels=(
            Panel(
                marks=(
                    _links(rows, "worse", ORANGE, better=False),
                    _links(rows, "better", BLUE, better=True),
                    _scores(first, [row.first for row in rows], PAPER, QUIET),
                    _scores(second, [row.second for row in rows], INK, INK),
                ),
                y=Rows(
                    names=labels((row.name for row in rows), 40),
                    beside=[_apart(row) for row in rows],
                ),
            ),
        ),
        x=around("mean score", scores),
        has_legend=True,
        counted=f"n = {total:,} {what}{fewer(len(rows), len(all_rows))}",
        told=f"Dots of {first} and {second}. {'; '.join(said)}.",
    )


def _links(rows: Sequence[Gap], name: str, colour: str, *, better: bool) -> Links:
    """The lines of a colour: from one score to the other, where both are known."""
    both = [
        (n, row.first, row.second)
        for n, row in enumerate(rows)
        if row.first is not None and row.second is not None and (row.second >= row.first) is better
    ]
    return Links(
        name=name,
        colour=colour,
        rows=[n for n, _, _ in both],
        first=[one for _, one, _ in both],
        second=[other for _, _, other in both],
    )


def _scores(name: str, x: list[float | None], fill: str, edge: str) -> Dots:
    return Dots(
        x=x,
        y=range(len(x)),
        fill=fill,
        colour=edge,
        name=name,
        is_in_legend=True,
        hovers=["" if score is None else f"{name} {score:.2f}" for score in x],
    )


def _apart(row: Gap) -> Text:
    n = quiet(f"n = {row.n:,}")
    return (n,) if row.gap is None else (strong(f"{row.gap:+z.2f}"), n)


def _score(score: float | None) -> str:
    return "–" if score is None else f"{score:.2f}"
