"""A windowed rate: when its clock starts, what stops it, and what that means in words.

The function that makes its clocks asks facts for what it needs, and serves what is stored, and what
was known at an earlier time. Reads no database.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

from attrs import frozen

from motfunnel.domain.signal import Signal
from motfunnel.reports.facts.facts import NOTHING, Facts, Keep, Start
from motfunnel.reports.measure.clock import EVERYBODY, Clocks, Cohort
from motfunnel.reports.measure.grouping import Groupings


@frozen(kw_only=True)
class Asked:
    """What is asked of a rate's clocks; who makes them may leave out what is not.

    Attributes:
        cohort: when the clocks start.
        groupings: by what they are grouped; None: not at all.
        first_only: each contact's first alone.
    """

    cohort: Cohort = EVERYBODY
    groupings: Groupings | None = None
    first_only: bool = False

    @property
    def is_everybody_once(self) -> bool:
        """Whether each contact's very first is all that is asked for."""
        return self.first_only and self.cohort == EVERYBODY

    @property
    def events(self) -> tuple[str, ...]:
        """The column of moments that says which event made each, where groups are of the event."""
        return ("events",) if self._are_of_the_event else ()

    @property
    def _are_of_the_event(self) -> bool:
        return self.groupings is not None and self.groupings.are_of_the_event

    def columns(self, *always: str) -> tuple[str, ...]:
        """The columns of episodes: those that are always needed, and those that groups need.

        By stage and reason it is known which silence a departure was.
        """
        own = ("stage", "reason", *(("number",) if self._are_of_the_event else ()))
        return (*always, *(name for name in own if name not in always))


MakeClocks = Callable[[Facts, Asked], Clocks]


IN_THE_COHORT: Final = "in the cohort that were observed for the whole window"


@frozen(kw_only=True)
class Windowed:
    """A windowed rate.

    Attributes:
        name: what it is called.
        definition: numerator and denominator in words.
        since: from what its clocks count, in words.
        event: what those did for whom it stopped, in words.
        clocks: makes the clocks, in columns, of what facts say.
        start: what its start events are: moments, or a signal; whose properties one can ask for.
        groups: what its start events have for groups beside source, traits and properties.
        causes: what its event can be, where it is told which came first.
        departures: where it counts departures: those that start its clocks (``started``), or those
            that it waits for (``awaited``); of these some may be silences. Empty: it counts none.
        awaits: the signals without which its event cannot come, but for a departure by silence;
            empty where that is not known.
        note: what a reader has to know besides.
        keeps: what its clocks are made of beside the events that they ask for first.
        has_periods: whether it can be asked for by calendar period.
    """

    name: str
    definition: str
    since: str = "the start"
    event: str = "had the event"
    clocks: MakeClocks
    start: Start
    groups: frozenset[str] = frozenset({"stage", "reason"})
    causes: tuple[str, ...] = ()
    departures: Literal["", "started", "awaited"] = ""
    awaits: frozenset[Signal] = frozenset()
    note: str | None = None
    keeps: frozenset[Keep] = NOTHING
    has_periods: bool = True
