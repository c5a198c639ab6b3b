"""One contact's history, walked up to an instant: its journey, and of its events what is asked for.

The events themselves are read only where somebody needs them. Counts nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from operator import itemgetter
from typing import Self

from motfunnel.domain.event import Event
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import from_micros, to_micros
from motfunnel.domain.journey import Entry, Journey, PlainEntry
from motfunnel.domain.moment import Episode
from motfunnel.domain.signal import KEEPS_ALIVE, RETURNS, Signal
from motfunnel.reports.clock import Happening, Told
from motfunnel.store.stored_event import StoredEvent, event_of
from motfunnel.tracking.meaning import read_in_order

_by_key = itemgetter(0, 1)


class History:
    """A contact's events and what they make of it.

    Attributes:
        journey: its way up to the instant.
    """

    def __init__(
        self, journey: Journey, ordered: Sequence[PlainEntry], stored: Sequence[StoredEvent]
    ) -> None:
        self.journey = journey
        self._ordered = ordered
        self._stored = stored

    @classmethod
    def walked(
        cls, contact: str, stored: Sequence[StoredEvent], funnel: Funnel, as_of: datetime
    ) -> Self:
        """Walk a contact's events, none of which is later than the instant."""
        journey = Journey(contact, funnel)
        ordered = read_in_order(stored, funnel)
        journey.advance_all(ordered)
        journey.silence(to_micros(as_of))
        return cls(journey, ordered, stored)

    @property
    def contact(self) -> str:
        """The contact."""
        return self.journey.contact

    @property
    def entries(self) -> Iterator[Entry]:
        """Its events in the one order, with what they mean."""
        return map(Entry._make, self._ordered)

    @cached_property
    def events(self) -> list[Event]:
        """Its events, in no order."""
        return [*map(event_of, self._stored)]

    def told(self, signals: Collection[Signal] = ()) -> Told:
        """What is known of the contact, with its events of some signals."""
        bought = (from_micros(at) for at, signal, *_ in self._ordered if signal == Signal.PURCHASE)
        return Told(
            contact=self.contact,
            episodes=list(self.journey.episodes.values()),
            moments=self.journey.moments,
            happenings=list(self._happenings(signals)) if signals else (),
            first_purchase_at=next(bought, None),
        )

    def touches(self) -> Iterator[datetime]:
        """The instants at which the contact was kept alive, in order.

        A rating or a complaint of one who has departed does not: the contact is still away.
        """
        episodes = list(self.journey.episodes.values())
        for micros, signal, *_ in self._ordered:
            if KEEPS_ALIVE[signal]:
                at = from_micros(micros)
                if RETURNS[signal] or not _is_away(episodes, at):
                    yield at

    def _happenings(self, signals: Collection[Signal]) -> Iterator[Happening]:
        stored = {_by_key(one): one for one in self._stored}
        for one in self.entries:
            if one.signal in signals:
                yield Happening(
                    signal=Signal(one.signal),
                    argument=one.reading.argument,
                    event=event_of(stored[one.recorded_as, one.id]),
                )


def _is_away(episodes: Sequence[Episode], at: datetime) -> bool:
    return any(
        one.departed_at < at and (one.returned_at is None or one.returned_at > at)
        for one in episodes
    )
