"""What a tracker refuses to be told, when it is made."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from motfunnel import Tracker
from motfunnel.trackers.options import CHECKS

BAD: list[tuple[str, Any]] = [
    ("tenant", ""),
    ("tenant", "a" * 64),
    ("tenant", 3),
    ("schema", ""),
    ("schema", " "),
    ("schema", 3),
    ("budget", timedelta(0)),
    ("budget", timedelta(seconds=-1)),
    ("budget", 5),
    ("spool_limit", 0),
    ("spool_limit", 1.5),
    ("spool_limit", True),
    ("spool_full", "wait"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_option_is_named(name: str, value: Any) -> None:
    """The tracker and the check of a setting refuse the same, in the same words."""
    with pytest.raises(ValueError, match=f"the {name} ") as refused:
        Tracker("sqlite://", **{name: value})
    with pytest.raises(ValueError, match=f"the {name} ") as checked:
        CHECKS[name](value)
    assert str(refused.value) == str(checked.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tenant", "a" * 63),
        ("schema", None),
        ("schema", "crm"),
        ("budget", None),
        ("spool_limit", None),
        ("spool_full", "drop"),
    ],
)
def test_a_good_one_is_given_back(name: str, value: Any) -> None:
    """What may be said is taken as it is."""
    assert CHECKS[name](value) == value
