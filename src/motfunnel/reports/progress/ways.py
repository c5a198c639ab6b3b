"""The ways of contacts: when each reached which stage, and from which it departed and came back.

A leap reaches all stages on its way. Contacts go few ways, so each way is followed once.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Final

from attrs import frozen

from motfunnel.domain.columns import NEVER, Column
from motfunnel.domain.moment import MomentKind
from motfunnel.reports.cohort import Opened
from motfunnel.reports.facts.moments import PLACES, Moments, stories_of

KINDS: Final = frozenset(
    {MomentKind.OPENING, MomentKind.CONVERSION, MomentKind.DEPART, MomentKind.RECIDIVISM}
)
"""The moments that make a way."""
NEVER_DEPARTED: Final = "never departed"
REASON: Final = "reason"
_OPENING, _CONVERSION, _DEPART = (
    PLACES[kind] for kind in (MomentKind.OPENING, MomentKind.CONVERSION, MomentKind.DEPART)
)

STAYED, DEPARTED, RETURNED = range(3)


@frozen
class Ways:
    """How far contacts came, each column in their order; instants in microseconds since 1970.

    Attributes:
        people: the name of each number.
        contacts: the contacts, by their numbers.
        reached: of each stage when they reached it, a leap reaching all on its way; or ``NEVER``.
        departures: of each stage whether they departed from it, and came back after the first time
            that they did: ``STAYED``, ``DEPARTED`` or ``RETURNED``.
    """

    people: Sequence[str]
    contacts: Column
    reached: Sequence[Column]
    departures: Sequence[Column]

    @classmethod
    def through(cls, stages: Sequence[str], people: Sequence[str]) -> Ways:
        """Of nobody yet."""
        reached, departures = ([array("q") for _ in stages] for _ in range(2))
        return cls(people, array("q"), reached, departures)


@lru_cache(maxsize=10_000)
def follow(
    kinds: bytes, stages: tuple[int, ...], last: int
) -> tuple[list[int], list[int], int | None]:
    """Follow a contact's moments: at which of them it reached what, and first departed.

    Contacts go few ways, and those that go the same one are followed once.

    Args:
        kinds: of which kind each is, by its place.
        stages: where an opening or a conversion led to.
        last: the last stage.

    Returns:
        Of each stage the place of the moment that reached it, of those reached; of each whether
        it was departed from; and the place of the first departure.
    """
    reached: list[int] = []
    departures = [STAYED] * (last + 1)
    stage, first, left = 0, None, -1
    for place, (kind, to) in enumerate(zip(kinds, stages, strict=True)):
        if kind in (_OPENING, _CONVERSION):
            stage = max(stage, to)
            reached += [place] * (stage + 1 - len(reached))
        elif kind == _DEPART:
            left = stage if departures[stage] == STAYED else -1
            departures[stage] = max(departures[stage], DEPARTED)
            first = place if first is None else first
        elif left >= 0:
            departures[left] = RETURNED
    return reached, departures, first


def each(ways: Ways, n: int) -> Iterator[tuple[int, int]]:
    """Each contact, and when it reached a stage."""
    return zip(ways.contacts, ways.reached[n], strict=True)


def spans(ways: Ways, n: int) -> list[int]:
    """How long those who made the step to a stage took for it."""
    if n == 0:
        return []
    both = zip(ways.reached[n - 1], ways.reached[n], strict=True)
    return [at - since for since, at in both if at < NEVER]


def ways_by_group(
    found: Opened, stages: tuple[str, ...], by: str | None
) -> Mapping[str | None, Ways]:
    """Give the ways of who opened, told apart as asked for, or by why they first departed."""
    nobody = partial(Ways.through, stages, found.source.names.people.texts)
    ways: dict[str | None, Ways] = defaultdict(nobody)
    if by is None:
        ways[None] = nobody()
    moments = found.source.moments(KINDS, "at", "stages", *(["reasons"] if by == REASON else []))
    stories = stories_of(moments)
    kinds = bytes(iter(moments.kinds))
    for group, places in found.parts(stories.contacts).items():
        for one in places:
            contact, start, end = stories.contacts[one], *stories.ends[one : one + 2]
            if contact in found.gone:
                end = bisect_right(moments.at, found.gone[contact], start, end)
            if start == end:
                continue
            went = tuple(moments.stages[start:end])
            reached, departures, first = follow(kinds[start:end], went, len(stages) - 1)
            mine = ways[_reason(moments, start, first) if by == REASON else group]
            mine.contacts.append(contact)
            for n, column in enumerate(mine.reached):
                column.append(moments.at[start + reached[n]] if n < len(reached) else NEVER)
            for column, how in zip(mine.departures, departures, strict=True):
                column.append(how)
    return ways


def _reason(moments: Moments, start: int, first: int | None) -> str:
    """Why a contact first departed."""
    if first is None:
        return NEVER_DEPARTED
    return moments.said[moments.reasons[start + first]] or ""
