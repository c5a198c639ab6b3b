"""Processes that record, merge, part, import, retry, deliver and erase the same people.

Each does one thing after another, drawn at random, until it is killed or told to stop. What it was
told is done it puts down in a file, by one call of the system, so that a kill tears no line.
"""

from __future__ import annotations

import csv
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from traceback import extract_tb
from typing import Any

from attrs import define, field, frozen
from sqlalchemy import Engine, text

from motfunnel import Tracker
from motfunnel.errors import MergeError, StoreError
from motfunnel.intake import import_file, retry_rejects
from motfunnel.tracking.recording.call import Call
from motfunnel.tracking.recording.entry import set_aside
from tests.tracking.fleet import Place, context
from tests.tracking.scene import FUNNEL, day

SECRET = "a secret of the host's own"
PATIENCE = 60
COLUMNS: Any = {"contact": "who", "event": "what", "at": "when"}
DAY_FIRST = "%d|%m|%Y %H:%M:%S"
_EVENTS = ("saw", "bought", "left", "complained")
_SESSIONS = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()",
    "mysql": "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE()",
}


@frozen
class World:
    """Where the processes work, and on whom.

    Attributes:
        place: the database and the tenant.
        home: the folder with the spool.
        notes: the folder with what the processes put down, and the files that they import.
        doomed: who is erased: each with an older key of hers.
        others: who are not.
    """

    place: Place
    home: Path
    notes: Path
    doomed: tuple[tuple[str, str], ...]
    others: tuple[str, ...]

    @property
    def hers(self) -> list[str]:
        """All keys of those who are erased."""
        return [key for pair in self.doomed for key in pair]

    def tracker(self) -> Tracker:
        """A tracker of this process's own."""
        return Tracker(
            self.place.url,
            FUNNEL,
            tenant=self.place.tenant,
            budget=None,
            spool=self.home / "spool",
            tombstone_key=SECRET,
        )

    def note(self, what: str, *parts: str) -> None:
        """Put down that something is done."""
        file = os.open(self.notes / what, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(file, ("\t".join(parts) + "\n").encode())
        os.close(file)

    def noted(self, what: str) -> list[list[str]]:
        """What was put down."""
        file = self.notes / what
        return (
            [line.split("\t") for line in file.read_text("utf-8").splitlines()]
            if file.exists()
            else []
        )

    def write_files(self, part: str) -> Iterator[str]:
        """Write what is to be imported, of everybody: what can be taken, and what cannot yet.

        Returns:
            What the events of the others are known by.
        """
        for name, form in (("good", "%Y-%m-%dT%H:%M:%SZ"), ("bad", DAY_FIRST)):
            with (self.notes / f"{part} {name}.csv").open("w", newline="") as file:
                rows = csv.writer(file)
                rows.writerow(["who", "what", "when", "n", "friend", "reason"])
                for n, who in enumerate([*self.others, *self.hers] * 2):
                    mark = f"{part}-{name}-{n}"
                    event = "referred" if n % 3 == 0 else _EVENTS[n % len(_EVENTS)]
                    named = self.hers[n % len(self.hers)] if name == "good" else ""
                    rows.writerow([who, event, day(n).strftime(form), mark, named, named])
                    if who in self.others:
                        yield mark

    def spool(self, tracker: Tracker, part: str) -> Iterator[str]:
        """Have calls of everybody wait; gives what those of the others are known by."""
        assert tracker.spool is not None
        for n, who in enumerate([*self.others, *self.hers]):
            mark = f"{part}-spool-{n}"
            call = Call(
                verb="track",
                contact=who,
                event="referred",
                id=mark,
                occurred_at=day(5 + n),
                properties={"n": mark, "friend": self.hers[n % len(self.hers)]},
            )
            error = StoreError("down")
            tracker.spool.append(set_aside(call, error, datetime.now(UTC), is_refused=False))
            if who in self.others:
                yield mark


Act = Callable[[World, Tracker, random.Random, str], None]


def _track(world: World, tracker: Tracker, chance: random.Random, mark: str) -> None:
    who = chance.choice([*world.others, *world.hers])
    friend = chance.choice(world.hers)
    event = chance.choice([*_EVENTS, "referred"])
    at = day(chance.randrange(40))
    tracker.track(who, event, id=mark, occurred_at=at, properties={"n": mark, "friend": friend})
    if who in world.others:
        world.note("tracked", mark)


def _track_another(world: World, tracker: Tracker, chance: random.Random, mark: str) -> None:
    who, at = chance.choice(world.others), day(chance.randrange(40))
    tracker.track(who, "bought", id=mark, occurred_at=at, properties={"n": mark})
    world.note("tracked", mark)


def _merge(world: World, tracker: Tracker, chance: random.Random, mark: str) -> None:
    into, old = chance.choice(world.doomed)
    with suppress(MergeError):  # it has been merged already
        tracker.merge(old, into=into)
    _merge_others(world, tracker, chance, mark)


def _merge_others(world: World, tracker: Tracker, chance: random.Random, _: str) -> None:
    into, old = chance.choice([*zip(world.others, world.others[1:], strict=False)])
    with suppress(MergeError):
        tracker.merge(old, into=into)


def _unmerge(world: World, tracker: Tracker, chance: random.Random, _: str) -> None:
    tracker.unmerge(chance.choice([*world.others, *world.hers]))


def _retry(_: World, tracker: Tracker, chance: random.Random, __: str) -> None:
    retry_rejects(tracker, at_format=DAY_FIRST if chance.random() < 0.8 else None)


def _deliver(_: World, tracker: Tracker, __: random.Random, ___: str) -> None:
    tracker.deliver()


def _import(world: World, tracker: Tracker, chance: random.Random, _: str) -> None:
    import_file(tracker, chance.choice(sorted(world.notes.glob("*.csv"))), **COLUMNS)


def _forget(world: World, tracker: Tracker, chance: random.Random, _: str) -> None:
    key = chance.choice(world.hers)
    tracker.forget(key, keep_counts=chance.random() < 0.3)
    world.note("forgotten", key)


EVERYTHING: tuple[Act, ...] = (
    *(_track, _track, _track_another, _merge, _merge, _unmerge, _retry, _deliver, _import, _forget),
)
AFTERWARDS: tuple[Act, ...] = (
    *(_forget, _forget, _track_another, _merge_others, _unmerge, _retry, _deliver, _import),
)
"""What names nobody of those who are erased anew: it brings nobody back."""


@define
class Fleet:
    """Some processes that do these things, and are killed."""

    world: World
    engine: Engine
    acts: tuple[Act, ...]
    name: str
    chance: random.Random
    sessions: int = field(init=False, default=0)
    processes: list[Any] = field(factory=list)
    started: int = 0
    kills: int = 0

    def __attrs_post_init__(self) -> None:
        self.sessions = count_sessions(self.engine)

    def start(self, number: int = 1) -> None:
        """Start processes, beside those that there are."""
        for _ in range(number):
            name = f"{self.name}{self.started}"
            process = context.Process(target=_work, args=(self.world, self.acts, name), daemon=True)
            process.start()
            self.started += 1
            self.processes.append(process)

    def kill_some(self, kills: int, every: float) -> None:
        """Kill so many, each at some moment and in the middle of whatever it does."""
        for _ in range(kills):
            time.sleep(self.chance.uniform(0.2, 2) * every)
            self._end(self.chance.randrange(len(self.processes)))
            self.kills += 1
            self.start()

    def end(self) -> None:
        """Kill all of them, and wait until the server has noticed."""
        while self.processes:
            self._end(0)
            self.kills += 1
        until = time.monotonic() + PATIENCE
        while count_sessions(self.engine) > self.sessions:
            assert time.monotonic() < until, "a session does not end"
            time.sleep(0.01)

    def _end(self, number: int) -> None:
        process = self.processes.pop(number)
        process.kill()
        process.join(PATIENCE)


def _work(world: World, acts: tuple[Act, ...], name: str) -> None:
    chance = random.Random(f"{name} {world.place.tenant}")
    with world.tracker() as tracker:
        for n in count():
            act = chance.choice(acts)
            try:
                act(world, tracker, chance, f"{name}-{n}")
            except StoreError as error:
                world.note("store errors", act.__name__, repr(error), repr(error.__cause__))
            except Exception as error:
                where = extract_tb(error.__traceback__)[-1]
                world.note("errors", act.__name__, repr(error), f"{where.name}: {where.line}")
            else:
                world.note("done", act.__name__.strip("_"))


def count_sessions(engine: Engine) -> int:
    """How many sessions a server has in a database; on SQLite there is none."""
    asked = _SESSIONS.get(engine.dialect.name)
    if asked is None:
        return 0
    with engine.connect() as connection:
        return int(connection.scalar(text(asked)) or 0)
