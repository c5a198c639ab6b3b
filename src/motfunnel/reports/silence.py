"""Silences: from each touch of a contact to its next, as if nobody ever lost patience.

What a patience is to be chosen by cannot depend on the patience that is in force; so the journey is
walked with none. Counts nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from attrs import evolve

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.journey import PlainEntry
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
        step(state, terms, signal, at, reading.argument)
        ending = _ending(state, signal)
        if was_here and ending is not None:
            yield Silence(stage, since, at - since, ending)
    if state[PRESENCE] == ACTIVE:
        yield Silence(state[STAGE], state[LAST_TOUCH], until - state[LAST_TOUCH], None)


def _ending(state: Sequence[int], signal: int) -> str | None:
    """How an event ends the silence of a contact that was here before it."""
    if state[PRESENCE] != ACTIVE:
        return LEFT
    return TOUCHED if KEEPS_ALIVE[signal] else None
