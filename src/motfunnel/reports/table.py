"""Plain tables: the one renderer for text and the one for CSV. Knows no report."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Sequence
from datetime import timedelta

from motfunnel.domain.wording import counted
from motfunnel.statistics import Interval

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_WIDTH = 92
_DAY = timedelta(days=1)


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Set rows in columns: the first to the left, all others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *others = (cell.ljust(widths[0]) if n == 0 else cell.rjust(widths[n])
                          for n, cell in enumerate(cells))  # fmt: skip
        return "  ".join([first, *others]).rstrip()

    return "\n".join([line(header), "  ".join("─" * width for width in widths), *map(line, rows)])


def wrapped(text: str) -> str:
    """Break a sentence into lines that fit a terminal."""
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def csv_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Write rows as CSV; a text that a spreadsheet would run as a formula is disarmed."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([[_disarm(cell) for cell in row] for row in rows])
    return written.getvalue()


def percent(share: float | None) -> str:
    """Show a share.

    >>> percent(0.2639), percent(None)
    ('26.4%', '–')
    """
    return "–" if share is None else f"{share:.1%}"


def span(interval: Interval | None) -> str:
    """Show the interval around a share.

    >>> span(Interval(lower=0.2245, upper=0.3074)), span(None)
    ('22.4–30.7%', '–')
    """
    return "–" if interval is None else f"{interval.lower * 100:.1f}–{interval.upper * 100:.1f}%"


def days(duration: timedelta | None) -> str:
    """Show a duration in days, and a short one in hours.

    >>> days(timedelta(days=12, hours=12)), days(timedelta(hours=3)), days(None)
    ('12.5 d', '3.0 h', '–')
    """
    if duration is None:
        return "–"
    return f"{duration / _DAY:.1f} d" if duration >= _DAY else f"{duration / _DAY * 24:.1f} h"


def _disarm(cell: object) -> object:
    if isinstance(cell, str) and cell.startswith(_DANGEROUS):
        return "'" + cell
    return "" if cell is None else cell


def without_erased(erased: int) -> str:
    """Say that contacts are missing who were erased."""
    return f"without {counted(erased, 'contact')} erased with nothing of them kept"
