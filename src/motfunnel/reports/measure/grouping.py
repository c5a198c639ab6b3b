"""By what a rate is grouped, and the value that held when a clock started.

Reads ``by`` as a user writes it. A value that nobody gave, or of which nothing can be seen, is
``unknown``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from unicodedata import category

from attrs import frozen

from motfunnel.domain.columns import Column
from motfunnel.domain.event import check_text, trait_text
from motfunnel.domain.funnel.condition import find
from motfunnel.domain.moment import UNKNOWN
from motfunnel.errors import QuestionError
from motfunnel.reports.measure.clock import Clocks

NO_TRAITS: Final = ("stage", "reason", "source")
"""The plain names that mean no trait."""
_OF_THE_CLOCK: Final = ("stage", "reason", "arm")
_UNSEEN: Final = ("Cc", "Cf", "Zl", "Zp", "Zs")
"""The categories of letters that leave no mark: controls, formats and all kinds of blanks."""
_PREFIXES: Final = {"trait:": "trait", "property:": "property"}


@frozen(kw_only=True)
class Grouping:
    """By what clocks are told apart.

    Attributes:
        kind: ``stage``, ``reason``, ``arm``, ``source``, ``trait`` or ``property``.
        name: of a trait or a property, its name.
    """

    kind: str
    name: str = ""

    def of_the_clock(self, clocks: Clocks) -> list[str]:
        """The value that each clock itself holds."""
        labels: Column = getattr(clocks, self.kind)
        if not labels:
            return [UNKNOWN] * len(clocks)
        named = [*map(group_named, clocks.names.labels.texts)]
        return [*map(named.__getitem__, labels)]

    @property
    def written(self) -> str:
        """What it is called in answers of which a plain name means a property."""
        return self.name if self.kind == "property" else f"{self.kind}:{self.name}"

    @property
    def is_of_the_clock(self) -> bool:
        """Whether the clock itself holds the value."""
        return self.kind in _OF_THE_CLOCK


def read_grouping(by: str | None, name: str, groups: Collection[str]) -> Grouping | None:
    """Read what a user asks to tell apart by.

    Args:
        by: as it was written.
        name: what is grouped.
        groups: what its start events have beside source, traits and properties.

    Raises:
        QuestionError: it names nothing, or what the rate's start events do not have.
    """
    if by is None:
        return None
    if by in ("stage", "reason") and by not in groups:
        others = ", ".join(sorted({*groups, "source", "property:NAME", "a trait"}))
        raise QuestionError(f"{name} cannot be grouped by {by}; it can be by: {others}")
    if by in NO_TRAITS:
        return Grouping(kind=by)
    return _prefixed(by) or Grouping(kind="trait", name=by)


def read_property(by: str | None) -> Grouping | None:
    """Read which property to tell events apart by, or with its prefix which trait.

    Raises:
        QuestionError: it names nothing.
    """
    if by is None:
        return None
    return _prefixed(by) or Grouping(kind="property", name=_named(by, "property"))


def trait_at(said: Sequence[tuple[datetime, str]], at: datetime) -> str:
    """The latest value of a trait that was set by an instant; one set to nothing is unknown."""
    values = [value for since, value in said if since <= at]
    return group_named(values[-1] if values else None)


def property_text(properties: Mapping[str, Any] | None, name: str) -> str:
    """The value of a property, as the text to group by."""
    value = None if properties is None else find(properties, name)
    return UNKNOWN if value is None else group_named(trait_text(value))


def group_named(value: str | None) -> str:
    """The name of a group by its value: ``unknown`` where there is none, or nothing to be seen.

    >>> group_named("team"), group_named(" "), group_named("\N{ZERO WIDTH SPACE}")
    ('team', 'unknown', 'unknown')
    """
    is_seen = value is not None and any(category(one) not in _UNSEEN for one in value)
    return value if is_seen and value is not None else UNKNOWN


def _prefixed(by: str) -> Grouping | None:
    """Read a name with a prefix that says what it is of; None for a plain one."""
    try:
        name = check_text(by, "by")
    except ValueError as error:
        raise QuestionError(str(error)) from None
    for prefix, kind in _PREFIXES.items():
        if name.startswith(prefix):
            return Grouping(kind=kind, name=_named(name.removeprefix(prefix), kind))
    return None


def _named(name: str, kind: str) -> str:
    if not name.strip():
        raise QuestionError(f"by names no {kind}; write e.g. by='{kind}:plan'")
    return name
