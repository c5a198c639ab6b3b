"""Who is erased while all is done at once, and by processes that are killed, is gone for good."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select

from motfunnel import Tracker
from motfunnel.intake import import_file, retry_rejects
from motfunnel.store.schema.tables import tables
from tests.faults.erasure_fleet import (
    AFTERWARDS,
    COLUMNS,
    DAY_FIRST,
    EVERYTHING,
    PATIENCE,
    Fleet,
    World,
)
from tests.faults.erasure_search import search_files, search_tables
from tests.faults.figures import Figures
from tests.faults.soak import size
from tests.tracking.fleet import Place
from tests.tracking.scene import FUNNEL, day, stored_events

PROCESSES = 5
KILLS = size(4, 150)


@pytest.mark.slow
def test_nobody_comes_back(engine: Engine, url: str, tmp_path: Path, figures: Figures) -> None:
    """Five processes record, merge, part, import, retry, deliver and erase the same people.

    They are killed at any moment. Then nothing names who was erased, nobody else lost an event or
    has one twice, and what is stored is what its events give.
    """
    world = make_world(url, tmp_path)
    chance = random.Random(world.place.tenant)
    with world.tracker() as tracker:
        tracker.create_tables()
        wanted = [*world.write_files("first"), *world.spool(tracker, "first")]
        first = run(world, engine, EVERYTHING, "first", chance)
        # From here on nothing is done that would name her anew, as only a host can.
        wanted += [*world.write_files("second"), *world.spool(tracker, "second")]
        bring_all(world, tracker)
        second = run(world, engine, AFTERWARDS, "second", chance)
        bring_all(world, tracker)
        assert world.noted("errors") == []
        assert search_tables(engine, world.hers) == []
        tracker.forget("nobody")  # has SQLite's file written anew, which was in use meanwhile
        assert search_files(tmp_path / "test.db", world.hers) == []
        assert tracker.check().is_sound
        check_counted_once(world, engine, wanted)
        check_replayed(world, engine, tracker)
    figures.add("kills of processes that erase, merge and import the same people", first + second)
    for act, number in Counter(act for [act] in world.noted("done")).items():
        figures.add(f"done by processes that were killed: {act}", number)


def make_world(url: str, tmp_path: Path) -> World:
    """People whose keys are like nothing else, and folders in which nothing else lies."""
    home, notes = tmp_path / "home", tmp_path.with_name(f"{tmp_path.name} elsewhere")
    home.mkdir()
    notes.mkdir()
    run = uuid4().hex[:10]
    keys = [f"{who}-{run}@example.com" for who in ("ada", "eve")]
    doomed = tuple((key, f"old-{key}") for key in keys)
    others = (f"bob {run}", f"cyd {run}", f"dan {run}")
    return World(Place(url, f"tenant {run}"), home, notes, doomed, others)


def run(
    world: World, engine: Engine, acts: tuple[Any, ...], name: str, chance: random.Random
) -> int:
    """Let the processes work until so many were killed and all to be erased were; how many."""
    fleet = Fleet(world, engine, acts, name, chance)
    erased = len(world.noted("forgotten"))
    fleet.start(PROCESSES)
    fleet.kill_some(KILLS, every=0.3)
    until = time.monotonic() + PATIENCE
    while {key for [key] in world.noted("forgotten")[erased:]} < {*world.hers}:
        assert time.monotonic() < until, world.noted("store errors")[-3:]
        time.sleep(0.05)
    fleet.end()
    return fleet.kills


def bring_all(world: World, tracker: Tracker) -> None:
    """Import, retry and deliver all that there is."""
    for file in sorted(world.notes.glob("*.csv")):
        import_file(tracker, file, **COLUMNS)
    retry_rejects(tracker, at_format=DAY_FIRST)
    while tracker.deliver().left:
        time.sleep(0.1)


def check_counted_once(world: World, engine: Engine, wanted: list[str]) -> None:
    """Whatever was acknowledged of others is there once, and of each process one event more."""
    tracked = [mark for [mark] in world.noted("tracked")]
    stored = Counter(
        event.properties["n"]
        for key, events in stored_events(engine, world.place.tenant).items()
        if key in world.others
        for event in events
    )
    assert [mark for mark, number in stored.items() if number > 1] == []
    assert {*wanted, *tracked} - stored.keys() == set()
    ends = {mark.rpartition("-")[0] for mark in stored.keys() - {*wanted, *tracked}}
    assert len(ends) == len(stored.keys() - {*wanted, *tracked})


def check_replayed(world: World, engine: Engine, tracker: Tracker) -> None:
    """In a fresh file the same events of the same people make the same moments."""
    events = stored_events(engine, world.place.tenant)
    t = tables()
    mine = t.aliases.c.tenant == world.place.tenant
    with engine.connect() as connection:
        in_force = select(t.aliases.c.alias, t.aliases.c.contact).where(
            mine, t.aliases.c.unmerged_at.is_(None)
        )
        merged = [tuple(row) for row in connection.execute(in_force)]
    with Tracker(f"sqlite:///{world.notes}/fresh.db", FUNNEL, spool=False) as fresh:
        fresh.create_tables()
        fresh.track_many(
            {
                "contact": one.contact,
                "event": one.name,
                "id": one.id,
                "occurred_at": one.occurred_at,
                "properties": one.properties,
            }
            for key in world.others
            for one in events.get(key, ())
        )
        for alias, contact in merged:
            fresh.merge(alias, into=contact)
        told = [m for m in tracker.moments(as_of=day(400)) if m.contact in world.others]
        assert told == list(fresh.moments(as_of=day(400)))
