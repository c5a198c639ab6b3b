"""Values pass unchanged between the models and the store, whatever the project's time zone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.db.models import F, Max
from django.test import override_settings
from sqlalchemy import create_engine, insert, select

from motfunnel.integrations.django.models import Contact, DefinedFunnel, Event
from motfunnel.store.schema.tables import tables

BERLIN = ZoneInfo("Europe/Berlin")
INSTANTS = [
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # in Berlin half past two,
    datetime(2026, 10, 25, 1, 30, tzinfo=UTC),  # and half past two again
    datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC),
    datetime(1883, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
    datetime(9999, 12, 30, 23, 59, 59, 999999, tzinfo=UTC),
]
KEYS = ["Bob", "bob", "bob ", "é", "e", "😀", "😁", "a\nb", "%", "\\", "'\""]
PROPERTIES = {"value": 40, "name": "Ada", "deep": {"er": [1, None, True]}, "1e2": 1e2, "é": "😀"}

FUNNELS = tables().funnels
EVENTS = tables().events


@pytest.fixture(params=[(True, "UTC"), (True, "Europe/Berlin"), (False, "Europe/Berlin")], ids=str)
def zone(request: pytest.FixtureRequest, migrated: str) -> Iterator[str]:
    """The URL of a database that a project uses with each of the settings of time."""
    connection.close()  # as a project starts; Django keeps what a driver was told of zones
    with override_settings(USE_TZ=request.param[0], TIME_ZONE=request.param[1]):
        yield migrated
        connection.close()


def put(url: str, table: Any, rows: list[dict[str, Any]]) -> None:
    engine = create_engine(url)
    with engine.begin() as store:
        store.execute(insert(table), rows)
    engine.dispose()


def got(url: str, statement: Any) -> list[Any]:
    engine = create_engine(url)
    with engine.connect() as store:
        found = list(store.scalars(statement))
    engine.dispose()
    return found


def event(**values: Any) -> dict[str, Any]:
    at = INSTANTS[0]
    columns = ["tenant", "contact", "id", "event", "occurred_at", "recorded_at", "signal"]
    given = ["default", "ada@example.com", "1", "paid", at, at, "note"]
    return dict(zip(columns, given, strict=True)) | {"properties": {}, "alive": False} | values


def written(rows: list[dict[str, Any]]) -> None:
    """Write as a fixture is loaded, which is the one way of writing through a model."""
    for row in rows:
        Event(**row).save_base(raw=True)


def test_instants_are_read(zone: str) -> None:
    """An instant that the store wrote is read by a model to the microsecond, in UTC."""
    put(zone, EVENTS, [event(id=str(at), occurred_at=at) for at in INSTANTS])
    read = {one.id: one.occurred_at for one in Event.objects.all()}
    assert read == {str(at): at for at in INSTANTS}
    assert {at.tzinfo for at in read.values()} == {UTC}
    assert Event.objects.aggregate(last=Max("occurred_at"))["last"] == max(INSTANTS)


def test_instants_are_written(zone: str) -> None:
    """An instant that a model wrote is read by the store, from whatever zone it came."""
    written([event(id=str(at), occurred_at=at.astimezone(BERLIN)) for at in INSTANTS])
    read = got(zone, select(EVENTS.c.occurred_at).order_by(EVENTS.c.occurred_at))
    assert read == sorted(INSTANTS)


def test_instants_are_compared(zone: str) -> None:
    """A filter compares instants, not how they are written."""
    put(zone, EVENTS, [event(id=str(at), occurred_at=at) for at in INSTANTS])
    for at in INSTANTS:
        assert Event.objects.get(occurred_at=at.astimezone(BERLIN)).id == str(at)
        earlier = Event.objects.filter(occurred_at__lt=at).count()
        assert earlier == sum(other < at for other in INSTANTS)
    assert Event.objects.filter(occurred_at__gt=F("recorded_at")).count() == 2
    assert Event.objects.filter(occurred_at__in=INSTANTS[:2]).count() == 2


def test_naive_instants_are_the_projects(zone: str) -> None:
    """A naive instant in a filter is read in the project's time zone, as Django does it."""
    from django.conf import settings

    at = datetime(2026, 7, 1, 12, tzinfo=UTC)
    put(zone, EVENTS, [event(occurred_at=at)])
    naive = at.astimezone(ZoneInfo(settings.TIME_ZONE)).replace(tzinfo=None)
    if settings.USE_TZ:
        with pytest.warns(RuntimeWarning, match="naive"):
            assert Event.objects.filter(occurred_at=naive).exists()
    else:
        assert Event.objects.filter(occurred_at=naive).exists()


def test_a_connection_with_a_zone_of_its_own(migrated: str) -> None:
    """A zone that ``DATABASES`` names for a connection shifts no instant."""
    from tests.integrations.django_project.databases import default_database

    put(migrated, EVENTS, [event(id=str(at), occurred_at=at) for at in INSTANTS])
    with default_database(migrated, TIME_ZONE="America/New_York"):
        assert sorted(one.occurred_at for one in Event.objects.all()) == sorted(INSTANTS)
        assert Event.objects.get(occurred_at=INSTANTS[1]).id == str(INSTANTS[1])


def test_keys_are_kept_apart(migrated: str) -> None:
    """Keys that differ in a letter's case, an accent or a blank are different keys."""
    put(migrated, EVENTS, [event(contact=key) for key in KEYS])
    for key in KEYS:
        assert [one.contact for one in Event.objects.filter(contact=key)] == [key]
    assert [one.contact for one in Event.objects.order_by("contact")] == sorted(KEYS)
    assert Event.objects.get(pk=("default", "bob ", "1")).contact == "bob "


def test_properties_are_read(migrated: str) -> None:
    """Properties come as they were written, in their order."""
    put(migrated, EVENTS, [event(properties=PROPERTIES)])
    read = Event.objects.get().properties
    assert read == PROPERTIES
    assert list(read) == list(PROPERTIES)


def test_properties_are_written(migrated: str) -> None:
    """The store reads what a model wrote, to the letter."""
    written([event(properties=PROPERTIES)])
    assert got(migrated, select(EVENTS.c.properties)) == [PROPERTIES]
    put(migrated, EVENTS, [event(id="2", properties=PROPERTIES)])
    with connection.cursor() as cursor:
        cursor.execute("SELECT properties FROM motfunnel_events")
        first, second = (row[0] for row in cursor.fetchall())
    assert first == second


def test_properties_are_asked_for(migrated: str) -> None:
    """A filter may name a property, as it may a key of a ``JSONField``."""
    others = {"value": 4, "name": "bob"}
    put(migrated, EVENTS, [event(properties=PROPERTIES), event(id="2", properties=others)])
    for asked in (
        {"properties__value": 40},
        {"properties__value__gte": 39},
        {"properties__name": "Ada"},
        {"properties__name__startswith": "Ad"},
        {"properties__deep__er__0": 1},
        {"properties__deep__isnull": False},
    ):
        assert [one.id for one in Event.objects.filter(**asked)] == ["1"], asked
    names = Event.objects.order_by("id").values_list("properties__name", flat=True)
    assert list(names) == ["Ada", "bob"]


def test_long_texts(migrated: str) -> None:
    """A text of a megabyte passes whole."""
    text = "é" * 500_000
    at = INSTANTS[0]
    row = {"tenant": "default", "fingerprint": "0", "definition": text, "used_at": at}
    put(migrated, FUNNELS, [row])
    assert DefinedFunnel.objects.get().definition == text


def test_differences_of_instants(migrated: str) -> None:
    """Django's arithmetic of instants works on ours."""
    put(migrated, EVENTS, [event(occurred_at=INSTANTS[0] + timedelta(hours=1, microseconds=5))])
    found = Event.objects.annotate(late=F("occurred_at") - F("recorded_at")).get()
    assert found.late == timedelta(hours=1, microseconds=5)


def test_what_the_tracker_wrote(tracker: Any) -> None:
    """A contact and its events can be read as soon as they are tracked."""
    tracker.track("ada@example.com", "Signed Up", occurred_at=INSTANTS[2])
    contact = Contact.objects.get(tenant="default", contact="ada@example.com")
    assert (contact.presence, contact.opened_at) == ("active", INSTANTS[2])
    assert Event.objects.get(contact=contact.contact).occurred_at == INSTANTS[2]
