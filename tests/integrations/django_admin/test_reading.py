"""The models are for reading; fixtures are loaded and dumped as those of any model."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import override_settings

from motfunnel import Tracker
from motfunnel.errors import ReadOnlyError
from motfunnel.integrations.django.models import Contact, Event, Moment, TablesVersion
from motfunnel.store.schema.versions import VERSION


@pytest.mark.parametrize(
    "write",
    [
        lambda: Contact.objects.create(contact="bob@example.com"),
        lambda: Contact.objects.get().save(),
        lambda: Contact.objects.get().delete(),
        lambda: Contact.objects.all().delete(),
        lambda: Contact.objects.update(stage="customer"),
        lambda: Contact.objects.bulk_create([Contact(contact="bob@example.com")]),
        lambda: Contact.objects.bulk_update([Contact.objects.get()], ["stage"]),
        lambda: Contact.objects.get_or_create(tenant="default", contact="bob@example.com"),
        lambda: Contact.objects.update_or_create(tenant="default", contact="ada@example.com"),
    ],
)
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_nothing_is_written_through_a_model(tracker: Tracker, write: Any) -> None:
    """Each way of writing is refused by an error that names the model and what to call instead."""
    tracker.track("ada@example.com", "Signed Up")
    before = list(Contact.objects.values())
    with pytest.raises(ReadOnlyError, match=r"Contact is read-only.*motfunnel\.track") as caught:
        write()
    assert isinstance(caught.value, TypeError)
    assert caught.value.model == "Contact"
    assert list(Contact.objects.values()) == before


@pytest.mark.parametrize("zones", [True, False])
def test_fixtures(tracker: Tracker, tmp_path: Path, zones: bool) -> None:
    """What was dumped can be loaded into emptied tables, and the tracker goes on with it."""
    tracker.track("ada@example.com", "Signed Up", properties={"plan": "team"})
    kept = tracker.contact("ada@example.com").moments
    dumped = StringIO()
    with override_settings(USE_TZ=zones):
        call_command("dumpdata", "motfunnel", stdout=dumped)
        fixture = tmp_path / "fixture.json"
        fixture.write_text(dumped.getvalue(), "utf-8")
        call_command("flush", interactive=False, verbosity=0)
        assert not Event.objects.exists()
        call_command("loaddata", str(fixture), verbosity=0)
    assert Event.objects.get().properties == {"plan": "team"}
    assert tracker.contact("ada@example.com").moments == kept
    tracker.track("ada@example.com", "Trial Started")
    assert Moment.objects.count() > len(kept)


def test_names(tracker: Tracker) -> None:
    """A row is written as what it is."""
    tracker.track("ada@example.com", "Signed Up")
    assert str(Contact.objects.get()) == "ada@example.com"
    assert str(Event.objects.get()) == "Signed Up of ada@example.com"
    assert str(Moment.objects.first()) == "opening of ada@example.com"
    assert str(TablesVersion.objects.get()) == str(VERSION)
