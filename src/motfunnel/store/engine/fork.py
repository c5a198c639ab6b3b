"""Keeping SQLite and fork apart: no fork amid a transaction, no connection carried across it.

SQLite keeps a process's locks in memory. A child that inherits them waits for a lock that nobody
will release, or takes for its own one that it does not hold. So a fork waits for transactions that
run in other threads, though not for ever, and finds no open connection of ours. Servers need none
of it: there a child forgets what it inherited.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Condition, get_ident
from typing import Final
from weakref import WeakSet

_LONGEST: Final = 2.0  # seconds; beside a longer transaction a fork takes its chance


class ForkGate:
    """One database's gate, through which its transactions pass.

    Args:
        close: closes the connections that nobody uses.
    """

    def __init__(self, close: Callable[[], object]) -> None:
        self._close = close
        self._open()
        if hasattr(os, "register_at_fork"):
            _watch_forks()
            _gates.add(self)

    @contextmanager
    def passing(self) -> Iterator[None]:
        """A transaction of this thread; waits for a fork that is under way."""
        me = get_ident()
        with self._condition:
            if self._is_shutting and me not in self._inside:
                self._condition.wait_for(lambda: not self._is_shutting, _LONGEST)
            self._inside[me] += 1
        try:
            yield
        finally:
            with self._condition:
                self._inside[me] -= 1
                if not self._inside[me]:
                    del self._inside[me]
                if self._is_shutting:
                    self._condition.notify_all()

    def shut(self) -> None:
        """Before a fork: let nobody in, wait for those inside, close what they leave."""
        self._condition.acquire()
        self._is_shutting = True
        self._condition.wait_for(lambda: not {*self._inside} - {get_ident()}, _LONGEST)
        self._close()

    def release(self) -> None:
        """After a fork, in the parent."""
        self._is_shutting = False
        self._condition.notify_all()
        self._condition.release()

    def renew(self) -> None:
        """After a fork, in the child, where there are no other threads."""
        self._open()

    def _open(self) -> None:
        self._condition = Condition()
        self._inside: Counter[int] = Counter()
        self._is_shutting = False


_gates: WeakSet[ForkGate] = WeakSet()
_shut: list[ForkGate] = []


@cache
def _watch_forks() -> None:
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after_in_child)


def _before() -> None:
    # In one order in every thread, so that two that fork at once do not wait for each other.
    gates = sorted(_gates, key=id)
    for gate in gates:
        gate.shut()
    _shut[:] = gates


def _after() -> None:
    gates, _shut[:] = [*_shut], []
    for gate in gates:
        gate.release()


def _after_in_child() -> None:
    _shut.clear()
    for gate in _gates:
        gate.renew()
