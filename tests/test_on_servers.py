"""A law draws fewer examples on a server, but is no milder: what fails there fails the test."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.on_servers import SHARE, fewer_examples

FIFTY = settings(max_examples=50, derandomize=True, database=None)


def run_on(backend: str, law: Any) -> None:
    """Run a law as the item of a backend."""
    item: Any = SimpleNamespace(obj=law, callspec=SimpleNamespace(params={"url": backend}))
    with fewer_examples(item):
        law()


FEW = min(50, settings().max_examples // SHARE)


@pytest.mark.parametrize(
    ("backend", "examples"), [("sqlite", 50), ("postgresql", FEW), ("mariadb", FEW)]
)
def test_how_many_are_drawn(backend: str, examples: int) -> None:
    """SQLite has all; a server has the first of the same; what an assumption rejects is none."""
    held: list[int] = []

    @FIFTY
    @given(st.data())
    def law(data: st.DataObject) -> None:
        number = data.draw(st.integers())
        assume(number % 2)
        held.append(number)

    run_on(backend, law)
    assert len(held) == examples


def test_what_fails_on_a_server_fails() -> None:
    """The simplest example is still looked for, however often the law holds on the way."""

    @FIFTY
    @given(st.integers(0, 1_000))
    def law(number: int) -> None:
        assert number < 10

    with pytest.raises(AssertionError) as failure:
        run_on("postgresql", law)
    assert "number=10" in "".join(failure.value.__notes__)


def test_a_law_is_whole_again() -> None:
    """After a run on a server, the next on SQLite has all examples."""
    held: list[int] = []

    @FIFTY
    @given(st.integers())
    def law(number: int) -> None:
        held.append(number)

    run_on("postgresql", law)
    few = len(held)
    run_on("sqlite", law)
    assert len(held) == few + 50
