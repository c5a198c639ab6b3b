"""Subscriptions by command: made, listed, delivered to a command or here, tried again, ended."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from motfunnel import Tracker
from motfunnel.errors import StoreError
from motfunnel.tracking.outbox.relay import relay_at_once
from motfunnel.tracking.outbox.subscription import ATTEMPTS
from tests.cli.conftest import Run
from tests.outbox.test_subscription import make_due
from tests.outbox.test_webhook import SECRET, Receiver, receiver, serving  # noqa: F401


def test_subscribe_and_print(filled: Run) -> None:
    """What is stored comes first, if that is asked for; each message is a line of JSON."""
    made = filled("subscribe", "crm", "--kind", "depart", "--from-beginning")
    assert made.stdout == "crm is subscribed; 1 message waiting\n"
    [listed] = json.loads(filled("subscriptions", "--format", "json").stdout)
    assert (listed["subscription"], listed["waiting"], listed["failed"]) == ("crm", 1, 0)
    assert filled("subscriptions").stdout.startswith("crm: 1 message waiting, the oldest since 20")
    done = filled("relay", "crm", "--stdout")
    [line] = done.stdout.splitlines()
    said = json.loads(line)
    assert (said["type"], said["data"]["contact"]) == ("moment.established", "ada")
    assert said["data"]["reason"] == "price"
    assert done.stderr == "1 message delivered\n"
    assert filled("relay", "crm", "--stdout").stdout == ""
    filled("sweep", "--as-of", "2024-06-01")
    lines = filled("relay", "crm", "--stdout").stdout.splitlines()
    assert [json.loads(line)["data"]["contact"] for line in lines] == ["ada", "bob"]


def test_a_command_is_given_each_message(filled: Run, tmp_path: Path) -> None:
    """On its standard input; one that fails is told of again later, and set aside in the end."""
    filled("subscribe", "crm", "--from-beginning")
    script = tmp_path / "take.py"
    script.write_text(
        "import sys, json\n"
        "said = json.load(sys.stdin)\n"
        "assert said['data']['contact'] != 'bob'\n"
        "open('told.txt', 'a').write(said['data']['moment'] + chr(10))\n"
    )
    take = f"{sys.executable} {script}"
    said = filled("relay", "crm", "--command", take, code=1).stderr
    assert re.fullmatch(r".*, 1 to be tried again; the last: CalledProcessError: .* 1\.\n", said)
    kinds = ["opening", "conversion", "depart", "recidivism"]
    assert Path("told.txt").read_text().split() == kinds
    with Tracker("sqlite:///store.db") as tracker:
        for _ in range(ATTEMPTS - 1):
            make_due(tracker)
            filled("relay", "crm", "--command", take, code=1)
    assert "CalledProcessError" in filled("relay", "crm", "--failed").stdout
    assert filled("relay", "crm", "--again").stdout == "1 message will be tried again\n"
    assert len(filled("relay", "crm", "--stdout").stdout.splitlines()) == 1
    assert filled("relay", "crm", "--drop").stdout == "0 messages dropped\n"


def test_a_webhook(filled: Run, receiver: Receiver) -> None:  # noqa: F811
    """Signed by a secret of the environment; one that is gone ends the subscription."""
    filled("subscribe", "crm", "--kind", "opening", "--from-beginning")
    there = ("--to", receiver.url, "--allow-private", "--secret", SECRET)
    assert filled("relay", "crm", *there).stderr == "2 messages delivered\n"
    assert [json.loads(body)["data"]["contact"] for _, _, body in receiver.got] == ["ada", "bob"]
    filled("subscribe", "gone", "--from-beginning")
    receiver.status = 410
    assert "is ended" in filled("relay", "gone", *there, code=1).stderr
    assert "gone" not in filled("subscriptions").stdout


def relaying(*how: str) -> subprocess.Popen[str]:
    """A relay that watches, as a service."""
    command = [sys.executable, "-m", "motfunnel", "relay", "crm", "--watch", "1s", *how]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_service_that_is_stopped(filled: Run, receiver: Receiver) -> None:  # noqa: F811
    """By the signal of service managers, between two messages: each is delivered once, in order."""
    filled("subscribe", "crm", "--from-beginning")
    receiver.pause = 0.2
    there = ("--to", receiver.url, "--allow-private", "--secret", SECRET)
    service = relaying(*there)
    wait_for(lambda: len(receiver.got) > 1)
    service.terminate()
    service.communicate(timeout=30)
    assert service.returncode == 128 + signal.SIGTERM
    assert 1 < len(receiver.got) < 5
    receiver.pause = 0
    filled("relay", "crm", *there)
    said = [json.loads(body) for _, _, body in receiver.got]
    assert len({one["id"] for one in said}) == len(said) == 5
    of_ada = [one["data"]["moment"] for one in said if one["data"]["contact"] == "ada"]
    assert of_ada == ["opening", "conversion", "depart", "recidivism"]


def test_several_at_once(filled: Run, receiver: Receiver) -> None:  # noqa: F811
    """Are on their way together, and each contact's come in order all the same."""
    with Tracker("sqlite:///store.db") as tracker:
        for n in range(20):
            at = datetime(2024, 4, 1 + n, tzinfo=UTC)
            tracker.track(f"c{n}", "bought", occurred_at=at)
    filled("subscribe", "crm", "--from-beginning")
    receiver.pause = 0.1
    there = ("--to", receiver.url, "--allow-private", "--secret", SECRET)
    done = filled("relay", "crm", "--at-once", "4", *there)
    assert done.stderr == "45 messages delivered\n"
    assert receiver.most_at_once > 1
    said = [json.loads(body) for _, _, body in receiver.got]
    assert len({one["id"] for one in said}) == len(said) == 45
    order = [(one["data"]["contact"], one["data"]["occurred_at"]) for one in said]
    assert sorted(order, key=itemgetter(0)) == sorted(order)


def test_a_service_outlives_its_database(filled: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so, and goes on when it is back; one that does not watch ends."""
    filled("subscribe", "crm", "--from-beginning", "--kind", "opening")
    rounds = [0]

    def away(*asked: Any) -> Any:
        rounds[0] += 1
        if rounds[0] < 3:
            raise StoreError("away") from OSError("the server is away")
        if rounds[0] == 4:
            raise KeyboardInterrupt
        return relay_at_once(*asked)

    monkeypatch.setattr("motfunnel.cli.queues.outbox.relay_at_once", away)
    said = filled("relay", "crm", "--stdout", "--watch", "0s", code=130)
    assert said.stderr.count("the server is away; it is tried again\n") == 2
    assert len(said.stdout.splitlines()) == 2
    rounds[0] = 0
    assert "the server is away" in filled("relay", "crm", "--stdout", code=3).stderr


@pytest.mark.parametrize(
    "how",
    [(), ("--stdout", "--command", "cat"), ("--to", "https://crm.example/in")],
)
def test_where_to_has_to_be_said(filled: Run, how: tuple[str, ...]) -> None:
    filled("subscribe", "crm")
    filled("relay", "crm", *how, code=2)


def test_one_that_is_not_there(filled: Run) -> None:
    assert "there are: none" in filled("relay", "crm", "--stdout", code=3).stderr
    assert filled("unsubscribe", "crm", code=1).stdout == "there is no subscription crm\n"
