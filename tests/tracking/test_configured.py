"""What is said to the application's one tracker is what can be said to any."""

from __future__ import annotations

from inspect import Parameter, signature

import motfunnel
from motfunnel import Tracker
from motfunnel.trackers.options import TrackerOptions


def parameters(function: object) -> list[Parameter]:
    assert callable(function)
    return [one for one in signature(function).parameters.values() if one.name != "self"]


def test_track() -> None:
    """``motfunnel.track`` takes what ``Tracker.track`` takes, by the same names and types.

    But a bind may be the name of one of a Django project's databases, too.
    """
    *others, bind = parameters(motfunnel.track)
    assert [*others, bind.replace(annotation="Host | None")] == parameters(Tracker.track)


def test_options() -> None:
    """The options of a tracker, as a type, are those that it takes by name."""
    named = [one for one in parameters(Tracker) if one.kind is Parameter.KEYWORD_ONLY]
    options = TrackerOptions.__annotations__
    assert {one.name: one.annotation for one in named} == {
        name: written.__forward_arg__ for name, written in options.items()
    }


def test_configure() -> None:
    """``configure`` takes what a Tracker takes, each by its name, so that an editor shows it."""
    assert parameters(motfunnel.configure) == parameters(Tracker)
