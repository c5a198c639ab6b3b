"""The manifest: what an output was made of, how far it has come, and whether it is whole.

A run that was broken off goes on where it was, if all that decides about the bytes is the same.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from motfunnel.errors import SourceError

OUTPUTS: Final = ("moments", "episodes", "contacts", "events", "traits", "rejects")
"""The folders of what is classified."""

DUMP: Final = "dump"
"""The key of a dump, which is made of no sources."""

MANIFEST: Final = "manifest.json"
"""What is written last."""
_UNFINISHED: Final = ".unfinished"


@frozen
class Output:
    """A folder that takes what is classified, or dumped.

    Attributes:
        folder: where it will be, whole.
        names: the folders in it.
    """

    folder: Path
    names: Sequence[str] = OUTPUTS

    @property
    def work(self) -> Path:
        """Where it is made, until it is whole."""
        return self.folder / _UNFINISHED

    def check(self) -> None:
        """Make sure that nothing of anybody else is in the folder.

        Raises:
            SourceError: there is.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise SourceError(f"{self.folder} is a file; name a folder to write to")
        known = {*self.names, MANIFEST, _UNFINISHED}
        found = {one.name for one in self.folder.iterdir()} if self.folder.exists() else set()
        if found - known or (found and not found & {MANIFEST, _UNFINISHED}):
            raise SourceError(
                f"{self.folder} holds other files; name a folder that is new or empty"
            )
        if MANIFEST in found and self.about() is None:
            raise SourceError(f"{self.folder / MANIFEST} cannot be read; name another folder")

    def about(self) -> dict[str, Any] | None:
        """What a finished run has noted; None where there is none.

        Raises:
            SourceError: it is something else than a run notes.
        """
        found: Any = read_json(self.folder / MANIFEST)
        if found is not None and not (isinstance(found, dict) and {"key", "counts"} <= {*found}):
            raise SourceError(f"{self.folder / MANIFEST} is not what a run notes, or is damaged")
        return found

    @property
    def is_dump(self) -> bool:
        """Whether there is a dump in it."""
        about = self.about()
        return about is not None and about["key"] == DUMP

    def finished(self, key: str) -> dict[str, Any] | None:
        """What a finished run of the same has counted; None where there is none."""
        found = self.about()
        if not found or found["key"] != key:
            return None
        shutil.rmtree(self.work, ignore_errors=True)
        counts: dict[str, Any] = found["counts"]
        return counts

    def note(self, key: str, about: dict[str, Any], counts: dict[str, Any]) -> None:
        """Note what a finished run was told, unless that is noted already."""
        told = {"key": key, **about, "counts": counts}
        if self.about() != told:
            write_json(self.folder / MANIFEST, told)

    def resume(self, key: str) -> dict[str, Any] | None:
        """What a broken run of the same had counted once its rows were parted.

        Whatever else is there of a broken run is taken away.
        """
        found = read_json(self.work / MANIFEST)
        if found and found["key"] == key:
            counts: dict[str, Any] = found["counts"]
            return counts
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        return None

    def note_parted(self, key: str, counts: dict[str, Any]) -> None:
        """Note that all rows are in their parts."""
        write_json(self.work / MANIFEST, {"key": key, "counts": counts})

    def finish(self, key: str, about: dict[str, Any], counts: dict[str, Any]) -> None:
        """Put what is whole in its place; the manifest comes last."""
        (self.folder / MANIFEST).unlink(missing_ok=True)
        for name in self.names:
            shutil.rmtree(self.folder / name, ignore_errors=True)
            if (self.work / name).exists():
                (self.work / name).rename(self.folder / name)
        self.note(key, about, counts)
        shutil.rmtree(self.work, ignore_errors=True)


def read_json(path: Path) -> Any:
    """Read what ``write_json`` wrote; None where there is nothing."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def write_json(path: Path, value: Any) -> None:
    """Write a file that is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.tmp")
    with unfinished.open("w", encoding="utf-8") as file:
        json.dump(value, file, indent=2, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
