"""A relation of DuckDB as a source of rows: a file of Parquet or an Arrow table, without pyarrow.

Gives the same values as ``intake.files.parquet``, which reads the same files for an import.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from motfunnel.batch.database import count, name
from motfunnel.domain.instant import from_micros
from motfunnel.errors import SourceError
from motfunnel.intake.files.columns import check_header
from motfunnel.intake.files.parquet import finer
from motfunnel.intake.files.source import Raw

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

_AT_ONCE: Final = 10_000


class Relation:
    """Rows that DuckDB reads.

    Args:
        connection: which reads them.
        table: what stands behind FROM; it has a column of the rows' numbers, from 1 on.
        number: the name of that column.
        lent: the table in memory that it calls ``given``; None for a file.
        what: the source, as messages call it.

    Raises:
        SourceError: it cannot be read.
    """

    def __init__(
        self, connection: Connection, table: str, number: str, what: str, lent: Any = None
    ) -> None:
        if lent is not None:
            connection.register("given", lent)
        self._lent = lent
        self.connection: Connection = connection
        self.table: str = table
        self.number: str = name(number)
        self._what = what
        self.consumed: int = 0

    @property
    def remarks(self) -> tuple[str, ...]:
        """Nothing: there is one way to write it."""
        return ()

    @cached_property
    def types(self) -> dict[str, str]:
        """The columns and their types, as DuckDB names them."""
        import duckdb

        try:
            cursor = self.connection.execute(f"DESCRIBE SELECT * FROM {self.table} LIMIT 0")
        except duckdb.Error as error:
            said = str(error).splitlines()[0]
            raise SourceError(f"{self._what} cannot be read: {said}") from None
        found = [(row[0], str(row[1])) for row in cursor.fetchall() if name(row[0]) != self.number]
        check_header([column for column, _ in found], self._what)
        return dict(found)

    @cached_property
    def names(self) -> list[str]:
        """The columns."""
        return [*self.types]

    def __len__(self) -> int:
        """How many rows it has."""
        return count(self.connection, f"SELECT count(*) FROM {self.table}")

    def rows(self) -> Iterator[Raw]:
        """Read all rows."""
        return self.rows_where("true")

    def rows_where(self, condition: str) -> Iterator[Raw]:
        """Read the rows for which a condition in SQL holds."""
        readers = [_READERS.get(kind.partition("(")[0], _plain) for kind in self.types.values()]
        wanted = ", ".join(_selected(column, kind) for column, kind in self.types.items())
        query = f"SELECT {self.number}, {wanted} FROM {self.table} WHERE {condition}"
        cursor = self.connection.cursor()  # others write meanwhile
        if self._lent is not None:
            cursor.register("given", self._lent)
        cursor.execute(f"{query} ORDER BY {self.number}")
        while some := cursor.fetchmany(_AT_ONCE):
            for number, *cells in some:
                self.consumed += sum(len(cell) for cell in cells if isinstance(cell, str)) + 8
                read = zip(self.names, readers, cells, strict=True)
                yield Raw(
                    number, {key: reader(cell) for key, reader, cell in read if cell is not None}
                )


def _selected(column: str, kind: str) -> str:
    quoted = name(column)
    return f"epoch_ns({quoted})" if kind == "TIMESTAMP_NS" else quoted


def _plain(value: Any) -> Any:
    return value


def _instant(nanos: int) -> Any:
    if nanos % 1000:
        return finer(nanos)
    return from_micros(nanos // 1000).replace(tzinfo=None)


def _pairs(value: Any) -> Any:
    return [[key, item] for key, item in value.items()]


_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "TIMESTAMP_NS": _instant,
    "MAP": _pairs,
}
