"""Answers whose rows come in groups: a table for each group, in every report alike.

A group's value is the one that held at the opening of a contact, or its own for ever: so that no
contact changes its group, and whatever adds up for all adds up in each. Counts nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeVar

from attrs import evolve, field, frozen

from motfunnel.domain.funnel import Funnel
from motfunnel.domain.moment import MomentKind
from motfunnel.reports.answer import Answer, Row, Table
from motfunnel.reports.cells import TEXT, cell
from motfunnel.reports.clock import Clock, Told
from motfunnel.reports.windowed import Windowed


@frozen(kw_only=True)
class GroupedRow(Row):
    """A row of one group.

    Attributes:
        group: the value by which contacts are told apart; None: all of them.
    """

    group: str | None = field(metadata=cell(TEXT))


G = TypeVar("G", bound=GroupedRow)


@frozen(kw_only=True)
class Grouped(Answer[G]):
    """An answer that may tell contacts apart.

    Attributes:
        by: by what; None: not at all.
    """

    by: str | None = field(default=None, metadata=cell(TEXT))

    def tables(self) -> Iterator[Table]:
        """What is printed below the definition, for each group under its name."""
        if self.by is None:
            yield from super().tables()
            return
        for group in dict.fromkeys(row.group for row in self.rows):
            alone = evolve(self, rows=tuple(r for r in self.rows if r.group == group), by=None)
            for caption, header, rows in alone.tables():
                more = "" if caption is None else f"; {caption}"
                yield f"{self.by}: {group}{more}", header, rows


def _openings(told: Told, _: Funnel) -> Iterator[Clock]:
    for moment in told.moments:
        if moment.kind is MomentKind.OPENING:
            yield Clock(contact=told.contact, key=moment.event_key, started_at=moment.occurred_at)


def openings_of(name: str) -> Windowed:
    """The openings that a report of some name tells apart, as a rate has its start events."""
    return Windowed(
        name=name,
        definition="",
        clocks=_openings,
        start=OPENING,
        reads="moments",
        moments=OPENING,
        groups=frozenset(),
    )


OPENING: Final = frozenset({MomentKind.OPENING})
