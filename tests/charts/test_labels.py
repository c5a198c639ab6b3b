"""Whatever a name is, it is set on one short line, and who differs is lettered differently."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.charts.labels import label, labels, visible


@pytest.mark.parametrize("text", ["a" * 500, "<br>" * 9, "\x00\u202e", "日本" * 40, "", " "])
def test_labels(text: str) -> None:
    """Are on one short line, without what cannot be seen."""
    shown = label(text)
    assert shown.isprintable() and len(shown) <= 32


@given(st.lists(st.text("ab<\u202e", min_size=1, max_size=12), max_size=8))
def test_no_two_names_are_lettered_alike(names: list[str]) -> None:
    """However short names are set, who differs is lettered differently."""
    lettered = labels(names, 4)
    assert len(lettered) == len(names)
    told = {visible(name): one for name, one in zip(names, lettered, strict=True)}
    assert len(set(told.values())) == len(told)
