"""What stored events mean to a funnel, read without making events of them: for millions.

Most names mean the same whatever an event says beside, so that its properties need no reading.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rule import Reading
from motfunnel.domain.journey import PlainEntry
from motfunnel.domain.signal import Signal
from motfunnel.store.ledger.rows import StoredEvent
from motfunnel.store.schema.types import read_micros, read_properties

Meaning = tuple[Reading, int, int, str]
"""A reading, and what of it is asked most: the signal's rank, the stage of a reach, the label."""


def meaning_of(event: StoredEvent, funnel: Funnel) -> Meaning:
    """What an event means."""
    return _of_all(funnel, event.event) or _take_apart(
        funnel.read_stored(event.event, read_properties(event.properties))
    )


def read_in_order(events: Iterable[StoredEvent], funnel: Funnel) -> list[PlainEntry]:
    """Put a contact's events in the one order; no two of them have one id."""
    entries = []
    for event in events:
        reading, rank, stage, _ = meaning_of(event, funnel)
        entries.append((read_micros(event[3]), rank, stage, event[1], event[0], reading))
    entries.sort()  # no two stand in the same place, so no reading is compared
    return entries


@lru_cache(maxsize=10_000)
def _of_all(funnel: Funnel, name: str) -> Meaning | None:
    """What every event of this name means; None where each has to be read."""
    reading = funnel.constant(name)
    return None if reading is None else _take_apart(reading)


def _take_apart(reading: Reading) -> Meaning:
    stage = reading.argument if reading.signal is Signal.REACH else 0
    return reading, int(reading.signal), stage, reading.signal.label
