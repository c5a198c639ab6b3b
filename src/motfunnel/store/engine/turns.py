"""Turns at SQLite's one write lock: who has waited longest writes next, whatever its process.

SQLite has no queue: whoever asks at the right instant is next, so that a busy process takes turn
after turn while another's time runs out. Here who has to wait locks one byte of a file beside the
database, at the instant since when it waits; who sees an earlier byte locked lets that go first.
The kernel unlocks the byte of who dies. Where it cannot do that, or the file cannot be made,
everybody asks as before.
"""

from __future__ import annotations

import os
import struct
import sys
from contextlib import suppress
from time import monotonic_ns  # one clock for all processes of a machine
from typing import Any, Final

try:
    import fcntl as _fcntl
except ImportError:  # Windows
    _fcntl = None  # type: ignore[assignment]

_SUFFIX: Final = "-turns"
_LONGEST_NS: Final = 2 * 10**9  # then a place is worth nothing: its process may be frozen
_LOCK: Final = struct.Struct("hhqqi4x")  # Linux's struct flock, where an offset has 64 bits
_fcntl_any: Any = _fcntl
_IS_POSSIBLE: Final = (
    hasattr(_fcntl, "F_OFD_SETLK") and sys.platform == "linux" and sys.maxsize > 2**32
)
_open: set[int] = set()
_AGAIN_NS: Final = 10**7  # an open file costs as much as a statement
_MOST_UNUSED: Final = 100
_unused: dict[str, int] = {}  # until when a file that was not there is not looked for again


class Turn:
    """The place of one who wants to write, in the queue at a database.

    Args:
        path: the database's file; empty for one that has none, where there is no queue.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._since: int | None = None
        self._file: int | None = None
        if _IS_POSSIBLE and path and _unused.get(path, 0) < monotonic_ns():
            self._open(os.O_RDWR)  # who has never waited here finds no file, and nobody in it
            if self._file is None and len(_unused) < _MOST_UNUSED:
                _unused[path] = monotonic_ns() + _AGAIN_NS

    def has_come(self) -> bool:
        """Whether nobody waits who has waited longer."""
        if self._file is None:
            return True
        now = monotonic_ns()
        first, last = now - _LONGEST_NS, now if self._since is None else self._since
        asked = _LOCK.pack(_fcntl_any.F_WRLCK, os.SEEK_SET, first, last - first, 0)
        found = _LOCK.unpack(_fcntl_any.fcntl(self._file, _fcntl_any.F_OFD_GETLK, asked))
        return bool(found[0] == _fcntl_any.F_UNLCK)

    def wait(self) -> None:
        """Queue, if that is not done yet."""
        if self._since is not None or not (_IS_POSSIBLE and self._path):
            return
        if self._file is None:
            self._open(os.O_RDWR | os.O_CREAT)
        if self._file is None:
            return
        self._since = monotonic_ns()
        with suppress(OSError):  # another's since the same nanosecond: both go when it is theirs
            self._lock(_fcntl_any.F_WRLCK, self._since)

    def leave(self) -> None:
        """Leave the queue; whoever came next is next."""
        if self._file is not None and self._file in _open:
            if self._since is not None:  # a child that is just being forked has the file, too
                with suppress(OSError):
                    self._lock(_fcntl_any.F_UNLCK, self._since)
            _open.discard(self._file)
            os.close(self._file)
        self._file = None

    def _lock(self, kind: int, byte: int) -> None:
        wanted = _LOCK.pack(kind, os.SEEK_SET, byte, 1, 0)
        _fcntl_any.fcntl(self._file, _fcntl_any.F_OFD_SETLK, wanted)

    def _open(self, flags: int) -> None:
        with suppress(OSError):
            mode = 0o600
            if flags & os.O_CREAT:  # whoever may write there may queue
                mode = os.stat(self._path).st_mode & 0o666
            flags |= os.O_CLOEXEC | os.O_NOFOLLOW
            self._file = os.open(self._path + _SUFFIX, flags, mode)
            _open.add(self._file)


def _forget() -> None:
    """In the child of a fork: the places in queues are its parent's."""
    for file in _open:
        with suppress(OSError):
            os.close(file)
    _open.clear()


if _IS_POSSIBLE:
    os.register_at_fork(after_in_child=_forget)
