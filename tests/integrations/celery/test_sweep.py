"""The sweep as a task: by real workers, at once, and while the database is away."""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from sqlalchemy import Engine

import motfunnel
from motfunnel import Tracker
from motfunnel.errors import StoreError
from motfunnel.integrations.celery import sweep
from motfunnel.trackers import configured as configuration
from motfunnel.tracking.upkeep.check import check_contacts
from tests.tracking.scene import FUNNEL, NOON, Clock

ROOT = Path(__file__).parents[3]
CONTACTS = 1_000
WORKERS = 4
TASKS = 6
PATIENCE = 90
SHOP = """
import os
from pathlib import Path

from celery import Celery

import motfunnel
from tests.tracking.scene import FUNNEL

HERE = Path.cwd()

app = Celery("shop", include=["motfunnel.integrations.celery"])
app.config_from_object("settings")

tracker = motfunnel.configure({url!r}, funnel=FUNNEL, tenant={tenant!r})
tracker.create_tables()  # before the workers are forked: they must not share the connection


@tracker.on("depart")
def remember(moment):
    file = os.open(HERE / "told.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, f"{{moment.contact}}\\n".encode())  # one write a line: there are many of us
    os.close(file)
"""
SETTINGS = """
broker_url = "filesystem://"
broker_transport_options = {
    "data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "control",
}
result_backend = "file://results"
"""


@pytest.fixture
def shop(
    tmp_path: Path, shared_engine: Engine, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Where a shop with workers of Celery lies, as its authors would write it."""
    for folder in ("queue", "control", "results"):
        (tmp_path / folder).mkdir()
    url = shared_engine.url.render_as_string(hide_password=False)
    (tmp_path / "shop.py").write_text(SHOP.format(url=url, tenant=tenant))
    (tmp_path / "settings.py").write_text(SETTINGS)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), str(ROOT)]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.fixture
def sender(shop: Path) -> Iterator[Celery]:
    """What sends tasks to the shop's workers, as beat would."""
    app = Celery("sender")
    app.conf.update(runpy.run_path(str(shop / "settings.py")))
    yield app
    app.close()


@contextmanager
def working(shop: Path) -> Iterator[None]:
    """Some workers, forked from one process."""
    options = [
        "--pool",
        "prefork",
        "--concurrency",
        str(WORKERS),
        "--without-gossip",
        "--without-mingle",
    ]
    command = [sys.executable, "-m", "celery", "-A", "shop", "worker", "-l", "info", *options]
    with (shop / "log.txt").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


LOCKS = {
    "sqlite": ("BEGIN IMMEDIATE", "ROLLBACK"),
    "postgresql": ("LOCK TABLE motfunnel_contacts IN EXCLUSIVE MODE", "ROLLBACK"),
    "mysql": ("LOCK TABLES motfunnel_contacts WRITE", "UNLOCK TABLES"),
}
"""For each database what locks the contacts, and what lets go of them."""


@contextmanager
def holding_up(tracker: Tracker) -> Iterator[None]:
    """A lock that every sweep has to wait for, so that all of them begin at once.

    One of rows would not do: a sweep passes those over.
    """
    take, release = LOCKS[tracker.database.engine.dialect.name]
    with tracker.database.engine.connect() as connection:
        connection.exec_driver_sql(take)
        yield
        connection.exec_driver_sql(release)


def told_of(shop: Path, word: str) -> int:
    """How many lines of the workers' log have a word."""
    return sum(word in line for line in (shop / "log.txt").read_text().splitlines())


def wait_until(condition: Callable[[], bool], shop: Path) -> None:
    """Wait for something; if it does not come, show what the workers said."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, (shop / "log.txt").read_text()
        time.sleep(0.1)


@pytest.mark.slow
def test_tasks_and_a_command_at_once(
    shop: Path, sender: Celery, make_tracker: Callable[..., Tracker]
) -> None:
    """Each departure is counted once and told once, whoever comes upon it; none is left."""
    tracker = make_tracker()
    tracker.track_many(
        {"contact": f"contact {n}", "event": "saw", "id": n, "occurred_at": NOON}
        for n in range(CONTACTS)
    )
    with working(shop):
        wait_until(lambda: told_of(shop, "ready.") > 0, shop)
        with holding_up(tracker):
            answers = [sender.send_task("motfunnel.sweep") for _ in range(TASKS)]
            wait_until(lambda: told_of(shop, "received") >= WORKERS, shop)
            command = [sys.executable, "-m", "motfunnel", "sweep", "--app", "shop:tracker"]
            running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            time.sleep(2)
            assert not any(answer.ready() for answer in answers)
        wait_until(lambda: all(answer.ready() for answer in answers), shop)
        printed, _ = running.communicate()
    by_command = int(printed.split()[0].replace(",", ""))
    counts = [by_command, *(answer.get() for answer in answers)]
    assert sum(counts) == CONTACTS
    told = (shop / "told.txt").read_text().splitlines()
    assert sorted(told) == sorted(f"contact {n}" for n in range(CONTACTS))
    assert tracker.sweep() == 0
    assert check_contacts(tracker).is_sound


class Counting(Clock):
    """A clock that counts how often it is asked, and does something at the third time."""

    def __init__(self, third: Callable[[], object]) -> None:
        super().__init__()
        self.asked, self.third = 0, third

    def __call__(self) -> Any:
        self.asked += 1
        if self.asked == 3:
            self.third()
        return super().__call__()


@pytest.fixture
def unconfigured(monkeypatch: pytest.MonkeyPatch) -> None:
    """No tracker of another test's."""
    monkeypatch.setattr(configuration, "_configured", [])


@pytest.mark.usefixtures("unconfigured")
def test_a_sweep_is_tried_again(tmp_path: Path) -> None:
    """While the database is away; when it is back, the sweep does what it was sent for."""
    place = tmp_path / "away"
    clock = Counting(place.mkdir)
    with motfunnel.configure(f"sqlite:///{place}/store.db", funnel=FUNNEL, clock=clock):
        done = sweep.apply()
        assert (done.get(), clock.asked) == (0, 3)


@pytest.mark.usefixtures("unconfigured")
def test_a_sweep_gives_up(tmp_path: Path) -> None:
    """After five more attempts, each of which asks twice, it fails with the tracker's error."""
    clock = Counting(lambda: None)
    with motfunnel.configure(f"sqlite:///{tmp_path}/away/store.db", funnel=FUNNEL, clock=clock):
        with pytest.raises(StoreError):
            sweep.apply().get()
        assert clock.asked == 2 * 6


def test_without_celery() -> None:
    """It says what to install."""
    script = "import sys; sys.modules['celery'] = None; import motfunnel.integrations.celery"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert "MissingExtraError: the tasks need Celery: pip install celery" in done.stderr
