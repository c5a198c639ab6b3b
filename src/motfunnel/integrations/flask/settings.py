"""The settings: what ``app.config`` may say, and what an argument says before it.

Reads and checks; connects to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from os import PathLike
from pathlib import Path
from typing import Any, Final, Literal, TypedDict

from flask import Flask

from motfunnel.domain.definition import PRESETS
from motfunnel.domain.funnel import Funnel
from motfunnel.errors import SettingError
from motfunnel.tracking.policy import OnError

_PREFIX: Final = "MOTFUNNEL_"


class Settings(TypedDict, total=False):
    """What can be set, as arguments of ``MotFunnel``.

    Attributes:
        funnel: the definition, the path of its file (within the application), or a preset's name.
        tenant: whose contacts these are.
        schema: the database schema of the tables.
        contact_key: turns what the application passes as a contact into a text, int or UUID.
        clock: says what time it is.
        on_error: what becomes of errors, as in ``Tracker``.
        budget: the longest that a call may wait, as in ``Tracker``; a number is in seconds.
        spool: the file for what the database was not there for, as in ``Tracker``.
        bind_key: which of the session's engines holds the tables; the default one if not given.
        tables: whether the application's metadata, and so its migrations, take the tables.
    """

    funnel: Funnel | str | PathLike[str]
    tenant: str
    schema: str
    contact_key: Callable[[Any], object]
    clock: Callable[[], datetime]
    on_error: OnError
    budget: timedelta | float | None
    spool: str | PathLike[str] | Literal[False]
    bind_key: str
    tables: bool


def _is(*kinds: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, kinds)


def _is_seconds(value: object) -> bool:
    return value is None or (_is(timedelta, int, float)(value) and not isinstance(value, bool))


# What each setting may be. In app.config its name is in capitals, behind the prefix.
_KINDS: Final[dict[str, tuple[Callable[[object], bool], str]]] = {
    "funnel": (_is(Funnel, str, PathLike), "a Funnel, the path of a TOML file, or a preset's name"),
    "tenant": (_is(str), "a text"),
    "schema": (_is(str), "the name of a schema"),
    "contact_key": (callable, "a function of the contact"),
    "clock": (callable, "a function that gives the time"),
    "on_error": (lambda value: callable(value) or value in ("raise", "log"),
                 'a function, "raise" or "log"'),
    "budget": (_is_seconds, "a timedelta, a number of seconds, or None"),
    "spool": (lambda value: value is False or _is(str, PathLike)(value), "a path, or False"),
    "bind_key": (_is(str), "the name of one of the engines"),
    "tables": (_is(bool), "True or False"),
}  # fmt: skip
NAMES: Final = {name: _PREFIX + name.upper() for name in _KINDS}
"""The name in ``app.config`` of each setting."""


def read_settings(app: Flask, given: Mapping[str, Any]) -> dict[str, Any]:
    """Read the settings of an application; one that nobody made is left out.

    Args:
        app: whose configuration.
        given: arguments, which go before that.

    Raises:
        SettingError: one cannot be used.
        FunnelError: the funnel's file cannot be.
    """
    for name in given:
        if name not in NAMES:
            raise SettingError(name, f"there is no such setting; there are: {', '.join(NAMES)}")
    configured = {name: app.config[key] for name, key in NAMES.items() if key in app.config}
    found = {
        name: value
        for name, value in (configured | dict(given)).items()
        if value is not None or name == "budget"  # None is a budget, too: no bound
    }
    for name, value in found.items():
        is_good, words = _KINDS[name]
        if not is_good(value):
            raise SettingError(NAMES[name], f"{value!r} is not {words}")
    return found | {name: read(app, found[name]) for name, read in _READ.items() if name in found}


def _read_funnel(app: Flask, value: Funnel | str | PathLike[str]) -> Funnel:
    if isinstance(value, Funnel):
        return value
    path = Path(app.root_path, value)
    if value in PRESETS and not path.exists():
        preset: Funnel = getattr(Funnel, str(value))()
        return preset
    return Funnel.from_toml(path)


def _read_budget(_: Flask, value: timedelta | float | None) -> timedelta | None:
    return timedelta(seconds=value) if isinstance(value, int | float) else value


_READ: Final[dict[str, Callable[[Flask, Any], Any]]] = {
    "funnel": _read_funnel,
    "budget": _read_budget,
}
