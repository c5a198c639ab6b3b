"""The tables of version 7: values of events, kept answers, and moments for subscriptions."""

from typing import ClassVar

from django.db import migrations, models

from motfunnel.integrations.django.fields import InstantField, KeyField, LongTextField
from motfunnel.integrations.django.table_options import AddColumn, AddIndexOfOurs, CreateTable
from motfunnel.integrations.django.table_version import PutVersion


def _key(*names: str) -> models.CompositePrimaryKey:
    """A key as Django's autodetector finds it in the models."""
    return models.CompositePrimaryKey(
        *names, blank=True, editable=False, primary_key=True, serialize=False
    )


class Migration(migrations.Migration):
    """What version 7 has more than version 6, where the store has not made it already."""

    dependencies: ClassVar = [("motfunnel", "0005_gaps")]
    operations: ClassVar = [
        AddColumn("Event", "value", models.BigIntegerField(null=True)),
        CreateTable(
            name="KeptAnswer",
            fields=[
                ("tenant", KeyField(max_length=63)),
                ("pk", _key("tenant", "fingerprint", "page", "section")),
                ("fingerprint", KeyField(max_length=16)),
                ("page", KeyField(max_length=63)),
                ("section", KeyField(max_length=63)),
                ("version", KeyField(max_length=63)),
                ("as_of", InstantField()),
                ("known_by", InstantField()),
                ("took", models.IntegerField()),
                ("prefix", KeyField(max_length=63)),
                ("html", LongTextField()),
                ("csv", LongTextField()),
                ("json", LongTextField()),
            ],
            options={"db_table": "motfunnel_answers", "ordering": ("pk",)},
        ),
        CreateTable(
            name="Change",
            fields=[
                ("tenant", KeyField(max_length=63)),
                ("pk", _key("tenant", "token")),
                ("token", KeyField(max_length=36)),
                ("number", models.BigIntegerField()),
            ],
            options={"db_table": "motfunnel_changes", "ordering": ("pk",)},
        ),
        CreateTable(
            name="Subscription",
            fields=[
                ("tenant", KeyField(max_length=63)),
                ("pk", _key("tenant", "name")),
                ("name", KeyField(max_length=63)),
                ("kinds", LongTextField(null=True)),
                ("stages", LongTextField(null=True)),
                ("reasons", LongTextField(null=True)),
                ("erasures", models.BooleanField()),
                ("filled", KeyField(max_length=255, null=True)),
                ("subscribed_at", InstantField()),
            ],
            options={"db_table": "motfunnel_subscriptions", "ordering": ("pk",)},
        ),
        CreateTable(
            name="Message",
            fields=[
                ("tenant", KeyField(max_length=63)),
                ("pk", _key("tenant", "contact", "subscription", "ordinal")),
                ("contact", KeyField(max_length=255)),
                ("subscription", KeyField(max_length=63)),
                ("ordinal", models.IntegerField()),
                ("id", KeyField(max_length=36)),
                ("type", KeyField(max_length=20)),
                ("body", LongTextField()),
                ("recorded_at", InstantField()),
                ("due_at", InstantField()),
                ("claim", KeyField(max_length=36, null=True)),
                ("attempts", models.IntegerField(default=0)),
                ("error", LongTextField(null=True)),
                ("failed_at", InstantField(null=True)),
            ],
            options={
                "db_table": "motfunnel_messages",
                "ordering": ("pk",),
            },
        ),
        # By itself: a migration that was killed behind the table goes on to it.
        AddIndexOfOurs(
            "Message",
            models.Index(
                fields=["tenant", "subscription", "due_at"], name="motfunnel_messages_due"
            ),
        ),
        migrations.RunPython(PutVersion(7), migrations.RunPython.noop),
    ]
