"""Django, set up once, and its default database on each backend: empty, migrated, or lived in."""

import os
from collections.abc import Iterator

import django
import pytest
from django.conf import settings
from django.core.management import call_command

if not settings.configured:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.integrations.django_project.settings")
django.setup()
os.environ.pop("DJANGO_SETTINGS_MODULE", None)  # or every process that tests start would take it

import motfunnel  # noqa: E402
from motfunnel import Funnel, Tracker  # noqa: E402
from motfunnel.trackers import configured as configuration  # noqa: E402
from tests.integrations.django_project.databases import default_database  # noqa: E402

configuration._providers.clear()  # what other tests of this process configure is theirs


@pytest.fixture
def empty(url: str) -> Iterator[str]:
    """Django's default database, without a table, and its URL."""
    with default_database(url):
        yield url


@pytest.fixture
def migrated(empty: str) -> str:
    """Django's default database with all its migrations, and its URL."""
    call_command("migrate", verbosity=0)
    return empty


@pytest.fixture
def tracker(migrated: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tracker]:
    """The application's tracker, on Django's default database."""
    monkeypatch.setattr(configuration, "_configured", [])
    with motfunnel.configure(migrated, funnel=Funnel.saas(), spool=False) as tracker:
        yield tracker
