"""The setting ``MOTFUNNEL``: what may stand in it, and the trackers that are made of it.

Trackers are made when they are first asked for, one for each database, and anew when the settings
change. Handlers outlive them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections, router
from django.utils.module_loading import import_string

from motfunnel.domain.funnel.file import PRESETS
from motfunnel.domain.funnel.funnel import Funnel, preset
from motfunnel.errors import MotfunnelError
from motfunnel.integrations.django.tracker import Tracker
from motfunnel.integrations.visitors import check_anonymous
from motfunnel.tracking.listeners import Listeners
from motfunnel.tracking.policy import LOG, RAISE

LABEL: Final = "motfunnel"
NAME: Final = "MOTFUNNEL"


def read_funnel(given: Any) -> Funnel | None:
    """A funnel, or one that is named: a preset, a file, or a dotted path to it or what makes it.

    Raises:
        ImproperlyConfigured: it is nothing of the kind.
    """
    if given is None:
        return None
    made = given
    try:
        if isinstance(given, Path) or (isinstance(given, str) and given.endswith(".toml")):
            made = Funnel.from_toml(Path(getattr(settings, "BASE_DIR", "")) / given)
        elif isinstance(given, str) and "." not in given and given not in PRESETS:
            close = get_close_matches(given.lower(), PRESETS, n=1)
            raise ImproperlyConfigured(
                f"FUNNEL {given!r} is neither a preset ({', '.join(PRESETS)}), a .toml file, nor "
                "a dotted path" + (f"; did you mean {close[0]!r}?" if close else "")
            )
        elif isinstance(given, str):
            made = preset(given) if given in PRESETS else import_string(given)
        if callable(made):
            made = made()
    except (ImportError, MotfunnelError) as error:
        raise ImproperlyConfigured(f"FUNNEL {given!r}: {error}") from error
    if not isinstance(made, Funnel):
        raise ImproperlyConfigured(f"FUNNEL {given!r} is a {type(made).__name__}, and no Funnel")
    return made


def _read_function(given: Any) -> Any:
    """A function, or the dotted path to one."""
    made = import_string(given) if isinstance(given, str) else given
    if made is not None and not callable(made):
        raise ImproperlyConfigured(f"{given!r} is no function")
    return made


def _read_on_error(given: Any) -> Any:
    if given in (RAISE, LOG):
        return given
    if isinstance(given, str) and "." not in given:
        raise ImproperlyConfigured(
            f"{given!r} is neither {RAISE!r} nor {LOG!r}, and no dotted path to a function"
        )
    return _read_function(given)


def _read_budget(given: Any) -> Any:
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    return timedelta(seconds=given) if is_number else given


OPTIONS: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "FUNNEL": ("funnel", read_funnel),
    "TENANT": ("tenant", lambda given: given),
    "CONTACT_KEY": ("contact_key", _read_function),
    "ON_ERROR": ("on_error", _read_on_error),
    "BUDGET": ("budget", _read_budget),
    "SPOOL": ("spool", lambda given: given),
    "SPOOL_LIMIT": ("spool_limit", lambda given: given),
    "SPOOL_FULL": ("spool_full", lambda given: given),
    "CLOCK": ("clock", _read_function),
    "ANONYMOUS": ("anonymous", check_anonymous),
    "TOMBSTONE_KEY": ("tombstone_key", lambda given: given),
}
"""The keys that become arguments of the Tracker: which, and how each is read."""

KEYS: Final = (*OPTIONS, "DATABASE", "CONTACT_URL")


def given_options() -> Mapping[str, Any]:
    """The setting as it is written; empty where there is none.

    Raises:
        ImproperlyConfigured: it is no dictionary.
    """
    given: Mapping[str, Any] = getattr(settings, NAME, {})
    if not isinstance(given, Mapping):
        raise ImproperlyConfigured(f"{NAME} is a {type(given).__name__}, and no dictionary")
    return given


def read_options() -> dict[str, Any]:
    """The arguments of the Tracker that the setting gives.

    Raises:
        ImproperlyConfigured: a key is unknown, or its value cannot be used.
    """
    read: dict[str, Any] = {}
    for key, value in given_options().items():
        if key not in KEYS:
            raise ImproperlyConfigured(f"{NAME} has no key {key!r}; it has: {', '.join(KEYS)}")
        if key in OPTIONS:
            name, convert = OPTIONS[key]
            try:
                read[name] = convert(value)
            except (ImportError, ValueError, TypeError) as error:
                raise ImproperlyConfigured(f"{NAME}[{key!r}]: {error}") from error
    return read


def read_contact_url() -> Callable[[str], str | None] | None:
    """The project's function from a contact to the address of its page; None: it has none.

    Raises:
        ImproperlyConfigured: what the setting names is no function.
        ImportError: it names nothing.
    """
    found: Callable[[str], str | None] | None = _read_function(given_options().get("CONTACT_URL"))
    return found


class Trackers:
    """The trackers of the project, one for each database."""

    def __init__(self) -> None:
        self.listeners = Listeners()
        self._made: dict[tuple[str, str], Tracker] = {}

    def current(self) -> Tracker:
        """The tracker of the database that is written to now."""
        return self.of(default_alias())

    def of(self, alias: str) -> Tracker:
        """The tracker of a database."""
        place = (alias, str(connections[alias].settings_dict["NAME"]))
        tracker = self._made.get(place)
        if tracker is None:
            tracker = self._made.setdefault(place, self._make(alias))
        return tracker

    def _make(self, alias: str) -> Tracker:
        options = read_options()
        try:
            return Tracker(alias, listeners=self.listeners, using=self.of, **options)
        except (TypeError, ValueError) as error:
            raise ImproperlyConfigured(f"{NAME}: {error}") from error

    def renew(self, *, setting: str, **_: Any) -> None:
        """Make trackers anew once a setting has changed that they stand on."""
        if setting in (NAME, "DATABASES", "DATABASE_ROUTERS"):
            self._made = {}

    def emptied(self, **_: Any) -> None:
        """Take nothing for granted once tables were made or flushed."""
        for tracker in self._made.values():
            tracker.forget_put_funnels()


def default_alias() -> str:
    """The database that the setting names, or to which the routers send a contact's rows."""
    named = given_options().get("DATABASE")
    if named is not None:
        return str(named)
    models = apps.get_app_config(LABEL).models
    written: str = (
        router.db_for_write(models["contact"]) if "contact" in models else DEFAULT_DB_ALIAS
    )
    return written


TRACKERS: Final = Trackers()
