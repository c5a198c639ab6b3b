"""The tables of version 6: the gaps between a contact's touches are counted."""

from typing import ClassVar

from django.db import migrations, models

from motfunnel.integrations.django.table_options import AddColumn
from motfunnel.integrations.django.table_version import PutVersion, drop_old_checkpoints


class Migration(migrations.Migration):
    """What version 6 has more than version 5, where the store has not made it already."""

    dependencies: ClassVar = [("motfunnel", "0004_alive")]
    operations: ClassVar = [
        migrations.RunPython(drop_old_checkpoints, migrations.RunPython.noop),
        AddColumn("Contact", "gaps", models.IntegerField(null=True)),
        AddColumn("Contact", "gaps_sum", models.BigIntegerField(null=True)),
        migrations.RunPython(PutVersion(6), migrations.RunPython.noop),
    ]
