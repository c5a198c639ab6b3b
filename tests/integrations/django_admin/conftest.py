"""Django, set up once, and its default database on each backend, empty or migrated."""

import os
from collections.abc import Iterator

import django
import pytest
from django.conf import settings
from django.core.management import call_command

if not settings.configured:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.integrations.django_project.settings")
django.setup()

from tests.integrations.django_project.databases import default_database  # noqa: E402


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
