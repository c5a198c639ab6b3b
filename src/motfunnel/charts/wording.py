"""Wording: the texts of a picture, said otherwise; nothing that is drawn moves.

Knows which parts of a scene are read. Has no words of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from attrs import evolve, fields, has

from motfunnel.charts.scene import Picture

_READ: Final = frozenset(
    (
        *("beside", "blank", "counted", "heading", "hovers", "lettered", "name", "names", "note"),
        *("text", "texts", "title", "told"),
    )
)
"""The fields of marks, axes and panels that hold what is read."""

Say = Callable[[str], str]
"""Gives what is said in place of a text."""


def reworded(picture: Picture, say: Say) -> Picture:
    """The same picture with each of its texts said otherwise."""
    said: Picture = _said(picture, say, is_read=False)
    return said


def _said(value: Any, say: Say, *, is_read: bool) -> Any:
    if isinstance(value, str):
        return say(value) if is_read and value else value
    if isinstance(value, list | tuple):
        return type(value)(_said(one, say, is_read=is_read) for one in value)
    if not has(type(value)):
        return value
    parts = {
        one.alias: _said(getattr(value, one.name), say, is_read=one.name in _READ)
        for one in fields(type(value))
        if one.init
    }
    return evolve(value, **parts)
