"""A cache of what took long to compute: bounded in bytes, and one computation at a time for a key.

Computations run in threads of their own, a few at once, so that slow questions keep nobody from
asking quick ones; who asked waits for so long and no longer. What was begun is finished and kept,
and there when it is asked for again. Knows nothing of what it keeps.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from threading import BoundedSemaphore, Lock, Thread
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, Final
from weakref import WeakMethod

from attrs import frozen

MEMORY: Final = 256 * 2**20
"""How many bytes of answers are kept, where nothing else is said."""

AT_ONCE: Final = 2
"""So many computations run at the same time in a process."""

QUEUED: Final = 32
"""So many wait for that; what comes beyond them is refused at once."""

Surroundings = Callable[[], AbstractContextManager[Any]]
"""What a computation in a thread of its own stands in, such as an application's context."""

_MANY: Final = 1_000
_SAMPLE: Final = 200
_SHARED: Final = (type, ModuleType, FunctionType, BuiltinFunctionType)


class Unfinished(Exception):
    """It is still being computed; whoever asks again later will find it."""


class Busy(Exception):
    """So much is being computed that nothing more can be begun."""


@frozen(kw_only=True)
class Computed:
    """What was computed.

    Attributes:
        value: it itself.
        took: in how many seconds.
    """

    value: Any
    took: float


class Deadline:
    """Until when a request waits.

    Args:
        seconds: for how long from now; None: as long as it takes, computing in its own thread.
    """

    def __init__(self, seconds: float | None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds

    def left(self) -> float | None:
        """How many seconds are left; None: there is no end."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())


class Cache:
    """Keeps what was computed.

    Args:
        memory: how many bytes are kept at most; what was used least recently goes first.
        at_once: how many computations run at the same time.
        queued: how many more may wait for that.
    """

    def __init__(
        self, memory: int = MEMORY, *, at_once: int = AT_ONCE, queued: int = QUEUED
    ) -> None:
        self._memory, self._at_once, self._most = memory, at_once, at_once + queued
        self._kept: OrderedDict[Hashable, tuple[Computed, int]] = OrderedDict()
        self._begin()
        begin = WeakMethod(self._begin)
        os.register_at_fork(after_in_child=lambda: (again := begin()) and again())

    def _begin(self) -> None:
        """Compute nothing; what a parent process computes is never finished in its child."""
        self._lock = Lock()
        self._turn = BoundedSemaphore(self._at_once)
        self._running: dict[Hashable, Future[Computed]] = {}

    @property
    def size(self) -> int:
        """How many bytes are kept, as far as that can be counted."""
        with self._lock:
            return sum(size for _, size in self._kept.values())

    def peek(self, key: Hashable) -> Computed | None:
        """What is kept under a key."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def get(
        self,
        key: Hashable,
        compute: Callable[[], Any],
        deadline: Deadline,
        surroundings: Surroundings = nullcontext,
    ) -> Computed:
        """What is kept under a key, or is computed now, by whoever asked first.

        Args:
            key: tells it from all else.
            compute: is called in a thread of its own if there is a deadline, or else in this one.
            deadline: until when to wait.
            surroundings: what the thread stands in meanwhile.

        Raises:
            Unfinished: the time is over.
            Busy: too much is being computed already.
        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][0]
            running = self._running.get(key)
            is_first = running is None
            if running is None:
                if len(self._running) >= self._most:
                    raise Busy
                running = self._running[key] = Future()
        if is_first:
            self._start(key, compute, running, surroundings, deadline)
        try:
            return running.result(deadline.left())
        except TimeoutError:
            if running.done():  # the computation's own
                raise
            raise Unfinished from None

    def drop(self, is_stale: Callable[[Hashable], bool]) -> None:
        """Keep no more what is stale by its key."""
        with self._lock:
            for key in [key for key in self._kept if is_stale(key)]:
                del self._kept[key]

    def _start(
        self,
        key: Hashable,
        compute: Callable[[], Any],
        future: Future[Computed],
        surroundings: Surroundings,
        deadline: Deadline,
    ) -> None:
        if deadline.left() is None:
            self._compute(key, compute, future, nullcontext)
            return
        work = (key, compute, future, surroundings)
        try:
            Thread(target=self._compute, args=work, name="motfunnel-dashboard", daemon=True).start()
        except RuntimeError as error:  # the machine gives no more threads
            with self._lock:
                self._running.pop(key, None)
            future.set_exception(error)

    def _compute(
        self,
        key: Hashable,
        compute: Callable[[], Any],
        future: Future[Computed],
        surroundings: Surroundings,
    ) -> None:
        try:
            with self._turn, surroundings():
                begun = time.monotonic()
                value = compute()
                done = Computed(value=value, took=time.monotonic() - begun)
            self._keep(key, done)
        except BaseException as error:  # whoever waits is told, in a thread where it is seen
            with self._lock:
                self._running.pop(key, None)
            future.set_exception(error)
            return
        future.set_result(done)

    def _keep(self, key: Hashable, done: Computed) -> None:
        size = size_of(done.value)
        with self._lock:
            self._running.pop(key, None)
            if size > self._memory:
                return
            self._kept[key] = (done, size)
            taken = sum(size for _, size in self._kept.values())
            while taken > self._memory:
                _, (_, freed) = self._kept.popitem(last=False)
                taken -= freed


def size_of(value: object) -> int:
    """How many bytes a value takes with all that it refers to; of long lists, by a sample.

    >>> size_of(["a" * 1_000] * 3) < 2_000 < size_of([f"{n:01000}" for n in range(3)])
    True
    """
    seen: set[int] = set()
    waiting: list[object] = [value]
    size = 0
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, _SHARED):
            continue
        seen.add(id(one))
        size += sys.getsizeof(one)
        if isinstance(one, list | tuple) and len(one) > _MANY:
            sample = list(_sample(one))
            size += size_of(sample) * len(one) // len(sample)
        else:
            waiting += gc.get_referents(one)
    return size


def _sample(of: list[Any] | tuple[Any, ...]) -> Iterable[Any]:
    return islice(of, 0, None, len(of) // _SAMPLE)
