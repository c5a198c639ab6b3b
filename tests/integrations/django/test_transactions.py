"""In a Django project an event is part of whatever transaction Django is in."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import Engine

import motfunnel
from motfunnel import Tracker, outreach
from motfunnel.errors import AssignmentError, ConflictError, EventError
from tests.integrations.django.conftest import given
from tests.tracking.host import event_ids
from tests.tracking.scene import FUNNEL, NOON

pytestmark = pytest.mark.every_database


def order(alias: str, tenant: str, number: int) -> None:
    """Write a row of the host's."""
    from tests.integrations.django_project.shop.models import Order

    Order.objects.using(alias).create(tenant=tenant, number=number)


def orders(alias: str, tenant: str) -> list[int]:
    """The host's rows that are there."""
    from tests.integrations.django_project.shop.models import Order

    found = Order.objects.using(alias).filter(tenant=tenant)
    return sorted(found.values_list("number", flat=True))


@pytest.fixture
def told(tracker: Tracker) -> list[str]:
    """The contacts of whose openings a handler is told."""
    told: list[str] = []
    tracker.on("opening", lambda moment: told.append(moment.contact))
    return told


def test_a_commit_keeps_both(alias: str, engine: Engine, tenant: str, told: list[str]) -> None:
    """The order and its event are there once the host commits, and handlers hear of it then."""
    from django.db import transaction

    with transaction.atomic(using=alias):
        order(alias, tenant, 1)
        tracked = motfunnel.track("ada", "bought", id="1")
        assert [moment.kind.value for moment in tracked.moments] == ["opening", "conversion"]
        assert told == []
        assert event_ids(engine, tenant) == []
    assert told == ["ada"]
    assert (orders(alias, tenant), event_ids(engine, tenant)) == ([1], ["1"])


def test_a_rollback_leaves_neither(
    alias: str, engine: Engine, tenant: str, told: list[str]
) -> None:
    """Of what the host rolls back nothing is left, and nobody hears."""
    from django.db import transaction

    with pytest.raises(RuntimeError), transaction.atomic(using=alias):
        order(alias, tenant, 1)
        motfunnel.track("ada", "bought", id="1")
        raise RuntimeError
    with transaction.atomic(using=alias):
        motfunnel.track("bob", "saw", id="2")
        transaction.set_rollback(True, using=alias)
    assert (orders(alias, tenant), event_ids(engine, tenant), told) == ([], [], [])


def test_savepoints_of_the_host_count(
    alias: str, engine: Engine, tenant: str, told: list[str]
) -> None:
    """An event goes with the innermost block that fails, and the others stay."""
    from django.db import transaction

    with transaction.atomic(using=alias):
        motfunnel.track("ada", "saw", id="1")
        with pytest.raises(RuntimeError), transaction.atomic(using=alias):
            motfunnel.track("bob", "saw", id="2")
            with transaction.atomic(using=alias):
                motfunnel.track("cleo", "saw", id="3")
            raise RuntimeError
        with transaction.atomic(using=alias):
            motfunnel.track("dan", "saw", id="4")
    assert (event_ids(engine, tenant), told) == (["1", "4"], ["ada", "dan"])


def test_a_host_in_no_transaction(alias: str, engine: Engine, tenant: str, told: list[str]) -> None:
    """Left alone, a call commits by itself, and tells before it returns."""
    from django.db import connections

    motfunnel.track("ada", "saw", id="1")
    assert (event_ids(engine, tenant), told) == (["1"], ["ada"])
    assert connections[alias].get_autocommit()
    assert not connections[alias].in_atomic_block


def test_a_host_without_autocommit(
    alias: str, engine: Engine, tenant: str, told: list[str]
) -> None:
    """Where the host commits by hand, its commit and rollback decide."""
    from django.db import transaction

    transaction.set_autocommit(False, using=alias)
    try:
        motfunnel.track("ada", "saw", id="1")
        transaction.rollback(using=alias)
        order(alias, tenant, 2)
        motfunnel.track("bob", "saw", id="2")
        assert (event_ids(engine, tenant), told) == ([], [])
        transaction.commit(using=alias)
        motfunnel.track("cleo", "saw", id="3")
        transaction.commit(using=alias)
        assert event_ids(engine, tenant) == ["2", "3"]
    finally:
        transaction.rollback(using=alias)
        transaction.set_autocommit(True, using=alias)
    assert orders(alias, tenant) == [2]


def test_handlers_without_autocommit_wait_for_it(
    alias: str, engine: Engine, tenant: str, told: list[str]
) -> None:
    """Django runs what waits for a commit when autocommit is turned on again."""
    from django.db import transaction

    transaction.set_autocommit(False, using=alias)
    motfunnel.track("ada", "saw", id="1")
    transaction.commit(using=alias)
    assert told == []
    transaction.set_autocommit(True, using=alias)
    assert (event_ids(engine, tenant), told) == (["1"], ["ada"])


@pytest.mark.parametrize("number", [1, 2])
def test_atomic_requests(
    alias: str,
    engine: Engine,
    tenant: str,
    told: list[str],
    number: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A request that fails takes its event along; one that succeeds keeps it."""
    from django.db import connections
    from django.test import Client

    monkeypatch.setitem(connections[alias].settings_dict, "ATOMIC_REQUESTS", True)
    answer = Client(raise_request_exception=False).get(f"/buy/{number}")
    kept = [] if number % 2 else [number]
    assert answer.status_code == (200 if kept else 500)
    assert orders(alias, tenant) == kept
    assert event_ids(engine, tenant) == [str(one) for one in kept]
    assert told == [f"contact {one}" for one in kept]


def test_the_order_of_what_waits_for_a_commit(alias: str, told: list[str]) -> None:
    """Handlers come in their place among the host's own hooks."""
    from django.db import transaction

    with transaction.atomic(using=alias):
        transaction.on_commit(lambda: told.append("before"), using=alias)
        motfunnel.track("ada", "saw")
        transaction.on_commit(lambda: told.append("after"), using=alias)
    assert told == ["before", "ada", "after"]


def test_a_refused_event_leaves_the_hosts_work(alias: str, engine: Engine, tenant: str) -> None:
    """What track raises rolls back no more than what track wrote."""
    from django.db import transaction

    motfunnel.track("ada", "saw", id="1", occurred_at=NOON)
    with transaction.atomic(using=alias):
        order(alias, tenant, 1)
        with pytest.raises(ConflictError):
            motfunnel.track("ada", "bought", id="1", occurred_at=NOON)
        with pytest.raises(EventError):
            motfunnel.track("  ", "bought")
        motfunnel.track("ada", "bought", id="2")
    assert (orders(alias, tenant), event_ids(engine, tenant)) == ([1], ["1", "2"])


def test_reads_see_the_running_transaction(alias: str, tracker: Tracker) -> None:
    """A contact is known in the transaction that told of it, and no more after its end."""
    from django.db import transaction

    with transaction.atomic(using=alias):
        motfunnel.track("ada", "saw")
        assert tracker.contact("ada").presence == "active"
        assert [moment.contact for moment in tracker.moments()] == ["ada"]
        transaction.set_rollback(True, using=alias)
    assert tracker.contact("ada").presence == "unknown"


def test_a_host_may_write_while_it_reads_moments(alias: str, tenant: str, tracker: Tracker) -> None:
    """Between two moments the host is in no transaction of ours."""
    from django.db import connections

    for name in ("ada", "bob"):
        tracker.track(name, "saw")
    reading = tracker.iter_moments()
    next(reading)
    assert not connections[alias].in_atomic_block
    order(alias, tenant, 1)
    del reading
    assert orders(alias, tenant) == [1]


def test_a_merge_joins_too(alias: str, tracker: Tracker) -> None:
    """Two keys that were made one in a transaction that failed are two again."""
    from django.db import transaction

    tracker.track("anonymous", "saw")
    tracker.track("ada", "saw")
    with transaction.atomic(using=alias):
        tracker.merge("anonymous", into="ada")
        assert tracker.identity("anonymous").contact == "ada"
        transaction.set_rollback(True, using=alias)
    assert tracker.identity("anonymous").contact == "anonymous"
    tracker.merge("anonymous", into="ada")
    assert tracker.unmerge("anonymous").changed


def test_an_assignment_joins_too(alias: str, tenant: str) -> None:
    """An arm that was drawn in a transaction that failed was not; it draws alike again."""
    from django.db import transaction
    from django.test import override_settings

    rules: dict[str, Any] = {**FUNNEL.rules, "winback": outreach("arm", holdout="control")}
    setting = given(alias, tenant, FUNNEL=evolve(FUNNEL, rules=rules))
    with override_settings(MOTFUNNEL=setting):
        check_an_assignment(alias, motfunnel.tracker(), transaction)


def check_an_assignment(alias: str, tracker: Tracker, transaction: Any) -> None:
    tracker.track("ada", "saw", occurred_at=NOON)
    with transaction.atomic(using=alias):
        arm = tracker.assign("ada", trial="winback", holdout=0.5)
        assert tracker.assign("ada", trial="winback", holdout=int(arm != "control")) == arm
        transaction.set_rollback(True, using=alias)
    assert tracker.contact("ada").events == 1
    with transaction.atomic(using=alias), pytest.raises(AssignmentError, match="never opened"):
        tracker.assign("nobody", trial="winback", holdout=0.5)
    assert tracker.assign("ada", trial="winback", holdout=0.5) == arm
    assert tracker.assign("ada", trial="winback", holdout=0, bind=alias) == arm  # type: ignore[arg-type]
    assert tracker.contact("ada").events == 2


def statements(alias: str, **details: Any) -> list[str]:
    """What Django counts of one track."""
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connections[alias]) as captured:
        motfunnel.track(**{"contact": "ada", "event": "saw"} | details)
    return [query["sql"] for query in captured]


# In a transaction of the host's, once the funnel is stored: of a contact's first event, with one
# moment, and of a later one, with none.
COUNTS = {"sqlite": (9, 6), "postgresql": (8, 5), "mariadb": (7, 5)}


def test_what_a_track_costs(alias: str) -> None:
    """Django counts the statements that are sent, no more and no less, as the guide says."""
    from django.db import transaction

    motfunnel.track("ada", "saw")
    with transaction.atomic(using=alias):
        found = [len(statements(alias, contact="bob")) for _ in range(2)]
    assert tuple(found) == COUNTS[alias]


def test_captured_statements_can_be_read(alias: str) -> None:
    """What Django logs of our statements has the values in it, whatever they hold."""
    found = statements(alias, contact='50% off\'s "best"', properties={"a": "100%s"})
    events = [sql for sql in found if sql.startswith("INSERT INTO motfunnel_events")]
    assert len(events) == 1
    assert "100%s" in events[0]
    assert found[0].startswith("BEGIN")
    assert found[-1] == "COMMIT"
