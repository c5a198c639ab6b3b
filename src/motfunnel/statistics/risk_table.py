"""A risk table: for each duration, how many were still away, returned, or went out of sight.

Counts only. Merges and orders them once, so that curves and comparisons can look them up fast;
estimates nothing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate, compress, islice, repeat
from operator import add, itemgetter, not_, sub
from typing import Self

from attrs import field, frozen


@frozen(kw_only=True)
class RiskTable:
    """The counts behind a curve, one row for each distinct duration, the shortest first.

    Attributes:
        durations: the distinct durations at which anybody returned or was censored.
        at_risk: how many were at risk there: those with this duration or a longer one.
        returned: how many returned there; returns come before censorings of the same duration.
        censored: how many were observed so long and no longer, and had not returned.
    """

    durations: tuple[int, ...] = field(repr=False)
    at_risk: tuple[int, ...] = field(repr=False)
    returned: tuple[int, ...] = field(repr=False)
    censored: tuple[int, ...] = field(repr=False)

    @classmethod
    def from_counts(cls, rows: Iterable[tuple[int, int, int]]) -> Self:
        """Build the table from rows of (duration, returned, censored), in any order.

        Repeated durations are merged; rows that count nobody leave no trace.

        Raises:
            ValueError: a duration or a count is negative.
        """
        durations: list[int] = []
        returned: list[int] = []
        censored: list[int] = []
        for duration, back, unseen in sorted(rows, key=itemgetter(0)):
            if duration < 0 or back < 0 or unseen < 0:
                raise ValueError(f"none of {duration}, {back} and {unseen} may be negative")
            if not (back or unseen):
                continue
            if not durations or durations[-1] != duration:
                durations.append(duration)
                returned.append(0)
                censored.append(0)
            returned[-1] += back
            censored[-1] += unseen
        gone = accumulate(map(add, returned, censored), initial=0)
        size = sum(returned) + sum(censored)
        return cls(
            durations=tuple(durations),
            at_risk=tuple([size - before for before, _ in zip(gone, durations, strict=False)]),
            returned=tuple(returned),
            censored=tuple(censored),
        )

    @classmethod
    def from_columns(cls, durations: Sequence[int], returned: Sequence[int]) -> Self:
        """Build the table from two columns: how long each was observed, and whether it returned.

        >>> RiskTable.from_columns([7, 5, 7], [True, True, False]).returned
        (1, 1)

        Raises:
            ValueError: a duration is negative.
        """
        back = Counter(compress(durations, returned))
        unseen = Counter(compress(durations, map(not_, returned)))
        distinct = sorted(back.keys() | unseen.keys())
        if distinct and distinct[0] < 0:
            raise ValueError(f"{distinct[0]} may not be negative")
        counts = [tuple(map(one.get, distinct, repeat(0))) for one in (back, unseen)]
        gone = accumulate(map(add, *counts), initial=0)
        return cls(
            durations=tuple(distinct),
            at_risk=tuple(map(sub, repeat(len(durations)), islice(gone, len(distinct)))),
            returned=counts[0],
            censored=counts[1],
        )

    @property
    def size(self) -> int:
        """How many were observed at all."""
        return self.at_risk[0] if self.at_risk else 0

    @property
    def last(self) -> int | None:
        """The longest duration observed, or None where nobody was."""
        return self.durations[-1] if self.durations else None

    def covers(self, t: int) -> bool:
        """Whether anybody was observed for as long as this."""
        return bool(self.durations) and t <= self.durations[-1]

    def row(self, t: int) -> int | None:
        """Find the row of the longest duration up to this one, or None before the first."""
        found = bisect_right(self.durations, t)
        return found - 1 if found else None

    def counts_at(self, t: int) -> tuple[int, int]:
        """Count those at risk at a duration, and those that returned exactly then.

        >>> RiskTable.from_counts([(5, 1, 0), (7, 2, 1)]).counts_at(7)
        (3, 2)
        """
        found = bisect_left(self.durations, t)
        if found == len(self.durations):
            return 0, 0
        return self.at_risk[found], self.returned[found] if self.durations[found] == t else 0
