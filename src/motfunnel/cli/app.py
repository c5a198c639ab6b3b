"""``--app MODULE:NAME``: the tracker of an application, imported as its server imports it.

So the handlers that the application registers are told here too. Starts nothing else of it, and
closes no engine of its.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from importlib import import_module
from operator import attrgetter
from types import ModuleType
from typing import Any

import click

from motfunnel.tracking.async_tracker import AsyncTracker
from motfunnel.tracking.tracker import Tracker

Work = Callable[[Tracker], Any]


def use_app(path: str, work: Work) -> Any:
    """Do a command's work with the tracker of an application.

    Raises:
        click.BadParameter: nothing of this name is a tracker, or gives one.
    """
    tracker = find_tracker(path)
    if isinstance(tracker, AsyncTracker):
        return asyncio.run(_use_asynchronously(tracker, work))
    with tracker:
        return work(tracker)


def find_tracker(path: str) -> Tracker | AsyncTracker:
    """Import what is named: a tracker, or a function that gives one.

    Raises:
        click.BadParameter: it is neither.
    """
    module, _, name = path.partition(":")
    if not (module and name):
        raise _refused(f"{path!r} names nothing in a module; write e.g. --app shop.crm:tracker")
    found = _look_up(module, name)
    if callable(found):
        found = found()
    if not isinstance(found, Tracker | AsyncTracker):
        raise _refused(
            f"{path} is no tracker and gives none; its type is {type(found).__name__} "
            "(in Flask write flask motfunnel …, in Django manage.py motfunnel …)"
        )
    return found


def _look_up(module: str, name: str) -> Any:
    loaded = _load(module)
    try:
        return attrgetter(name)(loaded)
    except AttributeError:
        raise _refused(f"{module} has no {name!r}") from None


def _load(module: str) -> ModuleType:
    if os.getcwd() not in sys.path:  # a console script begins elsewhere
        sys.path.insert(0, os.getcwd())
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise  # it is there, and what it imports is not
        raise _refused(f"there is no module {error.name!r} here") from None


async def _use_asynchronously(tracker: AsyncTracker, work: Work) -> Any:
    """Do the work on an event loop that ends with it, and so do the connections made on it."""
    try:
        return await tracker.run(work)
    finally:
        await tracker.run(lambda tracker: tracker.database.engine.dispose())


def _refused(reason: str) -> click.BadParameter:
    return click.BadParameter(reason, param_hint="'--app'")
