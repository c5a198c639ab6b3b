"""The tables of version 4: long histories keep checkpoints, and a fold may be owed."""

from typing import ClassVar

from django.db import migrations, models

from motfunnel.integrations.django.fields import InstantField, KeyField, LongTextField
from motfunnel.integrations.django.table_options import (
    AddColumn,
    AddIndexOfOurs,
    CreateTable,
    IndexWhereSet,
)
from motfunnel.integrations.django.table_version import PutVersion


class Migration(migrations.Migration):
    """What version 4 has more than version 3, where the store has not made it already."""

    dependencies: ClassVar = [("motfunnel", "0002_tombstones")]
    operations: ClassVar = [
        AddColumn("Contact", "events", models.IntegerField(null=True)),
        AddColumn("Contact", "checkpoint", models.IntegerField(null=True)),
        AddColumn("Contact", "owed_since", InstantField(null=True)),
        AddIndexOfOurs(
            "Contact",
            IndexWhereSet(fields=["tenant", "owed_since"], name="motfunnel_contacts_owed"),
        ),
        AddIndexOfOurs(
            "Event",
            models.Index(
                fields=["tenant", "contact", "occurred_at"], name="motfunnel_events_order"
            ),
        ),
        CreateTable(
            name="Checkpoint",
            fields=[
                ("tenant", KeyField(max_length=63)),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant",
                        "contact",
                        "events",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("contact", KeyField(max_length=255)),
                ("events", models.IntegerField()),
                ("last_at", InstantField()),
                ("moments", models.IntegerField(default=0)),
                ("state", LongTextField()),
            ],
            options={
                "db_table": "motfunnel_checkpoints",
                "ordering": ("pk",),
            },
        ),
        migrations.RunPython(PutVersion(4), migrations.RunPython.noop),
    ]
