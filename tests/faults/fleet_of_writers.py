"""Writers that never rest: processes that track, and put down in a file what was acknowledged.

A line is written after ``track`` has returned, by one call of the system, so that a kill tears
none. A writer goes on after an error with the same event, as a client that retries would.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from attrs import define, field, frozen
from sqlalchemy.exc import SQLAlchemyError

from motfunnel.errors import MotfunnelError
from tests.tracking.fleet import Place, context

NAMES = ("saw", "bought", "left", "mailed", "complained", "solved", "referred", "signed_up")
CONTACTS = 20
_PAUSE = 0.02


@frozen
class Acknowledged:
    """An event that a writer was told is stored.

    Attributes:
        contact: whose.
        id: its id.
        at: when the writer was told, by the machine's clock.
    """

    contact: str
    id: str
    at: float


@define
class Fleet:
    """Some writers at one place, each with a file of its own."""

    place: Place
    directory: Path
    writers: list[Any] = field(factory=list)
    started: int = 0

    def start(self, writers: int = 1) -> None:
        """Start writers, beside those that there are."""
        for _ in range(writers):
            name = f"w{self.started}"
            process = context.Process(
                target=_write, args=(self.place, self.directory, name), daemon=True
            )
            process.start()
            self.started += 1
            self.writers.append((name, process))

    def kill(self, number: int) -> None:
        """Kill one in the middle of whatever it does."""
        _, process = self.writers.pop(number)
        process.kill()
        process.join()

    def stop(self) -> None:
        """Have all of them end when they have finished what they do."""
        (self.directory / "stop").touch()
        for _, process in self.writers:
            process.join(60)
            assert process.exitcode == 0, f"a writer ended with {process.exitcode}"

    def wrote(self, number: int) -> bool:
        """Whether one has had an acknowledgement yet."""
        file = self.directory / f"{self.writers[number][0]}.log"
        return file.exists() and file.stat().st_size > 0

    def acknowledged(self, name: str | None = None) -> Iterator[Acknowledged]:
        """Read what was acknowledged, to all or to one."""
        for file in sorted(self.directory.glob(f"{name or '*'}.log")):
            for line in file.read_text().splitlines():
                contact, id, at = line.split(" ")
                yield Acknowledged(contact, id, float(at))


def _write(place: Place, directory: Path, name: str) -> None:
    log = os.open(directory / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    chance, stop = random.Random(name), directory / "stop"
    with place.tracker() as tracker:
        for n in count():
            contact, event, id = (
                f"c{chance.randrange(CONTACTS)}",
                chance.choice(NAMES),
                f"{name}-{n}",
            )
            at = datetime.now(UTC) - timedelta(
                seconds=chance.choice([0, 0, 0, 10**6 * chance.random()])
            )
            while True:
                if stop.exists():
                    return
                try:
                    tracker.track(contact, event, id=id, occurred_at=at)
                except (SQLAlchemyError, MotfunnelError, OSError):
                    time.sleep(_PAUSE)
                else:
                    os.write(log, f"{contact} {id} {time.time()}\n".encode())
                    break
