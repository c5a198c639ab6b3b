"""Parquet: typed columns, read some thousand rows at a time. Null is absent.

Dates, times and decimals become text where they are properties, as JSON has none of them; a
timestamp finer than a microsecond becomes text with all its digits, never a rounded one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, time
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from motfunnel.domain.instant import from_micros
from motfunnel.errors import MissingExtraError, SourceError, install
from motfunnel.intake.files.columns import check_header
from motfunnel.intake.files.source import Place, Raw

_AT_ONCE: Final = 10_000
_MOST_AT_ONCE: Final = 1 << 24


class ParquetSource:
    """A file of Parquet.

    Args:
        path: the file.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """

    def __init__(self, path: Place) -> None:
        try:
            import pyarrow  # noqa: F401
        except ImportError:
            raise MissingExtraError(f"reading Parquet needs pyarrow: {install('arrow')}") from None
        self._path = path
        self.consumed: int = 0

    @property
    def remarks(self) -> tuple[str, ...]:
        """Nothing: there is one way to write it."""
        return ()

    @cached_property
    def names(self) -> list[str]:
        """The columns of the schema."""
        with self._open() as file:
            names = list(file.schema_arrow.names)
        check_header(names, str(self._path))
        return names

    def rows(self) -> Iterator[Raw]:
        """Read the rows; the first is number 1."""
        number = 0
        with self._open() as file:
            for batch in file.iter_batches(batch_size=_rows_at_once(file.metadata)):
                size = batch.nbytes // max(batch.num_rows, 1)
                columns = [_values(column) for column in batch.columns]
                for cells in zip(*columns, strict=True):
                    number += 1
                    self.consumed += size
                    named = zip(batch.schema.names, cells, strict=True)
                    yield Raw(number, {name: cell for name, cell in named if cell is not None})

    def _open(self) -> Any:
        import pyarrow
        from pyarrow.parquet import ParquetFile

        try:
            here = self._path
            return ParquetFile(here if isinstance(here, Path) else here.open("rb"))
        except FileNotFoundError:
            raise SourceError(f"there is no file {self._path}") from None
        except (OSError, pyarrow.ArrowException) as error:
            text = str(error).splitlines()[0]
            raise SourceError(f"{self._path} is no readable Parquet: {text}") from None


def _rows_at_once(metadata: Any) -> int:
    """As many rows as memory allows, by their mean size."""
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    largest = max((one.total_byte_size // max(one.num_rows, 1) for one in groups), default=0)
    return int(min(_AT_ONCE, max(1, _MOST_AT_ONCE // max(largest, 1))))


def plain(value: Any) -> Any:
    """Turn a value of Parquet into one that JSON has, where that loses nothing."""
    convert = _PLAIN.get(type(value))
    if convert is not None:
        return convert(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return value


def _values(column: Any) -> list[Any]:
    """Give a column's values; the nanoseconds of a timestamp are kept."""
    import pyarrow

    kind = column.type
    if not pyarrow.types.is_timestamp(kind) or kind.unit != "ns":
        return list(column.to_pylist())
    whole = column.cast(pyarrow.timestamp("us", kind.tz), safe=False).to_pylist()
    nanos = column.cast(pyarrow.int64()).to_pylist()
    return [
        instant if nano is None or nano % 1000 == 0 else finer(nano, is_aware=kind.tz is not None)
        for instant, nano in zip(whole, nanos, strict=True)
    ]


def finer(nanos: int, *, is_aware: bool = False) -> str:
    """Write an instant in nanoseconds since 1970, with all its digits."""
    instant = from_micros(nanos // 1000).replace(tzinfo=None)
    return f"{instant.isoformat(timespec='microseconds')}{nanos % 1000:03}" + "Z" * is_aware


def _plain_list(values: list[Any]) -> list[Any]:
    return [plain(value) for value in values]


def _plain_dict(values: dict[str, Any]) -> dict[str, Any]:
    return {key: plain(value) for key, value in values.items()}


_PLAIN: Final[dict[type, Callable[[Any], Any]]] = {
    Decimal: str,
    list: _plain_list,
    tuple: _plain_list,
    dict: _plain_dict,
}
