"""Folding stored events anew: of one contact that a late event touched, or of many.

Gives what to store; ``domain.journey`` decides what the moments are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Final

from attrs import define

from motfunnel.domain.condition import is_blank
from motfunnel.domain.funnel import Funnel
from motfunnel.domain.instant import to_micros
from motfunnel.domain.journey import Entry
from motfunnel.domain.moment import Moment
from motfunnel.domain.payload import Properties, to_json
from motfunnel.domain.signal import Signal
from motfunnel.store.contact_state import ContactState, new_state
from motfunnel.store.ledger import Ledger
from motfunnel.store.rows import StoredEvent
from motfunnel.store.types import read_micros, read_properties

_LABELS: Final = tuple(signal.label for signal in Signal)
_ENTRY: Final = itemgetter(0)  # no two events of a contact stand in the same place


@define
class Folded:
    """A contact, folded from its events.

    Attributes:
        state: what to store of it; its journey holds all moments and episodes.
        signals: the events whose stored signal is another than the funnel's now.
    """

    state: ContactState
    signals: list[tuple[StoredEvent, str]]


def fold(stored: ContactState, events: Sequence[StoredEvent], funnel: Funnel) -> Folded:
    """Fold a contact's events.

    A departure by silence that a sweep wrote down stays written down, if it still holds.
    """
    state = new_state(stored.contact, funnel, known=stored.known)
    journey = state.journey
    signals: list[tuple[StoredEvent, str]] = []
    told = [_tell(event, funnel, signals) for event in events]
    told.sort(key=_ENTRY)
    for entry, _ in told:
        journey.advance(entry)
    if told:
        state.see(told[-1][0], None, journey.moments)
    if journey.moments:
        first = journey.moments[0]
        state.opened_at = first.occurred_at
        place = (to_micros(first.occurred_at), first.event_id)
        opening = next(event for entry, event in told if (entry.at, entry.id) == place)
        state.source = source_of(read_properties(opening.properties))
    if stored.silent_until is not None:
        state.moments += len(journey.silence(stored.silent_until))
    return Folded(state, signals)


def _tell(
    event: StoredEvent, funnel: Funnel, signals: list[tuple[StoredEvent, str]]
) -> tuple[Entry, StoredEvent]:
    """Put an event in its place in the order; note a signal that has changed."""
    reading = funnel.constant(event.event)
    if reading is None:
        reading = funnel.read_stored(event.event, read_properties(event.properties))
    signal = reading.signal
    if _LABELS[signal] != event.signal:
        signals.append((event, _LABELS[signal]))
    stage = reading.argument if signal is Signal.REACH else 0
    at = read_micros(event.occurred_at)
    return Entry(at, signal, stage, event.id, event.contact, reading), event


def source_of(properties: Properties) -> str | None:
    """The source that an opening event gives; None where it gives none."""
    source = properties.get("source")
    if is_blank(source):
        return None
    return source if isinstance(source, str) else to_json(source)


def refold(ledger: Ledger, states: Sequence[ContactState], funnel: Funnel) -> None:
    """Fold contacts that are locked, and store what comes of it in place of what was stored."""
    contacts = [state.contact for state in states]
    events = ledger.stories(contacts)
    folded = [fold(state, events.get(state.contact, []), funnel) for state in states]
    ledger.clear_journeys(contacts)
    journeys = [one.state.journey for one in folded]
    ledger.add_journeys((journey.moments, journey.episodes.values()) for journey in journeys)
    ledger.update_contacts([one.state for one in folded])
    ledger.set_signals(changed for one in folded for changed in one.signals)


def difference(
    before: Iterable[Moment], after: Iterable[Moment]
) -> tuple[list[Moment], list[Moment]]:
    """Which moments came, and which went; a contact has no two that are equal."""
    old, new = dict.fromkeys(before), dict.fromkeys(after)
    return [m for m in new if m not in old], [m for m in old if m not in new]
