"""What changes of numbered rows: the stretch of them that is not the same before and after."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Generic, TypeVar

from attrs import frozen

Item = TypeVar("Item")


@frozen
class Change(Generic[Item]):
    """The rows from a number on, before and after; both as short as they can be.

    Attributes:
        first: the number of the first row of both.
        before: what is stored.
        after: what is to be.
    """

    first: int
    before: Sequence[Item]
    after: Sequence[Item]

    def gone(self) -> list[int]:
        """The numbers of the rows that are to go, or to be written anew."""
        return [self.first + n for n in self._places() if n < len(self.before)]

    def made(self) -> list[tuple[int, Item]]:
        """The rows that are to be written, with their numbers."""
        return [(self.first + n, self.after[n]) for n in self._places() if n < len(self.after)]

    def _places(self) -> list[int]:
        pairs = enumerate(zip_longest(self.before, self.after))
        return [place for place, (old, new) in pairs if old != new]


def change(first: int, before: Sequence[Item], after: Sequence[Item]) -> Change[Item]:
    """Leave out what is the same at the beginning and, where as many are to be, at the end.

    >>> change(3, "abcde", "abxde")
    Change(first=5, before='c', after='x')
    >>> change(0, "abc", "abcd")
    Change(first=3, before='', after='d')
    """
    start, end = 0, len(before)
    shorter = min(end, len(after))
    while start < shorter and before[start] == after[start]:
        start += 1
    if end != len(after):
        return Change(first + start, before[start:], after[start:])
    while end > start and before[end - 1] == after[end - 1]:
        end -= 1
    return Change(first + start, before[start:end], after[start:end])
