"""The garbage collector's setting is put back, however many ask for another at once."""

from __future__ import annotations

import gc
from contextlib import ExitStack

from motfunnel.cli.store import rare_collections


def test_it_is_put_back() -> None:
    """It looks less often inside, and afterwards as before."""
    before = gc.get_threshold()
    with rare_collections():
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_threshold() == before


def test_several_that_overlap() -> None:
    """The last to leave puts back what was before the first, in whatever order they leave."""
    before = gc.get_threshold()
    first, second = ExitStack(), ExitStack()
    first.enter_context(rare_collections())
    second.enter_context(rare_collections())
    first.close()
    assert gc.get_threshold()[0] > before[0]
    second.close()
    assert gc.get_threshold() == before


def test_a_collector_that_is_off_stays_off() -> None:
    """A threshold of 0 is a collector that never looks."""
    before = gc.get_threshold()
    gc.set_threshold(0)
    try:
        with rare_collections():
            assert gc.get_threshold()[0] == 0
        assert gc.get_threshold()[0] == 0
    finally:
        gc.set_threshold(*before)
