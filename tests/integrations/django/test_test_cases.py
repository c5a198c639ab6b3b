"""Django's own test cases: what is tracked in them is theirs to roll back, flush and tell."""

from __future__ import annotations

import unittest
from typing import Any

import pytest
from sqlalchemy import Engine

import motfunnel
from motfunnel import Tracker
from motfunnel.store.schema.tables import tables
from tests.integrations.django.test_transactions import order, orders
from tests.tracking.host import event_ids
from tests.tracking.scene import DAY, NOON


def run(case: type[unittest.TestCase]) -> None:
    """Run every test of a case; each must succeed."""
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    problems = [text for _, text in [*result.errors, *result.failures]]
    assert result.testsRun, "there is no test in it"
    assert not problems, problems[0]


def test_a_test_case(alias: str, engine: Engine, tenant: str) -> None:
    """Tests of a TestCase see what they tracked, and nothing of each other."""
    from django.test import TestCase

    class Case(TestCase):
        databases = {alias}  # noqa: RUF012

        @classmethod
        def setUpTestData(cls) -> None:
            motfunnel.track("ada", "saw", id="1")

        def look(self) -> None:
            assert motfunnel.tracker().contact("ada").presence == "active"
            assert not motfunnel.track("bob", "saw", id="2").duplicate
            assert len(list(motfunnel.tracker().moments())) == 2

        test_one = look
        test_two = look

    run(Case)
    assert event_ids(engine, tenant) == []


def test_captured_callbacks(alias: str, tracker: Tracker) -> None:
    """What a TestCase captures for after the commit tells handlers, each of them once."""
    from django.test import TestCase

    from motfunnel.integrations.django.signals import opening

    told: list[str] = []

    def receive(moment: Any, **_: Any) -> None:
        told.append(f"signal {moment.contact}")

    tracker.on("opening", lambda moment: told.append(f"handler {moment.contact}"))
    opening.connect(receive)

    class Case(TestCase):
        databases = {alias}  # noqa: RUF012

        def test_it(self) -> None:
            with self.captureOnCommitCallbacks(using=alias, execute=True) as callbacks:
                motfunnel.track("ada", "saw")
                assert told == []
            assert (told, len(callbacks)) == (["handler ada", "signal ada"], 1)

    try:
        run(Case)
    finally:
        opening.disconnect(receive)


def test_all_verbs_work_in_a_test_case(alias: str, engine: Engine, tenant: str) -> None:
    """What commits by itself elsewhere is part of the test's transaction, and undone with it."""
    from django.db import transaction
    from django.test import TestCase

    told: list[str] = []
    motfunnel.tracker().on("depart", lambda moment: told.append(moment.contact))

    class Case(TestCase):
        databases = {alias}  # noqa: RUF012

        def test_them(self) -> None:
            tracker = motfunnel.tracker()
            tracker.track("ada", "saw", occurred_at=NOON)
            tracker.identify("ada", {"plan": "free"}, occurred_at=NOON)
            with self.captureOnCommitCallbacks(using=alias, execute=True):
                assert tracker.sweep(as_of=NOON + 30 * DAY) == 1
                assert told == []
            assert told == ["ada"]
            assert tracker.rebuild() == tracker.finish() + 1
            assert tracker.check(repair=True).is_sound
            report = tracker.report(as_of=NOON + 300 * DAY)
            assert report.recidivism(within=30 * DAY).rows[0].denominator == 1
            with self.captureOnCommitCallbacks(using=alias, execute=True):
                forgotten = tracker.forget("ada")
            assert (forgotten.events, tracker.contact("ada").events) == (2, 0)
            assert forgotten.is_complete == (alias != "sqlite")
            with pytest.raises(transaction.TransactionManagementError):
                tracker.deliver()

    run(Case)
    assert event_ids(engine, tenant) == []


def test_a_funnel_that_was_rolled_back(alias: str, engine: Engine, tenant: str) -> None:
    """What a test stored and rolled back is not taken for stored afterwards."""
    from django.test import TestCase

    class Case(TestCase):
        databases = {alias}  # noqa: RUF012

        def test_it(self) -> None:
            with self.captureOnCommitCallbacks(using=alias, execute=True):
                motfunnel.track("ada", "saw")
            motfunnel.tracker().keep_funnel()

    run(Case)
    motfunnel.track("ada", "saw")
    assert funnels(engine, tenant) == 1


def test_a_transaction_test_case(alias: str, engine: Engine, tenant: str) -> None:
    """Its flush leaves a tracker that goes on, and stores the funnel again."""
    from django.test import TransactionTestCase

    class Case(TransactionTestCase):
        databases = {alias}  # noqa: RUF012

        def look(self) -> None:
            order(alias, tenant, 1)
            assert not motfunnel.track("ada", "saw").duplicate
            assert orders(alias, tenant) == [1]
            assert funnels(engine, tenant) == 1
            empty(engine, tenant)

        test_one = look
        test_two = look

    run(Case)
    motfunnel.track("ada", "saw")
    assert funnels(engine, tenant) == 1


def funnels(engine: Engine, tenant: str) -> int:
    with engine.connect() as connection:
        table = tables().funnels
        return len(connection.execute(table.select().where(table.c.tenant == tenant)).all())


def empty(engine: Engine, tenant: str) -> None:
    """Take the funnel away, as a flush does."""
    with engine.begin() as connection:
        table = tables().funnels
        connection.execute(table.delete().where(table.c.tenant == tenant))
