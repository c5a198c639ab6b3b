"""Threads of a Django project, each on its own connection, lose nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

import motfunnel
from motfunnel.tracking.upkeep.check import check_contacts
from tests.faults.soak import size
from tests.integrations.django.conftest import given
from tests.integrations.django.test_transactions import order, orders
from tests.tracking.fleet import in_threads
from tests.tracking.host import event_ids

pytestmark = pytest.mark.usefixtures("without_budget")
THREADS = 8
EACH = size(50, 500)
EVENTS = ("saw", "bought", "left")


@pytest.fixture
def without_budget(alias: str, tenant: str) -> Iterator[None]:
    """Time enough: what is measured here is not time."""
    from django.test import override_settings

    with override_settings(MOTFUNNEL=given(alias, tenant, BUDGET=None)):
        yield


@pytest.mark.parametrize("contacts", [pytest.param(1, marks=pytest.mark.slow), 20])
def test_left_alone(alias: str, engine: Engine, tenant: str, contacts: int) -> None:
    """Eight threads that write the same contacts, each call in a transaction of its own."""

    def work(thread: int) -> None:
        from django.db import close_old_connections, connections

        try:
            for n in range(EACH):
                contact = f"contact {(thread + n) % contacts}"
                tracked = motfunnel.track(contact, EVENTS[n % 3], id=f"{thread} {n}")
                assert not tracked.duplicate
                close_old_connections()  # as between two requests
        finally:
            connections.close_all()

    in_threads(*((work, thread) for thread in range(THREADS)))
    assert len(event_ids(engine, tenant)) == THREADS * EACH
    assert check_contacts(motfunnel.tracker()).is_sound


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"], indirect=True)
def test_inside_atomic(alias: str, engine: Engine, tenant: str) -> None:
    """Eight threads that write one contact in transactions of the host's, in turn."""

    def work(thread: int) -> None:
        from django.db import connections, transaction

        try:
            for n in range(EACH):
                with transaction.atomic(using=alias):
                    motfunnel.track("ada", EVENTS[n % 3], id=f"{thread} {n}")
                    order(alias, tenant, thread * EACH + n)
        finally:
            connections.close_all()

    motfunnel.track("ada", "saw", id="first")
    in_threads(*((work, thread) for thread in range(THREADS)))
    assert orders(alias, tenant) == list(range(THREADS * EACH))
    assert len(event_ids(engine, tenant)) == THREADS * EACH + 1
    assert check_contacts(motfunnel.tracker()).is_sound
