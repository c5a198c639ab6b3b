"""Who stands behind one of the counts of an answer, row by row, in every form.

A name is there as often as it is counted, so that the list is as long as the number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from attrs import frozen

from motfunnel.answers.answer import Answer, Row
from motfunnel.answers.cells import Kind, cells
from motfunnel.answers.table import csv_table, text_table, wrapped
from motfunnel.domain.event import to_readable_json
from motfunnel.domain.instant import iso
from motfunnel.errors import QuestionError

CONTACT = "contact"


@frozen
class Named:
    """The names behind one count of each row of an answer.

    Attributes:
        answer: the answer.
        part: what is counted; one of the names under which its rows keep who was, or the word
            that stands above it.

    Raises:
        QuestionError: no row has names behind such a count.
    """

    answer: Answer[Any]
    part: str

    def __attrs_post_init__(self) -> None:
        known = list(dict.fromkeys(part for row in self.answer.rows for part in row.names))
        object.__setattr__(self, "part", self.answer.count_meant(self.part, known))
        if self.answer.rows and self.part not in known:
            raise QuestionError(self.answer.nobody_behind(self.part, known))

    def rows(self) -> Iterator[tuple[dict[str, Any], Sequence[str]]]:
        """What each row is grouped by, and who is counted in it."""
        for row in self.answer.rows:
            if self.part in row.names:
                told = {name: kind.plain(value) for name, kind, value in self._told(row)}
                yield told, row.names[self.part]

    def to_dict(self) -> dict[str, Any]:
        """The names of each row, ready for JSON."""
        asked = {"name": self.answer.name, "as_of": iso(self.answer.as_of), "part": self.part}
        return asked | {
            "rows": [
                told | {"count": len(names), "members": list(names)} for told, names in self.rows()
            ]
        }

    def to_json(self) -> str:
        """The same as a JSON text."""
        return to_readable_json(self.to_dict())

    def to_csv(self) -> str:
        """A line for each name, under one header, with what its row is grouped by."""
        lines = [[contact, *told.values()] for told, names in self.rows() for contact in names]
        return csv_table([CONTACT, *self._columns()], lines)

    def to_text(self, width: int | None = None) -> str:
        """The names as one reads them, with how many they are."""
        heading = f"{self.answer.said(self.answer.title)}, as of {iso(self.answer.as_of)}"
        lines = [
            [contact, *("all" if one is None else str(one) for one in told.values())]
            for told, names in self.rows()
            for contact in names
        ]
        table = text_table([self.answer.word(CONTACT), *self._columns()], lines, width)
        return f"{wrapped(heading, width)}\n{self.part}: {len(lines):,}\n\n{table}"

    def _columns(self) -> list[str]:
        """The cells by which rows are told apart; none that is empty in all of them."""
        return [
            name
            for name, one in cells(self.answer.row_class).items()
            if one.kind.name == "text"
            and name != CONTACT
            and (one.heading is not None or name == "group")
            and any(getattr(row, name) is not None for row in self.answer.rows)
        ]

    def _told(self, row: Row) -> Iterator[tuple[str, Kind, Any]]:
        kinds = cells(self.answer.row_class)
        for name in self._columns():
            yield name, kinds[name].kind, getattr(row, name)
