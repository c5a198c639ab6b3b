"""A queue of lines in files of bounded size: put in at one end, taken out at the other.

New lines go to the file itself. Where that would grow too long it is given a number, and a new one
is begun; a file is deleted when its last line is taken. So no line is ever written anew to take
others out. Knows how many lines there are without reading them; makes no line of it durable but
by ``append``, and holds no lock.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from attrs import define, field, frozen

from motfunnel.errors import SpoolError
from motfunnel.tracking.spool.private_file import open_private, write_whole

_CHUNK: Final = 1 << 20
_MOST_READ: Final = 4 << 20  # bytes that are read at once, however many lines are asked for


@frozen
class Line:
    """A line of a queue.

    Attributes:
        raw: what it says, without its end.
        number: of the segment that it is in.
        end: where in that the next line begins.
    """

    raw: bytes
    number: int
    end: int


@define
class Segment:
    """One of the files: its number, how many lines it has and how many bytes."""

    number: int
    lines: int
    size: int


@define
class Queue:
    """The lines of one queue, and how far they have been taken.

    Attributes:
        path: the file that new lines go to; the others have numbers after its name.
        most: how many bytes a file may have, unless a single line has more.
        segments: the files, oldest first.
        open: the number of the file that new lines go to; 0: there is none.
        latest: the highest number that was ever given.
        inode: of the file that new lines go to.
        offset: how many bytes of the oldest file have been taken.
        taken: how many lines of it.
        singly: how many of the next lines are to be recorded one by one.
    """

    path: Path
    most: int
    segments: list[Segment] = field(factory=list)
    open: int = 0
    latest: int = 0
    inode: int = 0
    offset: int = 0
    taken: int = 0
    singly: int = 0

    @property
    def lines(self) -> int:
        """How many wait."""
        return sum(one.lines for one in self.segments) - self.taken

    @property
    def size(self) -> int:
        """How many bytes they have."""
        return sum(one.size for one in self.segments) - self.offset

    def to_state(self) -> dict[str, Any]:
        """What has to be noted beside the files, for JSON."""
        names = ("open", "latest", "inode", "offset", "taken", "singly")
        return {name: getattr(self, name) for name in names} | {
            "segments": [[one.number, one.lines, one.size] for one in self.segments]
        }

    def note(self, state: dict[str, Any]) -> None:
        """Take over what ``to_state`` gave.

        Raises:
            TypeError: it is nothing of the kind.
        """
        numbers = dict(state)
        self.segments = [Segment(*map(int, one)) for one in numbers.pop("segments")]
        for name, value in numbers.items():
            setattr(self, name, int(value))

    def is_current(self) -> bool:
        """Whether the files are still as they were noted; costs a look or two."""
        try:
            found = os.stat(self.path, follow_symlinks=False)
        except FileNotFoundError:
            is_open_same = self.open == 0
        else:
            last = self.segments[-1] if self.segments else None
            is_open_same = last is not None and (self.open, last.size, self.inode) == (
                last.number,
                found.st_size,
                found.st_ino,
            )
        return is_open_same and all(self.path_of(one.number).exists() for one in self.segments[:1])

    def look(self) -> None:
        """Find out anew which files there are, and count the lines that are not known.

        A crash, or another version of this library, may have come between the files and the note.
        What was taken already may then be taken again.
        """
        known = {one.number: one for one in self.segments}
        first, inode = next(iter(known), 0), self.inode
        numbers = self._numbers()
        self.segments = [self._look_at(number, known.get(number)) for number in numbers]
        self.latest = max([self.latest, *numbers])
        is_same = bool(numbers) and numbers[0] == first
        was_open, self.open, self.inode = self.open, 0, 0
        if os.path.lexists(self.path):
            self.inode = os.stat(self.path, follow_symlinks=False).st_ino
            if was_open in numbers or not was_open:
                self.latest = was_open = self.latest + 1
            self.open = was_open
            noted = known.get(was_open) if inode == self.inode else None
            self.segments.append(self._look_at(self.open, noted))
            is_same = is_same or (not numbers and first == self.open and inode == self.inode)
        if not (is_same and self.segments and self.offset <= self.segments[0].size):
            self.offset = self.taken = self.singly = 0

    def append(self, lines: list[bytes]) -> bool:
        """Put lines in, for good once this returns; whether a file was made for them.

        Raises:
            OSError: they could not be written, and are not there.
        """
        data = b"".join(line + b"\n" for line in lines)
        last = self.segments[-1] if self.open else None
        if last is not None and last.size and last.size + len(data) > self.most:
            self.close()
            last = None
        file = open_private(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        try:
            found = os.fstat(file)
            try:
                write_whole(file, data)
                os.fsync(file)
            except BaseException:
                os.ftruncate(file, found.st_size)
                raise
        finally:
            os.close(file)
        if last is None:
            self.latest += 1
            self.open, self.inode = self.latest, found.st_ino
            self.segments.append(last := Segment(self.latest, 0, 0))
        last.lines += len(lines)
        last.size += len(data)
        return found.st_size == 0

    def close(self) -> None:
        """Give the file that new lines go to its number, so that the next one begins another."""
        if self.open:
            os.rename(self.path, self.path.with_name(f"{self.path.name}.{self.open}"))
            self.open = self.inode = 0

    def read(self, most: int, after: tuple[int, int] = (0, 0)) -> list[Line]:
        """Read the lines that come next, or those after a number of a segment and a place in it."""
        found: list[Line] = []
        size = 0
        for segment in self.segments:
            start = max([(segment.number, 0), self._start(), after])
            if start[0] != segment.number or len(found) >= most or size > _MOST_READ:
                continue
            try:
                lines = self._read(segment, start[1], most - len(found))
            except FileNotFoundError:  # taken away by another hand; it is missed when it is next
                break
            found += lines
            size += sum(len(line.raw) for line in lines)
        return found

    def advance(self, line: Line) -> None:
        """Note that a line was taken, unless it was already; a file without more is deleted."""
        if (line.number, line.end) <= self._start():
            return
        while self.segments and self.segments[0].number < line.number:
            self._drop_first()
        self.offset, self.taken = line.end, self.taken + 1
        self.singly = max(0, self.singly - 1)

    def tidy(self) -> None:
        """Delete the files of which all was taken."""
        while self.segments and self.offset >= self.segments[0].size:
            self._drop_first()

    def path_of(self, number: int) -> Path:
        """Where a segment lies."""
        return (
            self.path if number == self.open else self.path.with_name(f"{self.path.name}.{number}")
        )

    def _start(self) -> tuple[int, int]:
        return (self.segments[0].number, self.offset) if self.segments else (0, 0)

    def _drop_first(self) -> None:
        first = self.segments.pop(0)
        self.path_of(first.number).unlink(missing_ok=True)
        if first.number == self.open:
            self.open = self.inode = 0
        self.offset = self.taken = 0

    def _numbers(self) -> list[int]:
        form = re.compile(re.escape(self.path.name) + r"\.(\d+)")
        found = (form.fullmatch(name) for name in os.listdir(self.path.parent))
        return sorted(int(match[1]) for match in found if match)

    def _read(self, segment: Segment, start: int, most: int) -> list[Line]:
        lines: list[Line] = []
        with opened(self.path_of(segment.number)) as file:
            file.seek(start)
            size = 0
            while len(lines) < most and start < segment.size and size <= _MOST_READ:
                raw = file.readline()
                if not raw.endswith(b"\n"):
                    break
                start += len(raw)
                size += len(raw)
                lines.append(Line(raw[:-1], segment.number, start))
        return lines

    def _look_at(self, number: int, noted: Segment | None) -> Segment:
        """Count a file's lines, unless it is as it was; end a last line that a crash tore."""
        path = self.path_of(number)
        if noted is not None and noted.size == os.stat(path, follow_symlinks=False).st_size:
            return noted
        check_is_spool(path)
        file = open_private(path, os.O_RDWR | os.O_APPEND)
        try:
            lines, at, last = 0, 0, b""
            while chunk := os.pread(file, _CHUNK, at):
                lines, at, last = lines + chunk.count(b"\n"), at + len(chunk), chunk[-1:]
            if at and last != b"\n":
                write_whole(file, b"\n")
                lines, at = lines + 1, at + 1
            return Segment(number, lines, at)
        finally:
            os.close(file)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file of ours, to be read."""
    with os.fdopen(open_private(path, os.O_RDONLY), "rb", buffering=1 << 16) as file:
        yield file


def check_is_spool(path: Path) -> None:
    """Make sure that a file is a spool's, before anything is done to it.

    Raises:
        SpoolError: it is something else.
    """
    with opened(path) as file:
        first = file.readline(_CHUNK).strip(b"\n")
    try:
        is_ours = "verb" in json.loads(first or b'{"verb": 0}')
    except (ValueError, TypeError):
        is_ours = first.startswith(b'{"')  # torn by a crash
    if not is_ours:
        raise SpoolError(f"{path} is no spool; nothing was done to it")
