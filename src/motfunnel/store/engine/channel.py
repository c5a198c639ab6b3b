"""Statements on one connection, each sent by itself, or together where there is a pipeline.

What is written waits in a pipeline until something is read or the transaction ends. What a batch
writes is gathered first, so that each statement is sent once, with many rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from attrs import field, frozen
from sqlalchemy import Connection

from motfunnel.domain.event import to_json
from motfunnel.store.engine.compiled import Statement
from motfunnel.store.engine.pipeline import pipeline_of
from motfunnel.store.schema.dialects import batches

_AT_ONCE: Final = 1_000  # rows in a statement, each of which may have 64 KiB

Row = Mapping[str, Any]
"""The parameters of a statement."""

Read = tuple[Statement, Row]
"""A statement that reads, and its parameters."""


@frozen
class _Gathered:
    """Rows that are to be sent by one statement.

    Attributes:
        statement: which.
        rows: in order.
        contacts: whose.
    """

    statement: Statement
    rows: list[Row] = field(factory=list)
    contacts: set[str] = field(factory=set)


class Channel:
    """How statements reach a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pipeline = pipeline_of(connection)
        self._gathered: list[_Gathered] | None = None

    @property
    def connection(self) -> Connection:
        """The connection, on which all was sent that waited."""
        self._send_gathered()
        if self._pipeline is not None:
            self._pipeline.send()
        return self._connection

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """Gather what is written, and send it statement by statement before the next read.

        What is written of a contact keeps its order, and so do the rows of a statement.
        """
        self._gathered = []
        try:
            yield
            self._send_gathered()
        finally:
            self._gathered = None

    def _gather(self, gathered: list[_Gathered], statement: Statement, row: Row) -> None:
        """Put a row to the others of its statement, unless it would overtake its contact's."""
        mine = None
        for one in reversed(gathered):  # a read has sent what was before, so that orders differ
            if one.statement is statement:
                mine = one
                break
            if row["contact"] in one.contacts:
                break
        if mine is None:
            mine = _Gathered(statement)
            gathered.append(mine)
        mine.rows.append(row)
        mine.contacts.add(row["contact"])

    def _send_gathered(self) -> None:
        if self._gathered:
            gathered, self._gathered = self._gathered, []
            for one in gathered:
                self._send_many(one.statement, one.rows)

    def _write(self, statement: Statement, row: Mapping[str, Any]) -> None:
        """Run a statement whose answer nobody reads; in a pipeline it waits for the next ones."""
        if self._gathered is not None:
            self._gather(self._gathered, statement, row)
        else:
            self._send(statement, row)

    def _write_many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """The same with many sets of parameters."""
        if not rows:
            return
        if self._gathered is not None:
            for row in rows:
                self._gather(self._gathered, statement, row)
        else:
            self._send_many(statement, rows)

    def _send_many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        arrays = statement.arrays if self._has_arrays and len(rows) > 1 else None
        if arrays is not None:
            for some in batches(rows, _AT_ONCE):
                self._send(arrays, _as_arrays(some, arrays.fixed))
        elif self._pipeline is None:
            statement.execute_many(self._connection, rows)
        else:
            for row in rows:
                self._send(statement, row)

    def _send(self, statement: Statement, row: Mapping[str, Any]) -> None:
        if self._pipeline is None:
            statement.execute(self._connection, row)
        else:
            self._pipeline.add(statement.written(self._connection.dialect, row))

    def _read(self, *reads: Read, leniently: bool = False) -> list[list[Any]]:
        """Run statements and give the rows of each; in a pipeline all are sent together."""
        self._send_gathered()
        if self._pipeline is None:
            return [read.fetch(self._connection, row, leniently=leniently) for read, row in reads]
        dialect = self._connection.dialect
        for read, row in reads:
            self._pipeline.add(read.written(dialect, row), is_read=True)
        cursors = self._pipeline.send()
        return [
            read.read(dialect, cursor, leniently=leniently)
            for (read, _), cursor in zip(reads, cursors, strict=True)
        ]

    def _rows(
        self, read: Statement, row: Mapping[str, Any], *, leniently: bool = False
    ) -> list[Any]:
        """The same of one statement; whether a contact's row can be read, ``read_state`` says."""
        return self._read((read, row), leniently=leniently)[0]

    @property
    def _has_arrays(self) -> bool:
        """Whether many rows are written by one statement that takes their columns as arrays."""
        return self._connection.dialect.name == "postgresql"


def _as_arrays(rows: Sequence[Mapping[str, Any]], fixed: Sequence[str]) -> dict[str, Any]:
    """The columns of rows as JSON arrays; what is ``fixed`` is the same in all rows."""
    return {
        name: value if name in fixed else to_json([_plain(row[name]) for row in rows])
        for name, value in rows[0].items()
    }


def _plain(value: Any) -> Any:
    """A value as JSON takes it."""
    return value.isoformat() if isinstance(value, datetime) else value
