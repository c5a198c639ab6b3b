"""The chance of each who is away to return soon: off the curve of those with a like history.

Ranks by it. Knows no names of contacts' events, and says nothing of what writing would do.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import Final, NamedTuple, cast

from attrs import define, field, frozen

from motfunnel.domain.columns import Column, column
from motfunnel.reports.facts.relations import Happenings, places_of
from motfunnel.reports.measure.clock import Readings
from motfunnel.reports.measure.estimate import curve_by
from motfunnel.reports.measure.rate import FEWEST_AT_RISK
from motfunnel.statistics import Chance, ClusteredCurve, Curve

MANY: Final = 2
"""Whoever came back, or bought, so often or oftener is alike."""
BASES: Final = (
    "stage, reason, returns and purchases",
    "stage, reason and returns",
    "stage and reason",
    "all",
)
"""Whose curve a chance is from: of those alike in all four, and where these are few, in fewer."""

PARTS: Final = (4, 3, 2, 0)
"""In how many parts of their likeness those are alike who make the curve, by place in ``BASES``."""

Like = tuple[int, ...]
"""In what departures are alike: stage, reason, returns and purchases before; or the first of it."""


@frozen
class Pasts:
    """What came before each of some departures.

    Attributes:
        returns: how often the contact had come back.
        purchases: how often it had bought, as the journey counts purchases.
    """

    returns: Column
    purchases: Column

    @classmethod
    def of(cls, departures: Readings, bought: Happenings, apart: int) -> Pasts:
        """Count them.

        Args:
            departures: contact by contact, each contact's in order, by their numbers.
            bought: all purchases of the contacts.
            apart: how many microseconds must lie between two purchases that count.
        """
        counting = [*_counting(bought, apart)]
        contacts = column(bought.contacts[n] for n in counting)
        at, places = [bought.at[n] for n in counting], places_of(contacts)
        columns = zip(departures.contact, departures.started, strict=True)
        numbers = cast("Sequence[int]", departures.key)
        return cls(
            returns=column(number - 1 for number in numbers),
            purchases=column(
                _until(at, places.get(contact, range(0)), left) for contact, left in columns
            ),
        )


def _counting(bought: Happenings, apart: int) -> Iterator[int]:
    """The places of the purchases that count: of each contact the first, and those far enough."""
    who, last = -1, 0
    for n, (contact, at) in enumerate(zip(bought.contacts, bought.at, strict=True)):
        if contact != who or at - last >= apart:
            who, last = contact, at
            yield n


def _until(at: Sequence[int], places: range, left: int) -> int:
    """How many of some instants, which are in order, came no later than another."""
    return bisect_right(at, left, places.start, places.stop) - places.start


class Read(NamedTuple):
    """A chance as it was read.

    Attributes:
        basis: whose curve it is from.
        curve: the curve.
        chance: the chance, with its interval.
    """

    basis: str
    curve: Curve
    chance: Chance


@define
class Curves:
    """The curves of return of all departures, and of those with a like history.

    Attributes:
        departures: all of them.
        likes: in what each is like others.
        window: within how many microseconds more a return is to come.
    """

    departures: Readings
    likes: Sequence[Like]
    window: int
    _places: defaultdict[Like, list[int]] = field(init=False, factory=lambda: defaultdict(list))
    _made: dict[Like, Curve] = field(init=False, factory=dict)
    _clustered: dict[Like, Curve] = field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        for place, like in enumerate(self.likes):
            for parts in PARTS:
                self._places[like[:parts]].append(place)

    def basis(self, like: Like, waited: int) -> tuple[int, Curve]:
        """Which curve tells of one who has been away for so long, by its place in ``BASES``."""
        for place, parts in enumerate(PARTS):
            curve = self._curve(like[:parts])
            if curve.at_risk(waited) >= FEWEST_AT_RISK:
                return place, curve
        return len(PARTS) - 1, self._curve(())

    def value(self, like: Like, waited: int) -> float | None:
        """The chance alone."""
        return self.basis(like, waited)[1].chance(waited, self.window)

    def read(self, like: Like, waited: int, confidence: float) -> Read:
        """The chance with its interval, which knows of contacts that are there several times."""
        place, curve = self.basis(like, waited)
        alike = like[: PARTS[place]]
        if alike not in self._clustered:
            mine = self._mine(alike)
            self._clustered[alike] = curve
            if mine.repeats and not mine.is_anybody_gone:
                columns = mine.contact, mine.waited, mine.happened
                self._clustered[alike] = ClusteredCurve.from_columns(*columns)
        chance = Chance.of(self._clustered[alike], waited, self.window, confidence)
        return Read(BASES[place], curve, chance)

    def _mine(self, alike: Like) -> Readings:
        return self.departures.at(self._places[alike])

    def _curve(self, alike: Like) -> Curve:
        if alike not in self._made:
            self._made[alike] = curve_by(self._mine(alike))
        return self._made[alike]


def likes(departures: Readings, pasts: Pasts) -> list[Like]:
    """In what each departure is like others."""
    capped = (map(min, one, repeat(MANY)) for one in (pasts.returns, pasts.purchases))
    return [*zip(departures.stage, departures.reason, *capped, strict=True)]


class Ranked(NamedTuple):
    """Where one who is away stands.

    The likeliest come first, or where values are known whose chance is worth most; then who left
    last. Of whom nothing can be said, at the end.

    Attributes:
        is_unknown: whether nothing can be said of it.
        minus_worth: its chance times what a purchase of it is worth in millionths, below zero; 0
            where no values are known.
        minus_chance: the chance, below zero, so that the largest comes first.
        waited: for how long it has been away.
        contact: who.
        place: of its departure.
    """

    is_unknown: bool
    minus_worth: float
    minus_chance: float
    waited: int
    contact: str
    place: int

    @property
    def chance(self) -> float | None:
        """The chance; those with one and the same are alike."""
        return None if self.is_unknown else -self.minus_chance


def rank(
    places: Sequence[int], curves: Curves, worth: Callable[[int], int | None] | None = None
) -> list[Ranked]:
    """Rank those who are away, of whom the places of their departures are given.

    Args:
        places: of their departures.
        curves: what tells their chances.
        worth: what a purchase of the one at a place is worth; None: values are not known.
    """
    away, found = curves.departures, []
    texts = away.names.people.texts
    for place in places:
        waited, contact = away.waited[place], texts[away.contact[place]]
        value = curves.value(curves.likes[place], waited)
        each = None if worth is None or value is None else worth(place)
        product = 0.0 if each is None or value is None else value * each
        found.append(Ranked(value is None, -product, -(value or 0.0), waited, contact, place))
    return sorted(found)


def by_chance(ranked: Sequence[Ranked]) -> dict[float | None, list[str]]:
    """Who has each chance: those are alike."""
    found = defaultdict[float | None, list[str]](list)
    for one in ranked:
        found[one.chance].append(one.contact)
    return found
