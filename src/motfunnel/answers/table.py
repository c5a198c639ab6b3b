"""Plain tables: the one renderer for text and the one for CSV. Knows no report."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Final
from unicodedata import category, east_asian_width

from motfunnel.charts.labels import visible
from motfunnel.text import counted

WIDTH: Final = 80
"""How many columns a line of words takes at most; longer ones are hard to read."""

_UPON: Final = ("Mn", "Me", "Cf")
"""The categories of what takes no column of its own."""
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r")
_QUOTED: Final = frozenset(',"\r\n')
_NARROWEST: Final = 16  # of a column whose cells are folded; no number needs more


def text_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None
) -> str:
    """Set rows in columns, the first to the left, the others to the right. Nothing is cut.

    Args:
        header: what stands above the columns.
        rows: their cells.
        width: how many columns of a terminal there are: what does not fit is folded, the widest
            first, over as many lines as it needs. None: as many as it takes, and only headings
            are folded, where a table is wider than a line of words.
    """
    table = [[visible(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(_columns, column)) for column in zip(*table, strict=True)]
    least = [_least(column) for column in zip(*table, strict=True)]
    widths = _narrowed(widths, least, WIDTH if width is None else width)
    widths = widths if width is None else _narrowed(widths, [_NARROWEST] * len(widths), width)

    def lines(cells: Sequence[str]) -> Iterator[str]:
        folded = [list(_folded(*one)) for one in zip(cells, widths, strict=True)]
        for first, *others in zip_longest(*folded, fillvalue=""):
            padded = [" " * (width - _columns(cell)) + cell
                      for cell, width in zip(others, widths[1:], strict=True)]  # fmt: skip
            yield "  ".join([first + " " * (widths[0] - _columns(first)), *padded]).rstrip()

    rule = "  ".join("─" * width for width in widths)
    return "\n".join([*lines(table[0]), rule, *(line for row in table[1:] for line in lines(row))])


def wrapped(text: str, width: int | None = None) -> str:
    """Break a sentence into lines that one can read, and that fit a terminal of so many columns."""
    fits = WIDTH if width is None else min(width, WIDTH)
    return textwrap.fill(visible(text), fits, break_long_words=False, break_on_hyphens=False)


def csv_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write rows as CSV; a text that a spreadsheet would run as a formula is disarmed."""
    return "".join(",".join(map(_csv_cell, line)) + "\n" for line in (header, *rows))


def without_erased(erased: int) -> str:
    """Say that contacts are missing who were erased."""
    return f"without {counted(erased, 'contact')} erased with nothing of them kept"


def _csv_cell(value: object) -> str:
    """Write one cell; a lone carriage return is quoted too, which Python's writer forgets."""
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, str) and text.startswith(_DANGEROUS):
        text = "'" + text
    return '"' + text.replace('"', '""') + '"' if _QUOTED.intersection(text) else text


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return len(text) if text.isascii() else sum(map(_column, text))


def _column(letter: str) -> int:
    """None for a mark that stands upon the letter before it, and for a sign that is not seen."""
    return 0 if category(letter) in _UPON else 1 + (east_asian_width(letter) in "WF")


def _least(column: Sequence[str]) -> int:
    """How narrow a column can be with its heading folded between words, and no cell."""
    heading, *cells = column
    return max(_columns(one) for one in (*heading.split(), *cells, ""))


def _narrowed(widths: Sequence[int], least: Sequence[int], width: int) -> list[int]:
    """Narrow the widest column, and then the next, until all fit; none below its least."""
    fitted = list(widths)
    over = sum(fitted) + 2 * (len(fitted) - 1) - width
    while over > 0 and (n := _widest(fitted, least)) is not None:
        fitted[n] -= 1
        over -= 1
    return fitted


def _widest(widths: Sequence[int], least: Sequence[int]) -> int | None:
    """Which column is the widest of those that can be narrowed; None: none can."""
    able = [n for n, (now, then) in enumerate(zip(widths, least, strict=True)) if now > then]
    return max(able, key=widths.__getitem__, default=None)


def _folded(text: str, width: int) -> Iterator[str]:
    """Break a cell into lines of a width, at spaces where there are some."""
    while _columns(text) > width:
        end = 1
        while end < len(text) and _columns(text[: end + 1]) <= width:
            end += 1
        end = text.rfind(" ", 0, end) + 1 or end
        yield text[:end]
        text = text[end:]
    yield text
