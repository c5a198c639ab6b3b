"""How far groups lie apart, in the words that stand above a picture.

Reads the comparison that an answer holds, and computes none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from motfunnel.answers.cells import Cell, cells
from motfunnel.charts.labels import label

_BY_ARM: Final = ("assigned", "landmark")
_ARMS: Final = 2
_SHORT: Final = 18


def apart(answer: Any, before: str = "") -> str:
    """How far two groups lie apart, as the answer of a comparison; nothing where it has none.

    Of several differences those of arms are told, of which there are few.
    """
    found = getattr(answer, "comparison", None)
    if found is None or len(found.differences) > (_ARMS if answer.by in _BY_ARM else 1):
        return ""
    shown = cells(type(found.differences[0])) if found.differences else {}
    told = "".join(
        f"{label(one.group, _SHORT)} less {label(found.against, _SHORT)}: {_points(shown, one)}; "
        for one in found.differences
        if one.difference is not None
    )
    return told and before + told


def _points(shown: Mapping[str, Cell], one: Any) -> str:
    value = shown["difference"].kind.show(one.difference)
    sure = "" if one.interval is None else f" ({shown['interval'].kind.show(one.interval)})"
    return f"{value} points{sure}"
