"""Errors: what they know goes with them, also to another process."""

from __future__ import annotations

import copy
import pickle
from inspect import Parameter, signature
from typing import Any

import pytest

from motfunnel import errors

ERRORS = [
    one
    for one in vars(errors).values()
    if isinstance(one, type) and issubclass(one, errors.MotfunnelError)
]


def made(cls: type[errors.MotfunnelError]) -> errors.MotfunnelError:
    """One with something for everything that it takes."""
    taken = [one for name, one in signature(cls.__init__).parameters.items() if name != "self"]
    given: dict[str, Any] = {
        one.name: 7 if "int" in str(one.annotation) else f"some {one.name}"
        for one in taken
        if one.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    }
    return cls(**given) if given or not taken else cls("why")


@pytest.mark.parametrize("cls", ERRORS)
def test_an_error_survives_a_pickle(cls: type[errors.MotfunnelError]) -> None:
    """With its words and all that it knows: a task's comes to who asked for it."""
    error = made(cls)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is cls
        assert str(again) == str(error)
        assert vars(again) == vars(error)
        assert again.args == error.args
