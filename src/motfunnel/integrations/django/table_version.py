"""What migrations alone write: of which version the tables are, and what a new column holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import router
from django.utils.deconstruct import deconstructible

from motfunnel.integrations.django.connection import DjangoLender
from motfunnel.store.database import migrations
from motfunnel.store.database.lent import LentDatabase


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


def fill_alive(apps: Any, schema_editor: Any) -> None:
    """Say of the events that are there whether they kept their contacts alive."""
    alias = schema_editor.connection.alias
    if router.allow_migrate_model(alias, apps.get_model("motfunnel", "Event")):
        database = LentDatabase(DjangoLender(alias))
        with database.connect() as connection:
            migrations.fill_alive(connection, database.tables)


def drop_old_checkpoints(apps: Any, schema_editor: Any) -> None:
    """Drop checkpoints from before gaps were counted, where these are not counted already."""
    alias = schema_editor.connection.alias
    if router.allow_migrate_model(alias, apps.get_model("motfunnel", "Checkpoint")):
        database = LentDatabase(DjangoLender(alias))
        with database.connect() as connection:
            migrations.drop_old_checkpoints(connection, database.tables)
