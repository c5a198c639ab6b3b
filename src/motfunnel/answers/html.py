"""Answers as HTML: tables with numbers to the right and words to the left, and a notebook's cell.

What is a column of words is seen by its cells: a table is all text by then. All that strangers
wrote is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final

from motfunnel.charts.labels import readable, visible

_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_NUMERIC: Final = re.compile(r"from (?=[-+\d])|\b(?:and|UTC)\b")
"""Words that stand among numbers: an interval without an upper end, an instant."""

_LONG: Final = 28


_MOST: Final = 100
"""So many rows of a table stand in a notebook; all of them are in the answer."""

_Table = tuple[str | None, Sequence[str], Sequence[Sequence[str]]]


def in_notebook(
    said: Sequence[str], remarks: Sequence[str], figure: str, tables: Iterable[_Table]
) -> str:
    """An answer as a cell of a notebook: its figure, or what it says of itself, and its tables.

    Args:
        said: its title and its definition, where they do not stand in the figure.
        remarks: what a reader has to know besides.
        figure: as SVG; empty: there is none.
        tables: of each the first rows.
    """
    parts = [figure, *(f"<p>{safe(readable(one))}</p>" for one in said)]
    if remarks:
        items = "".join(f"<li>{safe(readable(one))}</li>" for one in remarks)
        parts.append(f"<ul>{items}</ul>")
    for caption, header, rows in tables:
        parts += tabulated((caption, header, rows[:_MOST]))
        if len(rows) > _MOST:
            parts.append(
                f"<p>The first {_MOST} of {len(rows):,} rows; str(answer) has them all.</p>"
            )
    return "\n".join(part for part in parts if part)


def tabulated(table: _Table) -> Iterator[str]:
    """Write a table; where it is wider than the page, it is moved sideways in its place."""
    caption, header, rows = table
    rows = [list(row) for row in rows]
    looks = [_look(n, [row[n] for row in rows]) for n in range(len(header))]
    yield '<div class="table" tabindex="0" role="region" aria-label="Table">\n<table>'
    if caption is not None:
        yield f"<caption><span>{safe(readable(caption))}</span></caption>"
    named = (
        f'<th scope="col"{look}>{safe(one)}</th>' if one.strip() else "<td></td>"
        for one, look in zip(header, looks, strict=True)
    )
    yield f"<thead><tr>{''.join(named)}</tr></thead>\n<tbody>"
    for name, *values in rows:
        cells = "".join(
            f"<td{look}>{safe(one)}</td>" for one, look in zip(values, looks[1:], strict=True)
        )
        yield f'<tr><th scope="row"{looks[0]}>{safe(name)}</th>{cells}</tr>'
    yield "</tbody>\n</table>\n</div>"


def safe(text: str) -> str:
    """Escape a text for markup, with what cannot be seen written out."""
    return escape(visible(text))


def is_words(cells: Sequence[str]) -> bool:
    """Whether a column holds words.

    >>> is_words(["opening", "–"]), is_words(["12.5 d", "≥ 3.0 d"]), is_words(["from +1.0", "–"])
    (True, False, False)
    """
    return any(_WORD.search(_NUMERIC.sub("", cell)) for cell in cells)


def _look(column: int, cells: Sequence[str]) -> str:
    looks = ["text"] if column and is_words(cells) else []
    if (looks or not column) and any(len(cell) > _LONG for cell in cells):
        looks.append("long")
    return f' class="{" ".join(looks)}"' if looks else ""
