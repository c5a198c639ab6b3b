"""Who stands behind a count: numbers of contacts, which become names once somebody asks for them.

Most answers are read for their counts; so names are decoded and put in order late, and once.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import overload


class Members(Sequence[str]):
    """The names of some contacts, sorted or as given; a name is there as often as its number.

    >>> Members(["bob", "ada"], [0, 1, 0])
    ('ada', 'bob', 'bob')
    >>> Members(["bob", "ada"], [0, 1, 0], are_in_order=True)
    ('bob', 'ada', 'bob')

    Args:
        texts: the name of each number.
        numbers: who is counted; a column is kept as it is, and not to be changed any more.
        are_in_order: whether the order of the numbers says something, and stays.
    """

    def __init__(
        self, texts: Sequence[str], numbers: Iterable[int], *, are_in_order: bool = False
    ) -> None:
        self._texts = texts
        self._are_in_order = are_in_order
        self._numbers = numbers if isinstance(numbers, array) else array("q", numbers)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        names = map(self._texts.__getitem__, self._numbers)
        return tuple(names if self._are_in_order else sorted(names))

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
