"""Silences: from each touch of a contact to its next, as if nobody ever lost patience.

What a patience is to be chosen by cannot depend on the patience that is in force; so the journey is
walked with none. Counts nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from attrs import evolve

from motfunnel.domain.event import Event
from motfunnel.domain.funnel import Funnel
from motfunnel.domain.journey import in_order
from motfunnel.domain.machine import ACTIVE, LAST_TOUCH, NEW_CONTACT, PRESENCE, STAGE, step
from motfunnel.domain.signal import KEEPS_ALIVE, Signal

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


def silences(patient: Funnel, events: Iterable[Event], until: int) -> Iterator[Silence]:
    """Give the silences of a contact up to an instant, in order.

    Args:
        patient: the funnel, without patience.
        events: the contact's events.
        until: the instant, in microseconds since 1970; what comes later does not exist.
    """
    state, terms = list(NEW_CONTACT), patient.terms
    for entry in in_order(events, patient.read_stored):
        if entry.at > until:
            break
        was_here, stage, since = state[PRESENCE] == ACTIVE, state[STAGE], state[LAST_TOUCH]
        step(state, terms, entry.signal, entry.at, entry.reading.argument)
        ending = _ending(state, entry.signal)
        if was_here and ending is not None:
            yield Silence(stage, since, entry.at - since, ending)
    if state[PRESENCE] == ACTIVE:
        yield Silence(state[STAGE], state[LAST_TOUCH], until - state[LAST_TOUCH], None)


def _ending(state: Sequence[int], signal: int) -> str | None:
    """How an event ends the silence of a contact that was here before it."""
    if state[PRESENCE] != ACTIVE:
        return LEFT
    return TOUCHED if KEEPS_ALIVE[signal] else None
