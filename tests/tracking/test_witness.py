"""Whatever a host says can be written down, and what JSON can hold comes back as it was."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.tracking.recording.encoding import MOST_CHARACTERS, read_back, to_text, write_down

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=()))
    | st.binary()
    | st.uuids()
    | st.datetimes(timezones=st.none() | st.timezones()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(plain)
def test_there_and_back(value: Any) -> None:
    """Nothing that can be written exactly changes on the way."""
    written, is_exact = write_down(value)
    assert is_exact
    text = to_text(written)
    assert text.isascii()
    assert read_back(written) == value


@pytest.mark.parametrize(
    "value",
    [
        10**5000,
        -(10**5000),
        {1: "a", None: {"$b": 2}},
        {"$object": "no mark of ours"},
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14, microseconds=1))),
        UUID(int=7),
        math.inf,
    ],
    ids=range(7),
)
def test_what_json_has_not(value: Any) -> None:
    """Large numbers, keys of any type and instants keep their value."""
    written, is_exact = write_down(value)
    assert is_exact
    assert read_back(written) == value


@pytest.mark.parametrize("value", ["x" * 10**7, ["x" * 1000] * 10**4, [[[]] * 100] * 10**4])
def test_it_is_bounded(value: Any) -> None:
    """What is too large is cut, and said to be."""
    written, is_exact = write_down(value)
    assert not is_exact
    assert len(to_text(written)) < 8 * MOST_CHARACTERS
