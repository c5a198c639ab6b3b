"""The row that says of which version the tables are, written by migrations alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import router
from django.utils.deconstruct import deconstructible


@deconstructible
class PutVersion:
    """The step of a migration that writes a version, where the tables are.

    A value that Django can write into another file, as ``squashmigrations`` does.
    """

    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self, apps: Any, schema_editor: Any) -> None:
        """Write it."""
        version = apps.get_model("motfunnel", "TablesVersion")
        alias = schema_editor.connection.alias
        if router.allow_migrate_model(alias, version):
            rows = version.objects.using(alias)
            rows.all().delete()
            rows.create(version=self.number, recorded_at=datetime.now(UTC))
