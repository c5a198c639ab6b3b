"""Numbers as people write them: with a decimal comma, and signs between thousands."""

from __future__ import annotations

import re
from typing import Final

SIGNS: Final = (",", ".")

_GROUPS: Final = "[ '\u2019\u00a0\u202f{}]"
_FORMS: Final = {
    sign: re.compile(
        rf"[+-]?(?:[0-9]+|[0-9]{{1,3}}(?:{_GROUPS.format(other)}[0-9]{{3}})+)(?:[{sign}][0-9]+)?",
        re.ASCII,
    )
    for sign, other in zip(SIGNS, reversed(SIGNS), strict=True)
}
_ODD: Final = re.compile(r"[+-]?[0-9][0-9.,' \u2019\u00a0\u202f]*[0-9]")


def plain_number(text: str, sign: str) -> str:
    """Write a number whose decimal sign this is as programs do; give any other text as it is.

    >>> plain_number("1.234,50", ","), plain_number("1,200.00", "."), plain_number("free", ",")
    ('1234.50', '1200.00', 'free')
    """
    if _FORMS[sign].fullmatch(text.strip()) is None:
        return text
    return re.sub(
        r"[^0-9+.-]", "", text.replace("." if sign == "," else ",", "").replace(sign, ".")
    )


def is_odd(text: str) -> bool:
    """Whether a text seems to be a number whose signs a program would not know."""
    return _ODD.fullmatch(text.strip()) is not None
