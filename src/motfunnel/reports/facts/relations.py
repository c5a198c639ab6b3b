"""The relations of facts: columns of equal length, in which a place is an episode.

Contacts are numbers, and so are stages and reasons; instants are microseconds since 1970, and
``NEVER`` where nothing came. What was not asked for is empty.
"""

from __future__ import annotations

from attrs import field, frozen

from motfunnel.domain.columns import Column, column


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
