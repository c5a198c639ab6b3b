"""Silences: from one touch of a contact to its next, as if nobody lost patience.

Says what a silence is, and counts silences in no more room than there are steps. Prints nothing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from attrs import define, evolve, field, frozen

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.journey import PlainEntry
from motfunnel.domain.machine import ACTIVE, ALIVE, LAST_TOUCH, NEW_CONTACT, PRESENCE, STAGE, step
from motfunnel.domain.signal import KEEPS_ALIVE, Signal
from motfunnel.statistics import ClusteredShare, Interval

TOUCHED: Final = "touched"
LEFT: Final = "left"
HEARD: Final = (*(signal for signal in Signal if KEEPS_ALIVE[signal]), Signal.LEAVE)
"""The signals that begin or end a silence."""


class Silence(NamedTuple):
    """One silence.

    Attributes:
        stage: the place of the stage at which the contact was.
        started_at: when, in microseconds since 1970.
        length: until it ended, or until now, in microseconds.
        ending: ``touched``, ``left``; None where it still lasts.
    """

    stage: int
    started_at: int
    length: int
    ending: str | None


def without_patience(funnel: Funnel) -> Funnel:
    """Give the same funnel, in which nobody ever departs by silence."""
    return evolve(funnel, patience={"default": None})


def silences(patient: Funnel, ordered: Iterable[PlainEntry], until: int) -> Iterator[Silence]:
    """Give the silences of a contact up to an instant, in order.

    Args:
        patient: the funnel, without patience.
        ordered: the contact's events, in order, none of which is later than the instant.
        until: the instant, in microseconds since 1970.
    """
    state, terms = list(NEW_CONTACT), patient.terms
    for at, signal, _, _, _, reading in ordered:
        was_here, stage, since = state[PRESENCE] == ACTIVE, state[STAGE], state[LAST_TOUCH]
        made = step(state, terms, signal, at, reading.argument)
        ending = _ending(state, made)
        if was_here and ending is not None:
            yield Silence(stage, since, at - since, ending)
    if state[PRESENCE] == ACTIVE:
        yield Silence(state[STAGE], state[LAST_TOUCH], until - state[LAST_TOUCH], None)


def _ending(state: Sequence[int], made: int) -> str | None:
    """How an event ends the silence of a contact that was here before it."""
    if state[PRESENCE] != ACTIVE:
        return LEFT
    return TOUCHED if made & ALIVE else None


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
    # By step: how many contacts have so many that came, of so many, from there on; or no more.
    _changes: defaultdict[int, Counter[tuple[int, int]]] = field(
        factory=lambda: defaultdict(Counter), init=False
    )

    # Likewise: how many that end by a touch at all there are more from there on, or fewer.
    _ever: Counter[int] = field(factory=Counter, init=False)

    def __attrs_post_init__(self) -> None:
        self.sums = [ClusteredShare() for _ in self.marks]

    def add(self, asked: Asked, silences: Sequence[Silence]) -> None:
        """Add the silences of one contact."""
        self.silences += len(silences)
        came, of = [0] * (len(self.marks) + 1), [0] * (len(self.marks) + 1)
        turns: Counter[int] = Counter()
        arrivals: Counter[int] = Counter()
        for one in silences:
            longest, shortest = asked.longest(one), asked.shortest(one)
            if longest < 0:
                continue
            last, end = longest // asked.step + 1, bisect_right(self.marks, longest)
            turns[0] += 1
            turns[last] -= 1
            of[0] += 1
            of[end] -= 1
            if shortest is None:
                continue
            self._ever[0] += 1
            self._ever[last] -= 1
            if (begin := -(-shortest // asked.step)) < last:
                arrivals[begin] += 1
                arrivals[last] -= 1
            if (begin := bisect_left(self.marks, shortest)) < end:
                came[begin] += 1
                came[end] -= 1
        self._change(turns, arrivals)
        for sums, touched, seen in zip(self.sums, accumulate(came), accumulate(of), strict=False):
            if not seen:  # nor at any longer length
                break
            sums.add(touched, seen)

    def by_step(self) -> Iterator[tuple[int, ClusteredShare]]:
        """Walk the steps at which anything changes: the share that came from there on."""
        share = ClusteredShare()
        for place in sorted(self._changes):
            for (came, of), contacts in self._changes[place].items():
                share.add(came, of, contacts)
            yield place, share

    def suggestion(self, below: float, fewest: int, confidence: float) -> Suggestion | None:
        """The first step that is sure to lie below a share, and from which on all do; or None.

        Looked at are steps that so many silences reached, at least.
        """
        found: Suggestion | None = None
        for place, share in self.by_step():
            if share.denominator < max(fewest, 1):
                continue
            if share.value is None or share.value >= below:
                found = None
            elif found is None:
                interval = share.interval(confidence)
                if interval is None or interval.upper >= below:
                    continue
                ever = sum(more for n, more in self._ever.items() if n <= place)
                counts = share.numerator, share.denominator
                found = Suggestion(place, share.value, interval, *counts, ever)
        return found

    def _change(self, turns: Counter[int], arrivals: Counter[int]) -> None:
        """Note at which steps a contact's counts change."""
        came = of = 0
        for place in sorted({*turns, *arrivals}):
            before = came, of
            came, of = came + arrivals[place], of + turns[place]
            if before != (came, of):
                self._changes[place][before] -= 1
                self._changes[place][came, of] += 1


class Suggestion(NamedTuple):
    """A patience that is suggested.

    Attributes:
        step: its length, in steps.
        share: of the silences that lasted as long, those that ended by a touch soon after.
        interval: around the share.
        came: how many ended so.
        of: how many there are.
        ever: how many of them ended by a touch, however late.
    """

    step: int
    share: float
    interval: Interval
    came: int
    of: int
    ever: int
