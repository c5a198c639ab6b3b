"""Labels: words as they are set in a picture, whoever wrote them.

The library that draws reads tags and entities in every text, and names come from strangers: so each
is escaped, shortened, and rid of what cannot be seen. Measures roughly, by the letter.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from html import escape
from typing import Final

from motfunnel.charts.style import WIDTH

MOST: Final = 32
"""Letters of a name beside an axis; what is longer is shortened."""

_INSTANT: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):(\d\d)\.(\d{6})Z")
_LETTER: Final = 7.2
"""How wide a letter is, in pixels, at the size of names beside an axis."""

_KEY: Final = 46
"""How wide the sign before a name in a legend is, with the gap behind the name."""

_LINE: Final = 20
_FORMS: Final = {"year": "%Y", "month": "%b %Y"}


def label(text: object, most: int = MOST) -> str:
    """Set a name: escaped, on one line, and not too long.

    >>> label("<b>price</b>"), label("a" * 40, 8)
    ('&lt;b&gt;price&lt;/b&gt;', 'aaaaaaa…')
    """
    shown = visible(str(text))
    return escape(shown if len(shown) <= most else shown[: most - 1] + "…", quote=False)


def labels(texts: Iterable[object], most: int = MOST) -> list[str]:
    """Set names beside each other: of those that would look alike if shortened, none is.

    >>> labels(["a" * 9 + "1", "a" * 9 + "2", "b" * 10], 8)
    ['aaaaaaaaa1', 'aaaaaaaaa2', 'bbbbbbb…']
    """
    said = [*map(str, texts)]
    short = {text: label(text, most) for text in said}
    often = Counter(short.values())
    return [
        short[text] if often[short[text]] == 1 else label(text, len(visible(text))) for text in said
    ]


def visible(text: str) -> str:
    r"""Write out what cannot be seen, such as control characters and marks that turn a line round.

    >>> visible("a\u202eb")
    'a\\u202eb'
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )


def lines(text: str, columns: int) -> list[str]:
    """Break a sentence into lines, each escaped."""
    broken = textwrap.wrap(readable(visible(text)), columns, break_on_hyphens=False)
    return [escape(line, quote=False) for line in broken]


def readable(text: str) -> str:
    """Write the instants in a text as people do.

    >>> readable("from 2025-02-10T00:00:00.000000Z to 2025-03-02T09:30:00.000000Z")
    'from 2025-02-10 to 2025-03-02 09:30 UTC'
    """
    return _INSTANT.sub(_instant, text)


def moment(at: datetime) -> str:
    """Write an instant in UTC, with seconds only where there are some."""
    return readable(at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


def named(day: date, period: str) -> str:
    """Name a period by its first day.

    >>> named(date(2025, 4, 1), "quarter"), named(date(2025, 4, 1), "month")
    ('Q2 2025', 'Apr 2025')
    """
    if period == "quarter":
        return f"Q{(day.month + 2) // 3} {day.year}"
    return day.strftime(_FORMS[period]) if period in _FORMS else day.isoformat()


def fewer(drawn: int, of: int, what: str = "rows") -> str:
    """Say that not all is drawn; nothing where it is.

    >>> fewer(30, 100), fewer(30, 30)
    (', the first 30 of 100 rows are drawn', '')
    """
    return f", the first {drawn:,} of {of:,} {what} are drawn" if drawn < of else ""


def room(labels: Iterable[str], least: int = 64) -> int:
    """How many pixels names need that stand left of an axis."""
    longest = max((len(re.sub(r"&\w+;", "x", one)) for one in labels), default=0)
    return max(least, round(longest * _LETTER) + 28)


def legend_room(names: Iterable[str], beside: int) -> int:
    """How many pixels a legend above the axes needs, with so many left and right of them.

    >>> legend_room(["search: 40.0%", "newsletter: 40.0%"], 160), legend_room(["a" * 60] * 3, 160)
    (20, 60)
    """
    rows, taken = 1, 0.0
    for name in names:
        wide = _KEY + _LETTER * len(re.sub(r"&\w+;", "x", name))
        if taken and taken + wide > WIDTH - beside:
            rows, taken = rows + 1, 0.0
        taken += wide
    return _LINE * rows


def _instant(match: re.Match[str]) -> str:
    day, minute, second, fraction = match.groups()
    if (minute, second, fraction) == ("00:00", "00", "000000"):
        return day
    rest = "" if second == "00" else f":{second}"
    return f"{day} {minute}{rest} UTC"
