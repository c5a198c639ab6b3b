"""From a host's words to an event with its meaning, or an error that names what is wrong.

All of it happens before a transaction begins, so that nothing is written of what is refused.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from attrs import evolve, frozen

from motfunnel.domain.event import ASSIGN, IDENTIFY, make_event
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import to_micros
from motfunnel.errors import EventError, UnmappedEventError
from motfunnel.tracking.recording.call import IDENTIFYING, Call
from motfunnel.tracking.recording.entry import SetAside
from motfunnel.tracking.recording.habits import name_here
from motfunnel.tracking.recording.policy import write_line
from motfunnel.tracking.recording.recorder import Said
from motfunnel.tracking.recording.unmapped import Sightings

Properties = Mapping[str, Any] | None
_KEYS = ("contact", "event", "properties", "occurred_at", "id")


@frozen
class Interpreter:
    """Takes down what hosts say.

    Attributes:
        contact_key: the host's own way to turn a contact into a text, an int or a UUID.
        clock: says what time it is.
        tolerance: how far ahead of our clock another machine's may be.
        sightings: the names that no rule named.
    """

    contact_key: Callable[[Any], object] | None
    clock: Callable[[], datetime]
    tolerance: timedelta
    sightings: Sightings

    def take(
        self,
        funnel: Funnel,
        contact: object,
        event: object,
        *,
        properties: Properties = None,
        occurred_at: datetime | None = None,
        id: object = None,
    ) -> Said:
        """Check an event and read its meaning.

        Raises:
            EventError: it cannot be kept, lies in the future, or the funnel refuses it.
        """
        now = self.clock()
        if isinstance(event, str) and event == IDENTIFY:
            raise EventError("is a name of our own; call identify()", contact=contact, event=event)
        if isinstance(event, str) and event == ASSIGN:
            raise EventError("is a name of our own; call assign()", contact=contact, event=event)
        are_texts = isinstance(contact, str) and isinstance(event, str)
        if are_texts and contact in funnel.rules and event not in funnel.rules:
            raise EventError(
                f"{contact!r} is an event of the funnel, and the other is none; the contact comes "
                "first: track(contact, event)",
                contact=contact,
                event=event,
            )
        return self._take(funnel, now, contact, event, properties, occurred_at, id)

    def take_traits(
        self,
        funnel: Funnel,
        contact: object,
        traits: Mapping[str, Any],
        *,
        occurred_at: datetime | None = None,
        id: object = None,
    ) -> Said:
        """Check the traits of an ``identify``."""
        return self._take(funnel, self.clock(), contact, IDENTIFY, traits, occurred_at, id)

    def read_mapping(self, said: Mapping[str, Any]) -> Call:
        """Read an event that is given as a mapping with the names of ``take``.

        Raises:
            EventError: it is none.
        """
        if not isinstance(said, Mapping):
            frame = "; of a data frame, df.to_dict('records')" if isinstance(said, str) else ""
            raise EventError(
                f"an event must be a mapping, not a {type(said).__name__}; many are a list of "
                f"them, such as [{{'contact': …, 'event': …}}]{frame}"
            )
        unknown = [key for key in said if key not in _KEYS]
        if unknown:
            here = name_here(str(unknown[0]), [key for key in _KEYS if key not in said])
            raise EventError(
                f"{unknown[0]!r} is not part of an event; "
                + (f"here it is called {here!r}" if here else "put it into properties"),
                contact=said.get("contact"),
                event=said.get("event"),
            )
        parts: dict[str, Any] = {key: said.get(key) for key in _KEYS}
        return Call(verb="track_many", **parts)

    def take_call(self, funnel: Funnel, call: Call) -> Said:
        """Check what was said in a call, as ``take`` and ``take_traits`` do."""
        if call.extra is not None:
            self.read_mapping(call.extra)  # type: ignore[arg-type]  # says why not
            raise EventError("it is not an event", contact=call.contact)
        own = evolve(self, contact_key=None) if call.is_keyed else self
        details: Any = {"occurred_at": call.occurred_at, "id": call.id}
        properties: Any = call.properties
        if call.verb == IDENTIFYING:
            return own.take_traits(funnel, call.contact, properties, **details)
        said = own.take(funnel, call.contact, call.event, properties=properties, **details)
        return evolve(said, ambient=call.ambient) if call.ambient else said

    def take_again(self, funnel: Funnel, aside: SetAside) -> Said:
        """Check what was set aside.

        Raises:
            EventError: it still cannot be taken, or could not be written down as it was.
        """
        if not aside.is_exact:
            raise EventError(aside.reason, contact=aside.contact, event=aside.event)
        said = self.take_call(funnel, aside.to_call())
        return evolve(said, is_dated=aside.is_dated, is_again=True)

    def key(self, contact: object, event: object = None) -> object:
        """Turn a contact into what it is known by, in the host's own way if it has one.

        Raises:
            EventError: the host's own way leads nowhere; it names the event that this was for.
        """
        if self.contact_key is None:
            return contact
        try:
            return self.contact_key(contact)
        except EventError as error:
            error.contact = contact if error.contact is None else error.contact
            error.event = event if error.event is None else error.event
            raise

    def _take(
        self,
        funnel: Funnel,
        now: datetime,
        contact: object,
        name: object,
        properties: Properties,
        occurred_at: datetime | None,
        id: object,
    ) -> Said:
        event = make_event(
            self.key(contact, name),
            name,
            occurred_at=now if occurred_at is None else occurred_at,
            id=uuid7(now) if id is None else id,
            properties=properties,
        )
        if event.occurred_at > now + self.tolerance:
            raise EventError(
                f"occurred_at {event.occurred_at.isoformat()} lies in the future",
                contact=contact,
                event=name,
            )
        if not funnel.knows(event.name) and self.sightings.is_due(event.name, event.contact):
            write_line(
                "warning",
                "no rule names this event",
                event_name=event.name,
                taken_as=funnel.unmapped,
            )
        try:
            reading = funnel.read(event.name, event.properties)
        except EventError as error:
            raise UnmappedEventError(error.reason, contact=contact, event=name) from None
        except ValueError as error:
            raise EventError(str(error), contact=contact, event=name) from None
        return Said(event, reading, is_dated=occurred_at is not None)


def uuid7(at: datetime) -> UUID:
    """Make an id: the milliseconds of the instant, then what no other has."""
    millis = to_micros(at) // 1000 & (1 << 48) - 1
    random = int.from_bytes(os.urandom(10))
    value = millis << 80 | random & (1 << 76) - 1
    return UUID(int=value & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62)
