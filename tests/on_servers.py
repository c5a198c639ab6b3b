"""What is done less often on a server: a law draws fewer examples, and most runs are slow ones.

A law of the journey or of a rate is the same on every database, but an example costs a server
several times what it costs SQLite. So SQLite, like the plain fold, has all examples, and a server
the first of them, which show that its SQL says the same. For the same reason a test's run on a
server is marked ``slow``, unless the test is marked ``every_database``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from math import inf
from typing import Any
from unittest import SkipTest

import pytest
from hypothesis import settings
from hypothesis.errors import StopTest, UnsatisfiedAssumption

SERVERS = ("postgresql", "mariadb")
SHARE = 10
"""One in so many of the profile's examples is drawn on a server."""


class Enough(SkipTest):
    """A law has held for all the examples that it was to hold for."""


def backend_of(item: pytest.Item) -> str:
    """The database that a test runs on; an empty text where it chooses none."""
    callspec = getattr(item, "callspec", None)
    chosen = callspec.params if callspec is not None else {}
    return next((chosen[one] for one in ("shared_engine", "url", "backend") if one in chosen), "")


def mark_the_slow(items: list[pytest.Item]) -> None:
    """Call runs on servers slow, but of those tests that are about what differs there."""
    for item in items:
        if backend_of(item) in SERVERS and not item.get_closest_marker("every_database"):
            item.add_marker("slow")


@contextmanager
def fewer_examples(item: pytest.Item) -> Iterator[None]:
    """Let a property that runs on a server end after its share of the examples."""
    law = getattr(item, "obj", None)
    if backend_of(item) not in SERVERS or not getattr(law, "is_hypothesis_test", False):
        yield
        return
    handle = law.hypothesis  # type: ignore[union-attr]
    every = handle.inner_test
    handle.inner_test = _ending(every, max(1, settings().max_examples // SHARE))
    try:
        yield
    except Enough:
        pass
    finally:
        handle.inner_test = every


def _ending(law: Callable[..., Any], most: float) -> Callable[..., Any]:
    """The same law, which ends the test once it held so often; never one that once failed."""
    held = 0

    @wraps(law)
    def ending(*arguments: Any, **named: Any) -> None:
        nonlocal held, most
        try:
            law(*arguments, **named)
        except (UnsatisfiedAssumption, StopTest):  # this was no example
            raise
        except BaseException:
            most = inf  # it is to be called again, for the simplest example that fails
            raise
        held += 1
        if held >= most:  # when all has been drawn: Hypothesis calls a law flaky that draws less
            raise Enough(f"it held for {held} examples")

    return ending
