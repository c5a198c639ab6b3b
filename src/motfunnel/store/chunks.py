"""Lists of keys in pieces that a statement can hold; every database bounds its parameters."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence


def chunks(keys: Collection[str], size: int = 500) -> Iterator[Sequence[str]]:
    """Give keys in their order, so many at a time.

    >>> [*chunks({"c", "a", "b"}, 2)]
    [['a', 'b'], ['c']]
    """
    ordered = sorted(keys)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]
