"""A server that stops, or is killed, and comes back, while eight processes write to it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from tests.faults.figures import Figures
from tests.faults.fleet_of_writers import Fleet
from tests.faults.servers import Way, private_server, wait_until_it_answers
from tests.faults.soak import size
from tests.faults.test_kill_under_load import check_all_kept
from tests.tracking.fleet import Place

WRITERS = 8
RECOVERY = 5
"""Seconds after the server's return within which everybody writes again."""

WAYS: tuple[Way, ...] = ("normal", "kill", "immediate", "normal", "kill")


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_restarts_under_load(backend: str, tmp_path: Path, figures: Figures) -> None:
    """A stopped or killed server loses nothing acknowledged, and soon after all write again."""
    with private_server(backend) as server:
        place = Place(server.url, "default")
        with place.tracker() as tracker:
            tracker.create_tables()
        fleet = Fleet(place, tmp_path)
        fleet.start(WRITERS)
        wait_for_all(fleet, time.time())
        for way in WAYS[: size(2, 5)]:
            time.sleep(size(0.3, 2))
            server.stop(way)
            time.sleep(size(0.3, 2))
            server.start()
            back = wait_until_it_answers(server.url)
            slowest = wait_for_all(fleet, back)
            assert slowest < RECOVERY
            figures.add("restarts", 1)
            figures.add("slowest writer back after a restart", slowest, way="max", unit="s")
        fleet.stop()
        engine = create_engine(server.url)
        kept = check_all_kept(engine, place, fleet)
        engine.dispose()
        figures.add("events acknowledged around restarts", kept)


def wait_for_all(fleet: Fleet, since: float) -> float:
    """Wait for an acknowledgement to every writer since an instant; give how long it took."""
    slowest = 0.0
    until = time.monotonic() + 60
    for name, _ in fleet.writers:
        while not (after := [a.at for a in fleet.acknowledged(name) if a.at > since]):
            assert time.monotonic() < until, f"{name} does not come to write"
            time.sleep(0.05)
        slowest = max(slowest, after[0] - since)
    return slowest
