"""What ``manage.py check`` says of the setting ``MOTFUNNEL``. Connects to nothing, unless asked to.

| id | says |
|---|---|
| motfunnel.E001 | the setting is no dictionary |
| motfunnel.E002 | it has a key that is unknown |
| motfunnel.E003 | the funnel cannot be had, or is none |
| motfunnel.E004 | DATABASES has no such alias |
| motfunnel.E005 | the database is of a kind that cannot be used |
| motfunnel.E006 | another value cannot be used |
| motfunnel.E007 | the server is MySQL, and not MariaDB (``check --database``) |
| motfunnel.E008 | anonymous visitors are to be their sessions, without the middleware |
| motfunnel.W001 | there is no funnel: the one that is stored with the data is used |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.utils.module_loading import import_string

from motfunnel.integrations.django.configuration import (
    KEYS,
    NAME,
    OPTIONS,
    default_alias,
    given_options,
    read_contact_url,
)
from motfunnel.integrations.django.middleware import RequestContext
from motfunnel.integrations.django.tracker import Tracker
from motfunnel.store.lent_dialects import VENDORS


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
        *_check_contact_url(),
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


def _check_contact_url() -> Iterator[CheckMessage]:
    try:
        read_contact_url()
    except (ImproperlyConfigured, ImportError) as error:
        yield Error(f"{NAME}['CONTACT_URL'] cannot be used: {error}", id="motfunnel.E006")


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
