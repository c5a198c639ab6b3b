"""Threads, greenlets and forks of a host: no call goes wrong, and none hangs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from motfunnel import Tracker
from motfunnel.tracking.upkeep.check import check_contacts
from tests.tracking.fleet import in_threads
from tests.tracking.host import event_ids
from tests.tracking.scene import FUNNEL, PATIENT, day

ROOT = Path(__file__).parents[2]
SOAK = int(os.environ.get("MOTFUNNEL_SOAK", "1"))
PATIENCE = 150
REQUESTS = 400
FORKS = {"handler": 70, "contact_key": 70, "threads": 70}


@pytest.fixture
def place(shared_engine: Engine, tracker: Tracker) -> tuple[str, str]:
    """The URL and the tenant, for other processes to find."""
    tracker.create_tables()
    return shared_engine.url.render_as_string(hide_password=False), tracker.tenant


def run(module: str, *arguments: object) -> Any:
    """Run a host in a process of its own, and read what it prints; one that hangs fails."""
    command = [sys.executable, "-W", "ignore", "-m", f"tests.tracking.{module}"]
    done = subprocess.run(
        [*command, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        timeout=PATIENCE * SOAK,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("contacts", [pytest.param(1, marks=pytest.mark.slow), 20])
def test_fifty_threads(shared_engine: Engine, place: tuple[str, str], contacts: int) -> None:
    """Fifty threads that share a tracker lose nothing."""
    url, tenant = place
    with Tracker(url, FUNNEL, tenant=tenant, budget=PATIENT) as tracker:

        def track(thread: int) -> list[bool]:
            return [
                tracker.track(
                    f"contact {(thread + n) % contacts}",
                    ("saw", "bought", "left")[n % 3],
                    id=f"{thread} {n}",
                    occurred_at=day(n),
                ).duplicate
                for n in range(4 * SOAK)
            ]

        answers = in_threads(*((track, thread) for thread in range(50)))
        assert not any(map(any, answers))
        assert check_contacts(tracker).is_sound
    assert len(event_ids(shared_engine, tenant)) == 50 * 4 * SOAK


@pytest.mark.parametrize("contacts", [pytest.param(1, marks=pytest.mark.slow), 20])
def test_a_hundred_greenlets(
    shared_engine: Engine, place: tuple[str, str], tracker: Tracker, contacts: int
) -> None:
    """A hundred greenlets of gevent that share a tracker lose nothing, and none hangs."""
    assert run("gevent_host", *place, contacts) == 0
    assert event_ids(shared_engine, place[1]) == sorted(map(str, range(100)))
    assert check_contacts(tracker).is_sound


@pytest.mark.slow
@pytest.mark.parametrize("way", FORKS)
def test_forks_amid_calls(
    shared_engine: Engine, place: tuple[str, str], tracker: Tracker, way: str
) -> None:
    """A host that forks inside a call goes on, and so does each child, with no wrong row."""
    times = FORKS[way] * SOAK
    found = run("fork_host", way, *place, times)
    assert found | {"written": 0} == {"children": times, "wrong": 0, "hung": 0, "written": 0}
    expected = [f"parent {number}" for number in range(found["written"])]
    expected += [f"child {number} {turn}" for number in range(times) for turn in range(2)]
    assert event_ids(shared_engine, place[1]) == sorted(expected)
    assert check_contacts(tracker).is_sound


def test_a_child_outlives_its_parent(url: str, tenant: str) -> None:
    """What a child tracks is kept when its parent has closed the database and is gone."""
    found = run("fork_host", "parent ends", url, tenant, 20)
    assert found["written"] == 2
    with Tracker(url, FUNNEL, tenant=tenant) as tracker:
        deadline = time.monotonic() + PATIENCE
        while (count := tracker.contact("contact 5").events) < 6 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert count == 6
        assert check_contacts(tracker).is_sound


@contextmanager
def gunicorn(url: str, tenant: str) -> Iterator[int]:
    """Four workers of gunicorn, forked from a process that used the tracker; their port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        descriptor = listener.fileno()
        options = ["--preload", "--workers=4", "--threads=4", f"--bind=fd://{descriptor}"]
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *options, "tests.tracking.wsgi_host:make()"],
            cwd=ROOT,
            env=os.environ | {"HOST_URL": url, "HOST_TENANT": tenant},
            pass_fds=[descriptor],
            stderr=subprocess.DEVNULL,
        )
        try:
            yield listener.getsockname()[1]
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(20)
            finally:
                server.kill()
                server.wait()


@pytest.mark.slow
def test_gunicorn_preload(shared_engine: Engine, place: tuple[str, str], tracker: Tracker) -> None:
    """Workers that inherit a used tracker answer hundreds of requests, none of them wrong."""
    with gunicorn(*place) as port:

        def ask(number: int) -> Any:
            connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
            connection.request("GET", f"/?contact=c{number % 9}&id={number}")
            answer = connection.getresponse().read()
            connection.close()
            return json.loads(answer)

        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(ask, range(REQUESTS)))
    processes = {answer.pop("process") for answer in answers}
    assert len(processes) > 1
    assert answers == [
        {"contact": f"c{n % 9}", "id": str(n), "duplicate": False, "known": True}
        for n in range(REQUESTS)
    ]
    expected = [*map(str, range(REQUESTS)), "preload"]
    assert event_ids(shared_engine, place[1]) == sorted(expected)
    assert check_contacts(tracker).is_sound
