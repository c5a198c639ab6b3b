"""The settings: what ``app.config`` may say, and what an argument says before it.

Reads and checks; connects to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from difflib import get_close_matches
from os import PathLike
from pathlib import Path
from typing import Any, Final, Literal, TypedDict

from flask import Flask

from motfunnel.domain.funnel.file import PRESETS
from motfunnel.domain.funnel.funnel import Funnel, preset
from motfunnel.domain.instant import Duration
from motfunnel.errors import SettingError
from motfunnel.integrations.visitors import MODES, Anonymous
from motfunnel.store.schema.tables import TENANT_LENGTH
from motfunnel.trackers.options import CHECKS
from motfunnel.tracking.recording.policy import OnError
from motfunnel.tracking.spool.spool import WhenFull

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
        spool_limit: how many bytes may wait there, as in ``Tracker``.
        spool_full: what becomes of a call that finds no room there, as in ``Tracker``.
        tombstone_key: the secret by which who was erased is known again, as in ``Tracker``.
        bind_key: which of the session's engines holds the tables; the default one if not given.
        anonymous: what becomes of anonymous visitors: ``refuse``, ``skip`` (and count them), or
            ``session``.
        tables: whether the application's metadata, and so its migrations, take the tables.
    """

    funnel: Funnel | str | PathLike[str]
    tenant: str
    schema: str
    contact_key: Callable[[Any], object]
    clock: Callable[[], datetime]
    on_error: OnError
    budget: Duration | float | None
    spool: str | PathLike[str] | Literal[False]
    spool_limit: int | None
    spool_full: WhenFull
    tombstone_key: str | bytes
    bind_key: str
    anonymous: Anonymous
    tables: bool


def _is(*kinds: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, kinds)


def _is_seconds(value: object) -> bool:
    return value is None or (_is(timedelta, int, float, str)(value) and not isinstance(value, bool))


def _is_bytes(value: object) -> bool:
    return value is None or type(value) is int


def _is_file_or_false(value: object) -> bool:
    """A word for yes or no is not a file's name: it comes from an environment variable."""
    if isinstance(value, str):
        return value.strip().lower() not in ("", *_LITERALS, *_YES_OR_NO)
    return value is False or isinstance(value, PathLike)


_LITERALS: Final = {"true": "true", "false": "false", "none": "null"}  # and what they are in JSON
_YES_OR_NO: Final = ("null", "yes", "no", "on", "off", "1", "0")

# What each setting may be. In app.config its name is in capitals, behind the prefix.
_KINDS: Final[dict[str, tuple[Callable[[object], bool], str]]] = {
    "funnel": (_is(Funnel, str, PathLike), "a Funnel, the path of a TOML file, or a preset's name"),
    "tenant": (_is(str), f"a text of 1 to {TENANT_LENGTH} characters"),
    "schema": (_is(str), "the name of a schema"),
    "contact_key": (callable, "a function of the contact"),
    "clock": (callable, "a function that gives the time"),
    "on_error": (lambda value: callable(value) or value in ("raise", "log"),
                 'a function, "raise" or "log"'),
    "budget": (_is_seconds, 'seconds, a timedelta or a text such as "5s", above zero, or None'),
    "spool": (_is_file_or_false, "a path, or False"),
    "spool_limit": (_is_bytes, "a whole number of bytes, above zero, or None"),
    "spool_full": (lambda value: value in ("refuse", "drop"), '"refuse" or "drop"'),
    "tombstone_key": (_is(str, bytes), "a text or bytes"),
    "bind_key": (_is(str), "the name of one of the engines"),
    "anonymous": (lambda value: value in MODES, '"refuse", "skip" or "session"'),
    "tables": (_is(bool), "True or False"),
}  # fmt: skip
_TEXTS: Final = ("tenant", "schema", "bind_key")
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
    _check_names(app, given)
    configured = {name: app.config[key] for name, key in NAMES.items() if key in app.config}
    found = {
        name: value
        for name, value in (configured | dict(given)).items()
        if value is not None or name in ("budget", "spool_limit")  # None is one, too: no bound
    }
    return {name: _read(app, name, value) for name, value in found.items()}


def _check_names(app: Flask, given: Mapping[str, Any]) -> None:
    for name in given:
        if name not in NAMES:
            raise SettingError(name, _no_such(name, {one: one for one in NAMES}))
    for key in map(str, app.config):
        if key.upper().startswith(_PREFIX) and key not in NAMES.values():
            raise SettingError(key, _no_such(key[len(_PREFIX) :].lower(), NAMES))


def _no_such(name: str, names: Mapping[str, str]) -> str:
    close = get_close_matches(name, names, n=1)
    rest = (
        f"did you mean {names[close[0]]}?" if close else f"there are: {', '.join(names.values())}"
    )
    return f"there is no such setting; {rest}"


def _read(app: Flask, name: str, value: Any) -> Any:
    is_good, words = _KINDS[name]
    if not is_good(value):
        raise SettingError(NAMES[name], f"{value!r} is not {words}{_hint(name, value)}")
    if name == "funnel":
        return _read_funnel(app, value)
    try:
        read = _read_budget(value) if name == "budget" else value
        return CHECKS[name](read) if name in CHECKS else read
    except (ValueError, OverflowError):
        raise SettingError(NAMES[name], f"{value!r} is not {words}{_hint(name, value)}") from None


def _hint(name: str, value: object) -> str:
    """How to say what was probably meant."""
    if name in _TEXTS and isinstance(value, int | float):
        return f"; put it in quotes: '\"{value}\"' in an environment variable"
    if name in _TEXTS or not isinstance(value, str):
        return ""
    literal = _LITERALS.get(value.strip().lower())
    return f"; in an environment variable write {literal}" if literal else ""


def _read_funnel(app: Flask, value: Funnel | str | PathLike[str]) -> Funnel:
    if isinstance(value, Funnel):
        return value
    path = Path(app.root_path, value)
    if value in PRESETS and not path.exists():
        return preset(str(value))
    return Funnel.from_toml(path)


def _read_budget(value: Duration | float | None) -> Duration | None:
    return timedelta(seconds=value) if isinstance(value, int | float) else value
