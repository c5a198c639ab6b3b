"""Django's signals tell of moments after the commit, and a receiver that fails harms nobody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import motfunnel
from motfunnel import MomentKind, Tracker
from tests.tracking.scene import DAY, NOON

STORY: tuple[tuple[str, dict[str, Any]], ...] = (
    ("saw", {}),
    ("referred", {"friend": "bob"}),
    ("bought", {}),
    ("complained", {"ticket": "1"}),
    ("praised", {}),
    ("left", {"reason": "price"}),
    ("bought", {}),
)


@pytest.fixture
def received(project: None) -> Iterator[list[dict[str, Any]]]:
    """What the receivers of all signals were given."""
    from motfunnel.integrations.django.signals import SIGNALS

    received: list[dict[str, Any]] = []

    def receive(**given: Any) -> None:
        received.append(given)

    for signal in SIGNALS.values():
        signal.connect(receive)
    yield received
    for signal in SIGNALS.values():
        signal.disconnect(receive)


def test_every_kind_has_a_signal(alias: str, received: list[dict[str, Any]]) -> None:
    """A signal is sent for each moment, with it, the tracker's class and the database's alias."""
    from motfunnel.integrations.django import signals, tracker

    expected: list[Any] = []
    for number, (event, properties) in enumerate(STORY):
        at = NOON + number * DAY
        tracked = motfunnel.track("ada", event, properties=properties, occurred_at=at)
        expected += tracked.moments
    assert [one["moment"] for one in received] == expected
    assert {one["moment"].kind for one in received} == set(MomentKind)
    for one in received:
        kind = one["moment"].kind.value
        assert one["signal"] is getattr(signals, kind)
        assert (one["sender"], one["using"]) == (tracker.Tracker, alias)


def test_a_failing_receiver(
    alias: str, tracker: Tracker, received: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged by us alone; the event is there, and all other receivers and handlers are told.

    Django would log the error's own words, in which a contact may stand.
    """
    from django.db import transaction

    from motfunnel.integrations.django.signals import opening

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("the mail server is away")

    told: list[str] = []
    tracker.on("opening", fail)
    tracker.on("opening", lambda moment: told.append(moment.contact))
    opening.connect(fail)
    try:
        motfunnel.track("ada", "saw")
        with transaction.atomic(using=alias):
            motfunnel.track("bob", "saw")
    finally:
        opening.disconnect(fail)
    assert told == [one["moment"].contact for one in received] == ["ada", "bob"]
    assert tracker.contact("ada").events == tracker.contact("bob").events == 1
    assert {record.name for record in caplog.records} == {"motfunnel"}
    place = f"{__file__}:{fail.__code__.co_firstlineno + 1}"
    assert [f"raised_at={place!r}" in one.getMessage() for one in caplog.records] == [True] * 4
    assert "the mail server is away" not in caplog.text


def test_a_receiver_may_track(alias: str, received: list[dict[str, Any]]) -> None:
    """After the commit a receiver may write again."""
    from motfunnel.integrations.django.signals import opening

    def praise(moment: Any, **_: Any) -> None:
        if moment.contact != "bob":
            motfunnel.track("bob", "referred", properties={"friend": moment.contact})

    opening.connect(praise)
    try:
        motfunnel.track("ada", "saw")
    finally:
        opening.disconnect(praise)
    found = [(one["moment"].contact, one["moment"].kind.value) for one in received]
    assert sorted(found) == [("ada", "opening"), ("bob", "opening"), ("bob", "referral")]


def test_a_sweep_from_the_command_line(alias: str, received: list[dict[str, Any]]) -> None:
    """``manage.py motfunnel sweep`` runs with the project's receivers."""
    from io import StringIO

    from django.core.management import call_command

    motfunnel.track("ada", "saw", occurred_at=NOON)
    received.clear()
    printed = StringIO()
    call_command("motfunnel", "sweep", stdout=printed)
    assert [one["moment"].kind for one in received] == [MomentKind.DEPART]
    assert printed.getvalue() == "1 contact departed by silence\n"
