"""The spool: files on this machine for what no database could be told, until one can.

A line of JSON each, appended and made durable under a lock that all processes share. What was tried
in vain goes into a queue of its own for each attempt, so that it waits behind nobody and nobody
behind it. A small file beside them says how far each queue has been taken and how many lines it
has; it is made again where it is missing or stale. Knows nothing of databases: ``delivery`` empties
it.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import product, takewhile
from pathlib import Path
from time import monotonic
from typing import Any, Final, Literal
from uuid import uuid4

from attrs import define, field, frozen

from motfunnel.domain.instant import iso
from motfunnel.domain.scrubber import Scrubber
from motfunnel.errors import SpoolError, SpoolFullError
from motfunnel.store.engine.deadline import left
from motfunnel.text import counted
from motfunnel.tracking.recording.entry import SetAside
from motfunnel.tracking.spool.private_file import (
    NotOursError,
    open_private,
    replace_private,
    sync_folder,
    write_whole,
)
from motfunnel.tracking.spool.segments import Line, Queue, Segment, opened

try:
    import fcntl
except ImportError:  # pragma: no cover - not POSIX: no lock that a crash would release
    fcntl = None  # type: ignore[assignment]

PAUSES: Final = (1.0, 10.0, 60.0, 600.0, 3600.0, 6 * 3600.0)
"""Seconds between one attempt at a line and the next; after the last of them it is set aside."""

LIMIT: Final = 1 << 30
"""How many bytes may wait, where nothing else is said."""

AT_ONCE: Final = 100
"""How many lines are read together."""

WhenFull = Literal["refuse", "drop"]

_OWN: Final = ("since", "due", "mark")
"""What a line says beside the call: since when it waits, when it is due, and who tried it last."""

_SEGMENT: Final = 8 << 20
_LEAST_SEGMENT: Final = 1 << 12
_NAP: Final = 0.01
_PATIENCE: Final = 30.0
_GRACE: Final = 0.3  # for a call that comes here when its time is spent


@frozen(kw_only=True)
class SpoolStatus:
    """What waits in a spool.

    Attributes:
        lines: how many calls.
        bytes: how many bytes they have.
        oldest: since when the first of them has waited; None where none does, or it does not say.
        dropped: how many calls were ever dropped or refused because the spool was full.
        attempts: how often the call that was tried most often was tried in vain.
    """

    lines: int = 0
    bytes: int = 0
    oldest: datetime | None = None
    dropped: int = 0
    attempts: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The same, ready for JSON."""
        oldest = None if self.oldest is None else iso(self.oldest)
        return {"bytes": self.bytes, "oldest": oldest} | {
            "dropped": self.dropped,
            "attempts": self.attempts,
        }

    def __str__(self) -> str:
        """What there is to tell of it."""
        oldest = "" if self.oldest is None else f" since {iso(self.oldest)}"
        tried = f" (tried up to {counted(self.attempts, 'time')})" if self.attempts else ""
        dropped = f", {self.dropped:,} dropped for want of room" if self.dropped else ""
        return f"{self.lines:,} spooled{oldest}{tried}{dropped}"


@frozen
class Batch:
    """Some lines that are to be recorded now.

    Attributes:
        attempts: how often they were tried in vain.
        lines: the lines.
        generation: of the note by which they were found.
        mark: of the delivery, for those that it tries in vain.
        is_early: whether their pause is not over; then an attempt in vain does not count.
    """

    attempts: int
    lines: list[Line]
    generation: str
    mark: str = ""
    is_early: bool = False


@define
class _Note:
    """What is noted beside the files: of each queue how far it was taken."""

    queues: list[Queue]
    generation: str = field(factory=lambda: uuid4().hex)

    @property
    def size(self) -> int:
        return sum(queue.size for queue in self.queues)

    def to_json(self) -> bytes:
        queues = [queue.to_state() for queue in self.queues]
        return json.dumps({"generation": self.generation, "queues": queues}).encode()


class Spool:
    """Calls that wait on this machine.

    Args:
        path: the file to begin with; made, with its folder, when something is put in it. What else
            is needed lies beside it, under names that begin with its own.
        pause: waits a moment for another process.
        limit: how many bytes may wait; None for no bound.
        full: what becomes of a call that finds no room: ``"refuse"`` it, or ``"drop"`` the oldest.
        pauses: how many seconds there are between one attempt at a line and the next.
    """

    def __init__(
        self,
        path: Path,
        pause: Callable[[float], object],
        *,
        limit: int | None = LIMIT,
        full: WhenFull = "refuse",
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self.path = path
        self._pause = pause
        self._limit = limit
        self._full = full
        self.pauses = pauses

    def exists(self) -> bool:
        """Whether something may be in it; costs a look or two at the folder."""
        if os.path.lexists(self._beside("state")):
            return True
        try:
            return os.stat(self.path).st_size > 0  # an earlier version left it
        except OSError:
            return False

    def __len__(self) -> int:
        """How many calls are in it."""
        return self.status().lines

    def status(self) -> SpoolStatus:
        """Say what waits, without reading it.

        Raises:
            OSError: the files cannot be read, or are none of a spool.
        """
        dropped = self._dropped()
        if not self.exists():
            return SpoolStatus(dropped=dropped)
        with self._noted() as note:
            since = [_since(line.raw) for queue in note.queues for line in queue.read(1)]
            return SpoolStatus(
                lines=sum(queue.lines for queue in note.queues),
                bytes=note.size,
                oldest=min((one for one in since if one is not None), default=None),
                dropped=dropped,
                attempts=max(n for n, queue in enumerate(note.queues) if queue.lines or not n),
            )

    def append(self, *entries: SetAside) -> None:
        """Put calls in, for good once this returns.

        Raises:
            SpoolFullError: there is no room for them.
            OSError: the files cannot be written.
        """
        now = time.time()
        lines = [_write(entry, since=now) for entry in entries]
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._noted() as note:
            self._make_room(note, lines)
            self._put(note.queues[0], lines)
            self._save(note)

    def entries(self) -> Iterator[SetAside]:
        """Read the calls that are in it now, those that were tried most often first."""
        for number in reversed(range(len(self.pauses) + 1)):
            after = (0, 0)
            while some := self._read(number, after):
                after = (some[-1].number, some[-1].end)
                for line in some:
                    try:
                        yield SetAside.from_json(line.raw)
                    except ValueError:
                        continue

    def take(self, most: int = AT_ONCE, *, mark: str = "") -> Batch | None:
        """Give the lines that are to be recorded next; None: there are none, or they have to wait.

        They stay until they are settled.

        Args:
            most: how many at once.
            mark: of a delivery that was asked for. Once nothing else is due, it is given those that
                have to wait, too; but none that bears its mark, for that it has tried.
        """
        if not self.exists():
            return None
        with self._noted() as note:
            turns = (False, True) if mark else (False,)
            for is_early, attempts in product(turns, range(len(note.queues))):
                queue, pause = note.queues[attempts], (0.0, *self.pauses)[attempts]
                ready = partial(_without, mark=mark) if is_early else partial(_due, pause=pause)
                if ready(queue.read(1)):
                    some = ready(queue.read(1 if queue.singly else most))
                    return Batch(attempts, some, note.generation, mark, is_early)
            self._drop_if_empty(note)
        return None

    def settle(
        self,
        batch: Batch,
        *,
        postponed: Sequence[Line] = (),
        unread: Sequence[Line] = (),
    ) -> None:
        """Take the lines of a batch out.

        A crash on the way has at worst put some of them into two places.

        Args:
            batch: what was recorded, or is kept elsewhere.
            postponed: those of them that are to be tried again, after a pause.
            unread: those that say nothing to us: they are put into a file beside the spool.
        """
        with self._noted() as note:
            if note.generation != batch.generation:
                return  # where they lie now is not known; their ids see to it that they count once
            if unread:
                self._part_with(unread)
            if postponed:
                attempts = min(batch.attempts + (not batch.is_early), len(self.pauses))
                told: dict[str, Any] = {"mark": batch.mark}
                if not batch.is_early:
                    told["due"] = time.time() + self.pauses[attempts - 1]
                again = [_write_again(line.raw, told) for line in postponed]
                self._put(note.queues[attempts], again)
            queue = note.queues[batch.attempts]
            for line in batch.lines:
                queue.advance(line)
            queue.tidy()
            if not self._drop_if_empty(note):
                self._save(note)

    def try_singly(self, batch: Batch) -> None:
        """Have the lines of a batch, which stay, be given one by one."""
        with self._noted() as note:
            if note.generation == batch.generation:
                note.queues[batch.attempts].singly = len(batch.lines)
                self._save(note)

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

        def left_of(raw: bytes) -> bytes | None:
            nonlocal touched
            try:
                entry = SetAside.from_json(raw)
            except ValueError:
                return None
            left = entry.without(scrubber, referring)
            touched += left != entry
            return None if left is None else raw if left == entry else _like(raw, left)

        if not self.exists():
            self._drop_leavings()
            yield 0
            return
        with self._locked(self._beside("delivery")):
            for at, number in self._close():
                self._scrub(at, number, left_of)
            self._drop_leavings()
            yield touched

    @contextmanager
    def delivering(self) -> Iterator[bool]:
        """Be the only one to deliver; False: somebody else is at it."""
        try:
            with self._locked(self._beside("delivery"), patience=0):
                yield True
        except TimeoutError:
            yield False

    def _read(self, queue: int, after: tuple[int, int]) -> list[Line]:
        if not self.exists():
            return []
        with self._noted() as note:
            return note.queues[queue].read(AT_ONCE, after)

    def _close(self) -> list[tuple[int, int]]:
        """Have what is put in from now on go to new files; the queue and the number of the old."""
        with self._noted() as note:
            for queue in note.queues:
                queue.close()
            self._save(note)
            numbered = enumerate(note.queues)
            return [(at, one.number) for at, queue in numbered for one in queue.segments]

    def _scrub(self, at: int, number: int, left_of: Callable[[bytes], bytes | None]) -> None:
        """Put a file with what is left of each line in the place of one that is closed.

        Calls are put in meanwhile, for that waits for nothing but the last step.
        """
        with self._noted() as note:
            queue = note.queues[at]
            path = queue.path_of(number)
            is_first = bool(queue.segments) and queue.segments[0].number == number
            start = queue.offset if is_first else 0
        try:
            lines, size = self._filter(path, start, left_of)
        except FileNotFoundError:  # it was dropped, since the spool was full
            return
        with self._noted() as note:
            queue = note.queues[at]
            found = [n for n, one in enumerate(queue.segments) if one.number == number]
            if not found:
                return
            # Killed in between, the files are counted anew: the note does not know of this size.
            replace_private(self._beside("state"), b"")
            os.replace(self._beside("new"), path)
            sync_folder(self.path.parent)
            queue.segments[found[0]] = Segment(number, lines, size)
            if found[0] == 0:
                queue.offset = queue.taken = queue.singly = 0
            queue.tidy()
            if not self._drop_if_empty(note):
                self._save(note)

    def _filter(
        self, path: Path, start: int, left_of: Callable[[bytes], bytes | None]
    ) -> tuple[int, int]:
        """Write what is left of a file's lines beside it; how many they are, and how long."""
        lines = size = 0
        file = open_private(self._beside("new"), os.O_WRONLY | os.O_CREAT)
        try:
            os.ftruncate(file, 0)
            with opened(path) as old:
                old.seek(start)
                for raw in old:
                    kept = left_of(raw.rstrip(b"\n"))
                    if kept is not None:
                        write_whole(file, kept + b"\n")
                        lines, size = lines + 1, size + len(kept) + 1
            os.fsync(file)
        finally:
            os.close(file)
        return lines, size

    @contextmanager
    def _noted(self) -> Iterator[_Note]:
        """The note, as it is while nobody else changes it; changes are to be saved.

        Raises:
            SpoolError: one of the files is none of ours.
        """
        with self._locked(self._beside("lock")):
            yield self._load()

    def _load(self) -> _Note:
        note = _Note(self._queues())
        try:
            with opened(self._beside("state")) as file:
                state: Any = json.loads(file.read())
            note.generation = str(state["generation"])
            for queue, told in zip(note.queues, state["queues"], strict=True):
                queue.note(told)
        except (FileNotFoundError, ValueError, TypeError, LookupError, AttributeError):
            note = _Note(self._queues(), generation="")
        is_known = bool(note.generation)
        stale = [queue for queue in note.queues if not (is_known and queue.is_current())]
        if stale:
            for queue in stale:
                queue.look()
            note.generation = uuid4().hex
            # A note that is stale must not be taken for one of the files that come next.
            if is_known or any(queue.lines for queue in note.queues):
                self._save(note)
        return note

    def _queues(self) -> list[Queue]:
        some = _SEGMENT if self._limit is None else self._limit // 8
        most = min(_SEGMENT, max(_LEAST_SEGMENT, some))
        later = (self._beside(f"later-{n + 1}") for n in range(len(self.pauses)))
        return [Queue(path, most) for path in (self.path, *later)]

    def _save(self, note: _Note) -> None:
        """Write the note; not durably, for what is stale is made again."""
        replace_private(self._beside("state"), note.to_json())

    def _put(self, queue: Queue, lines: list[bytes]) -> None:
        if queue.append(lines):
            sync_folder(self.path.parent)

    def _make_room(self, note: _Note, lines: Sequence[bytes]) -> None:
        if self._limit is None:
            return
        size = sum(len(line) + 1 for line in lines)
        if size > self._limit or (self._full == "refuse" and note.size + size > self._limit):
            self._count_dropped(len(lines))
            raise SpoolFullError(f"{self.path} is full: it may hold {self._limit:,} bytes")
        dropped = 0
        for queue in (*note.queues[:0:-1], note.queues[0]):
            while note.size + size > self._limit and (some := queue.read(1)):
                queue.advance(some[0])
                queue.tidy()
                dropped += 1
        if dropped:
            self._count_dropped(dropped)

    def _dropped(self) -> int:
        try:
            with _ours_alone(), opened(self._beside("dropped")) as file:
                return int(file.read() or b"0")
        except (FileNotFoundError, ValueError):
            return 0

    def _count_dropped(self, count: int) -> None:
        replace_private(self._beside("dropped"), str(self._dropped() + count).encode())

    def _part_with(self, unread: Sequence[Line]) -> None:
        file = open_private(self._beside("unread"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            write_whole(file, b"".join(line.raw + b"\n" for line in unread))
            os.fsync(file)
        finally:
            os.close(file)

    def _drop_if_empty(self, note: _Note) -> bool:
        """Take everything away where nothing waits; whether that is so."""
        if any(queue.lines for queue in note.queues):
            return False
        for queue in note.queues:
            for one in queue.segments:
                queue.path_of(one.number).unlink(missing_ok=True)
        self._beside("state").unlink(missing_ok=True)
        return True

    def _drop_leavings(self) -> None:
        """Take away what a scrub that was killed left behind, and lines that were parted with."""
        for name in ("new", "unread"):
            self._beside(name).unlink(missing_ok=True)

    def _beside(self, name: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{name}")

    @contextmanager
    def _locked(self, path: Path, patience: float = _PATIENCE) -> Iterator[None]:
        """Hold a lock that the system releases even if we are killed.

        Raises:
            SpoolError: it, or a file that is opened meanwhile, is none of ours.
        """
        until = monotonic() + max(left(patience) or 0.0, min(patience, _GRACE))
        with _ours_alone():
            file = open_private(path, os.O_RDWR | os.O_CREAT)
        try:
            while not _try_lock(file):
                if monotonic() >= until:
                    raise TimeoutError(f"another process holds {path}")
                self._pause(_NAP)
            try:
                with _ours_alone():
                    yield
            finally:
                _unlock(file)  # said aloud, for a child forked meanwhile has the file open too
        finally:
            os.close(file)


@contextmanager
def _ours_alone() -> Iterator[None]:
    """Say as the spool does that a file is none of ours.

    Raises:
        SpoolError: it is.
    """
    try:
        yield
    except NotOursError as error:
        raise SpoolError(f"{error.filename}: {error.strerror}") from None


def default_path(store: str, tenant: str) -> Path | None:
    """Where the spool of a tenant of a store lies; None where there is no place for it."""
    if fcntl is None or not store:
        return None
    digest = hashlib.sha256(f"{store}\0{tenant}".encode("utf-8", "replace")).hexdigest()
    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    if not os.path.isabs(home):
        return None
    return Path(home) / "motfunnel" / f"{digest[:32]}.jsonl"


def _write(entry: SetAside, **more: float) -> bytes:
    """A call as a line, with what the spool itself has to know of it."""
    return entry.to_line()[:-1] + b"," + json.dumps(more).encode()[1:]


def _like(raw: bytes, entry: SetAside) -> bytes:
    said = json.loads(raw)
    return _write(entry, **{name: said[name] for name in _OWN if name in said})


def _write_again(raw: bytes, told: dict[str, Any]) -> bytes:
    return json.dumps(json.loads(raw) | told, separators=(",", ":")).encode("ascii")


def _since(raw: bytes) -> datetime | None:
    try:
        return datetime.fromtimestamp(json.loads(raw)["since"], UTC)
    except (ValueError, TypeError, LookupError, OverflowError, OSError):
        return None  # an earlier version did not note it


def _due(lines: list[Line], pause: float) -> list[Line]:
    """The first of them, as far as their pause is over."""
    if not pause:
        return lines
    now = time.time()
    # A clock that was set back makes nobody wait for longer.
    return list(takewhile(lambda line: not now < _due_at(line) <= now + pause, lines))


def _due_at(line: Line) -> float:
    try:
        return float(json.loads(line.raw)["due"])
    except (ValueError, TypeError, LookupError):
        return 0.0


def _without(lines: list[Line], mark: str) -> list[Line]:
    """The first of them, as far as they do not bear a mark."""
    return list(takewhile(lambda line: mark.encode() not in line.raw, lines))


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
