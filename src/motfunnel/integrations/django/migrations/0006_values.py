"""The tables of version 7: of each event is stored what it was worth."""

from typing import ClassVar

from django.db import migrations, models

from motfunnel.integrations.django.table_options import AddColumn
from motfunnel.integrations.django.table_version import PutVersion


class Migration(migrations.Migration):
    """What version 7 has more than version 6, where the store has not made it already."""

    dependencies: ClassVar = [("motfunnel", "0005_gaps")]
    operations: ClassVar = [
        AddColumn("Event", "value", models.BigIntegerField(null=True)),
        migrations.RunPython(PutVersion(7), migrations.RunPython.noop),
    ]
