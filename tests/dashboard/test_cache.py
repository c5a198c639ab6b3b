"""What is kept: within its bytes, computed once, in turns, and never waited for without an end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from threading import Event, current_thread
from typing import Any

import pytest

from motfunnel.dashboard.cache import Busy, Cache, Deadline, Unfinished, size_of

LONG = 30


def patient() -> Deadline:
    return Deadline(LONG)


def test_one_computes_for_all_who_ask_the_same() -> None:
    """Whoever comes meanwhile waits for it, and whoever comes later finds it."""
    cache, may_end, calls = Cache(), Event(), []

    def compute() -> str:
        calls.append(current_thread())
        assert may_end.wait(LONG)
        return "answer"

    with ThreadPoolExecutor(8) as askers:
        waiting = [askers.submit(cache.get, "key", compute, patient()) for _ in range(8)]
        while not calls:
            time.sleep(0.001)
        may_end.set()
        assert {one.result().value for one in waiting} == {"answer"}
    assert cache.get("key", compute, patient()).value == "answer"
    assert len(calls) == 1


def test_few_compute_at_once_and_few_wait() -> None:
    """Others are refused at once: whoever asks much takes no more threads than these."""
    cache, may_end, running, most = Cache(at_once=2, queued=3), Event(), [], []

    def compute() -> None:
        running.append(1)
        most.append(len(running))
        assert may_end.wait(LONG)
        running.pop()

    for key in range(5):
        with pytest.raises(Unfinished):
            cache.get(key, compute, Deadline(0.001))
    began = time.monotonic()
    for key in range(5, 50):
        with pytest.raises(Busy):
            cache.get(key, compute, patient())
    assert time.monotonic() - began < 1
    may_end.set()
    for key in range(5):
        cache.get(key, compute, patient())
    assert max(most) == 2


def test_what_was_not_waited_for_is_there_later() -> None:
    """A request ends in time; its answer is computed all the same, and kept."""
    cache, may_end = Cache(), Event()
    began = time.monotonic()
    with pytest.raises(Unfinished):
        cache.get("key", lambda: may_end.wait(LONG), Deadline(0.01))
    assert time.monotonic() - began < LONG / 2
    assert cache.peek("key") is None
    may_end.set()
    done = cache.get("key", lambda: pytest.fail("computed twice"), patient())
    assert done.value is True
    assert cache.peek("key") is done


def test_bytes_are_bounded() -> None:
    """What was used least recently goes first; what would fill it alone is not kept."""
    cache = Cache(10_000)
    for key in "abc":
        cache.get(key, lambda: "x" * 3_000, patient())
    cache.get("a", lambda: pytest.fail("it is kept"), patient())
    cache.get("d", lambda: "x" * 3_000, patient())
    assert [key for key in "abcd" if cache.peek(key)] == ["a", "c", "d"]
    assert cache.get("large", lambda: "x" * 20_000, patient()).value
    assert [key for key in ("a", "c", "d", "large") if cache.peek(key)] == ["a", "c", "d"]
    cache.drop(lambda key: key == "a")
    assert cache.peek("a") is None
    assert 6_000 < cache.size < 7_000


def test_a_failure_is_told_and_not_kept() -> None:
    """Next time it is tried again."""
    cache, outcomes = Cache(), [ValueError("no"), TimeoutError("the database's own"), "yes"]

    def compute() -> Any:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    with pytest.raises(ValueError, match="no"):
        cache.get("key", compute, patient())
    with pytest.raises(TimeoutError, match="own"):
        cache.get("key", compute, patient())
    assert cache.get("key", compute, patient()).value == "yes"


@pytest.mark.parametrize(
    ("value", "least"),
    [("x" * 1_000, 1_000), ([f"{n:0100}" for n in range(50_000)], 5_000_000),
     ({"a": [bytes(10_000)]}, 10_000), ({n: f"{n:0100}" for n in range(5_000)}, 500_000)],
)  # fmt: skip
def test_sizes(value: object, least: int) -> None:
    """About what it takes, also by a sample."""
    assert least <= size_of(value) <= 3 * least


def test_no_thread_where_there_is_no_deadline() -> None:
    """It is computed where it is asked, in the host's own transaction."""
    here = Cache().get("key", current_thread, Deadline(None))
    assert here.value is current_thread()
    there = Cache().get("key", current_thread, patient(), nullcontext)
    assert there.value is not current_thread()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_waits_for_nothing_that_its_parent_computes(forked: Callable[..., int]) -> None:
    """A server that forks amid a computation has workers that compute by themselves."""
    cache, may_end = Cache(), Event()
    with pytest.raises(Unfinished):
        cache.get("key", lambda: may_end.wait(LONG), Deadline(0.001))
    try:
        assert forked(lambda: cache.get("key", lambda: 7, patient()).value) == 7
    finally:
        may_end.set()
