"""Statements that Core writes once, and that run close to the driver.

Core compiles a statement the first time a dialect needs it; after that a call costs little more
than the driver itself (measured on SQLite: 1.5 times a hand-written call, against 2.7 through
Core each time). Bulk reads skip SQLAlchemy's rows, which cost more than the fold of an event.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import repeat
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement
from sqlalchemy.types import TypeEngine

Row = Mapping[str, Any]
_Convert = Callable[[Any], Any]
_Column = tuple[str, _Convert | None]
_UNREADABLE: Final = (AttributeError, TypeError, ValueError)
_NAMED: Final = re.compile(r"%\((\w+)\)s")


class Statement:
    """A statement of Core, with parameters by name.

    Args:
        make: writes the statement for a dialect (an upsert reads differently on each).
        types: the types of those parameters and result columns that a driver does not take or
            give as they are, by name.
        is_raw: whether rows are given as the driver gives them: the cheapest way to read many.
        arrays: the same for many rows at once, where the database takes columns as JSON arrays.
        fixed: of such a statement, the parameters that are one value for all rows.
    """

    def __init__(
        self,
        make: Callable[[Dialect], ClauseElement],
        types: Mapping[str, TypeEngine[Any]],
        *,
        is_raw: bool = False,
        arrays: Statement | None = None,
        fixed: Sequence[str] = (),
    ) -> None:
        self.arrays = arrays
        self.fixed = fixed
        self._make = make
        self._types = types
        self._is_raw = is_raw
        self._compiled: WeakKeyDictionary[Dialect, _Compiled] = WeakKeyDictionary()

    def execute(self, connection: Connection, row: Row) -> int:
        """Run it with one set of parameters; give the number of rows changed."""
        compiled = self._for(connection.dialect)
        with cursor_of(connection) as cursor:
            cursor.execute(compiled.sql, compiled.bind(row))
            count: int = cursor.rowcount
        return count

    def written(self, dialect: Dialect, row: Row) -> tuple[str, Any]:
        """The words and the parameters, as the driver takes them."""
        compiled = self._for(dialect)
        return compiled.sql, compiled.bind(row)

    def execute_many(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Run it with many sets of parameters; give the number of rows changed, if known."""
        if not rows:
            return 0
        names = self._for(connection.dialect).order
        columns = {name: [row[name] for row in rows] for name in names if name in rows[0]}
        return self.execute_columns(connection, columns, {})

    def execute_columns(
        self, connection: Connection, columns: Mapping[str, Sequence[Any]], fixed: Row
    ) -> int:
        """Run it with many sets of parameters, given column by column.

        Args:
            connection: where.
            columns: the values of each parameter that varies.
            fixed: the parameters that are the same in every set.
        """
        compiled = self._for(connection.dialect)
        bound = compiled.bind_columns(columns, fixed)
        if not bound:
            return 0
        return connection.exec_driver_sql(compiled.ordered_sql, bound).rowcount

    def fetch(self, connection: Connection, row: Row, *, leniently: bool = False) -> list[Any]:
        """Run it and give all rows, by column name unless it gives them raw.

        Args:
            connection: where.
            row: the parameters.
            leniently: leave values that are none of their column's type as the driver gives them.
        """
        compiled = self._for(connection.dialect)
        with cursor_of(connection) as cursor:
            cursor.execute(compiled.sql, compiled.bind(row))
            return self.read(connection.dialect, cursor, leniently=leniently)

    def read(self, dialect: Dialect, cursor: Any, *, leniently: bool = False) -> list[Any]:
        """Give all rows of a cursor on which it has run, as ``fetch`` does."""
        if self._is_raw:
            return list(cursor.fetchall())
        return self._for(dialect).read(cursor, leniently=leniently)

    def _for(self, dialect: Dialect) -> _Compiled:
        compiled = self._compiled.get(dialect)
        if compiled is None:
            compiled = _Compiled(self._make(dialect), dialect, self._types)
            self._compiled[dialect] = compiled
        return compiled


class _Compiled:
    """The SQL of one dialect, and how values go in and come out."""

    def __init__(
        self, statement: ClauseElement, dialect: Dialect, types: Mapping[str, TypeEngine[Any]]
    ) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        self._by_place = getattr(compiled, "positiontup", None) is not None
        self.order: list[str] = (
            compiled.positiontup if self._by_place else _NAMED.findall(self.sql)  # type: ignore[attr-defined]
        )
        self._columns: list[_Column] = []  # of the rows that it gives, once it has given some
        # Many sets are bound in order everywhere: a tuple is made faster than a dict.
        self.ordered_sql = self.sql if self._by_place else _NAMED.sub("%s", self.sql)
        own = {name: kind.dialect_impl(dialect) for name, kind in types.items()}
        given = {name: kind for name, kind in own.items() if name in self.order}
        self._binders = _only({n: kind.bind_processor(dialect) for n, kind in given.items()})
        self.converters = _only(
            {name: kind.result_processor(dialect, None) for name, kind in own.items()}
        )

    def bind(self, row: Row) -> Any:
        """Turn parameters into what the driver takes: in order, or by name."""
        bound = {**self._fixed, **row}
        for name, convert in self._binders.items():
            value = bound.get(name)
            if value is not None:
                bound[name] = convert(value)
        return tuple([bound[name] for name in self.order]) if self._by_place else bound

    def read(self, cursor: Any, *, leniently: bool) -> list[dict[str, Any]]:
        """Read all rows, by column name."""
        if not self._columns:
            names = [column[0] for column in cursor.description or ()]
            self._columns = [(name, self.converters.get(name)) for name in names]
        rows = cursor.fetchall()
        try:
            return [_read(self._columns, found) for found in rows]
        except _UNREADABLE:
            if not leniently:
                raise
        columns = [(name, one and partial(_try, one)) for name, one in self._columns]
        return [_read(columns, found) for found in rows]

    def bind_columns(
        self, columns: Mapping[str, Sequence[Any]], fixed: Row
    ) -> list[tuple[Any, ...]]:
        """Turn many sets of parameters into tuples in order."""
        same = {**self._fixed, **fixed}
        bound: list[Iterable[Any]] = [
            _convert(columns[name], self._binders.get(name))
            if name in columns
            else repeat(*_convert([same[name]], self._binders.get(name)))
            for name in self.order
        ]
        return list(zip(*bound, strict=False)) if columns else []


class cursor_of:
    """A cursor of the driver's own, whose errors are SQLAlchemy's, as everywhere else.

    A class, since a generator takes as long as a statement of SQLite's.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> Any:
        self._cursor = self._connection.connection.cursor()
        return self._cursor

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is None:
            _close(self._cursor, self._connection.dialect.loaded_dbapi.Error)
        else:
            _give_up(self._connection, self._cursor, error)


@contextmanager
def driver_errors(connection: Connection, cursor: Any) -> Iterator[None]:
    """Turn the errors of a driver's cursor into SQLAlchemy's; whatever goes wrong, it is closed."""
    try:
        yield
    except BaseException as error:
        _give_up(connection, cursor, error)
        raise


def _give_up(connection: Connection, cursor: Any, error: BaseException) -> None:
    """Close a cursor at an error of it; the driver's are raised as SQLAlchemy's."""
    dialect = connection.dialect
    driver = dialect.loaded_dbapi.Error
    if isinstance(error, driver):
        is_lost = False
        if dialect.is_disconnect(error, connection.connection.dbapi_connection, cursor):
            tell_pool(connection)
            connection.invalidate(error)
            is_lost = True
        _close(cursor, driver)
        raise DBAPIError.instance(
            None, None, error, driver, connection_invalidated=is_lost, dialect=dialect
        ) from error
    if isinstance(error, Exception):
        _close(cursor, driver)
    else:  # cancelled: the answer was not read to its end
        connection.invalidate(error)


def tell_pool(connection: Connection) -> None:
    """Have SQLAlchemy find a lost connection itself, or its pool would keep those lost with it.

    What is sent past SQLAlchemy tells its pool of nothing; to be told is no public part of it.
    """
    with suppress(DBAPIError):
        connection.exec_driver_sql("SELECT 1")


def _close(cursor: Any, driver: type[Exception]) -> None:
    try:
        cursor.close()
    except driver:  # of a connection that is lost
        return


def _only(converters: Mapping[str, _Convert | None]) -> dict[str, _Convert]:
    return {name: convert for name, convert in converters.items() if convert is not None}


def _convert(values: Sequence[Any], convert: _Convert | None) -> Iterable[Any]:
    if convert is None:
        return values
    return [None if value is None else convert(value) for value in values]


def _try(convert: _Convert, value: Any) -> Any:
    try:
        return convert(value)
    except _UNREADABLE:
        return value


def _read(columns: Sequence[_Column], found: Iterable[Any]) -> dict[str, Any]:
    return {
        name: value if convert is None or value is None else convert(value)
        for (name, convert), value in zip(columns, found, strict=True)
    }
