"""Who waits for SQLite's one write lock gets it in turn, and never waits for the dead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from motfunnel import Tracker
from motfunnel.store.engine.turns import Turn
from tests.tracking.scene import FUNNEL

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such locks")

WAITER = """
import sys, time
from motfunnel.store.engine.turns import Turn
turn = Turn(sys.argv[1])
turn.wait()
print("waits", flush=True)
time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A database's file."""
    file = tmp_path / "crm.db"
    file.touch()
    return str(file)


def a_waiter(path: str) -> subprocess.Popen[str]:
    """Another process that waits for its turn."""
    command = [sys.executable, "-c", WAITER, path]
    waiter = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert waiter.stdout is not None
    assert waiter.stdout.readline() == "waits\n"
    return waiter


def end(waiter: subprocess.Popen[str]) -> None:
    waiter.kill()
    waiter.communicate()


def test_turns_come_in_the_order_of_waiting(path: str) -> None:
    """Those of one process as those of several; who has not waited yet is last."""
    turns = []
    for _ in range(5):
        turn = Turn(path)
        turn.wait()
        turns.append(turn)
    time.sleep(0.02)  # for so long nobody looks again for a file that was not there
    for n, turn in enumerate(turns):
        newcomer = Turn(path)
        assert not newcomer.has_come()
        newcomer.leave()
        assert [one.has_come() for one in turns[n:]] == [True] + [False] * (4 - n)
        turn.leave()
    assert Turn(path).has_come()


def test_a_waiter_of_another_process(path: str) -> None:
    """It goes first; killed at that, it is in nobody's way."""
    waiter = a_waiter(path)
    try:
        mine = Turn(path)
        mine.wait()
        assert not mine.has_come()
        os.kill(waiter.pid, signal.SIGKILL)
        waiter.wait()
        assert mine.has_come()
        mine.leave()
    finally:
        end(waiter)


def test_a_frozen_waiter_keeps_nobody_for_long(path: str) -> None:
    """Its place is worth nothing after two seconds."""
    waiter = a_waiter(path)
    os.kill(waiter.pid, signal.SIGSTOP)
    try:
        mine, until = Turn(path), time.monotonic() + 10
        mine.wait()
        while not mine.has_come():
            assert time.monotonic() < until
            time.sleep(0.05)
        mine.leave()
    finally:
        end(waiter)


def test_a_fork_while_one_waits(path: str) -> None:
    """The child holds no place of its parent's, however long it lives."""
    turn = Turn(path)
    turn.wait()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        os.read(reading, 1)  # until the parent lets go
        os._exit(0)
    os.close(reading)
    try:
        turn.leave()
        assert Turn(path).has_come()
    finally:
        os.close(writing)
        os.waitpid(child, 0)


def test_nobody_waiting_leaves_nothing_behind(tmp_path: Path) -> None:
    """The file of the queue is made when the first has to wait."""
    with Tracker(f"sqlite:///{tmp_path}/crm.db", funnel=FUNNEL) as tracker:
        tracker.track("ada", "saw")
    assert not list(tmp_path.glob("*-turns"))


def test_where_no_file_can_be_made(path: str) -> None:
    """Everybody asks as if alone; so it is in memory, and where something else is in the way."""
    os.mkdir(f"{path}-turns")
    for one in (path, "", "/nowhere/crm.db"):
        turn = Turn(one)
        turn.wait()
        assert turn.has_come()
        turn.leave()


def test_a_planted_link_is_not_followed(path: str, tmp_path: Path) -> None:
    """Nothing is made where it points to."""
    (tmp_path / "crm.db-turns").symlink_to(tmp_path / "elsewhere")
    turn = Turn(path)
    turn.wait()
    assert turn.has_come()
    assert not (tmp_path / "elsewhere").exists()


def test_threads_that_wait_write_in_their_order(tmp_path: Path) -> None:
    """While another holds the lock, calls queue; then they are recorded as they came."""
    url = f"sqlite:///{tmp_path}/crm.db"
    engine = create_engine(url)
    with Tracker(url, funnel=FUNNEL, budget=timedelta(seconds=30), spool=False) as tracker:
        tracker.create_tables()
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE came (n INTEGER PRIMARY KEY, who TEXT)")
            connection.exec_driver_sql(
                "CREATE TRIGGER note AFTER INSERT ON motfunnel_contacts"
                " BEGIN INSERT INTO came (who) VALUES (new.contact); END"
            )
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            threads = []
            for n in range(6):
                threads.append(threading.Thread(target=tracker.track, args=(f"{n}", "saw")))
                threads[-1].start()
                time.sleep(0.1)
            connection.rollback()
        for thread in threads:
            thread.join()
        with engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT who FROM came ORDER BY n").scalars().all()
    assert found == [f"{n}" for n in range(6)]
    engine.dispose()
