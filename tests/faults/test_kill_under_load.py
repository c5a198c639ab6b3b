"""kill -9 at random moments, while many write the same contacts."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine

from motfunnel.tracking.upkeep.check import check_contacts
from tests.faults.figures import Figures
from tests.faults.fleet_of_writers import Fleet
from tests.faults.soak import size
from tests.tracking.fleet import Place
from tests.tracking.scene import stored_events

pytestmark = pytest.mark.slow

WRITERS = 4


def check_all_kept(engine: Engine, place: Place, fleet: Fleet) -> int:
    """Hold what is stored to what was acknowledged and to a replay; give how many events."""
    acknowledged = [(one.contact, one.id) for one in fleet.acknowledged()]
    stored = [
        (event.contact, event.id)
        for events in stored_events(engine, place.tenant).values()
        for event in events
    ]
    assert len(stored) == len(set(stored))
    assert len(acknowledged) == len(set(acknowledged))
    assert set(acknowledged) <= set(stored)
    # One that was killed between its commit and its line leaves one event more.
    assert len(stored) - len(acknowledged) <= fleet.started
    with place.tracker() as tracker:
        assert check_contacts(tracker).is_sound
    return len(acknowledged)


def test_writers_killed_at_random(
    shared_engine: Engine, place: Place, tmp_path: Path, figures: Figures
) -> None:
    """Whenever writers are killed, what one of them was told is stored is stored, once."""
    kills, chance = size(20, 200), random.Random(7)
    fleet = Fleet(place, tmp_path)
    fleet.start(WRITERS)
    for _ in range(kills):
        victim = chance.randrange(WRITERS)
        until = time.monotonic() + 0.3  # on SQLite a newcomer may wait longer for the file
        while not fleet.wrote(victim) and time.monotonic() < until:
            time.sleep(0.002)
        time.sleep(chance.random() * 0.05)
        fleet.kill(victim)
        fleet.start()
    fleet.stop()
    figures.add("kills under load", kills)
    figures.add(
        "events acknowledged to writers that were killed",
        check_all_kept(shared_engine, place, fleet),
    )
