"""DuckDB, as the batch engine uses it: where it may write, how much memory it has, and its SQL.

Everything is counted in UTC, and no object of a row goes through Python but where a rule asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motfunnel.errors import MissingExtraError, install

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection
    from numpy import ndarray

    Array = ndarray[Any, Any]


def check_installed() -> None:
    """Make sure that the extra is there.

    Raises:
        MissingExtraError: DuckDB or numpy is not installed.
    """
    try:
        import duckdb  # noqa: F401
        import numpy  # noqa: F401
    except ImportError:
        raise MissingExtraError(
            f"classifying files needs duckdb and numpy: {install('batch')}"
        ) from None


def connect(folder: Path, memory: int, threads: int | None = None) -> Connection:
    """Open a database in memory that moves to a folder what does not fit."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"SET temp_directory = {text(folder / 'spill')}")
    connection.execute(f"SET memory_limit = '{memory}B'")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")
    if threads is not None:
        connection.execute(f"SET threads = {int(threads)}")
    return connection


def connect_to_read(memory: int) -> Connection:
    """Open a database in memory for questions, which writes nothing."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET temp_directory = ''")
    connection.execute(f"SET memory_limit = '{memory}B'")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")
    return connection


def text(value: object) -> str:
    """Write a text as SQL has it."""
    return "'" + str(value).replace("'", "''") + "'"


def files_in(folder: Path, which: str = "*.parquet") -> str:
    """Write a pattern of the files in a folder as SQL has it; no sign of the folder is a pattern's.

    >>> print(files_in(Path("out [1]"), "moments/*.parquet"))
    'out [[]1]/moments/*.parquet'
    """
    return text(f"{literal(folder)}/{which}")


def literal(path: Path) -> str:
    """A path as a pattern that means it alone."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in str(path))


def name(value: str) -> str:
    """Write the name of a column as SQL has it."""
    return '"' + value.replace('"', '""') + '"'


def texts(values: Sequence[str]) -> str:
    """Write a list of texts as SQL has it."""
    return "([" + ", ".join(map(text, values)) + "]::VARCHAR[])"


def lend(connection: Connection, table: str, columns: Mapping[str, Any]) -> None:
    """Let arrays be read as a table; a list is one of texts, None among them."""
    import numpy as np

    arrays = {
        key: np.array(values, dtype=object) if isinstance(values, list) else values
        for key, values in columns.items()
    }
    connection.register(table, arrays)


def numbers(connection: Connection, query: str) -> dict[str, Array]:
    """Read columns of numbers, none of which is null."""
    return connection.execute(query).fetchnumpy()


def column(connection: Connection, query: str) -> Array:
    """Read one column of texts, in the order in which the query gives them.

    Of a table as a whole that is the order of its rows: DuckDB keeps it unless it is told not to.
    """
    (values,) = connection.execute(query).fetchnumpy().values()
    return values


def count(connection: Connection, query: str) -> int:
    """Read one number; 0 where there is none."""
    found = connection.execute(query).fetchall()
    return int(found[0][0] or 0) if found else 0


def write_parquet(connection: Connection, query: str, path: Path) -> None:
    """Write what a query gives, under another name until it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.tmp")
    connection.execute(f"COPY ({query}) TO {text(unfinished)} (FORMAT parquet, COMPRESSION zstd)")
    unfinished.replace(path)
