"""How a file of CSV is written: its encoding, and what stands between its cells.

Looks at the beginning only. What is not the usual is recognised and said; what could be two things
is the usual.
"""

from __future__ import annotations

import codecs
import re
from typing import Final, NamedTuple

from motfunnel.errors import SourceError
from motfunnel.intake.files.source import Place, encoding_of, open_bytes

_LOOKED_AT: Final = 1 << 16
_CANDIDATES: Final = (",", ";", "\t", "|")
_NAMES: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SEP: Final = re.compile("\ufeff?sep=([^\r\n])[ \t]*[\r\n]", re.IGNORECASE)
_QUOTED: Final = re.compile(r'"[^"]*"')


class Dialect(NamedTuple):
    """How a file is written.

    Attributes:
        delimiter: what stands between cells.
        encoding: its encoding; None for UTF-8.
        has_sep: whether its first line is a spreadsheet's ``sep=;``, and no header.
        remark: what is not usual; None where all is.
    """

    delimiter: str
    encoding: str | None = None
    has_sep: bool = False
    remark: str | None = None


def find_dialect(path: Place, delimiter: str | None, encoding: str | None) -> Dialect:
    """Find out how a file is written; what is given is taken.

    Raises:
        SourceError: it cannot be opened, or there is no such encoding.
    """
    if encoding is not None:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise SourceError(
                f"there is no encoding {encoding!r}; write e.g. cp1252, latin-1 or utf-16"
            ) from None
    with open_bytes(path) as file:
        start = file.read(_LOOKED_AT)
    found = encoding or encoding_of(start)
    text = start.decode(found or "utf-8-sig", "replace")
    usual = "\t" if ".tsv" in path.suffixes else ","
    sep = _SEP.match(text)
    chosen = delimiter or (sep[1] if sep else _likely(text, usual))
    told = []
    if delimiter is None and chosen != usual:
        told.append(f"with {_NAMES.get(chosen, repr(chosen))} between cells")
    if encoding is None and found is not None:
        told.append(f"as {found.upper()}")
    remark = f"read {', '.join(told)}" if told else None
    return Dialect(chosen, found, sep is not None, remark)


def _likely(text: str, usual: str) -> str:
    """What stands between the cells of the header: the usual, unless another is there oftener."""
    header = _QUOTED.sub("", next((line for line in text.splitlines() if line.strip()), ""))
    best = max(_CANDIDATES, key=header.count)
    return best if header.count(best) > header.count(usual) else usual
