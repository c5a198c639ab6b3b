"""The shop, set up once a worker, and a tenant of its own for each test on each database."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import URL, Engine, create_engine

from motfunnel import Tracker
from motfunnel.store.database import Database
from motfunnel.tracking import configuration
from tests.databases import BACKENDS, Databases, NoServer
from tests.integrations.django_project.settings import ALIASES, settings

FUNNEL = "tests.integrations.django_project.funnel.funnel"


@pytest.fixture(scope="session")
def places(databases: Databases) -> dict[str, URL]:
    """The databases that there are, with the shop's tables and ours."""
    import django
    from django.conf import settings as configured
    from django.core.management import call_command
    from django.db import connections

    _require_mysqldb()
    found: dict[str, URL] = {}
    for backend in BACKENDS:
        try:
            found[backend] = databases.shared(backend, "_django")
        except NoServer:
            continue
    if not configured.configured:
        configured.configure(**settings(found))
    django.setup()
    configuration._providers.clear()  # what other tests configure is theirs
    for backend, url in found.items():
        call_command("migrate", database=ALIASES[backend], run_syncdb=True, verbosity=0)
        engine = create_engine(url)
        Database(engine).create_tables()
        engine.dispose()
    connections.close_all()
    return found


def _require_mysqldb() -> None:
    """PyMySQL stands in for the driver that Django asks for, where that could not be built."""
    if find_spec("MySQLdb") is None:
        import pymysql

        pymysql.version_info = (2, 2, 7, "final", 0)
        pymysql.install_as_MySQLdb()


@pytest.fixture
def project(places: dict[str, URL], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Django set up, and asked for the tracker."""
    from django.db import connections

    from motfunnel.integrations.django.configuration import TRACKERS

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

    alias = ALIASES[backend]
    with override_settings(MOTFUNNEL=given(alias, tenant)):
        yield alias


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
