"""What a purchase of each who is away is worth: its own on average, else of those alike.

Refunds are taken off. Knows no chances, and ranks nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Final, Self

from attrs import define, field

from motfunnel.reports.decisions.chances import PARTS, Like
from motfunnel.reports.facts.relations import Purchases, places_of
from motfunnel.store.queries.purchases import UNSAID

Given = tuple[int, int]
"""What purchases were worth in all, less refunds, in millionths; and how many of known worth."""

NOTHING: Final[Given] = (0, 0)


@define
class Worths:
    """What purchases are worth, on average.

    Attributes:
        given: of each contact, by its number.
        members: who is alike, by what they are alike in: in all, or in the first of it.
    """

    given: Mapping[int, Given]
    members: Mapping[Like, set[int]]
    _means: dict[Like, int | None] = field(init=False, factory=dict)

    @classmethod
    def of(cls, contacts: Sequence[int], likes: Sequence[Like], made: Purchases) -> Self:
        """Add up the purchases of each contact.

        Args:
            contacts: whose each departure is.
            likes: in what each departure is like others.
            made: the purchases and refunds of all.
        """
        given = {}
        for contact, places in places_of(made.contacts).items():
            said = [place for place in places if made.value[place] != UNSAID]
            known = sum(not made.refund[place] for place in said)
            given[contact] = (sum(made.value[place] for place in said), known)
        members: dict[Like, set[int]] = {}
        for contact, like in zip(contacts, likes, strict=True):
            for parts in PARTS:
                members.setdefault(like[:parts], set()).add(contact)
        return cls(given, members)

    def own(self, contact: int) -> int | None:
        """Of the contact itself; None of one of whose purchases no worth is known."""
        return _mean([self.given.get(contact, NOTHING)])

    def of_one(self, contact: int, like: Like) -> int | None:
        """Its own, else of those alike in as much as it takes; None where nobody's is known."""
        found = self.own(contact)
        for parts in PARTS if found is None else ():
            alike = like[:parts]
            if alike not in self._means:
                mine = (self.given.get(one, NOTHING) for one in self.members.get(alike, ()))
                self._means[alike] = _mean(mine)
            if (found := self._means[alike]) is not None:
                break
        return found


def _mean(given: Iterable[Given]) -> int | None:
    """Per purchase, rounded to whole millionths."""
    each = [*given]
    many = sum(count for _, count in each)
    return round(Fraction(sum(value for value, _ in each), many)) if many else None
