"""One contact's events walked through two funnels, and its moments laid side by side.

Two moments answer to each other if they are of one kind and come of the same: the opening; the
conversion to the same stage; the departure after the same last touch; any other by its event.
Counts nobody.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterator, Sequence
from itertools import compress
from typing import Final

from attrs import frozen

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import to_micros
from motfunnel.domain.journey import Journey, PlainEntry
from motfunnel.domain.moment import Moment, MomentKind

SAME: Final = "same"
MOVED: Final = "moved"
GAINED: Final = "gained"
LOST: Final = "lost"


@frozen
class Walk:
    """A contact's way through one funnel.

    Attributes:
        journey: the way.
        moments: its moments, each under its kind and what it comes of.
    """

    journey: Journey
    moments: dict[tuple[MomentKind, Hashable], Moment]


def walk_keyed(contact: str, funnel: Funnel, ordered: Sequence[PlainEntry], until: int) -> Walk:
    """Walk a contact's events up to an instant, with what each moment comes of.

    Args:
        contact: whose events.
        funnel: the one that has read them.
        ordered: the events, in order, none of which is later than the instant.
        until: the instant, in microseconds since 1970.
    """
    journey = Journey(contact, funnel)
    journey.advance_all(ordered)
    journey.silence(until)
    touches = [entry[0] for entry in compress(ordered, journey.alive)]
    return Walk(journey, {_key(moment, touches): moment for moment in journey.moments})


def compare_walks(before: Walk, after: Walk) -> Iterator[tuple[MomentKind, str]]:
    """Say of each moment of either, by its kind, whether it is the same, moved, gained or lost."""
    for key, moment in before.moments.items():
        other = after.moments.get(key)
        if other is None:
            yield moment.kind, LOST
        else:
            yield moment.kind, SAME if other.occurred_at == moment.occurred_at else MOVED
    for key, moment in after.moments.items():
        if key not in before.moments:
            yield moment.kind, GAINED


def _key(moment: Moment, touches: Sequence[int]) -> tuple[MomentKind, Hashable]:
    """What a moment comes of; no two of a kind come of the same."""
    if moment.kind is MomentKind.OPENING:
        return moment.kind, None
    if moment.kind is MomentKind.CONVERSION:
        return moment.kind, moment.to_stage
    if moment.kind is MomentKind.DEPART:
        # Of one instant a farewell comes last.
        return moment.kind, touches[bisect_right(touches, to_micros(moment.occurred_at)) - 1]
    return moment.kind, moment.event_key
