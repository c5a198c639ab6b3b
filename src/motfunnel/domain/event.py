"""An event: something that happened between a contact and the business.

``make_event`` checks all that a database could stumble over, so that what it makes can be stored,
alike everywhere. Says nothing about what the event means: that is the funnel's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from attrs import frozen

from motfunnel.domain.instant import utc
from motfunnel.domain.payload import (
    MOST_CHARACTERS,
    Properties,
    check_properties,
    check_text,
    same_content,
)
from motfunnel.errors import EventError

IDENTIFY = "$identify"
"""The name under which ``identify`` records its traits; a note to every funnel."""

_MOST_BITS = 840  # 253 digits


@frozen(kw_only=True)
class Event:
    """Something that happened, as it is stored.

    Attributes:
        contact: whose event.
        name: what happened.
        occurred_at: when, in the world, in UTC.
        id: unique among the contact's events; the same id is the same event.
        properties: what else the host said of it.
    """

    contact: str
    name: str
    occurred_at: datetime
    id: str
    properties: Properties

    def same_as(
        self, other: Event, *, ignore_instant: bool = False, ignoring: Collection[str] = ()
    ) -> bool:
        """Whether the two, which share a contact and an id, have the same content."""
        one, two = (
            {name: value for name, value in event.properties.items() if name not in ignoring}
            for event in (self, other)
        )
        return (
            self.name == other.name
            and (ignore_instant or self.occurred_at == other.occurred_at)
            and same_content(one, two)
        )


def make_event(
    contact: object,
    name: object,
    *,
    occurred_at: datetime,
    id: object,
    properties: Mapping[str, Any] | None = None,
) -> Event:
    """Check what a host says happened, and give it as an event.

    Raises:
        EventError: a part cannot be kept as it is; it names the contact, event and reason.
    """
    try:
        return Event(
            contact=contact_key(contact),
            name=check_text(name, "event"),
            occurred_at=utc(occurred_at),
            id=check_text(_as_text(id, "id"), "id"),
            properties=check_properties(properties),
        )
    except ValueError as error:
        raise EventError(str(error), contact=contact, event=name) from None


def contact_key(contact: object) -> str:
    """Give the text by which a contact is known: of a text, an int or a UUID.

    Raises:
        ValueError: it is none of these, or not a usable text.
    """
    return check_text(_as_text(contact, "contact"), "contact")


def _as_text(value: object, what: str) -> str:
    """Write an int or a UUID; leave a text as it is."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        if value.bit_length() > _MOST_BITS:
            raise ValueError(f"the {what} is a number of more than {MOST_CHARACTERS} digits")
        return str(int(value))
    if not isinstance(value, str):
        kind = type(value).__name__
        remedy = "; pass its key, or give the tracker a contact_key" if what == "contact" else ""
        raise ValueError(f"the {what} must be a text, an int or a UUID, not {kind}{remedy}")
    return value
