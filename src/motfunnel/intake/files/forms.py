"""The forms of files: which one a file has, and opening it.

Says whether a file can be read at all. What its rows mean, it does not ask.
"""

from __future__ import annotations

from typing import Final

from motfunnel.errors import SourceError
from motfunnel.intake.files.csv import CsvSource
from motfunnel.intake.files.json_lines import JsonSource
from motfunnel.intake.files.source import Place, Source

FORMATS: Final = ("csv", "jsonl", "parquet")
_SUFFIXES: Final = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
}
_PARQUET: Final = b"PAR1"


def open_source(
    path: Place,
    file_format: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> Source:
    """Open a file of rows.

    Args:
        path: the file.
        file_format: csv, jsonl or parquet, where its name does not say.
        delimiter: what stands between the cells of CSV; recognised where it is not given.
        encoding: the encoding of CSV; UTF-8, or UTF-16 where its first bytes say so.

    Raises:
        SourceError: it is missing, unreadable, or of a form that is not known.
        MissingExtraError: reading Parquet needs pyarrow.
    """
    found = file_format or format_of(path)
    if found == "parquet":
        from motfunnel.intake.files.parquet import ParquetSource

        return ParquetSource(path)
    if found == "jsonl":
        return JsonSource(path)
    return CsvSource(path, delimiter, encoding)


def format_named(path: Place) -> str | None:
    """The form that a file's name says it has; None: it does not say."""
    for suffix in reversed(path.suffixes):
        if suffix.lower() in _SUFFIXES:
            return _SUFFIXES[suffix.lower()]
        if suffix.lower() != ".gz":
            break
    return None


def format_of(path: Place) -> str:
    """The form of a file, by its name or its first bytes.

    Raises:
        SourceError: they do not say.
    """
    named = format_named(path)
    if named is not None:
        return named
    if not path.exists():
        raise SourceError(f"there is no file {path}")
    with path.open("rb") as file:
        if file.read(4) == _PARQUET:
            return "parquet"
    raise SourceError(
        f"the name {path.name!r} does not say what the file is; add --file-format csv, jsonl or "
        "parquet"
    )
