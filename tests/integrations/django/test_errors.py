"""A Django host sees Django's own errors in its transactions, and none of its work vanishes."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine, text

import motfunnel
from motfunnel import Tracker
from motfunnel.errors import RefusedError, SchemaError
from motfunnel.tracking.upkeep.check import check_contacts
from tests.integrations.django.conftest import given
from tests.integrations.django.test_transactions import order, orders
from tests.tracking.fleet import in_threads
from tests.tracking.host import event_ids

MIGRATE = "python manage[.]py migrate"
MARIADB = pytest.mark.parametrize("backend", ["mariadb"], indirect=True)


@pytest.fixture
def without_tables(engine: Engine) -> Iterator[None]:
    """A table that is not there."""
    rename(engine, "motfunnel_contacts", "away")
    yield
    rename(engine, "away", "motfunnel_contacts")


def rename(engine: Engine, old: str, new: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


@pytest.mark.parametrize("inside", [True, False])
def test_missing_tables(
    alias: str, tenant: str, tracker: Tracker, without_tables: None, inside: bool
) -> None:
    """Where tables are missing, the error says what makes them; nothing makes them here."""
    from contextlib import nullcontext

    from django.db import transaction

    with transaction.atomic(using=alias) if inside else nullcontext():
        with pytest.raises(SchemaError, match=MIGRATE):
            tracker.track("ada", "saw")
        order(alias, tenant, 1)
    with pytest.raises(SchemaError, match=MIGRATE):
        tracker.contact("ada")
    with pytest.raises(SchemaError, match=MIGRATE):
        tracker.sweep()
    for refused in (tracker.create_tables, tracker.migrate):
        with pytest.raises(SchemaError, match=MIGRATE):
            refused()
    assert orders(alias, tenant) == [1]


@pytest.fixture
def refusing(engine: Engine) -> Iterator[None]:
    """A database that refuses every event."""
    trigger = {
        "sqlite": "BEGIN SELECT RAISE(ABORT, 'no room'); END",
        "mysql": "FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no room'",
        "postgresql": "FOR EACH ROW EXECUTE FUNCTION refuse()",
    }[engine.dialect.name]
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(
                text(
                    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                    "$$ BEGIN RAISE EXCEPTION 'no room'; END $$"
                )
            )
        words = f"CREATE TRIGGER refuse BEFORE INSERT ON motfunnel_events {trigger}"
        connection.exec_driver_sql(words)
    yield
    with engine.begin() as connection:
        on = " ON motfunnel_events" if engine.dialect.name == "postgresql" else ""
        connection.execute(text(f"DROP TRIGGER refuse{on}"))
        if engine.dialect.name == "postgresql":
            connection.execute(text("DROP FUNCTION refuse"))


def test_an_error_in_the_hosts_transaction(
    alias: str, engine: Engine, tenant: str, tracker: Tracker, refusing: None
) -> None:
    """It names the event; below it is Django's own, and the host's transaction goes on."""
    from django.db import DatabaseError, transaction

    with transaction.atomic(using=alias):
        order(alias, tenant, 1)
        with pytest.raises(RefusedError) as caught:
            tracker.track("ada", "saw", id="1")
        assert (caught.value.contact, caught.value.event, caught.value.id) == ("ada", "saw", "1")
        assert isinstance(caught.value.__cause__, DatabaseError)
        assert "no room" in str(caught.value.__cause__)
        order(alias, tenant, 2)
        assert tracker.contact("ada").presence == "unknown"
    assert orders(alias, tenant) == [1, 2]


def test_an_error_in_a_transaction_of_our_own(tracker: Tracker, refusing: None) -> None:
    """It names the event; below it are Django's and the driver's."""
    from django.db import DatabaseError

    with pytest.raises(RefusedError) as caught:
        tracker.track("ada", "saw", id="1")
    assert (caught.value.contact, caught.value.event, caught.value.id) == ("ada", "saw", "1")
    assert isinstance(caught.value.__cause__, DatabaseError)


def test_a_lenient_tracker_in_the_hosts_transaction(
    alias: str, engine: Engine, tenant: str, refusing: None
) -> None:
    """Nothing is raised, the error that is handed over names the event, the host's work stays."""
    from django.db import DatabaseError, transaction
    from django.test import override_settings

    failed: list[Any] = []
    options = given(alias, tenant, ON_ERROR=lambda error, call: failed.append((error, call.kept)))
    with override_settings(MOTFUNNEL=options), transaction.atomic(using=alias):
        order(alias, tenant, 1)
        tracked = motfunnel.track("ada", "saw")
        assert isinstance(tracked.error, RefusedError)
        assert isinstance(tracked.error.__cause__, DatabaseError)
        assert failed == [(tracked.error, "rejects")]
    assert orders(alias, tenant) == [1]
    assert motfunnel.tracker().health().rejects == 1


def test_a_transaction_that_is_broken_already(alias: str, tenant: str) -> None:
    """A lenient tracker raises nothing for what the host itself has broken."""
    from django.db import IntegrityError, connections, transaction
    from django.test import override_settings

    with override_settings(MOTFUNNEL=given(alias, tenant, ON_ERROR="log")):
        motfunnel.track("ada", "saw")
        with transaction.atomic(using=alias):
            order(alias, tenant, 1)
            with pytest.raises(IntegrityError), transaction.atomic(using=alias, savepoint=False):
                raise IntegrityError
            assert motfunnel.track("bob", "saw").error is not None
        assert not connections[alias].in_atomic_block
    assert orders(alias, tenant) == []


@MARIADB
@pytest.mark.parametrize("on_error", ["raise", "log"])
def test_a_deadlock_is_the_hosts_to_hear_of(
    alias: str, engine: Engine, tenant: str, on_error: str
) -> None:
    """On MariaDB it undoes all that the host wrote, and so it is raised, whatever the policy."""
    from django.db import OperationalError, connections, transaction
    from django.test import override_settings

    barrier = Barrier(2)

    def host_of(first: int) -> str:
        try:
            with transaction.atomic(using=alias):
                order(alias, tenant, first)
                motfunnel.track(f"contact {first}", "saw", id=f"{first} a")
                barrier.wait(20)
                motfunnel.track(f"contact {1 - first}", "saw", id=f"{first} b")
            return "went through"
        except OperationalError as error:
            return str(error)
        finally:
            connections.close_all()

    with override_settings(MOTFUNNEL=given(alias, tenant, ON_ERROR=on_error)):
        for number in range(2):
            motfunnel.track(f"contact {number}", "saw", id="before")
        outcomes = in_threads((host_of, 0), (host_of, 1))
        assert check_contacts(motfunnel.tracker()).is_sound
    [lost] = [n for n, outcome in enumerate(outcomes) if "Deadlock" in outcome]
    assert outcomes.count("went through") == 1
    kept = [f"{1 - lost} a", f"{1 - lost} b"]
    assert orders(alias, tenant) == [1 - lost]
    assert event_ids(engine, tenant) == [*kept, "before", "before"]


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"], indirect=True)
def test_a_connection_that_was_lost(alias: str, engine: Engine, tenant: str) -> None:
    """A transaction of our own is done again on a new connection; the host's is not ours to."""
    from django.db import DatabaseError, transaction

    kill(alias, engine)
    assert not motfunnel.track("ada", "saw", id="1").duplicate
    with pytest.raises(DatabaseError), transaction.atomic(using=alias):
        order(alias, tenant, 1)
        kill(alias, engine)
        motfunnel.track("ada", "saw", id="2")
    motfunnel.track("ada", "saw", id="3")
    assert (orders(alias, tenant), event_ids(engine, tenant)) == ([], ["1", "3"])


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"], indirect=True)
def test_a_lost_connection_is_not_hidden_from_the_host(
    alias: str, engine: Engine, tenant: str
) -> None:
    """Django would end the block without a word: so a lenient tracker does raise that."""
    from django.db import Error, connections, transaction
    from django.test import override_settings

    with override_settings(MOTFUNNEL=given(alias, tenant, ON_ERROR="log")):
        motfunnel.track("ada", "saw", id="1")
        with pytest.raises(Error), transaction.atomic(using=alias):
            order(alias, tenant, 1)
            kill(alias, engine)
            motfunnel.track("ada", "saw", id="2")
    connections[alias].close()  # as at the end of a request
    assert orders(alias, tenant) == []


def kill(alias: str, engine: Engine) -> None:
    """Have the server drop Django's connection."""
    from django.db import connections

    django = connections[alias]
    django.ensure_connection()
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            pid = django.connection.info.backend_pid
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        else:
            connection.exec_driver_sql(f"KILL {django.connection.thread_id()}")


def test_errors_do_not_name_contacts(
    tracker: Tracker, refusing: None, caplog: pytest.LogCaptureFixture
) -> None:
    """What we log of an error of Django's has its type and code, and nothing that was said."""
    lenient = type(tracker)(
        tracker.alias,  # type: ignore[attr-defined]
        tracker.funnel,
        tenant=tracker.tenant,
        on_error="log",
        spool=False,
    )
    assert lenient.track("ada@example.com", "saw").error is not None
    assert "an event was not recorded" in caplog.text
    assert "ada@" not in caplog.text
