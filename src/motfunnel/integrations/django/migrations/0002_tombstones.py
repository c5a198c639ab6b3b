"""The tables of version 3: tombstones of who was erased, and which events named them."""

from typing import ClassVar

from django.db import migrations, models

from motfunnel.integrations.django.fields import InstantField, KeyField, LongTextField
from motfunnel.integrations.django.table_options import CreateTable
from motfunnel.integrations.django.table_version import PutVersion


def _key(*names: str) -> models.CompositePrimaryKey:
    """A key as Django's autodetector finds it in the models."""
    return models.CompositePrimaryKey(
        *names, blank=True, editable=False, primary_key=True, serialize=False
    )


class Migration(migrations.Migration):
    """What version 3 has more than version 2."""

    dependencies: ClassVar = [("motfunnel", "0001_initial")]
    operations: ClassVar = [
        CreateTable(
            name="Tombstone",
            fields=[
                ("tenant", KeyField(max_length=63)),
                ("pk", _key("tenant", "mark")),
                ("mark", KeyField(max_length=64)),
                ("erased_at", InstantField()),
            ],
            options={"db_table": "motfunnel_tombstones", "ordering": ("pk",)},
        ),
        CreateTable(
            name="Redaction",
            fields=[
                ("tenant", KeyField(max_length=63)),
                ("pk", _key("tenant", "contact", "id")),
                ("contact", KeyField(max_length=255)),
                ("id", KeyField(max_length=255)),
                ("mark", KeyField(max_length=64, null=True)),
                ("parts", LongTextField()),
            ],
            options={"db_table": "motfunnel_redactions", "ordering": ("pk",)},
        ),
        migrations.RunPython(PutVersion(3), migrations.RunPython.noop),
    ]
