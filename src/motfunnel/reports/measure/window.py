"""A windowed rate: when its clock starts, what stops it, and what that means in words.

The function that makes its clocks of what is known of a contact serves what is stored, and what was
known at an earlier time. Reads no database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from attrs import frozen

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.moment import MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.reports.measure.clock import Clock, Told

Clocks = Callable[[Told, Funnel], Iterator[Clock]]

IN_THE_COHORT: Final = "in the cohort that were observed for the whole window"


@frozen(kw_only=True)
class Windowed:
    """A windowed rate.

    Attributes:
        name: what it is called.
        definition: numerator and denominator in words.
        since: from what its clocks count, in words.
        event: what those did for whom it stopped, in words.
        clocks: makes the clocks of a contact, in order.
        start: what its start events are: moments, or a signal; whose properties one can ask for.
        reads: which of what is known of a contact the clocks are made of.
        moments: of which moments, where of moments.
        signals: of which events, where of events.
        having: only contacts with such a moment have clocks.
        groups: what its start events have for groups beside source, traits and properties.
        causes: what its event can be, where it is told which came first.
        starts_at: of episodes, the column that says when its clocks start, where it asks for no
            other episodes: then the cohort is all that is read.
        awaits: the signals without which its event cannot come, but for a departure by silence;
            empty where that is not known.
        note: what a reader has to know besides.
    """

    name: str
    definition: str
    since: str = "the start"
    event: str = "had the event"
    clocks: Clocks
    start: frozenset[MomentKind] | Signal
    reads: str = "episodes"
    moments: frozenset[MomentKind] = frozenset()
    signals: frozenset[Signal] = frozenset()
    having: MomentKind | None = None
    groups: frozenset[str] = frozenset({"stage", "reason"})
    causes: tuple[str, ...] = ()
    starts_at: str | None = None
    awaits: frozenset[Signal] = frozenset()
    note: str | None = None
