"""Who is who, as plainly as it can be told: keys, what was said under each, and who was merged.

The model that the tracker is held to. Knows no database, and classifies nothing: ``walk`` does.
"""

from __future__ import annotations

from datetime import datetime

from attrs import define, field

from motfunnel.domain.event import IDENTIFY, Event
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.journey import Journey, walk


@define
class People:
    """Keys, of which several may be one contact.

    Attributes:
        funnel: what events mean.
        events: what was said under each key, by its id.
        into: of each key that was merged, the key that its contact was merged into.
    """

    funnel: Funnel
    events: dict[str, dict[str, Event]] = field(factory=dict)
    into: dict[str, str] = field(factory=dict)

    def say(self, event: Event) -> bool:
        """Record an event under the key that it gives; False if it is there already."""
        mine = self.events.setdefault(event.contact, {})
        is_new = event.id not in mine
        mine.setdefault(event.id, event)
        return is_new

    def contact(self, key: str) -> str:
        """The key of the contact that a key belongs to."""
        while key in self.into:
            key = self.into[key]
        return key

    def keys(self, key: str) -> list[str]:
        """All keys of the contact that a key belongs to."""
        contact = self.contact(key)
        named = {*self.events, *self.into, *self.into.values(), contact}
        return sorted(one for one in named if self.contact(one) == contact)

    def contacts(self) -> list[str]:
        """The contacts of whom something was recorded."""
        return sorted({self.contact(key) for key, said in self.events.items() if said})

    def history(self, key: str) -> list[Event]:
        """All events of a contact, under whichever key."""
        return [event for one in self.keys(key) for event in self.events.get(one, {}).values()]

    def journey(self, key: str, as_of: datetime) -> Journey:
        """A contact's journey as of an instant: the plain walk over all of its events."""
        return walk(self.contact(key), self.funnel, self.history(key), as_of=as_of)

    def is_known(self, key: str) -> bool:
        """Whether the contact was ever identified."""
        return any(event.name == IDENTIFY for event in self.history(key))

    def merge(self, old: str, into: str) -> None:
        """Point a contact to a key of another; both keep what was merged into them before."""
        if self.contact(old) != self.contact(into):
            self.into[old] = into

    def unmerge(self, old: str) -> None:
        """Take a key out again, with what was merged into it."""
        del self.into[old]

    def forget(self, key: str) -> None:
        """Erase a contact: all of its keys, and what was said under them."""
        for one in self.keys(key):
            self.events.pop(one, None)
            self.into.pop(one, None)
