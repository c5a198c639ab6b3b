"""Tables: those of an answer, in a reader's words, each number of people a link to them.

A number is a link only where as many names stand behind it; so a list is as long as its number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import evolve, frozen

from motfunnel.answers.answer import Answer, Grouped, Row, grouped
from motfunnel.answers.html import is_words
from motfunnel.charts.labels import readable
from motfunnel.dashboard.words import told
from motfunnel.reports.decisions.simulate import Simulation
from motfunnel.reports.progress.flows import Flows
from motfunnel.reports.progress.lens import LensAnswer

MOST: Final = 60
"""So many rows of a table stand on a page; all of them are in the CSV. Of flows all stand there:
the figure has the largest alone, and here are the others with their people."""

_WORDS: Final[Mapping[type, Sequence[str]]] = {
    Flows: ("from", "to"),
    LensAnswer: ("class",),
    Simulation: ("moment",),
}
"""Under which headings kinds of moments stand; elsewhere the same letters are somebody's name."""


@frozen(kw_only=True)
class Cell:
    """A cell.

    Attributes:
        text: what stands in it.
        href: who is behind it; empty: nobody is.
        is_text: whether its column holds words.
    """

    text: str
    href: str = ""
    is_text: bool = False


@frozen(kw_only=True)
class Table:
    """A table as it stands on a page.

    Attributes:
        caption: above it; empty: there is none.
        header: the headings, each with whether its column holds words.
        rows: their cells.
        more: how many rows are left out.
    """

    caption: str
    header: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]
    more: int = 0


Href = Callable[[int, str], str]
"""Gives the address of the people behind a count, by its row in the answer and its name."""


def tables(answer: Answer[Any], href: Href, person: Callable[[str], str]) -> Iterator[Table]:
    """The tables of an answer, with links."""
    places = {id(row): n for n, row in enumerate(answer.rows)}
    for part, before in _parts(answer):
        most = len(part.rows) if isinstance(part, Flows) else MOST
        for caption, header, rows in part.tables():
            lines = [[cell or "–" for cell in row] for row in rows]
            behind: Sequence[Row | None] = (
                list(part.rows) if len(part.rows) == len(lines) else [None] * len(lines)
            )
            looks = [is_words([line[n] for line in lines]) for n in range(len(header))]
            said = "; ".join(one for one in (before, caption or "") if one)
            yield Table(
                caption=readable(said),
                header=[
                    Cell(text=one, is_text=look or not n)
                    for n, (one, look) in enumerate(zip(header, looks, strict=True))
                ],
                rows=[
                    _line(answer, header, looks, line, row, places, href, person)
                    for line, row in zip(lines[:most], behind, strict=False)
                ],
                more=max(0, len(lines) - most),
            )


def _parts(answer: Answer[Any]) -> Iterator[tuple[Answer[Any], str]]:
    """An answer that tells contacts apart, group by group; any other as it is."""
    if not isinstance(answer, Grouped) or answer.by is None:
        yield answer, ""
        return
    for group, mine in grouped(answer.rows).items():
        yield evolve(answer, rows=tuple(mine), by=None), f"{answer.by}: {group}"


def _line(
    answer: Answer[Any],
    header: Sequence[str],
    looks: Sequence[bool],
    line: Sequence[str],
    row: Row | None,
    places: Mapping[int, int],
    href: Href,
    person: Callable[[str], str],
) -> list[Cell]:
    cells = []
    for n, (heading, text, look) in enumerate(zip(header, line, looks, strict=True)):
        address = ""
        if row is not None:
            address = _address(answer, heading, text, row, lambda key: href(places[id(row)], key))
        if heading == answer.word("contact"):
            address = person(text)
        said = readable(text)
        if heading in _WORDS.get(type(answer), ()):
            said = told(said, answer.spoken)
        cells.append(Cell(text=said, href=address, is_text=look or not n))
    return cells


def _address(
    answer: Answer[Any], heading: str, text: str, row: Row, href: Callable[[str], str]
) -> str:
    """The address of the people of a cell, if as many stand behind it as it says."""
    for part, names in row.names.items():
        if answer.word(part) == heading and names and text == f"{len(names):,}":
            return href(part)
    return ""
