"""Values in words: one event, two events; a value on one line of a prompt.

For people; nothing is parsed from it.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from html import escape
from typing import Any

from attrs import fields


def counted(number: int, noun: str) -> str:
    """Write a number with its noun.

    >>> counted(1, "event"), counted(2000, "event")
    ('1 event', '2,000 events')
    """
    return f"1 {noun}" if number == 1 else f"{number:,} {noun}s"


def brief(value: Any) -> str:
    """Write an attrs value on one line, without the fields that are None."""
    told = ((one.name, getattr(value, one.name)) for one in fields(type(value)))
    parts = ", ".join(f"{name}={_part(it)}" for name, it in told if it is not None)
    return f"{type(value).__name__}({parts})"


def preformatted(value: object) -> str:
    """Write a value for a notebook, as it prints."""
    return f"<pre>{escape(str(value))}</pre>"


def _part(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return repr(value.value if isinstance(value, Enum) else value)
