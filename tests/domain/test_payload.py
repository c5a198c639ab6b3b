"""Properties are kept as JSON has them, within bounds, and compared by value."""

from __future__ import annotations

import json
from collections import OrderedDict
from enum import IntEnum
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.domain.event import (
    MOST_BYTES,
    MOST_LEVELS,
    check_properties,
    check_text,
    same_content,
    to_json,
)
from tests.strategies import STORABLE

TEXTS = st.text(STORABLE, max_size=8)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)
PROPERTIES = st.dictionaries(TEXTS, VALUES, max_size=4)


@given(PROPERTIES)
def test_what_is_accepted_is_kept(properties: dict[str, Any]) -> None:
    """Properties are kept with their values, types and order."""
    kept = check_properties(properties)
    assert repr(kept) == repr(properties)
    assert to_json(kept) == to_json(properties)


@given(PROPERTIES)
def test_json_carries_them_unchanged(properties: dict[str, Any]) -> None:
    """What is kept reads back from its JSON as it was."""
    assert repr(json.loads(to_json(check_properties(properties)))) == repr(properties)


def test_the_copy_is_a_copy() -> None:
    """What the host changes later, at any depth, does not change the event."""
    properties: dict[str, Any] = {"a": [{"b": 1}]}
    kept = check_properties(properties)
    properties["a"][0]["b"] = 2
    properties["a"].append(3)
    assert kept == {"a": [{"b": 1}]}


class Size(IntEnum):
    """A number with a name."""

    SMALL = 1


def test_relatives_of_json_become_json() -> None:
    """Mappings, tuples and numbers with names are kept as the plain values that they are."""
    kept = check_properties(
        MappingProxyType({"a": (1, OrderedDict(b=2)), "size": Size.SMALL, "yes": True})
    )
    assert repr(kept) == "{'a': [1, {'b': 2}], 'size': 1, 'yes': True}"


def nested(levels: int, shape: str) -> Any:
    """A value of so many levels, itself included."""
    inner = nested(levels - 1, shape) if levels > 1 else None
    return {"down": inner} if shape == "objects" else [inner]


@pytest.mark.parametrize("shape", ["objects", "lists"])
def test_levels(shape: str) -> None:
    """Properties have at most 32 levels, of which they are the first themselves."""
    assert MOST_LEVELS == 32
    assert check_properties({"a": nested(31, shape)}) == {"a": nested(31, shape)}
    with pytest.raises(ValueError, match="deeper than 32 levels"):
        check_properties({"a": nested(32, shape)})


@pytest.mark.parametrize("letter", ["x", "é", "日", "😀"])
def test_bytes(letter: str) -> None:
    """Properties have at most 64 KiB as JSON in UTF-8."""
    assert MOST_BYTES == 65_536
    room = MOST_BYTES - len('{"a":""}')
    count, rest = divmod(room, len(letter.encode()))
    fits = letter * count + "x" * rest
    assert check_properties({"a": fits}) == {"a": fits}
    with pytest.raises(ValueError, match="65537 bytes"):
        check_properties({"a": fits + "x"})


@pytest.mark.parametrize("cycle", ["list", "object"])
def test_cycles(cycle: str) -> None:
    """A value that holds itself is refused, not followed for ever."""
    itself: Any = [] if cycle == "list" else {}
    if cycle == "list":
        itself += [itself, itself]
    else:
        itself |= {"a": itself, "b": itself}
    with pytest.raises(ValueError, match="holds itself"):
        check_properties({"a": itself})


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 0, 1.5e308, 5e-324, -0.0])
def test_the_largest_numbers(number: float) -> None:
    """Every integer of 64 bits and every finite float is kept."""
    assert repr(check_properties({"a": number})) == repr({"a": number})


@pytest.mark.parametrize("text", ["a\x00", "\ud83d", "\ude00\ud83d", "x" * 256, " ", ""])
def test_texts_that_no_database_keeps(text: str) -> None:
    """A text that is blank, long, or holds NUL or half a surrogate pair is refused by its name."""
    with pytest.raises(ValueError, match="the contact"):
        check_text(text, "contact")


def test_a_text_of_255_characters() -> None:
    """A text is counted in characters, whatever their bytes."""
    assert check_text("😀" * 255, "contact") == "😀" * 255


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        (0.0, -0.0, True),
        (1, True, False),
        (0, False, False),
        (True, True, True),
        (None, False, False),
        (1, "1", False),
        ("é", "e\u0301", False),
        ([1], [True], False),
        ([1, 2], [2, 1], False),
        ([], {}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": None}, {}, False),
        (2**53, float(2**53), True),
        (2**53 + 1, float(2**53), False),
    ],
)
def test_sameness(one: object, other: object, same: bool) -> None:
    """Values are compared by value, and true is not 1."""
    assert same_content(one, other) is same
    assert same_content(other, one) is same


@given(VALUES)
def test_everything_is_the_same_as_itself(value: object) -> None:
    """A value has the same content as a copy of it."""
    assert same_content(value, json.loads(json.dumps(value)))
