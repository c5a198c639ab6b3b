"""Members: the files that a folder or a ZIP archive holds, each as a place that can be read.

A file by itself is its only member. What is hidden, or whose name says nothing of rows, is left out
and told. Unpacks nothing onto the disk.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from motfunnel.errors import SourceError
from motfunnel.intake.files.forms import format_named
from motfunnel.intake.files.source import Place
from motfunnel.text import counted

_ZIP: Final = b"PK\x03\x04"
_WORKBOOK: Final = "[Content_Types].xml"
_MOST_SHOWN: Final = 3


class Members(NamedTuple):
    """What there is to read.

    Attributes:
        places: by their names, in the order of names.
        left_out: what else is there, by name.
    """

    places: dict[str, Place]
    left_out: list[str]

    @property
    def remarks(self) -> list[str]:
        """What was left out."""
        if not self.left_out:
            return []
        shown = ", ".join(self.left_out[:_MOST_SHOWN])
        more = ", …" if len(self.left_out) > _MOST_SHOWN else ""
        return [f"left out {counted(len(self.left_out), 'file')} that say not what they are: "
                f"{shown}{more}"]  # fmt: skip


def find_members(path: Path, file_format: str | None = None) -> Members:
    """Find what there is to read at a path.

    Args:
        path: a file, a folder or a ZIP archive.
        file_format: the form of all, where their names do not say.

    Raises:
        SourceError: it is a workbook, or damaged, or holds no file of rows.
    """
    if path.is_dir():
        found: dict[str, Place] = dict(sorted(_in_folder(path)))
    elif path.is_file() and _starts_as_zip(path):
        found = dict(sorted(_in_archive(path)))
    else:
        return Members({path.name: path}, [])
    shown = {name: place for name, place in found.items() if not _is_hidden(name)}
    places = {name: place for name, place in shown.items() if file_format or format_named(place)}
    left_out = [name for name in shown if name not in places]
    if not places:
        there = ", ".join(left_out[:_MOST_SHOWN]) or "nothing"
        raise SourceError(
            f"{path} holds no file whose name says that it is CSV, JSON lines or Parquet; it holds "
            f"{there}"
        )
    return Members(places, left_out)


def _starts_as_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_ZIP)) == _ZIP


def _in_folder(path: Path) -> Iterator[tuple[str, Place]]:
    for place in path.rglob("*"):
        if place.is_file():
            yield place.relative_to(path).as_posix(), place


def _in_archive(path: Path) -> Iterator[tuple[str, Place]]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise SourceError(f"{path} is damaged ZIP: {error}; fetch it again") from None
    if _WORKBOOK in archive.namelist():
        raise SourceError(f"{path} is a workbook; save it as CSV")
    for info in archive.infolist():
        if info.flag_bits & 1:
            raise SourceError(f"{path} is locked with a password; unpack it")
        if not info.is_dir():
            yield info.filename, zipfile.Path(archive, info.filename)


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))
