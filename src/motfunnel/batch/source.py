"""Sources: which files are meant, what form each has, and by what they are known again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from errno import ENOSPC
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from motfunnel.batch.database import count, literal, text
from motfunnel.batch.relation import Relation
from motfunnel.errors import SourceError
from motfunnel.intake.files.forms import format_of, open_source
from motfunnel.intake.files.source import Source, digest_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

_SUFFIXES: Final = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")
_NUMBER: Final = "motfunnel row"
_ROW_BYTES: Final = {"parquet": 12, "csv": 40, "jsonl": 80}
_PACKED: Final = 8


@frozen(kw_only=True)
class Form:
    """How files are written, where their names and first bytes do not say; as an import takes it.

    Attributes:
        file_format: csv, jsonl or parquet.
        delimiter: what stands between the cells of CSV.
        encoding: the encoding of CSV.
        like: the profile of another program's export.
    """

    file_format: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    like: str | None = None


@frozen
class Given:
    """One source of rows.

    Attributes:
        name: what it is called.
        path: the file; None for a table in memory.
        table: the table; None for a file.
    """

    name: str
    path: Path | None = None
    table: Any = None

    def digest(self) -> str | None:
        """By what its content is known again; None for a table, which nobody can read again."""
        return None if self.path is None else digest_of(self.path)

    def open(self, connection: Connection, form: Form) -> Source:
        """Give its rows.

        Raises:
            SourceError: it is missing, unreadable, or of a form that is not known.
        """
        if self.path is None:
            table = f'(SELECT row_number() OVER () AS "{_NUMBER}", * FROM given)'
            return Relation(connection, table, _NUMBER, self.name, self.table)
        found = form.file_format or format_of(self.path)
        if found != "parquet":
            return open_source(self.path, found, form.delimiter, form.encoding)
        file = f"read_parquet({text(literal(self.path))}, file_row_number = true, "
        file += "hive_partitioning = false)"
        table = (
            f'(SELECT file_row_number + 1 AS "{_NUMBER}", * EXCLUDE (file_row_number) FROM {file})'
        )
        return Relation(connection, table, _NUMBER, self.name)

    def rows_about(self, connection: Connection, form: Form) -> int:
        """How many rows it has: exactly, or about as many as files of this size have."""
        if self.path is None:
            return len(self.table)
        found = form.file_format or format_of(self.path)
        if found == "parquet":
            file = text(literal(self.path))
            with naming(self.name):
                return count(connection, f"SELECT num_rows FROM parquet_file_metadata({file})")
        packed = _PACKED if self.path.suffix == ".gz" else 1
        return self.path.stat().st_size * packed // _ROW_BYTES[found]


@contextmanager
def naming(source: str) -> Iterator[None]:
    """Say of which source DuckDB cannot read the rows.

    Raises:
        SourceError: it cannot, but for want of memory or of space.
    """
    from duckdb import Error, OutOfMemoryException

    try:
        yield
    except OutOfMemoryException:
        raise
    except Error as error:
        if os.strerror(ENOSPC) in str(error):
            raise
        raise SourceError(f"{source} cannot be read: {str(error).splitlines()[0]}") from error


def find_sources(sources: Any) -> list[Given]:
    """Find what is meant: a file, a folder, a pattern, an Arrow table, or several of these.

    Raises:
        SourceError: there is nothing of the kind.
    """
    several = [sources] if isinstance(sources, str | Path) or _is_table(sources) else [*sources]
    found = [one for each in several for one in _expand(each)]
    if not found:
        raise SourceError("name a file to classify")
    return found


def _expand(source: Any) -> Iterator[Given]:
    if _is_table(source):
        yield Given("table", table=source)
        return
    path = Path(source)
    if path.is_dir():
        files: Iterable[Path] = (one for one in path.rglob("*") if _is_of_rows(one))
    elif has_magic(str(path)) and not path.exists():
        files = map(Path, glob(str(path), recursive=True))
    else:
        files = [path] if path.exists() else []
    several = sorted(files)
    if not several:
        what = "no file of rows in" if path.is_dir() else "no file"
        raise SourceError(f"there is {what} {path}")
    yield from (Given(one.name, path=one) for one in several)


def _is_table(source: Any) -> bool:
    return hasattr(source, "__arrow_c_stream__")


def _is_of_rows(path: Path) -> bool:
    suffix = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    return path.is_file() and suffix.lower() in _SUFFIXES
