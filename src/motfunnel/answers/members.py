"""Who stands behind a count: numbers of contacts, which become names once somebody asks for them.

Most answers are read for their counts; so names are decoded and sorted late, and once.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import overload


class Members(Sequence[str]):
    """The names of some contacts, sorted; a name is there as often as its number.

    >>> Members(["bob", "ada"], [0, 1, 0])
    ('ada', 'bob', 'bob')

    Args:
        texts: the name of each number.
        numbers: who is counted; a column is kept as it is, and not to be changed any more.
    """

    def __init__(self, texts: Sequence[str], numbers: Iterable[int]) -> None:
        self._texts = texts
        self._numbers = numbers if isinstance(numbers, array) else array("q", numbers)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(sorted(map(self._texts.__getitem__, self._numbers)))

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...

    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        return self._names[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._names == tuple(other)

    def __hash__(self) -> int:
        return hash(self._names)

    def __repr__(self) -> str:
        return repr(self._names)
