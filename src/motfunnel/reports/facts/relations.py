"""The relations of facts: columns of equal length, in which a place is an episode, or an event.

Contacts are numbers, and so are stages and reasons; instants are microseconds since 1970, and
``NEVER`` where nothing came. What was not asked for is empty.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Final, NamedTuple

from attrs import field, frozen

from motfunnel.domain.columns import Column, column

NOBODY: Final = -1
"""In place of the number of a contact: there is none."""


@frozen(kw_only=True, eq=False)
class Episodes:
    """Departures, contact by contact, each contact's in order.

    Attributes:
        contact: who departed.
        number: 1 for the contact's first departure, 2 for the next.
        departed: when; for a silence, the deadline that passed.
        returned: when the contact came back.
        outreach: when it was first written to while it was away.
        stage: the highest stage that it had reached.
        reason: what was said, or ``silence``.
        customer: 1 where it had purchased, else 0.
    """

    contact: Column
    number: Column = field(factory=column)
    departed: Column = field(factory=column)
    returned: Column = field(factory=column)
    outreach: Column = field(factory=column)
    stage: Column = field(factory=column)
    reason: Column = field(factory=column)
    customer: Column = field(factory=column)

    def __len__(self) -> int:
        return len(self.contact)


@frozen(eq=False)
class Happenings:
    """Events of some signals, contact by contact, each contact's by instant, signal and id.

    Attributes:
        contacts: whose each is, by the number of the contact.
        at: when, in microseconds since 1970.
        signals: the rank of its signal.
        said: what was read of its name and properties.
        events: which it is: its key, and its id.
    """

    contacts: Column
    at: Column
    signals: Column
    said: Column
    events: Sequence[tuple[str, str | None]] = ()


class Purchases(NamedTuple):
    """Purchases and refunds, contact by contact, each contact's by instant.

    At one instant refunds stand before purchases: they are notes, which rank so.

    Attributes:
        contacts: whose each is, by the number of the contact.
        at: when, in microseconds since 1970.
        refund: 1 of a refund, else 0.
        value: what it was worth, in millionths; ``UNSAID`` where nothing was said.
    """

    contacts: Column
    at: Column
    refund: Column
    value: Column


@frozen(eq=False)
class Referrals:
    """Referrals, contact by contact, each contact's in order.

    Attributes:
        contacts: who made each.
        at: when, in microseconds since 1970.
        referred: the contact that is called by the name it gave; ``NOBODY`` where it gave none.
        ids: the number of the id of its event.
        keys: the number of the key that it was recorded under, where that is another.
        texts: the text of each number of an id or a key.
    """

    contacts: Column
    at: Column
    referred: Column
    ids: Column
    keys: Column
    texts: Sequence[str | None]

    def __len__(self) -> int:
        return len(self.contacts)

    def names_another(self, place: int) -> bool:
        """Whether one names another contact."""
        return self.referred[place] not in (NOBODY, self.contacts[place])

    def rank(self, place: int, people: Sequence[str]) -> tuple[int, str, str, str]:
        """Where one stands among all, by its instant, its event and who made it."""
        event, key = self.texts[self.ids[place]] or "", self.texts[self.keys[place]] or ""
        return self.at[place], event, people[self.contacts[place]], key


@frozen(eq=False)
class Scored:
    """Events that may have a score, in no order.

    Attributes:
        contacts: whose each is, by the number of the contact.
        at: when, in microseconds since 1970.
        said: what was read of its name and properties.
        stages: the label of the highest stage that the contact had reached by then.
        events: which it is: its key, its name and its id.
    """

    contacts: Column
    at: Column
    said: Column
    stages: Column
    events: Sequence[tuple[str, str, str]]


@frozen(eq=False)
class Traits:
    """What was said of a trait, contact by contact, each contact's in order.

    Attributes:
        contacts: who said it, or of whom.
        at: from when on it held.
        said: the number of the value.
        values: the value of each number, and of the last None: nothing was said.
    """

    contacts: Column
    at: Column
    said: Column
    values: Sequence[str | None]

    @cached_property
    def _places(self) -> dict[int, range]:
        return places_of(self.contacts)

    def held(self, contacts: Column, instants: Column) -> Column:
        """The number of the value that held of each contact at an instant, the latest by then."""
        places, nothing = self._places, len(self.values) - 1
        found, nowhere = column(), range(0)
        for contact, instant in zip(contacts, instants, strict=True):
            mine = places.get(contact, nowhere)
            latest = bisect_right(self.at, instant, mine.start, mine.stop) - 1
            found.append(self.said[latest] if latest >= mine.start and mine else nothing)
        return found


def places_of(contacts: Column) -> dict[int, range]:
    """Find at which places each contact stands in a column that is contact by contact.

    >>> places_of(column([7, 7, 5]))
    {7: range(0, 2), 5: range(2, 3)}
    """
    starts = [n for n, contact in enumerate(contacts) if not n or contacts[n - 1] != contact]
    return {contacts[a]: range(a, b) for a, b in pairwise([*starts, len(contacts)])}
