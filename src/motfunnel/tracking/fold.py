"""Folding stored events anew: of one contact that a late event touched, or of many.

Gives what to store; ``domain.journey`` decides what the moments are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import define

from motfunnel.domain.condition import is_blank
from motfunnel.domain.event import IDENTIFY
from motfunnel.domain.funnel import Funnel
from motfunnel.domain.journey import Entry
from motfunnel.domain.moment import Moment
from motfunnel.domain.payload import Properties, to_json
from motfunnel.store.contact_state import ContactState, before_first
from motfunnel.store.ledger import Ledger
from motfunnel.store.stored_event import StoredEvent
from motfunnel.store.types import read_micros, read_properties
from motfunnel.tracking.meaning import meaning_of


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
    state = before_first(stored, funnel)
    state.known = any(event.event == IDENTIFY for event in events)
    journey = state.journey
    signals: list[tuple[StoredEvent, str]] = []
    entries = []
    for event in events:
        contact, id, _, at, signal, _ = event
        reading, rank, stage, label = meaning_of(event, funnel)
        if label != signal:
            signals.append((event, label))
        entries.append((read_micros(at), rank, stage, id, contact, reading))
    entries.sort()  # no two events of a contact stand in the same place, so no reading is compared
    journey.advance_all(entries)
    if entries:
        state.see(Entry._make(entries[-1]), None, journey.moments)
    if journey.moments:
        first = journey.moments[0]
        state.opened_at = first.occurred_at
        opening = next(event for event in events if event[:2] == first.event_key)
        state.source = source_of(read_properties(opening.properties))
    if stored.silent_until is not None:
        state.moments += len(journey.silence(stored.silent_until))
    return Folded(state, signals)


def source_of(properties: Properties) -> str | None:
    """The source that an opening event gives; None where it gives none."""
    source = properties.get("source")
    if is_blank(source):
        return None
    return source if isinstance(source, str) else to_json(source)


def refold(ledger: Ledger, states: Sequence[ContactState], funnel: Funnel) -> None:
    """Fold contacts that are locked, and store what comes of it in place of what was stored.

    One that was erased keeps what was stored of it: its events no longer say what they said.
    """
    erased = [state for state in states if state.erased_at is not None]
    states = [state for state in states if state.erased_at is None]
    events = ledger.stories(states)
    folded = [fold(state, events.get(state.contact, []), funnel) for state in states]
    ledger.clear_journeys([state.contact for state in states if state.moments])
    journeys = [one.state.journey for one in folded]
    ledger.add_journeys((journey.moments, journey.episodes.values()) for journey in journeys)
    ledger.update_contacts([one.state for one in folded])
    ledger.set_signals(changed for one in folded for changed in one.signals)
    ledger.settle(erased, funnel)


def difference(
    before: Iterable[Moment], after: Iterable[Moment]
) -> tuple[list[Moment], list[Moment]]:
    """Which moments came, and which went; a contact has no two that are equal."""
    old, new = dict.fromkeys(before), dict.fromkeys(after)
    return [m for m in new if m not in old], [m for m in old if m not in new]
