"""Labels: words as they are set in a picture, whoever wrote them, and how wide they are.

Names come from strangers: so each is shortened, and rid of what cannot be seen. What prints them
escapes them. Measures by the letter, rather too wide than too narrow.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

MOST: Final = 32
"""Letters of a name beside an axis; what is longer is shortened."""

_JOINERS: Final = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
_JOINED: Final = "\u0590"
"""The first letter of the scripts in which they are seen: from Hebrew on."""
_INSTANT: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):(\d\d)\.(\d{6})Z")
_WIDTHS: Final = (
    (0.34, "'ijlIJ,.:;/\\| ·"),
    (0.44, "-f()[]t!r"),
    (0.56, 'sz?cLkF"*_`–'),
    (0.64, "vxyPTaeoY$0123456789ESbdghnpqu{}"),
    (0.8, "KABVXZCRUNH&DGOQ"),
    (0.88, "w#+<=>^~M→≥"),
    (1.0, "%mW@…—"),
)
"""How wide letters are, in parts of their size, in the widest of the usual letters of screens."""

_WIDTH: Final = {letter: width for width, letters in _WIDTHS for letter in letters}
_OTHER: Final = 1.1
_FULL: Final = 1.4
_STRONG: Final = 1.15


def label(text: object, most: int = MOST) -> str:
    """Set a name: on one line, and not too long.

    >>> label("a name"), label("a" * 40, 8)
    ('a name', 'aaaaaaa…')
    """
    shown = visible(str(text))
    return shown if len(shown) <= most else shown[: most - 1] + "…"


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

    What joins or parts the letters of Persian, Hindi and the like stays: there it is seen.

    >>> visible("a\u202eb"), visible("a\u200cb"), visible("می\u200cرفت") == "می\u200cرفت"
    ('a\\u202eb', 'a\\u200cb', True)
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() or _is_joining(text, n) else one.encode("unicode_escape").decode()
        for n, one in enumerate(text)
    )


def _is_joining(text: str, place: int) -> bool:
    """Whether a sign joins or parts two letters of a script in which that is seen."""
    around = text[max(0, place - 1) : place] + text[place + 1 : place + 2]
    return (
        text[place] in _JOINERS
        and len(around) == 2  # noqa: PLR2004 - one before it, and one behind
        and all(one >= _JOINED and unicodedata.category(one)[0] in "LM" for one in around)
    )


def readable(text: str) -> str:
    """Write the instants in a text as people do.

    >>> readable("from 2025-02-10T00:00:00.000000Z to 2025-03-02T09:30:00.000000Z")
    'from 2025-02-10 to 2025-03-02 09:30 UTC'
    """
    return _INSTANT.sub(_instant, text)


def moment(at: datetime) -> str:
    """Write an instant in UTC, with seconds only where there are some."""
    return readable(at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


def fewer(drawn: int, of: int, what: str = "rows") -> str:
    """Say that not all is drawn; nothing where it is.

    >>> fewer(30, 100), fewer(30, 30)
    (', the first 30 of 100 rows are drawn', '')
    """
    return f", the first {drawn:,} of {of:,} {what} are drawn" if drawn < of else ""


def width_of(text: str, size: float = 12, look: str = "") -> float:
    """How many pixels a text is wide, at most.

    >>> width_of("lead"), width_of("lead", look="strong") > width_of("lead")
    (27.1, True)
    """
    wide = sum(_WIDTH.get(one) or _unusual(one) for one in text)
    return round(wide * size * (_STRONG if look == "strong" else 1), 1)


def wrapped(text: str, width: float, size: float = 12, look: str = "") -> list[str]:
    """Break a text into lines that are no wider; a word that is wider is broken too.

    >>> wrapped("one and another", 60), wrapped("a" * 12, 60)
    (['one and', 'another'], ['aaaaaaa', 'aaaaa'])
    """
    lines, line = [], ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if width_of(joined, size, look) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        *whole, line = _torn(word, width, size, look)
        lines += whole
    return [*lines, line]


def _torn(word: str, width: float, size: float, look: str) -> list[str]:
    parts, part = [], ""
    for letter in word:
        if part and width_of(part + letter, size, look) > width:
            parts.append(part)
            part = ""
        part += letter
    return [*parts, part]


def _unusual(letter: str) -> float:
    return _FULL if unicodedata.east_asian_width(letter) in "WF" else _OTHER


def _instant(match: re.Match[str]) -> str:
    day, minute, second, fraction = match.groups()
    if (minute, second, fraction) == ("00:00", "00", "000000"):
        return day
    rest = "" if second == "00" else f":{second}"
    return f"{day} {minute}{rest} UTC"
