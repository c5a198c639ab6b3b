"""The manifest: what an output was made of, how far it has come, and whether it is whole.

A run that was broken off goes on where it was, if all that decides about the bytes is the same. Of
whatever cannot be read, or is not as it was, the path is told.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import file_digest
from pathlib import Path
from typing import Any, Final, NoReturn

from attrs import field, frozen

from motfunnel.domain.instant import read_iso, utc
from motfunnel.errors import MotfunnelError, SourceError

try:
    import fcntl as _fcntl
except ImportError:  # Windows
    _fcntl = None  # type: ignore[assignment]

OUTPUTS: Final = ("moments", "episodes", "contacts", "events", "traits", "rejects")
"""The folders of what is classified."""

DUMP: Final = "dump"
"""The key of a dump, which is made of no sources."""

MANIFEST: Final = "manifest.json"
"""What is written last."""
_UNFINISHED: Final = ".unfinished"
_HALF: Final = ".tmp"


def _lock(folder: int) -> bool:
    """Lock an open folder; whether nobody else has. Where that cannot be, nobody is kept out."""
    try:
        _fcntl.flock(folder, _fcntl.LOCK_EX | _fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


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

    @property
    def manifest(self) -> Path:
        """What is written last."""
        return self.folder / MANIFEST

    def check(self) -> None:
        """Make sure that nothing of anybody else is in the folder.

        Raises:
            SourceError: there is; or it cannot be looked into.
        """
        with telling_path(self.folder):
            if self.folder.exists() and not self.folder.is_dir():
                raise SourceError(f"{self.folder} is a file; name a folder to write to")
            found = {one.name for one in self.folder.iterdir()} if self.folder.exists() else set()
        known = {*self.names, MANIFEST, _UNFINISHED, f"{MANIFEST}{_HALF}"}
        if found - known or (found and not found & {MANIFEST, _UNFINISHED}):
            raise SourceError(
                f"{self.folder} holds other files; name a folder that is new or empty"
            )
        self.about()

    @contextmanager
    def alone(self, mode: int = 0o777) -> Iterator[None]:
        """Make the folder, and keep other runs out of it meanwhile; who is killed lets them in.

        Raises:
            SourceError: another run writes to it; or somebody else's files are there.
        """
        self.check()
        with telling_path(self.folder):
            self.folder.mkdir(mode=mode, parents=True, exist_ok=True)
            held = os.open(self.folder, os.O_RDONLY) if _fcntl is not None else None
        try:
            if held is not None and not _lock(held):
                raise SourceError(
                    f"another run is writing to {self.folder}; wait for its end, or name another "
                    "folder"
                )
            yield
        finally:
            if held is not None:
                os.close(held)

    def about(self) -> Noted | None:
        """What a finished run has noted; None where there is none.

        Raises:
            SourceError: it cannot be read, or is something else than a run notes.
        """
        found = read_json(self.manifest)
        if found is None:
            return None
        if not (isinstance(found, dict) and {"key", "counts"} <= {*found}):
            raise SourceError(f"{self.manifest} is not what a run notes, or is damaged")
        return Noted(self.manifest, found)

    @property
    def is_dump(self) -> bool:
        """Whether there is a dump in it."""
        about = self.about()
        return about is not None and about.said["key"] == DUMP

    def note(self, key: str, about: dict[str, Any], counts: dict[str, Any]) -> None:
        """Note what a finished run was told, unless that is noted already."""
        told, noted = {"key": key, **about, "counts": counts}, self.about()
        if noted is None or noted.said != told:
            write_json(self.manifest, told)

    def begun(self, key: str) -> Noted | None:
        """What a broken run of the same had noted once its rows were parted.

        Whatever else is there of a broken run is taken away.
        """
        path = self.work / MANIFEST
        try:
            found = read_json(path)
        except SourceError:  # damaged, so it is begun anew
            found = None
        if isinstance(found, dict) and found.get("key") == key:
            return Noted(path, found)
        self.begin()
        return None

    def begin(self) -> None:
        """Make room for a new run."""
        self.clear()
        self.work.mkdir(parents=True)

    def clear(self) -> None:
        """Take away what is there of a broken run."""
        remove(self.work)

    def note_parted(self, key: str, counts: dict[str, Any]) -> None:
        """Note that all rows are in their parts."""
        write_json(self.work / MANIFEST, {"key": key, "counts": counts})

    def finish(self, key: str, about: dict[str, Any], counts: dict[str, Any]) -> None:
        """Put what is whole in its place; the manifest comes last."""
        self.manifest.unlink(missing_ok=True)
        for name in self.names:
            remove(self.folder / name)
            if (self.work / name).exists():
                (self.work / name).rename(self.folder / name)
        self.note(key, about, counts)
        self.clear()


@frozen
class Noted:
    """What a manifest says, each value read as what it has to be.

    Attributes:
        path: the manifest.
        said: all that it says.
    """

    path: Path
    said: Mapping[str, Any]

    def text(self, key: str) -> str:
        """Read a text.

        Raises:
            SourceError: it is none.
        """
        found = self.said.get(key)
        return found if isinstance(found, str) else self.refuse(key)

    def instant(self, key: str) -> datetime:
        """Read an instant.

        Raises:
            SourceError: it is none.
        """
        try:
            return utc(read_iso(self.text(key)))
        except ValueError:
            self.refuse(key)

    def numbers(self, key: str) -> dict[str, int]:
        """Read how many there are of what.

        Raises:
            SourceError: it says something else.
        """
        found = self.said.get(key)
        is_so = isinstance(found, dict) and all(map(is_number, found.values()))
        return {**found} if isinstance(found, dict) and is_so else self.refuse(key)

    def texts(self, key: str) -> dict[str, str]:
        """Read a text for each of some names.

        Raises:
            SourceError: it says something else.
        """
        found = self.said.get(key)
        is_so = isinstance(found, dict) and all(isinstance(one, str) for one in found.values())
        return {**found} if isinstance(found, dict) and is_so else self.refuse(key)

    def of(self, key: str) -> Noted:
        """Read what is said in another.

        Raises:
            SourceError: it says something else.
        """
        found = self.said.get(key)
        return Noted(self.path, found) if isinstance(found, dict) else self.refuse(key)

    def refuse(self, key: str) -> NoReturn:
        """Say which value cannot be what was noted.

        Raises:
            SourceError: always.
        """
        raise SourceError(f"{self.path} is damaged: its {key!r} is not what was noted there")


def is_number(value: object) -> bool:
    """Whether it is a count."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def read_json(path: Path) -> Any:
    """Read what ``write_json`` wrote; None where there is nothing.

    Raises:
        SourceError: it cannot be read, or is no JSON.
    """
    with telling_path(path):
        check_is_file(path)
        try:
            found = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (ValueError, RecursionError) as error:
            raise SourceError(f"{path} is damaged: what it holds is no JSON") from error
    if found is None:
        raise SourceError(f"{path} is damaged: it says nothing")
    return found


def write_json(path: Path, value: Any) -> None:
    """Write a file that is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}{_HALF}")
    with unfinished.open("w", encoding="utf-8") as file:
        json.dump(value, file, indent=2, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def remove(path: Path) -> None:
    """Take away what there is, a file or a folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def telling_path(place: Path) -> Iterator[None]:
    """Say of what the system refuses which path it is: that of its error, or else the place.

    Raises:
        SourceError: the system refuses something.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, MotfunnelError):
            raise
        path = place if error.filename is None else error.filename
        raise SourceError(f"{path}: {error.strerror or error}") from error


@contextmanager
def telling_all(place: Path) -> Iterator[None]:
    """The same, also of what DuckDB refuses; it is installed by now.

    Raises:
        SourceError: the system or DuckDB refuses something.
    """
    from duckdb import Error

    try:
        with telling_path(place):
            yield
    except Error as error:
        raise SourceError(f"{place}: {str(error).splitlines()[0]}") from error


def check_is_file(path: Path) -> None:
    """Make sure that what has a name is a file: to open a pipe would wait for ever.

    Raises:
        SourceError: it is something else.
    """
    if path.exists() and not path.is_file():
        raise SourceError(f"{path} is not a file")


def digest(path: Path) -> str:
    """The SHA-256 of a file.

    Raises:
        SourceError: it is none, or cannot be read.
    """
    with telling_path(path):
        check_is_file(path)
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()


def digests(folder: Path) -> dict[str, str]:
    """Those of the files of Parquet in a folder's folders, by their paths in it."""
    return {name: digest(folder / name) for name in _files(folder)}


@frozen
class Whole:
    """The files of an output, as they were when it was made.

    Attributes:
        folder: where they are.
        files: the SHA-256 of each.
        said: what was done with them: ``dumped``, ``classified``.
    """

    folder: Path
    files: Mapping[str, str]
    said: str
    _checked: set[str] = field(factory=set, repr=False)

    def check_names(self) -> None:
        """Make sure that each is there and a file, and none came to them.

        Raises:
            SourceError: one is gone, is something else, or came to them.
        """
        with telling_path(self.folder):
            found = _files(self.folder)
        for file in sorted({*found} ^ {*self.files}):
            gone = file in self.files
            said = "is gone" if gone else f"was not {self.said} with the others"
            raise SourceError(f"{self.folder / file} {said}")
        for file in self.files:
            if not (self.folder / file).is_file():
                raise SourceError(f"{self.folder / file} is not a file")

    def check(self, which: Callable[[str], bool] = bool) -> None:
        """Make sure that each is as it was.

        Raises:
            SourceError: one is not, or cannot be read.
        """
        for file, expected in self.files.items():
            if which(file) and digest(self.folder / file) != expected:
                raise SourceError(f"{self.folder / file} is not as it was {self.said}")

    def check_once(self, name: str) -> None:
        """The same for the files of one folder in it, unless that was done before."""
        if name not in self._checked:
            self.check(lambda file: file.startswith(f"{name}/"))
            self._checked.add(name)


def _files(folder: Path) -> list[str]:
    found = (
        f"{one.name}/{file.name}"
        for one in folder.iterdir()
        if one.is_dir() and not one.name.startswith(".")
        for file in one.iterdir()
        if file.suffix == ".parquet"
    )
    return sorted(found)
