"""The relations of everyone: who opened, moments, and activity; each a few columns of equal length.

Contacts, kinds and stages are numbers, and instants microseconds since 1970. Asks no database.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

from attrs import field, frozen

from motfunnel.domain.columns import Column
from motfunnel.domain.moment import MomentKind

PLACES: Final = {kind: place for place, kind in enumerate(MomentKind)}
"""The places of the kinds of moments, which stand for them in columns."""


class Openings(NamedTuple):
    """Who opened, and when; in no order.

    Attributes:
        contacts: the contacts, by their numbers.
        at: when each opened, in microseconds since 1970.
    """

    contacts: Column
    at: Column


@frozen
class Moments:
    """Moments, contact by contact, each contact's in order; what nobody asked for is empty.

    Attributes:
        contacts: whose each is, by the number of the contact.
        kinds: of which kind, by its place; see ``PLACES``.
        at: when, in microseconds since 1970.
        stages: the stage that an opening or a conversion led to, by its place; 0 where it is none.
        reasons: of a departure why, by its number.
        said: the reason of each number.
        labels: the stage that it led to, whether or not the funnel has it, by its label; what led
            to none has the label of None.
        events: the event that made it: its key, and its id.
    """

    contacts: Column
    kinds: Column
    at: Column = field(factory=partial(array, "q"))
    stages: Column = field(factory=partial(array, "q"))
    reasons: Column = field(factory=partial(array, "q"))
    said: Sequence[str | None] = ()
    labels: Column = field(factory=partial(array, "q"))
    events: Sequence[tuple[str, str | None]] = ()


class Stories(NamedTuple):
    """The moments of each contact: from which place in the columns to before which they stand.

    Attributes:
        contacts: the contacts, by their numbers.
        ends: where the moments of each begin; and last, how many moments there are.
    """

    contacts: Column
    ends: Column


def stories_of(moments: Moments) -> Stories:
    """Find where in the columns each contact's moments stand."""
    contacts, ends, latest = array("q"), array("q"), -1
    for place, contact in enumerate(moments.contacts):
        if contact != latest:
            contacts.append(contact)
            ends.append(place)
            latest = contact
    ends.append(len(moments.contacts))
    return Stories(contacts, ends)


class Activity(NamedTuple):
    """In which stretches of time contacts were seen: each in at least one, that of its opening.

    Attributes:
        contacts: the contacts, by their numbers; in no order.
        stretches: of each the stretches, as the bits of a number.
    """

    contacts: Column
    stretches: Sequence[int]
