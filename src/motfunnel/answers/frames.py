"""Data frames: the same columns as the CSV, with instants and durations as the library keeps them.

One function for each library, which is loaded when it is asked for. Knows no report.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from motfunnel.answers.cells import Kind
from motfunnel.domain.funnel.value import AFTER, exact
from motfunnel.errors import MissingExtraError, install

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

Columns = Sequence[tuple[str, Kind, Sequence[Any]]]
"""Of each column its name, its kind and its values."""

_RAW: Final = ("duration", "instant")
_WIDEST: Final = 38  # digits of an exact number, as Arrow and Polars keep it
_PANDAS: Final = {
    "text": "object",
    "count": "Int64",
    "number": "float64",
    "money": "object",
    "flag": "boolean",
    "duration": "timedelta64[us]",
    "instant": "datetime64[us, UTC]",
}


def to_pandas(columns: Columns) -> pandas.DataFrame:
    """Make a pandas DataFrame.

    Raises:
        MissingExtraError: pandas is not installed.
    """
    pandas = _library("pandas", "pandas")
    return pandas.DataFrame(
        {
            name: pandas.Series(_values(kind, values), dtype=_PANDAS[kind.name])
            for name, kind, values in columns
        }
    )


def to_polars(columns: Columns) -> polars.DataFrame:
    """Make a Polars DataFrame.

    Raises:
        MissingExtraError: polars is not installed.
    """
    library = _library("polars", "polars")
    types = {
        "text": library.String,
        "count": library.Int64,
        "number": library.Float64,
        "money": library.Decimal(_WIDEST, AFTER),
        "flag": library.Boolean,
        "duration": library.Duration("us"),
        "instant": library.Datetime("us", "UTC"),
    }
    made: polars.DataFrame = library.DataFrame(
        {name: _values(kind, values) for name, kind, values in columns},
        schema={name: types[kind.name] for name, kind, _ in columns},
    )
    return made


def to_arrow(columns: Columns) -> pyarrow.Table:
    """Make an Arrow table.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    arrow = _library("pyarrow", "arrow")
    types = {
        "text": arrow.string(),
        "count": arrow.int64(),
        "number": arrow.float64(),
        "money": arrow.decimal128(_WIDEST, AFTER),
        "flag": arrow.bool_(),
        "duration": arrow.duration("us"),
        "instant": arrow.timestamp("us", "UTC"),
    }
    return arrow.table(
        {name: _values(kind, values) for name, kind, values in columns},
        schema=arrow.schema([(name, types[kind.name]) for name, kind, _ in columns]),
    )


def _values(kind: Kind, values: Sequence[Any]) -> list[Any]:
    if kind.name == "money":
        return [None if value is None else exact(value) for value in values]
    if kind.name in _RAW:
        return list(values)
    return [None if value is None else kind.plain(value) for value in values]


def _library(name: str, extra: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"a frame of {name} needs {name}: {install(extra)}") from error
