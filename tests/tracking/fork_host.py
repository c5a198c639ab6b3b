"""A host that forks in the middle of its calls, in a process of its own: see test_processes.py.

Prints how many of its children went wrong, and how many had to be killed because they hung.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable

from motfunnel import Moment, Tracker
from tests.tracking.scene import FUNNEL, NOON

LONGEST = 20
AT_ONCE = 3


class Children:
    """The children that were forked, each of which tracks an event of its own and exits."""

    def __init__(self) -> None:
        self.tracker: Tracker | None = None
        self.count = 0
        self.running: dict[int, float] = {}
        self.wrong = self.hung = 0

    def fork(self) -> None:
        number, self.count = self.count, self.count + 1
        child = os.fork()
        if child:
            self.running[child] = time.monotonic()
            return
        code = 1
        try:
            assert self.tracker is not None
            code = self._live(self.tracker, number)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)

    def _live(self, tracker: Tracker, number: int) -> int:
        for turn in range(2):
            said = (f"contact {number % 7}", "saw")
            if tracker.track(*said, id=f"child {number} {turn}", occurred_at=NOON).duplicate:
                return 2
        return 0 if tracker.contact(f"contact {number % 7}").events else 3

    def wait(self, leave: int = 0) -> None:
        """Wait until no more than so many children are left, and kill those that hang."""
        while len(self.running) > leave:
            for child, since in [*self.running.items()]:
                done, status = os.waitpid(child, os.WNOHANG)
                if done:
                    self.wrong += status != 0
                    del self.running[child]
                elif time.monotonic() - since > LONGEST:
                    os.kill(child, signal.SIGKILL)
                    os.waitpid(child, 0)
                    self.hung += 1
                    del self.running[child]
            time.sleep(0.001)


def before_the_parent_ends(children: Children, url: str, tenant: str, times: int) -> int:
    """The child goes on when the parent has closed everything and is gone."""
    tracker = children.tracker = Tracker(url, FUNNEL, tenant=tenant)
    tracker.track("contact 0", "saw", id="parent 0", occurred_at=NOON)
    gone, ending = os.pipe()
    if not os.fork():
        os.close(ending)
        for number in range(times):
            if number == 1:
                os.read(gone, 1)  # until the other end is closed
            children._live(tracker, number)
        os._exit(0)
    time.sleep(0.2)
    tracker.track("contact 1", "saw", id="parent 1", occurred_at=NOON)
    tracker.close()
    return 2


def in_a_handler(children: Children, url: str, tenant: str, times: int) -> int:
    tracker = children.tracker = Tracker(url, FUNNEL, tenant=tenant)
    parent = os.getpid()

    def fork(moment: Moment) -> None:
        if os.getpid() == parent:
            children.fork()

    tracker.on("opening", fork)
    for number in range(times):
        tracker.track(f"new {number}", "saw", id=f"parent {number}", occurred_at=NOON)
        children.wait(AT_ONCE)
    children.wait()
    tracker.close()
    return times


def in_the_contact_key(children: Children, url: str, tenant: str, times: int) -> int:
    parent = os.getpid()

    def key(contact: str) -> str:
        if os.getpid() == parent:
            children.fork()
        return contact

    tracker = children.tracker = Tracker(url, FUNNEL, tenant=tenant, contact_key=key)
    for number in range(times):
        tracker.track(f"contact {number % 7}", "saw", id=f"parent {number}", occurred_at=NOON)
        children.wait(AT_ONCE)
    children.wait()
    tracker.close()
    return times


def beside_other_threads(children: Children, url: str, tenant: str, times: int) -> int:
    tracker = children.tracker = Tracker(url, FUNNEL, tenant=tenant)
    tracker.create_tables()
    numbers, stop, failed = iter(range(10**9)), threading.Event(), []
    lock = threading.Lock()

    def track() -> None:
        while not stop.is_set():
            with lock:
                number = next(numbers)
            said = (f"contact {number % 7}", "saw")
            try:
                tracker.track(*said, id=f"parent {number}", occurred_at=NOON)
            except Exception as error:
                failed.append(error)
                raise
            time.sleep(0.001)

    threads = [threading.Thread(target=track) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(times):
        time.sleep(random.random() / 100)
        children.fork()
        children.wait(AT_ONCE)
    children.wait()
    stop.set()
    for thread in threads:
        thread.join()
    tracker.close()
    assert not failed
    return next(numbers)


WAYS: dict[str, Callable[[Children, str, str, int], int]] = {
    "handler": in_a_handler,
    "contact_key": in_the_contact_key,
    "parent ends": before_the_parent_ends,
    "threads": beside_other_threads,
}

if __name__ == "__main__":
    way, url, tenant, times = sys.argv[1:]
    children = Children()
    written = WAYS[way](children, url, tenant, int(times))
    found = {"children": children.count, "wrong": children.wrong, "hung": children.hung}
    sys.stdout.write(json.dumps(found | {"written": written}))
