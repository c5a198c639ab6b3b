"""Moments reach a receiver while writers, sweeps and relays are killed at any moment."""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select

from motfunnel.store.ledger.rows import read_moment
from motfunnel.store.schema.tables import tables
from tests.faults.figures import Figures
from tests.faults.fleet_of_writers import Fleet
from tests.faults.soak import size
from tests.outbox.replica import content
from tests.tracking.fleet import Place, context

WRITERS, RELAYS = 3, 2
KILLS = size(6, 100)
LEASE = timedelta(seconds=1)


@pytest.mark.slow
def test_nothing_is_lost_or_out_of_order(
    engine: Engine, url: str, tmp_path: Path, figures: Figures
) -> None:
    """Each contact's messages come in order, each at least once, and give what is stored."""
    place = Place(url, uuid4().hex)
    with place.tracker() as tracker:
        tracker.subscribe("crm")
        (tmp_path / "writers").mkdir()
        writers, relays = Fleet(place, tmp_path / "writers"), [_start(place, tmp_path, 0)]
        writers.start(WRITERS)
        chance = random.Random(place.tenant)
        for number in range(1, KILLS + 1):
            while len(relays) < RELAYS:
                relays.append(_start(place, tmp_path, number * RELAYS + len(relays)))
            time.sleep(chance.uniform(0.2, 0.6))
            tracker.sweep()
            victim = relays.pop(chance.randrange(len(relays)))
            victim.kill()
            victim.join()
            if number % 3 == 0:
                writers.kill(chance.randrange(WRITERS))
                writers.start()
        writers.stop()
        tracker.sweep()
        relays.append(_start(place, tmp_path, "last"))
        deadline = time.monotonic() + 120
        while tracker.subscription("crm").waiting().waiting:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        (tmp_path / "stop").touch()
        for relay in relays:
            relay.join(60)
            assert relay.exitcode == 0
    standing, done, delivered = _replayed(tmp_path)
    m = tables().moments
    with engine.connect() as connection:
        rows = connection.execute(select(m).where(m.c.tenant == place.tenant)).mappings().all()
    stored = Counter((row["contact"], *content(read_moment(dict(row)))) for row in rows)
    assert +standing == stored
    assert stored
    figures.add("kills of relays", KILLS)
    figures.add("messages delivered, each at least once and in order", done)
    figures.add("deliveries of these", delivered)


def _replayed(directory: Path) -> tuple[Counter[Any], int, int]:
    """What stands by what was delivered; how many messages that was, and how many deliveries."""
    standing: Counter[Any] = Counter()
    last: dict[str, datetime] = {}
    done: set[str] = set()
    delivered = 0
    for said in _delivered(directory):
        delivered += 1
        if said["id"] in done:
            continue
        done.add(said["id"])
        at, contact = datetime.fromisoformat(said["time"]), said["data"]["contact"]
        assert last.get(contact, at) <= at, f"{said} came behind what came after it"
        last[contact] = at
        standing[_content(said["data"])] += 1 if said["type"] == "moment.established" else -1
        assert standing[_content(said["data"])] >= 0, f"{said} came before what it revokes"
    return standing, len(done), delivered


def _content(said: dict[str, Any]) -> tuple[Any, ...]:
    hidden = {"episode", "stage", "presence", "contact"}
    return (said["contact"], *(value for name, value in said.items() if name not in hidden))


def _start(place: Place, directory: Path, name: object) -> Any:
    process = context.Process(target=_relay, args=(place, directory, f"r{name}"), daemon=True)
    process.start()
    return process


def _relay(place: Place, directory: Path, name: str) -> None:
    """Write each message down, until all is to stop; a line is written by one call."""
    log = os.open(directory / f"{name}.told", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with place.tracker() as tracker:
        subscription = tracker.subscription("crm")
        while not (directory / "stop").exists():
            for batch in subscription.batches(7, lease=LEASE):
                with batch:
                    for message in batch:
                        line = json.dumps([time.time(), message.to_dict()])
                        os.write(log, f"{line}\n".encode())
                        time.sleep(0.002)  # so that a kill finds a batch half delivered
            time.sleep(0.02)


def _delivered(directory: Path) -> Iterator[dict[str, Any]]:
    """All deliveries, in their order."""
    lines = [
        json.loads(line)
        for file in directory.glob("*.told")
        for line in file.read_text().splitlines()
    ]
    for _, said in sorted(lines, key=lambda line: line[0]):
        yield said
