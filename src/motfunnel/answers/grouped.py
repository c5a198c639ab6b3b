"""Answers whose rows come in groups: a table for each group, in every report alike.

Counts nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from attrs import evolve, field, frozen

from motfunnel.answers.answer import Answer, Row, Table
from motfunnel.answers.cells import TEXT, cell


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
