"""The shop, set up once a worker, and a tenant of its own for each test on each database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import URL, Engine, create_engine

from motfunnel import Tracker
from motfunnel.store.database.database import Database
from motfunnel.trackers import configured as configuration
from tests.databases import BACKENDS, Databases, NoServer
from tests.integrations import mysqldb

STEPS = ("admin", "auth", "contenttypes", "sessions")  # whose tables are made at once
FUNNEL = "tests.integrations.django_project.funnel.funnel"


@pytest.fixture(scope="session")
def places(databases: Databases) -> dict[str, URL]:
    """The databases that there are, each an alias of the project, with its tables and ours."""
    mysqldb.stand_in()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.integrations.django_project.settings")
    import django
    from django.core.management import call_command
    from django.db import connections
    from django.test import override_settings

    django.setup()
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)  # or every process started would take it
    configuration._providers.clear()  # what other tests configure is theirs
    found = dict(_find(databases))
    for backend, url in found.items():
        _add(backend, url)
        with override_settings(MIGRATION_MODULES=dict.fromkeys(STEPS)):
            call_command("migrate", database=backend, run_syncdb=True, verbosity=0)
        engine = create_engine(url)
        Database(engine).create_tables()
        engine.dispose()
    connections.close_all()
    return found


def _find(databases: Databases) -> Iterator[tuple[str, URL]]:
    for backend in BACKENDS:
        try:
            yield backend, databases.shared(backend, "_django")
        except NoServer:
            continue


def _add(alias: str, url: URL) -> None:
    """Make a database one of the project's."""
    from django.db import connections

    from tests.integrations.django_project.databases import as_django

    written = {"default": {}, alias: as_django(url.render_as_string(hide_password=False))}
    connections.settings[alias] = connections.configure_settings(written)[alias]


@pytest.fixture
def project(places: dict[str, URL], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Django set up, and asked for the tracker."""
    from django.db import connections

    from motfunnel.integrations.django.settings import TRACKERS

    monkeypatch.setattr(configuration, "_providers", [TRACKERS.current])
    monkeypatch.setattr(configuration, "_configured", [])
    handlers = TRACKERS.listeners._handlers
    yield
    handlers.clear()
    connections.close_all()


@pytest.fixture
def tenant() -> str:
    """A tenant that no other test has."""
    return uuid4().hex


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, places: dict[str, URL]) -> str:
    """A kind of database, if it is there."""
    kind: str = request.param
    if kind not in places:
        pytest.skip(f"no server for {kind}")
    return kind


@pytest.fixture
def alias(backend: str, project: None, tenant: str) -> Iterator[str]:
    """The alias of a database, which the setting names for the time of a test."""
    from django.test import override_settings

    with override_settings(MOTFUNNEL=given(backend, tenant)):
        yield backend


@pytest.fixture
def engine(backend: str, alias: str, places: dict[str, URL]) -> Iterator[Engine]:
    """The same database, seen from outside."""
    engine = create_engine(places[backend])
    yield engine
    engine.dispose()


@pytest.fixture
def tracker(alias: str) -> Tracker:
    """The project's tracker."""
    import motfunnel

    return motfunnel.tracker()


def given(alias: str, tenant: str, **more: Any) -> dict[str, Any]:
    """The setting MOTFUNNEL of a test."""
    return {"FUNNEL": FUNNEL, "DATABASE": alias, "TENANT": tenant, "SPOOL": False} | more
