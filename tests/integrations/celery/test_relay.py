"""The relay as a task: what waits is posted, with a secret that the broker never holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import motfunnel
from motfunnel import Tracker
from motfunnel.errors import QuestionError, SettingError, StoreError
from motfunnel.integrations.celery import relay
from motfunnel.trackers import configured as configuration
from motfunnel.tracking.outbox.relay import GoneError
from tests.outbox.test_webhook import ANOTHER, SECRET, Receiver, receiver
from tests.tracking.scene import FUNNEL, day

__all__ = ["receiver"]  # a fixture


@pytest.fixture
def tracker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tracker]:
    """The tracker that was configured, with two messages waiting."""
    monkeypatch.setattr(configuration, "_configured", [])
    monkeypatch.setenv("MOTFUNNEL_WEBHOOK_SECRET", SECRET)
    with motfunnel.configure(f"sqlite:///{tmp_path}/store.db", funnel=FUNNEL) as tracker:
        tracker.subscribe("crm")
        tracker.track("ada", "bought", occurred_at=day(0))
        yield tracker


def run(receiver: Receiver, **more: str) -> int:
    done = relay.apply(args=("crm", receiver.url), kwargs={"allow_private": True, **more})
    delivered: int = done.get()
    return delivered


def test_what_waits_is_posted(tracker: Tracker, receiver: Receiver) -> None:
    """Once, and nothing is left; a second task finds nothing."""
    assert run(receiver) == 2
    assert run(receiver) == 0
    moments = [json.loads(body)["data"]["moment"] for _, _, body in receiver.got]
    assert moments == ["opening", "conversion"]


def test_what_is_not_taken_waits(tracker: Tracker, receiver: Receiver) -> None:
    """The task has done its work; a later one tries again."""
    receiver.status = 500
    assert run(receiver) == 0
    assert tracker.subscription("crm").waiting().waiting == 2


def test_one_that_is_gone_is_ended(tracker: Tracker, receiver: Receiver) -> None:
    """And the task fails, so that somebody hears of it."""
    receiver.status = 410
    with pytest.raises(GoneError, match="410"):
        run(receiver)
    assert tracker.subscriptions() == []
    with pytest.raises(QuestionError, match="no subscription 'crm'"):
        run(receiver)


def test_secrets_of_several_receivers(
    tracker: Tracker, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each stands in the environment; where there is none, the task says so."""
    monkeypatch.setenv("OF_THE_SHOP", f"{SECRET} {ANOTHER}")
    assert run(receiver, secret_in="OF_THE_SHOP") == 2
    assert len(receiver.got[0][1]["webhook-signature"].split()) == 2
    with pytest.raises(SettingError, match="OF_NOBODY"):
        run(receiver, secret_in="OF_NOBODY")


def test_while_the_database_is_away(
    tracker: Tracker, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again, as a sweep is."""
    asked: list[str] = []
    subscription = Tracker.subscription

    def away(self: Tracker, name: str) -> object:
        asked.append(name)
        if len(asked) < 3:
            raise StoreError("away")
        return subscription(self, name)

    monkeypatch.setattr(Tracker, "subscription", away)
    assert run(receiver) == 2
    assert len(asked) == 3
