"""The row that says of which version the tables are, written by migrations alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.db import router


def put_version(number: int) -> Callable[[Any, Any], None]:
    """Make the step of a migration that writes this version, where the tables are."""

    def put(apps: Any, schema_editor: Any) -> None:
        version = apps.get_model("motfunnel", "TablesVersion")
        alias = schema_editor.connection.alias
        if router.allow_migrate_model(alias, version):
            rows = version.objects.using(alias)
            rows.all().delete()
            rows.create(version=number, recorded_at=datetime.now(UTC))

    return put
