"""Plain tables: the one renderer for text and the one for CSV. Knows no report."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Final
from unicodedata import east_asian_width

from motfunnel.domain.wording import counted

WIDTH: Final = 80
"""How many columns a terminal has at least."""

_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r")
_QUOTED: Final = frozenset(',"\r\n')
_NARROWEST: Final = 8  # of the first column, however little room the others leave


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Set rows in columns, the first to the left and shortened to fit, the others to the right."""
    table = [[_printable(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(_columns, column)) for column in zip(*table, strict=True)]
    most = max(WIDTH - sum(widths[1:]) - 2 * (len(widths) - 1), _NARROWEST)
    widths[0] = min(widths[0], most)

    def line(cells: Sequence[str]) -> str:
        first, *others = cells
        first = _shortened(first, widths[0])
        padded = [" " * (width - _columns(cell)) + cell
                  for cell, width in zip(others, widths[1:], strict=True)]  # fmt: skip
        return "  ".join([first + " " * (widths[0] - _columns(first)), *padded]).rstrip()

    return "\n".join(
        [line(table[0]), "  ".join("─" * width for width in widths), *map(line, table[1:])]
    )


def wrapped(text: str) -> str:
    """Break a sentence into lines that fit a terminal."""
    return textwrap.fill(_printable(text), WIDTH, break_long_words=False, break_on_hyphens=False)


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


def _printable(text: str) -> str:
    """Write out what a terminal would obey: names come from strangers."""
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return len(text) if text.isascii() else sum(1 + (east_asian_width(c) in "WF") for c in text)


def _shortened(text: str, most: int) -> str:
    if _columns(text) <= most:
        return text
    while _columns(text) >= most:
        text = text[:-1]
    return text + "…"
