"""Counting silences by how long they had lasted, in no more room than there are steps.

For each length the silences that lasted as long and were observed for the horizon more, and those
of them that ended by a touch within it. Adds up contact by contact; reads no database.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate

from attrs import define, field, frozen

from motfunnel.reports.silence import TOUCHED, Silence
from motfunnel.statistics import ClusteredShare


@frozen(kw_only=True)
class Asked:
    """What is asked of silences; all in microseconds.

    Attributes:
        as_of: the instant of the question, since 1970.
        horizon: within how much more a touch is to come.
        step: how far apart the lengths lie that are looked at.
    """

    as_of: int
    horizon: int
    step: int

    def longest(self, silence: Silence) -> int:
        """The longest length that the silence had and was observed for the horizon after."""
        return min(silence.length, self.as_of - self.horizon - silence.started_at)

    def shortest(self, silence: Silence) -> int | None:
        """The shortest length after which a touch came within the horizon; None: none came."""
        return max(0, silence.length - self.horizon) if silence.ending == TOUCHED else None


@define
class StageCounts:
    """The silences at one stage.

    Attributes:
        marks: lengths at which more is kept than counts, in order.
        silences: how many there were.
        sums: at each mark.
    """

    marks: Sequence[int]
    silences: int = 0
    sums: list[ClusteredShare] = field(init=False)
    _of: Counter[int] = field(factory=Counter, init=False)
    _came: Counter[int] = field(factory=Counter, init=False)

    def __attrs_post_init__(self) -> None:
        self.sums = [ClusteredShare() for _ in self.marks]

    def add(self, asked: Asked, silences: Sequence[Silence]) -> None:
        """Add the silences of one contact."""
        self.silences += len(silences)
        came, of = [0] * len(self.marks), [0] * len(self.marks)
        for one in silences:
            longest, shortest = asked.longest(one), asked.shortest(one)
            self._count(asked.step, longest, shortest)
            for n in range(bisect_right(self.marks, longest)):
                of[n] += 1
                came[n] += shortest is not None and shortest <= self.marks[n]
        for sums, touched, seen in zip(self.sums, came, of, strict=True):
            if seen:
                sums.add(touched, seen)

    def by_step(self) -> Iterator[tuple[int, int]]:
        """At each step from none on: how many ended by a touch, and of how many."""
        last = max(self._of, default=0)
        came = accumulate(self._came[n] for n in range(last))
        of = accumulate(self._of[n] for n in range(last))
        return zip(came, of, strict=True)

    def first_below(self, share: float, fewest: int) -> int | None:
        """The first step at which fewer than the share end by a touch; of so many, at least."""
        for n, (came, of) in enumerate(self.by_step()):
            if of >= max(fewest, 1) and came / of < share:
                return n
        return None

    def _count(self, step: int, longest: int, shortest: int | None) -> None:
        """A silence counts at a run of steps: what changes at the run's ends is kept."""
        if longest < 0:
            return
        end = longest // step + 1
        self._of[0] += 1
        self._of[end] -= 1
        if shortest is not None and (begin := -(-shortest // step)) < end:
            self._came[begin] += 1
            self._came[end] -= 1
