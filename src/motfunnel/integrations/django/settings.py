"""The setting ``MOTFUNNEL``: what may stand in it, and the trackers that are made of it.

Trackers are made when they are first asked for, one for each database, and anew when the settings
change. Handlers outlive them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections, router
from django.utils.module_loading import import_string

from motfunnel.domain.funnel.file import PRESETS
from motfunnel.domain.funnel.funnel import Funnel, preset
from motfunnel.errors import MotfunnelError
from motfunnel.integrations.django.middleware import RequestContext
from motfunnel.integrations.django.tracker import Tracker
from motfunnel.integrations.visitors import check_anonymous
from motfunnel.store.hosts.dialects import VENDORS
from motfunnel.tracking.recording.handlers import Listeners
from motfunnel.tracking.recording.policy import LOG, RAISE

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
        raise ImproperlyConfigured(f"{given!r} is not a function")
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

KEYS: Final = (*OPTIONS, "DATABASE", "CONTACT_URL", "DASHBOARD")

DASHBOARD: Final = {
    "AUTHORIZE": "authorize",
    "FRESH": "fresh",
    "KEPT": "kept",
    "PATIENCE": "patience",
    "STATIC_URL": "static_url",
    "MEMORY": "memory",
}
"""The keys of the dashboard: which arguments of it they become."""


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
        ImproperlyConfigured: what the setting names is not a function.
        ImportError: it names nothing.
    """
    found: Callable[[str], str | None] | None = _read_function(given_options().get("CONTACT_URL"))
    return found


def read_dashboard() -> dict[str, Any]:
    """The arguments of the dashboard that the setting gives.

    Raises:
        ImproperlyConfigured: a key is unknown, or who may look is said by no function.
        ImportError: what should say it is not there.
    """
    given = given_options().get("DASHBOARD", {})
    if not isinstance(given, Mapping) or given.keys() - DASHBOARD.keys():
        raise ImproperlyConfigured(f"DASHBOARD is a dictionary of: {', '.join(DASHBOARD)}")
    read = {DASHBOARD[key]: value for key, value in given.items()}
    if "authorize" in read:
        read["authorize"] = _read_function(read["authorize"])
    return read


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


def check_setting(**_: Any) -> list[CheckMessage]:
    """Name everything in the setting that is wrong."""
    try:
        given = given_options()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="motfunnel.E001")]
    found = [
        *_check_keys(given),
        *_check_database(given),
        *_check_values(given),
        *_check_function("CONTACT_URL", read_contact_url),
        *_check_function("DASHBOARD", read_dashboard),
        *_check_sessions(given),
    ]
    if "FUNNEL" not in given:
        hint = f'{NAME} = {{"FUNNEL": "shop.funnel.funnel"}}, or "ecommerce", or "saas"'
        found.append(Warning(f"{NAME} names no FUNNEL", hint=hint, id="motfunnel.W001"))
    return found


def check_server(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Look whether the server is one on which the tables can be."""
    try:
        ours = default_alias()
    except ImproperlyConfigured:  # which check_setting tells of
        return []
    return [
        Error(
            f"the database {alias!r} is MySQL; the tables need MariaDB, SQLite or PostgreSQL",
            id="motfunnel.E007",
        )
        for alias in databases or ()
        if alias == ours and connections[alias].vendor == "mysql"
        if not connections[alias].mysql_is_mariadb
    ]


def _check_keys(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    for key in given:
        if key not in KEYS:
            near = get_close_matches(str(key).upper(), KEYS, 1)
            hint = f"did you mean {near[0]}?" if near else f"it has: {', '.join(KEYS)}"
            yield Error(f"{NAME} has no key {key!r}", hint=hint, id="motfunnel.E002")


def _check_database(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    alias = default_alias()
    if alias not in connections:
        yield Error(
            f"{NAME}['DATABASE'] is {alias!r}, which DATABASES does not have",
            hint=f"it has: {', '.join(connections)}",
            id="motfunnel.E004",
        )
    elif connections[alias].vendor not in VENDORS:
        yield Error(
            f"the database {alias!r} is of the kind {connections[alias].vendor!r}",
            hint="the tables can be on SQLite, PostgreSQL or MariaDB; name another as DATABASE",
            id="motfunnel.E005",
        )


def _check_values(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    for key in given:
        if key in OPTIONS:
            name, read = OPTIONS[key]
            id = "motfunnel.E003" if key == "FUNNEL" else "motfunnel.E006"
            try:
                value = read(given[key])
                if key != "FUNNEL" and _is_usable(default_alias()):
                    Tracker(default_alias(), **{name: value})
            except (ImproperlyConfigured, ImportError, ValueError, TypeError) as error:
                yield Error(f"{NAME}[{key!r}] cannot be used: {error}", id=id)


def _check_function(key: str, read: Callable[[], object]) -> Iterator[CheckMessage]:
    try:
        read()
    except (ImproperlyConfigured, ImportError) as error:
        yield Error(f"{NAME}[{key!r}] cannot be used: {error}", id="motfunnel.E006")


def _check_sessions(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    if given.get("ANONYMOUS") != "session":
        return
    installed = [import_string(one) for one in settings.MIDDLEWARE]
    if not any(isinstance(one, type) and issubclass(one, RequestContext) for one in installed):
        yield Error(
            f"{NAME}['ANONYMOUS'] is 'session', which needs the middleware RequestContext",
            hint=f"MIDDLEWARE += ['{RequestContext.__module__}.{RequestContext.__name__}']",
            id="motfunnel.E008",
        )


def _is_usable(alias: str) -> bool:
    return alias in connections and connections[alias].vendor in VENDORS
