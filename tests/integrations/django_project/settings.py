"""The settings of the shop, made when it is known which databases there are."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL

ENGINES = {"sqlite": "sqlite3", "postgresql": "postgresql", "mysql": "mysql"}
ALIASES = {"sqlite": "default", "postgresql": "postgresql", "mariadb": "mariadb"}
"""What each kind of database is called in DATABASES."""

APPS = (
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "motfunnel.integrations.django",
    "tests.integrations.django_project.shop",
)


def database(url: URL) -> dict[str, Any]:
    """A database as Django's settings have it."""
    engine = ENGINES[url.get_backend_name()]
    return {
        "ENGINE": f"django.db.backends.{engine}",
        "NAME": url.database,
        "USER": url.username or "",
        "PASSWORD": url.password or "",
        "HOST": url.host or "",
        "PORT": str(url.port or ""),
    }


def settings(urls: dict[str, URL], **more: Any) -> dict[str, Any]:
    """All settings; the time zone is that of the tests, since Django sets the process's."""
    return {
        "DATABASES": {ALIASES[backend]: database(url) for backend, url in urls.items()},
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "INSTALLED_APPS": [*APPS],
        "LOGGING_CONFIG": None,
        "MIGRATION_MODULES": {"auth": None, "contenttypes": None},  # made at once, not step by step
        "MOTFUNNEL": {"FUNNEL": "tests.integrations.django_project.funnel.funnel"},
        "ROOT_URLCONF": "tests.integrations.django_project.urls",
        "SECRET_KEY": "for tests only",
        "TIME_ZONE": "UTC",
        "USE_TZ": True,
    } | more
