"""By what a rate is grouped, and the value that held when a clock started.

Reads ``by`` as a user writes it. A value that nobody gave, or of which nothing can be seen, is
``unknown``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import pairwise, repeat
from operator import add, mul
from typing import Any, Final, Self, TypeAlias
from unicodedata import category

from attrs import frozen

from motfunnel.domain.columns import Codes, Column, column
from motfunnel.domain.event import check_text, trait_text
from motfunnel.domain.funnel.condition import find, number
from motfunnel.domain.moment import UNKNOWN
from motfunnel.errors import QuestionError
from motfunnel.reports.measure.clock import Clocks, Readings

By: TypeAlias = str | Sequence[str] | None
"""By what to group, as a user gives it: one name, several of which all count, or nothing."""
Rank: TypeAlias = tuple[int, float, str]
NO_TRAITS: Final = ("stage", "reason", "source", "event")
"""The plain names that mean no trait."""
TOGETHER: Final = " · "
"""What stands between the values of several groupings in the name of a group."""
_BETWEEN: Final = TOGETHER.strip()
_PART: Final = re.compile(rf'(?:"((?:[^"]|"")*)"|([^{_BETWEEN}]*?))(?:{TOGETHER}|\Z)')
_OF_THE_CLOCK: Final = ("stage", "reason", "arm")
_OF_THE_EVENT: Final = ("property", "event")
_READ: Final = ("source", "trait", "property")
"""What has values that hosts wrote, of which some are numbers."""
_UNSEEN: Final = ("Cc", "Cf", "Zl", "Zp", "Zs")
"""The categories of letters that leave no mark: controls, formats and all kinds of blanks."""
_PREFIXES: Final = {"trait:": "trait", "property:": "property"}
_LIKE_BANDS: Final = re.compile(r".+:[^:,]+(?:,[^:,]+)+")
_BANDED: Final = "by='seats:1,5,20'"
_BANDS: Final = re.compile(r"(.+?):(-?\d+(?:\.\d+)?(?:,-?\d+(?:\.\d+)?)*)", re.ASCII)


@frozen
class Grouping:
    """By what clocks are told apart.

    Attributes:
        kind: ``stage``, ``reason``, ``arm``, ``source``, ``trait``, ``property`` or ``event``.
        name: of a trait or a property, its name.
        bands: where a trait or a property is a number, from which numbers on the next band begins,
            as they were written.
    """

    kind: str
    name: str = ""
    bands: tuple[str, ...] = ()

    def of_the_clock(self, clocks: Clocks) -> Partition:
        """The value that each clock itself holds."""
        labels: Column = getattr(clocks, self.kind)
        return Partition.of(labels or _nothing(clocks), clocks.names.labels.texts or [None], self)

    @property
    def written(self) -> str:
        """What it is called in answers of which a plain name means a property."""
        name = self.plainly
        return name if self.kind == "property" else f"{self.kind}:{name}" if name else self.kind

    @property
    def plainly(self) -> str:
        """The name with its bands, as it is written without a prefix."""
        return ":".join([self.name, *([",".join(self.bands)] if self.bands else [])])

    @property
    def is_of_the_clock(self) -> bool:
        """Whether the clock itself holds the value."""
        return self.kind in _OF_THE_CLOCK

    @property
    def is_of_the_event(self) -> bool:
        """Whether the start event has the value."""
        return self.kind in _OF_THE_EVENT

    def of_event(self, event: str, properties: Mapping[str, Any]) -> str | None:
        """The value that a start event has; None where it has none."""
        if self.kind == "event":
            return event
        value = find(properties, self.name)
        return None if value is None else trait_text(value)

    def named(self, value: str | None) -> str:
        """The name of a group by its value; of bands, of the one in which the value lies.

        >>> [Grouping("trait", "seats", ("1", "5")).named(one) for one in ("0", "4.5", "5", "few")]
        ['below 1', '1 to below 5', '5 and more', 'unknown']
        """
        if not self.bands:
            return group_named(value)
        read = None if value is None else number(value)
        return UNKNOWN if read is None else self._bands[sum(read >= float(b) for b in self.bands)]

    def rank(self, group: str) -> Rank:
        """Where a group stands among others: bands and numbers from the lowest on, then by name.

        >>> sorted(["10", "few", "2.5", "2", "-1"], key=Grouping("trait", "seats").rank)
        ['-1', '2', '2.5', '10', 'few']
        """
        if group in self._bands:
            return 0, self._bands.index(group), group
        read = None if self.kind not in _READ else number(group)
        return (2, 0, group) if read is None else (1, read, group)

    @property
    def _bands(self) -> tuple[str, ...]:
        if not self.bands:
            return ()
        between = [f"{low} to below {high}" for low, high in pairwise(self.bands)]
        return (f"below {self.bands[0]}", *between, f"{self.bands[-1]} and more")


@frozen
class Groupings:
    """By what clocks are told apart: by one thing, or by several at once.

    Attributes:
        each: these.
        written: what answers say of it.
    """

    each: tuple[Grouping, ...]
    written: str

    @property
    def alone(self) -> Grouping | None:
        """The one, where it is one."""
        return self.each[0] if len(self.each) == 1 else None

    @property
    def are_of_the_event(self) -> bool:
        """Whether any of the values is the start event's."""
        return any(one.is_of_the_event for one in self.each)

    def rank(self, group: str | None) -> tuple[Rank, ...]:
        """Where a group stands among others."""
        parts = [group or ""] if self.alone else apart(group or "")
        return tuple(one.rank(part) for one, part in zip(self.each, parts, strict=False))


@frozen(eq=False)
class Partition:
    """Things told apart: of each the number of its group, and of each number the group's name.

    Attributes:
        numbers: of each thing, in the order in which things were given.
        groups: the names, each once.
    """

    numbers: Column
    groups: Sequence[str]

    @classmethod
    def of(cls, values: Column, texts: Sequence[str | None], grouping: Grouping) -> Self:
        """Make one of numbers of values; values that are called alike are one group.

        >>> found = Partition.of(column([0, 2, 1]), ["a", None, " "], Grouping("trait", "plan"))
        >>> found.numbers.tolist(), found.groups
        ([0, 1, 1], ['a', 'unknown'])
        """
        groups = Codes()
        number_of = {value: groups[grouping.named(texts[value])] for value in dict.fromkeys(values)}
        return cls(column(map(number_of.__getitem__, values)), groups.texts)

    @classmethod
    def together(cls, parts: Sequence[Partition]) -> Partition:
        """Tell apart by several at once: a group is what is alike in all."""
        if len(parts) == 1:
            return parts[0]
        first, *others = (Partition(one.numbers, [*map(_part, one.groups)]) for one in parts)
        for other in others:
            wide = len(other.groups)
            both = column(map(add, map(mul, first.numbers, repeat(wide)), other.numbers))
            places = {pair: n for n, pair in enumerate(dict.fromkeys(both))}
            first = Partition(
                column(map(places.__getitem__, both)),
                [f"{first.groups[n // wide]}{TOGETHER}{other.groups[n % wide]}" for n in places],
            )
        return first

    @cached_property
    def names(self) -> list[str]:
        """Of each thing the name of its group."""
        return [*map(self.groups.__getitem__, self.numbers)]

    def places(self) -> dict[str, Column]:
        """At which places the things of each group stand."""
        found = [column() for _ in self.groups]
        for place, group in enumerate(self.numbers):
            found[group].append(place)
        return dict(zip(self.groups, found, strict=True))


def together(values: Iterable[str]) -> str:
    """The name of a group by its values; each combination has one of its own.

    >>> together(["pro", "NL"]), together(["a · b", "c"])
    ('pro · NL', '"a · b" · c')
    """
    return TOGETHER.join(map(_part, values))


def apart(group: str) -> list[str]:
    """The values in the name of a group.

    >>> apart('"a · b" · c'), apart("pro")
    (['a · b', 'c'], ['pro'])
    """
    found = [quoted.replace('""', '"') or plain for quoted, plain in _PART.findall(group)]
    return found[:-1] if len(found) > 1 and not found[-1] else found


def _part(value: str | None) -> str:
    """A value as it stands in the name of a group; in quotation marks where it could mislead."""
    said = value or ""
    if _BETWEEN in said or said.startswith('"'):
        return '"' + said.replace('"', '""') + '"'
    return said


def in_order(groupings: Groupings | None, groups: Iterable[str | None]) -> list[str | None]:
    """Groups in the order in which they are listed."""
    return sorted(groups, key=str if groupings is None else groupings.rank)


def by_group(parted: Partition, groupings: Groupings, chosen: Readings) -> dict[str, Readings]:
    """Part a cohort by the groups of its clocks, in the order of their values."""
    places = parted.places()
    return {group: chosen.at(places[group]) for group in sorted(places, key=groupings.rank)}


def read_grouping(by: By, name: str, groups: Collection[str]) -> Groupings | None:
    """Read what a user asks to tell apart by.

    Args:
        by: as it was written.
        name: what is grouped.
        groups: what its start events have beside source, traits, properties and their names.

    Raises:
        QuestionError: it names nothing, or what the rate's start events do not have.
    """
    found = []
    for one in each_of(by):
        if one in ("stage", "reason") and one not in groups:
            others = ", ".join(sorted({*groups, "source", "event", "property:NAME", "a trait"}))
            raise QuestionError(f"{name} cannot be grouped by {one}; it can be by: {others}")
        found.append(Grouping(one) if one in NO_TRAITS else _read(one, "trait"))
    return Groupings(tuple(found), as_written(by) or "") if found else None


def as_written(by: By) -> str | None:
    """What answers say of it."""
    return TOGETHER.join(map(str, each_of(by))) or None


def read_property(by: By) -> Groupings | None:
    """Read which property to tell events apart by, or with its prefix which trait.

    Raises:
        QuestionError: it names nothing.
    """
    found = [Grouping(one) if one == "event" else _read(one, "property") for one in each_of(by)]
    return Groupings(tuple(found), TOGETHER.join(g.written for g in found)) if found else None


def group_named(value: str | None) -> str:
    """The name of a group by its value: ``unknown`` where there is none, or nothing to be seen.

    >>> group_named("team"), group_named(" "), group_named("\N{ZERO WIDTH SPACE}")
    ('team', 'unknown', 'unknown')
    """
    is_seen = value is not None and any(category(one) not in _UNSEEN for one in value)
    return value if is_seen and value is not None else UNKNOWN


def property_text(properties: Mapping[str, Any], name: str) -> str:
    """The value of a property, as the text to group by."""
    return group_named(Grouping("property", name).of_event("", properties))


def each_of(by: Any) -> Sequence[str]:
    """What was written of each thing, where one or several are."""
    if by is None:
        return ()
    return tuple(by) if isinstance(by, list | tuple) else (by,)


def _read(by: str, plainly: str) -> Grouping:
    """Read the name of a trait or a property, with a prefix or plainly, and with bands or without.

    Raises:
        QuestionError: it names nothing, or its bands do not rise.
    """
    try:
        name, kind = check_text(by, "by"), plainly
    except ValueError as error:
        raise QuestionError(str(error)) from None
    for prefix, meant in _PREFIXES.items():
        if name.startswith(prefix):
            name, kind = name.removeprefix(prefix), meant
            break
    match = _BANDS.fullmatch(name)
    bands = tuple(match[2].split(",")) if match else ()
    if match is None and _LIKE_BANDS.fullmatch(name):
        raise QuestionError(f"bands are numbers, which {by!r} has none of; write e.g. {_BANDED}")
    name = match[1] if match else name
    if not name.strip():
        raise QuestionError(f"by names no {kind}; write e.g. by='{kind}:plan'")
    if any(float(low) >= float(high) for low, high in pairwise(bands)):
        raise QuestionError(f"bands rise, each number once; write e.g. by='{name}:1,5,20'")
    return Grouping(kind, name, bands)


def _nothing(clocks: Clocks) -> Column:
    return column([0]) * len(clocks)
