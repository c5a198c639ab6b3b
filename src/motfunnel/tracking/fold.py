"""Folding stored events anew: of one contact that a late event touched, or of many.

Gives what to store; ``domain.journey`` decides what the moments are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from attrs import define

from motfunnel.domain.condition import is_blank
from motfunnel.domain.event import Event
from motfunnel.domain.funnel import Funnel
from motfunnel.domain.journey import in_order
from motfunnel.domain.moment import Moment
from motfunnel.domain.payload import Properties, to_json
from motfunnel.store.contact_state import ContactState, new_state
from motfunnel.store.ledger import Ledger


@define
class Folded:
    """A contact, folded from its events.

    Attributes:
        state: what to store of it; its journey holds all moments and episodes.
        signals: the events whose stored signal is another than the funnel's now.
    """

    state: ContactState
    signals: list[tuple[Event, str]]


def fold(stored: ContactState, events: Sequence[tuple[Event, str]], funnel: Funnel) -> Folded:
    """Fold a contact's events, given with their stored signals.

    A departure by silence that a sweep wrote down stays written down, if it still holds.
    """
    state = new_state(stored.contact, funnel, known=stored.known)
    journey = state.journey
    by_id: dict[tuple[str, str], tuple[Event, str]] = {(e.contact, e.id): (e, s) for e, s in events}
    signals: list[tuple[Event, str]] = []
    for entry in in_order((event for event, _ in events), funnel.read_stored):
        event, signal = by_id[entry.recorded_as, entry.id]
        label = entry.reading.signal.label
        if label != signal:
            signals.append((event, label))
        was_open = bool(journey.moments)
        state.see(entry, None, journey.advance(entry))
        if journey.moments and not was_open:
            state.source = source_of(event.properties)
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
    """Fold contacts that are locked, and store what comes of it in place of what was stored."""
    contacts = [state.contact for state in states]
    events = {
        contact: list(group)
        for contact, group in groupby(ledger.events_of(contacts), lambda said: said[0].contact)
    }
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
