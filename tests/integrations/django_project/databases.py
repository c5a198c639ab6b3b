"""Django's default database, put where a test wants it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from sqlalchemy import make_url

from tests.integrations import mysqldb

mysqldb.stand_in()

ENGINES = {
    "sqlite": "django.db.backends.sqlite3",
    "postgresql": "django.db.backends.postgresql",
    "mysql": "django.db.backends.mysql",
}


@contextmanager
def default_database(url: str, **options: Any) -> Iterator[None]:
    """Have the alias ``default`` mean this database, with what else Django is to know of it."""
    before = connections.settings["default"]
    _replace(connections.configure_settings({"default": as_django(url) | options})["default"])
    try:
        yield
    finally:
        _replace(before)


def as_django(url: str) -> dict[str, Any]:
    """The address of a database in the words of Django's settings."""
    parsed = make_url(url)
    name = parsed.get_backend_name()
    return {
        "ENGINE": ENGINES[name],
        "NAME": parsed.database,
        "USER": parsed.username or "",
        "PASSWORD": parsed.password or "",
        "HOST": parsed.host or parsed.query.get("host", ""),
        "PORT": str(parsed.port or ""),
        "OPTIONS": {"charset": "utf8mb4"} if name == "mysql" else {},
    }


def _replace(settings: dict[str, Any]) -> None:
    BaseDatabaseWrapper.close(connections["default"])  # SQLite's own spares one in memory
    del connections["default"]
    connections.settings["default"] = settings
