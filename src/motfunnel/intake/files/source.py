"""A source: a file of rows, whatever its form; opened, digested, and read one row at a time.

Says whether it can be read at all. What the rows mean, it does not ask.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, Protocol, TypeAlias

from motfunnel.errors import SourceError

Place: TypeAlias = Path | zipfile.Path
"""Where a file is: on the disk, or in a ZIP archive."""

NO_UTF8: Final = re.compile("[\udc80-\udcff]")
"""What stands, in a text that was read, for bytes that are no UTF-8."""

_GZIP: Final = b"\x1f\x8b"
_FOREIGN: Final = {
    b"PK\x03\x04": "is a ZIP archive within another, or a workbook; unpack it, or save it as CSV",
    b"BZh": "is compressed with bzip2; unpack it, or use gzip",
    b"\xfd7zXZ": "is compressed with xz; unpack it, or use gzip",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd; unpack it, or use gzip",
}
_MARK: Final = 4
_CHUNK: Final = 1 << 20


class Raw(NamedTuple):
    """A row as it was read.

    Attributes:
        line: the physical line on which it begins, from 1 (in Parquet, the row's number).
        cells: the cells that are not empty, by column; of a faulty row, what could be read of it.
        fault: why it is not a row; None for one that is.
        part: of several that begin on one line, how many were before it.
    """

    line: int
    cells: Mapping[str, Any]
    fault: str | None = None
    part: int = 0


class Source(Protocol):
    """A file that can be read from its beginning as often as one likes."""

    @property
    def consumed(self) -> int:
        """How many characters or bytes its rows have taken, as they are read."""

    @property
    def remarks(self) -> Collection[str]:
        """What is not usual about how it is written, and how it was read."""

    @property
    def names(self) -> Collection[str]:
        """The columns; of JSON lines, the keys of the first thousand."""

    def rows(self) -> Iterator[Raw]:
        """Read the rows."""


def digest_of(path: Place) -> str:
    """Digest a file's content, unpacked; so that whether it is whole is known before the start.

    Raises:
        SourceError: it is missing, or cut off, or a compression that is not known.
    """
    digest = hashlib.sha256()
    with open_bytes(path) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def open_bytes(path: Place) -> Iterator[IO[bytes]]:
    """Open a file, unpacked if it is packed with gzip (which its first bytes say).

    Raises:
        SourceError: it is missing, cannot be read, or turns out to be damaged.
    """
    try:
        with path.open("rb") as file:
            start = file.read(6)
            file.seek(0)
            for magic, fault in _FOREIGN.items():
                if start.startswith(magic):
                    raise SourceError(f"{path} {fault}")
            if start.startswith(_GZIP):
                with gzip.open(file) as unpacked:
                    yield io.BufferedReader(unpacked, _CHUNK)
            else:
                yield file
    except FileNotFoundError:
        raise SourceError(f"there is no file {path}") from None
    except (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error) as error:
        raise SourceError(f"{path} is damaged gzip or ZIP: {error}; fetch it again") from None
    except NotImplementedError as error:  # how it is compressed
        raise SourceError(f"{path} cannot be unpacked: {error}; unpack it") from None
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from None


@contextmanager
def open_text(path: Place, encoding: str | None = None) -> Iterator[IO[str]]:
    """Open a file of text: of UTF-8, unless its first bytes or the caller say otherwise.

    Bytes that are no UTF-8 become halves of surrogate pairs, to be refused row by row.

    Raises:
        SourceError: it is not what it is said to be.
    """
    with open_bytes(path) as file:
        buffered = file if isinstance(file, io.BufferedReader) else io.BufferedReader(file)  # type: ignore[type-var]
        found = encoding or encoding_of(buffered.peek(_MARK)[:_MARK])
        errors = "surrogateescape" if found is None else "strict"
        try:
            yield io.TextIOWrapper(buffered, found or "utf-8-sig", errors=errors, newline="")
        except UnicodeError as error:
            raise SourceError(f"{path} cannot be read as {found}: {error}") from None


def encoding_of(start: bytes) -> str | None:
    """The encoding that the first bytes of a file name; None where they name none."""
    return "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else None
