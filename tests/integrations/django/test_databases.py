"""Several databases: the setting or the routers choose one, and a call may name another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import URL, Engine

import motfunnel
from motfunnel import Tracker
from tests.integrations.django.conftest import FUNNEL
from tests.tracking.calls import READS
from tests.tracking.host import event_ids
from tests.tracking.scene import NOON


@pytest.fixture(params=["postgresql", "mariadb"])
def backend(request: pytest.FixtureRequest, places: dict[str, URL]) -> str:
    """The other database, beside the default one on SQLite."""
    kind: str = request.param
    if kind not in places:
        pytest.skip(f"no server for {kind}")
    return kind


@pytest.fixture
def default(alias: str, tenant: str, places: dict[str, URL]) -> Iterator[Tracker]:
    """The tracker of the default database, where the setting names none."""
    from django.test import override_settings

    from tests.integrations.django_project.databases import default_database

    given = {"FUNNEL": FUNNEL, "TENANT": tenant, "SPOOL": False}
    with default_database(str(places["sqlite"])), override_settings(MOTFUNNEL=given):
        yield motfunnel.tracker()


def test_a_call_may_name_a_database(
    alias: str, engine: Engine, tenant: str, default: Tracker
) -> None:
    """Its alias, or Django's connection, sends a call there, into what is going on there."""
    from django.db import connections, transaction

    motfunnel.track("ada", "saw", id="1", bind=alias)
    with transaction.atomic(using=alias):
        motfunnel.track("ada", "saw", id="2", bind=connections[alias])
        default.identify("ada", {"plan": "free"}, bind=alias, id="3")  # type: ignore[arg-type]
        default.track_many([{"contact": "bob", "event": "saw"}], bind=alias)  # type: ignore[arg-type]
        transaction.set_rollback(True, using=alias)
    assert event_ids(engine, tenant) == ["1"]
    assert default.contact("ada").presence == "unknown"
    assert default.using(alias).contact("ada").presence == "active"  # type: ignore[attr-defined]


def test_the_transaction_of_another_database(
    alias: str, engine: Engine, tenant: str, default: Tracker
) -> None:
    """A block on one database is not a transaction for an event on another."""
    from django.db import transaction

    with transaction.atomic(using=alias):
        motfunnel.track("ada", "saw", id="1")
        transaction.set_rollback(True, using=alias)
    assert default.contact("ada").events == 1
    with transaction.atomic():
        motfunnel.track("ada", "saw", id="2", bind=alias)
        transaction.set_rollback(True)
    assert event_ids(engine, tenant) == ["2"]


def test_merges_on_another_database(alias: str, default: Tracker) -> None:
    """Identities are merged, and parted again, where the call says."""
    other: Any = default.using(alias)  # type: ignore[attr-defined]
    other.track("anonymous", "saw")
    bind: Any = alias
    assert default.merge("anonymous", into="ada", bind=bind).changed
    assert other.identity("anonymous").contact == "ada"
    assert default.identity("anonymous").contact == "anonymous"
    assert default.unmerge("anonymous", bind=bind).changed
    assert other.identity("anonymous").contact == "anonymous"


def test_handlers_hear_of_every_database(alias: str, default: Tracker) -> None:
    """A handler belongs to the project, and not to one of its databases."""
    told: list[str] = []
    default.on("opening", lambda moment: told.append(moment.contact))
    motfunnel.track("ada", "saw")
    motfunnel.track("bob", "saw", bind=alias)
    assert told == ["ada", "bob"]


class ToOther:
    """A router that sends our rows to a database which it is told of."""

    alias: str | None = None

    def db_for_write(self, model: Any, **_: Any) -> str | None:
        """Where a model's rows are written."""
        return self.alias if model._meta.app_label == "motfunnel" else None


def test_a_router_chooses(alias: str, engine: Engine, tenant: str, default: Tracker) -> None:
    """Without a name in the setting, events go where a contact's rows are routed, at each call."""
    from django.apps import apps
    from django.test import override_settings

    if not apps.get_app_config("motfunnel").models:
        pytest.skip("there is no model to route")
    router = ToOther()
    with override_settings(DATABASE_ROUTERS=[router]):
        motfunnel.track("ada", "saw", id="1")
        router.alias = alias
        motfunnel.track("ada", "saw", id="2")
    assert event_ids(engine, tenant) == ["2"]
    assert default.contact("ada").events == 1


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_dates_in_another_style(alias: str, engine: Engine, tracker: Tracker) -> None:
    """Where PostgreSQL is set to write days before months, instants are read all the same."""
    from django.db import connections, transaction

    setting = f"ALTER DATABASE {engine.url.database} "
    _set(engine, setting + "SET datestyle = 'SQL, DMY'")
    connections[alias].close()
    try:
        motfunnel.track("ada", "saw", occurred_at=NOON, id="1")
        with transaction.atomic(using=alias):
            motfunnel.track("ada", "saw", occurred_at=NOON, id="2")
            assert tracker.moments("ada")[0].occurred_at == NOON
            assert _date_style(alias) == "SQL, DMY"
        assert tracker.moments("ada")[0].occurred_at == NOON
        assert _date_style(alias) == "SQL, DMY"
        for call in READS.values():
            call(tracker)
    finally:
        _set(engine, setting + "RESET datestyle")
        connections[alias].close()


def _set(engine: Engine, statement: str) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)


def _date_style(alias: str) -> Any:
    from django.db import connections

    with connections[alias].cursor() as cursor:
        cursor.execute("SHOW datestyle")
        return cursor.fetchone()[0]
