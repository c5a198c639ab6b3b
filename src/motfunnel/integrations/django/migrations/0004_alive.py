"""The tables of version 5: of each event is stored whether it kept its contact alive."""

from typing import ClassVar

from django.db import migrations, models

from motfunnel.integrations.django.table_options import AddColumn
from motfunnel.integrations.django.table_version import PutVersion, fill_alive


class Migration(migrations.Migration):
    """What version 5 has more than version 4, where the store has not made it already."""

    dependencies: ClassVar = [("motfunnel", "0003_checkpoints")]
    operations: ClassVar = [
        AddColumn("Event", "alive", models.BooleanField(default=True), preserve_default=False),
        migrations.RunPython(fill_alive, migrations.RunPython.noop),
        migrations.RunPython(PutVersion(5), migrations.RunPython.noop),
    ]
