"""A file that nobody but its owner reads: no link, nobody else's, and closed to all others.

Nothing is done to a file that is not of this kind: a planted link leads to what is not ours.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final

_FLAGS: Final = (
    getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
)  # without the last, a planted pipe would keep us waiting
_ONLY_OURS: Final = 0o600
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT)


class NotOursError(PermissionError):
    """A file is a link, has another name, is not a plain file, or is somebody else's."""


def open_private(path: Path, flags: int) -> int:
    """Open a file, made if the flags say so; where it is to be written, take others' rights away.

    Give it no ``O_TRUNC``, which would empty a file before it is looked at.

    Raises:
        NotOursError: it is a link, has another name, is not a plain file, or is somebody else's.
    """
    try:
        file = os.open(path, flags | _FLAGS, _ONLY_OURS)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise _not_ours(path, "is a link") from None
        raise
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise _not_ours(path, "is not a plain file")
        if found.st_nlink > 1:
            raise _not_ours(path, "has another name, a hard link")
        if not _is_of_this_user(found, path):
            raise _not_ours(path, "belongs to another user")
        is_written = flags & (os.O_WRONLY | os.O_RDWR)
        if is_written and stat.S_IMODE(found.st_mode) != _ONLY_OURS and hasattr(os, "fchmod"):
            os.fchmod(file, _ONLY_OURS)
    except BaseException:
        os.close(file)
        raise
    return file


def replace_private(path: Path, content: bytes) -> None:
    """Put a content in the place of a file's; not durably.

    Where the disk is full it is written over the old one, which gives its place.
    """
    other = path.with_name(f"{path.name}.new")
    try:
        _fill(other, content)
        os.replace(other, path)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        other.unlink(missing_ok=True)
        _fill(path, content)


def write_whole(file: int, content: bytes) -> None:
    """Write all of it, in as many pieces as the system takes."""
    while content:
        content = content[os.write(file, content) :]


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _fill(path: Path, content: bytes) -> None:
    """Write a file's content; broken off, it holds what nobody can take for a content."""
    file = open_private(path, os.O_WRONLY | os.O_CREAT)
    try:
        write_whole(file, b"\0" + content[1:])
        os.ftruncate(file, len(content))
        os.pwrite(file, content[:1], 0)
    finally:
        os.close(file)


def _is_of_this_user(found: os.stat_result, path: Path) -> bool:
    if not hasattr(os, "geteuid"):  # pragma: no cover - not POSIX
        return True
    user = os.geteuid()
    # An operator who is root looks after the file of an application that is not.
    return found.st_uid == user or (user == 0 and os.stat(path.parent).st_uid == found.st_uid)


def _not_ours(path: Path, what: str) -> NotOursError:
    return NotOursError(errno.EPERM, f"{what}; nothing was done to it", str(path))
