"""Numbers in sentences: one event, two events. For people; nothing is parsed from it."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Write a number with its noun.

    >>> counted(1, "event"), counted(2000, "event")
    ('1 event', '2,000 events')
    """
    return f"1 {noun}" if number == 1 else f"{number:,} {noun}s"
