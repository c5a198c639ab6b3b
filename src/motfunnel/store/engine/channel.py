"""Statements on one connection, each sent by itself, or together where there is a pipeline.

What is written waits in a pipeline until something is read or the transaction ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from motfunnel.domain.event import to_json
from motfunnel.store.engine.compiled import Statement
from motfunnel.store.engine.pipeline import pipeline_of

Read = tuple[Statement, Mapping[str, Any]]
"""A statement that reads, and its parameters."""


class Channel:
    """How statements reach a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pipeline = pipeline_of(connection)

    @property
    def connection(self) -> Connection:
        """The connection, on which all was sent that waited in a pipeline."""
        if self._pipeline is not None:
            self._pipeline.send()
        return self._connection

    def _write(self, statement: Statement, row: Mapping[str, Any]) -> None:
        """Run a statement whose answer nobody reads; in a pipeline it waits for the next ones."""
        if self._pipeline is None:
            statement.execute(self._connection, row)
        else:
            self._pipeline.add(statement.written(self._connection.dialect, row))

    def _write_many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """The same with many sets of parameters."""
        if self._pipeline is None:
            statement.execute_many(self._connection, rows)
        for row in rows if self._pipeline is not None else ():
            self._write(statement, row)

    def _read(self, *reads: Read, leniently: bool = False) -> list[list[Any]]:
        """Run statements and give the rows of each; in a pipeline all are sent together."""
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

    def _write_arrays(
        self, statement: Statement, rows: Sequence[Mapping[str, Any]], fixed: Mapping[str, Any]
    ) -> None:
        """Run such a statement; what is ``fixed`` is the same in all rows."""
        arrays = {
            name: to_json([_plain(row[name]) for row in rows])
            for name in rows[0]
            if name not in fixed
        }
        self._write(statement, {**fixed, **arrays})


def _plain(value: Any) -> Any:
    """A value as JSON takes it."""
    return value.isoformat() if isinstance(value, datetime) else value
