"""How much of the library has a type that every checker reads alike, without inferring."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.typing.checkers import pyright_json

pytestmark = pytest.mark.slow

INFERRED = {"store": 7}
"""How many symbols of a room leave theirs to inference. May become fewer, never more, and none in
a room that applications import from."""


UNTYPED = ("motfunnel.integrations.",)
"""What stands on frameworks that ship no types of their own: its base classes are unknown."""


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What pyright says of the types of the package, as users get it."""
    arguments = ("--verifytypes", "motfunnel", "--ignoreexternal")
    said: dict[str, Any] = pyright_json(*arguments, at=tmp_path_factory.mktemp("verified"))
    complete: dict[str, Any] = said["typeCompleteness"]
    return complete


def test_types_are_known(verified: dict[str, Any]) -> None:
    """Nothing that an application can import has an unknown type, or one that is only inferred."""
    assert verified["exportedSymbolCounts"]["withKnownType"]
    vague = [
        one["name"]
        for one in verified["symbols"]
        if not one["isTypeKnown"] and not one["name"].startswith(UNTYPED)
    ]
    rooms = Counter(name.split(".")[1] for name in vague)
    assert {room: n for room, n in rooms.items() if n > INFERRED.get(room, 0)} == {}, vague
