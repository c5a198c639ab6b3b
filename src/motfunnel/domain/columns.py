"""Columns of whole numbers, and the numbers of texts: many values without an object for any.

Knows nothing of what is in them.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any, Final, TypeAlias

Column: TypeAlias = "array[int]"
"""Whole numbers, eight bytes each."""
NEVER: Final = 1 << 62
"""An instant past every instant, in microseconds: what never came is later than any other."""


class Codes(dict[str | None, int]):
    """The numbers of texts, from 0 on in the order in which they come; a new one gets the next.

    >>> codes = Codes()
    >>> [codes[text] for text in ("b", "a", "b")], codes.texts
    ([0, 1, 0], ['b', 'a'])

    Attributes:
        texts: the text of each number.
    """

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[Any] = []

    def numbers(self, texts: Iterable[str | None]) -> Iterator[int]:
        """The number of each of many texts, which cost less together.

        >>> [*Codes().numbers(["b", "a", "b"])]
        [0, 1, 0]
        """
        many = list(texts)
        new = [text for text in dict.fromkeys(many) if text not in self]
        self.update(zip(new, count(len(self.texts)), strict=False))
        self.texts += new
        return map(self.__getitem__, many)

    def __missing__(self, text: str | None) -> int:
        number = self[text] = len(self.texts)
        self.texts.append(text)
        return number


def column(values: Iterable[int] = ()) -> Column:
    """Make a column of some numbers.

    >>> column([3, 1]).tolist()
    [3, 1]
    """
    return array("q", values)


def pick(values: Sequence[Any], places: Iterable[int]) -> Sequence[Any]:
    """The values at some places: of a column a column, of nothing nothing.

    >>> pick(column([5, 6, 7]), [2, 0]).tolist(), pick((), [2, 0])
    ([7, 5], ())
    """
    if not values:
        return values
    picked = map(values.__getitem__, places)
    return column(picked) if isinstance(values, array) else [*picked]
