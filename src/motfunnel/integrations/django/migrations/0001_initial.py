"""The tables of version 2: the first that Django makes.

A later version of the tables is a migration more. Its operations bring the models there, each that
touches a table of ours within ``as_ours``; then ``PutVersion`` writes its number. Whoever changes
``store/schema/tables.py`` or ``VERSION`` is told so by the test that compares the tables.
"""

from typing import ClassVar

from django.db import migrations, models

from motfunnel.integrations.django.fields import (
    InstantField,
    KeyField,
    LongTextField,
    PropertiesField,
)
from motfunnel.integrations.django.table_options import CreateTable, IndexWhereSet
from motfunnel.integrations.django.table_version import PutVersion


def _key(*names: str) -> models.CompositePrimaryKey:
    """A key as Django's autodetector finds it in the models."""
    return models.CompositePrimaryKey(
        *names, blank=True, editable=False, primary_key=True, serialize=False
    )


class Migration(migrations.Migration):
    """All tables, and their version."""

    initial = True
    # The table of the version comes last, so that where it is, all are.
    operations: ClassVar = [
        CreateTable(
            name="Contact",
            fields=[
                ("tenant", KeyField(max_length=63)),
                ("pk", _key("tenant", "contact")),
                ("contact", KeyField(max_length=255)),
                ("fingerprint", KeyField(max_length=16)),
                ("known", models.BooleanField(default=False)),
                ("presence", KeyField(max_length=20)),
                ("stage", KeyField(max_length=255)),
                ("purchases", models.IntegerField(default=0)),
                ("last_purchase_at", InstantField(null=True)),
                ("referrals", models.IntegerField(default=0)),
                ("apostle", models.BooleanField(default=False)),
                ("open_cases", LongTextField()),
                ("last_touch_at", InstantField(null=True)),
                ("deadline_at", InstantField(null=True)),
                ("episodes", models.IntegerField(default=0)),
                ("departed_at", InstantField(null=True)),
                ("outreaches", models.IntegerField(default=0)),
                ("first_outreach_at", InstantField(null=True)),
                ("opened_at", InstantField(null=True)),
                ("source", LongTextField(null=True)),
                ("moments", models.IntegerField(default=0)),
                ("last_at", InstantField(null=True)),
                ("last_signal", models.SmallIntegerField(null=True)),
                ("last_stage", models.SmallIntegerField(null=True)),
                ("last_id", KeyField(max_length=255, null=True)),
                ("merged_into", KeyField(max_length=255, null=True)),
                ("aliases", models.IntegerField(default=0)),
                ("erased_at", InstantField(null=True)),
            ],
            options={
                "db_table": "motfunnel_contacts",
                "ordering": ("pk",),
                "indexes": [
                    IndexWhereSet(
                        fields=["tenant", "deadline_at"], name="motfunnel_contacts_deadline"
                    ),
                    IndexWhereSet(
                        fields=["tenant", "merged_into"], name="motfunnel_contacts_merged"
                    ),
                ],
            },
        ),
        CreateTable(
            name="Event",
            fields=[
                ("tenant", KeyField(max_length=63)),
                ("pk", _key("tenant", "contact", "id")),
                ("contact", KeyField(max_length=255)),
                ("id", KeyField(max_length=255)),
                ("event", KeyField(max_length=255)),
                ("occurred_at", InstantField()),
                ("recorded_at", InstantField()),
                ("signal", KeyField(max_length=20)),
                ("properties", PropertiesField()),
            ],
            options={
                "db_table": "motfunnel_events",
                "ordering": ("pk",),
            },
        ),
        CreateTable(
            name="Moment",
            fields=[
                ("tenant", KeyField(max_length=63)),
                ("pk", _key("tenant", "contact", "ordinal")),
                ("contact", KeyField(max_length=255)),
                ("ordinal", models.IntegerField()),
                ("moment", KeyField(max_length=20)),
                ("occurred_at", InstantField()),
                ("event_id", KeyField(max_length=255, null=True)),
                ("from_stage", KeyField(max_length=255, null=True)),
                ("to_stage", KeyField(max_length=255, null=True)),
                ("reason", LongTextField(null=True)),
                ("episode", models.IntegerField(null=True)),
                ("referred", LongTextField(null=True)),
                ("recorded_as", KeyField(max_length=255, null=True)),
            ],
            options={
                "db_table": "motfunnel_moments",
                "ordering": ("pk",),
            },
        ),
        CreateTable(
            name="Episode",
            fields=[
                ("tenant", KeyField(max_length=63)),
                ("pk", _key("tenant", "contact", "episode")),
                ("contact", KeyField(max_length=255)),
                ("episode", models.IntegerField()),
                ("departed_at", InstantField()),
                ("reason", LongTextField()),
                ("stage", KeyField(max_length=255)),
                ("customer", models.BooleanField()),
                ("first_outreach_at", InstantField(null=True)),
                ("outreaches", models.IntegerField(default=0)),
                ("returned_at", InstantField(null=True)),
                ("return_event_id", KeyField(max_length=255, null=True)),
            ],
            options={
                "db_table": "motfunnel_episodes",
                "ordering": ("pk",),
            },
        ),
        CreateTable(
            name="Trait",
            fields=[
                ("tenant", KeyField(max_length=63)),
                ("pk", _key("tenant", "contact", "event_id", "ordinal")),
                ("contact", KeyField(max_length=255)),
                ("event_id", KeyField(max_length=255)),
                ("ordinal", models.SmallIntegerField()),
                ("trait", LongTextField()),
                ("value", LongTextField()),
                ("occurred_at", InstantField()),
                ("recorded_at", InstantField()),
                ("owner", KeyField(max_length=255)),
            ],
            options={
                "db_table": "motfunnel_traits",
                "ordering": ("pk",),
                "indexes": [
                    models.Index(fields=["tenant", "owner"], name="motfunnel_traits_owner")
                ],
            },
        ),
        CreateTable(
            name="Alias",
            fields=[
                ("tenant", KeyField(max_length=63)),
                ("pk", _key("tenant", "alias", "ordinal")),
                ("alias", KeyField(max_length=255)),
                ("ordinal", models.IntegerField()),
                ("contact", KeyField(max_length=255)),
                ("merged_at", InstantField()),
                ("unmerged_at", InstantField(null=True)),
            ],
            options={
                "verbose_name_plural": "aliases",
                "db_table": "motfunnel_aliases",
                "ordering": ("pk",),
            },
        ),
        CreateTable(
            name="Erasure",
            fields=[
                ("tenant", KeyField(max_length=63)),
                ("pk", _key("tenant", "token")),
                ("token", KeyField(max_length=36)),
                ("erased_at", InstantField()),
                ("counts_kept", models.BooleanField()),
            ],
            options={
                "db_table": "motfunnel_erasures",
                "ordering": ("pk",),
            },
        ),
        CreateTable(
            name="Reject",
            fields=[
                ("tenant", KeyField(max_length=63)),
                ("pk", _key("tenant", "id")),
                ("id", KeyField(max_length=36)),
                ("recorded_at", InstantField()),
                ("source", LongTextField()),
                ("line", models.BigIntegerField(null=True)),
                ("contact", LongTextField(null=True)),
                ("event", LongTextField(null=True)),
                ("reason", LongTextField()),
                ("payload", LongTextField()),
            ],
            options={
                "db_table": "motfunnel_rejects",
                "ordering": ("pk",),
            },
        ),
        CreateTable(
            name="DefinedFunnel",
            fields=[
                ("tenant", KeyField(max_length=63)),
                ("pk", _key("tenant", "fingerprint")),
                ("fingerprint", KeyField(max_length=16)),
                ("definition", LongTextField()),
                ("used_at", InstantField()),
                ("tracked_at", InstantField(null=True)),
            ],
            options={
                "verbose_name": "funnel",
                "db_table": "motfunnel_funnels",
                "ordering": ("pk",),
            },
        ),
        CreateTable(
            name="UnfinishedImport",
            fields=[
                ("tenant", KeyField(max_length=63)),
                ("pk", _key("tenant", "source")),
                ("source", KeyField(max_length=64)),
                ("line", models.BigIntegerField()),
                ("added", models.BigIntegerField()),
                ("rejected", models.BigIntegerField()),
                ("recorded_at", InstantField()),
            ],
            options={
                "db_table": "motfunnel_imports",
                "ordering": ("pk",),
            },
        ),
        CreateTable(
            name="TablesVersion",
            fields=[
                ("version", models.IntegerField(primary_key=True, serialize=False)),
                ("recorded_at", InstantField()),
            ],
            options={
                "verbose_name_plural": "versions of the tables",
                "db_table": "motfunnel_schema",
                "ordering": ("pk",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("version__gt", 0)), name="motfunnel_schema_version"
                    )
                ],
            },
        ),
        migrations.RunPython(PutVersion(2), migrations.RunPython.noop),
    ]
