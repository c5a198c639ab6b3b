"""The outputs as relations of SQL, as of an instant; and rows of them as columns of numbers.

An earlier instant sees less of them; at a later one silences have run out that nothing wrote down.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from motfunnel.batch.database import files_in, lend, text
from motfunnel.domain.columns import Codes, Column, column
from motfunnel.domain.instant import to_micros
from motfunnel.domain.moment import SILENCE, MomentKind
from motfunnel.errors import QuestionError
from motfunnel.reports.measure.clock import Cohort

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

AMONG: Final = "(SELECT one::VARCHAR FROM among)"
"""Texts that are handed to a query; there is at least one."""
_AT_ONCE: Final = 10_000
_LAST: Final = 1 << 62
_UNWRITTEN: Final = {
    "moments": {
        "moment": text(MomentKind.DEPART),
        "occurred_at": "deadline_at",
        "reason": text(SILENCE),
        "episode": "episodes + 1",
    },
    "episodes": {
        "episode": "episodes + 1",
        "departed_at": "deadline_at",
        "reason": text(SILENCE),
        "stage": "stage",
        "customer": "purchases > 0",
        "outreaches": "0",
    },
}


@frozen(kw_only=True)
class Relations:
    """The outputs of a classification, as of an instant.

    Attributes:
        connection: which reads them.
        folder: where they are.
        classified_as_of: as of when they were made.
        as_of: the instant of the question.
        check: makes sure that the files of an output are as they were.
    """

    connection: Connection
    folder: Path
    classified_as_of: datetime
    as_of: datetime
    check: Callable[[str], object]

    @property
    def order(self) -> str:
        """Contact by contact, each contact's in order: as the rows were written.

        What is not written is the last of its contact.
        """
        is_late = self.as_of > self.classified_as_of
        return " ORDER BY file, contact, place" if is_late else " ORDER BY file, place"

    def moments(self) -> str:
        """The moments up to the instant, written down or not."""
        return self._whole("moments", "occurred_at")

    def episodes(self) -> str:
        """The departures up to the instant, written down or not."""
        return self._whole("episodes", "departed_at")

    def contacts(self) -> str:
        """What is so of contacts, as of when they were classified."""
        return self._output("contacts")

    def events(self) -> str:
        """The events up to the instant.

        Raises:
            QuestionError: they were left out.
        """
        if not (self.folder / "events").exists():
            raise QuestionError(
                f"{self.folder} has no events, which this asks for; classify it without --no-events"
            )
        return f"(FROM {self._output('events')} WHERE {self.until('occurred_at')})"

    def traits(self) -> str:
        """What was said of traits up to the instant."""
        return f"(FROM {self._output('traits')} WHERE {self.until('occurred_at')})"

    def until(self, name: str) -> str:
        """That an instant is none after the question's."""
        return f"{name} <= {instant(self.as_of)}"

    def columns(
        self, query: str, codes: Mapping[str, Codes], some: Collection[str] = ()
    ) -> dict[str, Column]:
        """Read columns of numbers, and of texts that are given their numbers; none is null.

        Args:
            query: gives them.
            codes: what gives the texts of a column their numbers.
            some: what ``AMONG`` stands for in the query.
        """
        with self._asked(query, some) as cursor:
            read = cursor.fetchnumpy()
        return {
            name: column(codes[name].numbers(values.tolist())) if name in codes else _whole(values)
            for name, values in read.items()
        }

    def rows(self, query: str, some: Collection[str] = ()) -> Iterator[tuple[Any, ...]]:
        """Read rows one by one; ``some`` is what ``AMONG`` stands for in the query."""
        with self._asked(query, some) as cursor:
            while rows := cursor.fetchmany(_AT_ONCE):
                yield from rows

    @contextmanager
    def _asked(self, query: str, some: Collection[str]) -> Iterator[Connection]:
        with self.connection.cursor() as cursor:  # another may be read meanwhile
            if some:
                lend(cursor, "among", {"one": [*some]})
            yield cursor.execute(query)

    def having(self, kind: MomentKind) -> str:
        """That a contact has a moment of a kind, written down."""
        which = f"moment = {text(kind)} AND {self.until('occurred_at')}"
        return f"contact IN (SELECT contact FROM {self._output('moments')} WHERE {which})"

    def _output(self, name: str) -> str:
        self.check(name)
        files = files_in(self.folder, f"{name}/*.parquet")
        read = f"read_parquet({files}, filename = 'file', file_row_number = true)"
        return f"(SELECT * EXCLUDE (file_row_number), file_row_number AS place FROM {read})"

    def _whole(self, name: str, at: str) -> str:
        written = f"FROM {self._output(name)} WHERE {self.until(at)}"
        if self.as_of <= self.classified_as_of:
            return f"({written})"
        made = ", ".join(f"{value} AS {column}" for column, value in _UNWRITTEN[name].items())
        late = (
            f"SELECT contact, {made}, replace(file, '/contacts/', '/{name}/') AS file, "
            f"{_LAST} AS place FROM {self._output('contacts')} WHERE {self.until('deadline_at')}"
        )
        return f"({written} UNION ALL BY NAME {late})"


def instant(at: datetime) -> str:
    """Write an instant as SQL has it."""
    return f"make_timestamptz({to_micros(at)}::BIGINT)"


def one_of(name: str, several: Iterable[str]) -> str:
    """That a text is one of several."""
    listed = ", ".join(map(text, several))
    return f"{name} IN ({listed})" if listed else "false"


def within(name: str, period: Cohort) -> list[str]:
    """The conditions that an instant lies in a period."""
    start, end = period
    first = [] if start is None else [f"{name} >= {instant(start)}"]
    return first if end is None else [*first, f"{name} < {instant(end)}"]


def where(conditions: Collection[str]) -> str:
    """The clause of some conditions; none where there are none."""
    return f" WHERE {' AND '.join(f'({one})' for one in conditions)}" if conditions else ""


def _whole(values: Any) -> Column:
    import numpy as np

    made = array("q")
    made.frombytes(np.ascontiguousarray(values, np.int64).tobytes())
    return made
