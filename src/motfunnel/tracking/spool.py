"""The spool: a file on this machine for what no database could be told, until one can.

A line of JSON each. Appended to, and made durable, under a lock that all processes share; a last
line that a crash tore is passed over. Knows nothing of databases: ``delivery`` empties it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Final

from motfunnel.domain.scrubber import Scrubber
from motfunnel.errors import SpoolError
from motfunnel.store.deadline import left
from motfunnel.tracking.set_aside import SetAside

try:
    import fcntl
except ImportError:  # pragma: no cover - not POSIX: no lock that a crash would release
    fcntl = None  # type: ignore[assignment]

_NAP: Final = 0.01
_PATIENCE: Final = 30.0
_GRACE: Final = 0.3  # for a call that comes here when its time is spent


class Spool:
    """A spool file.

    Args:
        path: where it is; made, with its folder, when something is put in it.
        pause: waits a moment for another process.
    """

    def __init__(self, path: Path, pause: Callable[[float], object]) -> None:
        self.path = path
        self._pause = pause

    def exists(self) -> bool:
        """Whether something may be in it; costs one look at the folder."""
        try:
            return os.stat(self.path).st_size > 0
        except OSError:
            return False

    def __len__(self) -> int:
        """How many calls are in it."""
        return sum(1 for _ in self.entries())

    def append(self, *entries: SetAside) -> None:
        """Put calls in, for good once this returns.

        Raises:
            OSError: the file cannot be written.
        """
        lines = b"".join(entry.to_json().encode("ascii") + b"\n" for entry in entries)
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked(self._beside("lock")):
            is_new = not self.path.exists()
            file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                _write_whole(file, _torn(file) + lines)
                os.fsync(file)
            finally:
                os.close(file)
            if is_new:
                _sync_folder(self.path.parent)

    def entries(self) -> Iterator[SetAside]:
        """Read the calls that are in it now."""
        return (entry for _, entry in self.lines())

    def lines(self) -> Iterator[tuple[bytes, SetAside]]:
        """Read the lines that are in it now, each with what it says."""
        for line in self._read():
            try:
                yield line, SetAside.from_json(line)
            except ValueError:
                continue

    def remove(self, lines: Iterable[bytes]) -> None:
        """Take lines out; what was put in meanwhile stays."""
        gone = Counter(lines)

        def left_of(line: bytes) -> bytes | None:
            gone[line] -= 1
            return line if gone[line] < 0 else None

        self._rewrite(left_of)

    def part_with_torn(self) -> int:
        """Put the lines that say nothing to us into a file beside it; how many there were."""
        torn = [line for line in self._read() if not _is_whole(line)]
        if torn:
            file = os.open(self._beside("unread"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                _write_whole(file, b"".join(line + b"\n" for line in torn))
                os.fsync(file)
            finally:
                os.close(file)
            self.remove(torn)
        return len(torn)

    @contextmanager
    def scrubbed(self, scrubber: Scrubber, referring: Collection[str] = ()) -> Iterator[int]:
        """Be without what erased contacts said, and without their keys in what others said.

        Nothing is delivered inside. A line that a crash tore goes too: whose it was cannot be told.

        Args:
            scrubber: knows their keys.
            referring: names of properties that name a contact.

        Returns:
            How many calls are gone or were changed.
        """
        touched = 0

        def left_of(line: bytes) -> bytes | None:
            nonlocal touched
            try:
                entry = SetAside.from_json(line)
            except ValueError:
                return None
            left = entry.without(scrubber, referring)
            touched += left != entry
            return None if left is None else line if left == entry else left.to_line()

        if not self.exists():
            self._drop_leavings()
            yield 0
            return
        with self._locked(self._beside("delivery")):
            self._check()
            self._rewrite(left_of)
            self._drop_leavings()
            yield touched

    @contextmanager
    def delivering(self) -> Iterator[bool]:
        """Be the only one to deliver; False: somebody else is at it."""
        self._check()
        try:
            with self._locked(self._beside("delivery"), patience=0):
                yield True
        except TimeoutError:
            yield False

    def _check(self) -> None:
        """Make sure that the file is a spool, before anything is done to it.

        Raises:
            SpoolError: it is something else.
        """
        first = next(iter(self._read()), b"")
        try:
            is_ours = "verb" in json.loads(first or b'{"verb": 0}')
        except (ValueError, TypeError):
            is_ours = first.startswith(b'{"')  # torn by a crash
        if not is_ours:
            raise SpoolError(f"{self.path} is no spool; nothing was done to it")

    def _drop_leavings(self) -> None:
        """Take away what a rewrite that was killed left behind, and lines that were parted with."""
        for name in ("new", "unread"):
            self._beside(name).unlink(missing_ok=True)

    def _read(self) -> list[bytes]:
        try:
            return [line for line in self.path.read_bytes().split(b"\n") if line]
        except FileNotFoundError:
            return []

    def _rewrite(self, left_of: Callable[[bytes], bytes | None]) -> None:
        """Put a file with what is left of each line in its place, or none."""
        with self._locked(self._beside("lock")):
            kept = [left for line in self._read() if (left := left_of(line)) is not None]
            if not kept:
                self.path.unlink(missing_ok=True)
                return
            other = self._beside("new")
            file = os.open(other, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                _write_whole(file, b"".join(line + b"\n" for line in kept))
                os.fsync(file)
            finally:
                os.close(file)
            os.replace(other, self.path)
            _sync_folder(self.path.parent)

    def _beside(self, name: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{name}")

    @contextmanager
    def _locked(self, path: Path, patience: float = _PATIENCE) -> Iterator[None]:
        """Hold a lock that the system releases even if we are killed."""
        until = monotonic() + max(left(patience) or 0.0, min(patience, _GRACE))
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            while not _try_lock(file):
                if monotonic() >= until:
                    raise TimeoutError(f"another process holds {path}")
                self._pause(_NAP)
            try:
                yield
            finally:
                _unlock(file)  # said aloud, for a child forked meanwhile has the file open too
        finally:
            os.close(file)


def default_path(store: str, tenant: str) -> Path | None:
    """Where the spool of a tenant of a store lies; None where there is no place for it."""
    if fcntl is None or not store:
        return None
    digest = hashlib.sha256(f"{store}\0{tenant}".encode("utf-8", "replace")).hexdigest()
    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    if not os.path.isabs(home):
        return None
    return Path(home) / "motfunnel" / f"{digest[:32]}.jsonl"


def _is_whole(line: bytes) -> bool:
    try:
        SetAside.from_json(line)
    except ValueError:
        return False
    return True


def _try_lock(file: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unlock(file: int) -> None:
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_UN)


def _torn(file: int) -> bytes:
    """What ends the last line, if a crash left it without an end."""
    size = os.fstat(file).st_size
    return b"" if not size or os.pread(file, 1, size - 1) == b"\n" else b"\n"


def _write_whole(file: int, content: bytes) -> None:
    while content:
        content = content[os.write(file, content) :]


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
