"""What start events say, put to the clocks that they began: found by contact and key.

Start events come in any order, and of those that began no clock nothing is kept.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, Final, Self

from motfunnel.domain.columns import Column, column
from motfunnel.reports.facts.relations import places_of
from motfunnel.reports.measure.clock import Readings

_UNSAID: Final = -1


class Starts:
    """The value of each of some clocks, until a start event says it ``_UNSAID``.

    Args:
        contacts: whose each clock is, contact by contact.
        keys: what tells the clocks of a contact apart: rising numbers, or events; without any a
            contact has one clock.
    """

    def __init__(self, contacts: Column, keys: Sequence[Hashable]) -> None:
        self._said = column([_UNSAID]) * len(contacts)
        self._places = places_of(contacts)
        self._numbers: Any = keys if isinstance(keys, array) else ()
        events = () if self._numbers else keys
        self._events = {event: place for place, event in enumerate(events)}

    @classmethod
    def of(cls, chosen: Readings) -> Self:
        """Those of some clocks."""
        return cls(chosen.contact, chosen.key)

    def put(self, contact: int, key: Any, value: int) -> None:
        """Say what a start event says; of several of one key the first is heard."""
        for place in self._found(contact, key):
            if self._said[place] == _UNSAID:
                self._said[place] = value

    def put_where(self, labels: Column, label: int, value: int) -> None:
        """Say it of those that nothing was said of, and that have a label."""
        for place, (said, one) in enumerate(zip(self._said, labels, strict=False)):
            if said == _UNSAID and one == label:
                self._said[place] = value

    def values(self, unsaid: int) -> Column:
        """The value of each clock; of those that nothing was said of, another."""
        return column(unsaid if one == _UNSAID else one for one in self._said)

    def _found(self, contact: int, key: Any) -> Iterator[int]:
        mine = self._places.get(contact, range(0))
        if self._numbers:
            place = bisect_left(self._numbers, key, mine.start, mine.stop)
            while place < mine.stop and self._numbers[place] == key:
                yield place
                place += 1
        elif self._events:
            found = self._events.get(key)
            yield from () if found is None else (found,)
        else:
            yield from mine
