"""The spool: what waits for the database is kept through crashes, and recorded exactly once."""

from __future__ import annotations

import json
import os
import random
import signal
import stat
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from motfunnel import MomentKind, Tracker
from motfunnel.domain.scrubber import Scrubber
from motfunnel.errors import SpoolError, StoreError
from motfunnel.tracking.recording.call import Call
from motfunnel.tracking.recording.entry import SetAside, set_aside
from motfunnel.tracking.spool.spool import Spool, default_path
from tests.tracking.fleet import Place, in_processes
from tests.tracking.scene import FUNNEL, NOON, day, row_counts, told_kinds


def aside(contact: object = "ada", id: str = "1", **parts: Any) -> SetAside:
    given: dict[str, Any] = {"event": "saw", "occurred_at": NOON} | parts
    call = Call(verb="track", contact=contact, id=id, **given)
    return set_aside(call, StoreError("down"), datetime.now(UTC), is_refused=False)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """A spool that is not there yet."""
    return Spool(tmp_path / "state" / "spool", time.sleep)


def test_it_is_made_when_it_is_needed(spool: Spool) -> None:
    """Only its owner can read it, and it is gone when it is empty."""
    assert not spool.exists()
    assert len(spool) == 0
    assert not spool.path.parent.exists()
    spool.append(aside())
    assert stat.S_IMODE(spool.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(spool.path.parent.stat().st_mode) & 0o077 == 0
    batch = spool.take()
    assert batch is not None
    spool.append(aside(id="2"))
    assert [*spool.entries()] == [aside(), aside(id="2")]
    spool.settle(batch)
    assert [entry.id for entry in spool.entries()] == ["2"]
    last = spool.take()
    assert last is not None
    spool.settle(last)
    assert not spool.exists()
    assert {path.name for path in spool.path.parent.iterdir()} == {"spool.lock"}


def test_a_torn_line(spool: Spool, tracker: Tracker) -> None:
    """What a crash left half-written harms neither what was before nor what comes after."""
    spool.append(aside(id="1"))
    for torn in (b'{"verb":"tr', b"\x00\xff\n", b"[]\n", b"null\n", b'{"verb":1}\n'):
        with spool.path.open("ab") as file:
            file.write(torn)
        spool.append(aside(id=repr(torn)))
    assert len([*spool.entries()]) == 6
    tracker.spool = spool
    assert tracker.deliver().recorded == 6
    assert not spool.path.exists()


def test_each_store_and_tenant_has_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In the user's state folder, under one name however the URL is written; memory has none."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    def path(url: str, **options: Any) -> Path | None:
        with Tracker(url, funnel=FUNNEL, **options) as tracker:
            return None if tracker.spool is None else tracker.spool.path

    ways = [
        "postgresql://ada:secret@db:5432/shop",
        "postgresql+psycopg://bob@db:5432/shop",
    ]
    assert len({path(url) for url in ways}) == 1
    others = [
        path(ways[0]),
        path(ways[0], tenant="b"),
        path(ways[0], schema="s"),
        path("mysql://h/d"),
    ]
    assert len(set(others)) == len(others)
    assert all(one is not None and one.parent == tmp_path / "motfunnel" for one in others)
    assert path("sqlite://") is None
    assert path("sqlite:///crm.db", spool=False) is None
    assert path("sqlite:///crm.db") == path(f"sqlite:///{os.getcwd()}/crm.db")
    assert path("sqlite:///crm.db", spool=tmp_path / "mine") == tmp_path / "mine"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    found = default_path("store", "tenant")
    assert found is not None
    assert found.parent == tmp_path / ".local" / "state" / "motfunnel"
    assert not [*tmp_path.iterdir()]


def test_a_folder_that_cannot_be_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where there is no place for the spool either, the log says so, and the host goes on."""
    (tmp_path / "file").touch()
    heard: list[Call] = []
    with Tracker(
        f"sqlite:///{tmp_path}/missing/crm.db",
        funnel=FUNNEL,
        on_error=lambda _, call: heard.append(call),
        spool=tmp_path / "file" / "spool",
    ) as tracker:
        assert tracker.track("ada@example.com", "saw").error is not None
    assert [call.kept for call in heard] == ["nowhere"]
    assert "the spool was not written" in caplog.text
    assert "ada@example.com" not in caplog.text


def test_the_next_call_that_succeeds_delivers(
    shared_engine: Engine, make_tracker: Callable[..., Tracker], spool: Spool
) -> None:
    """In its own transaction, not in a host's; each event as it was said, and handlers are told."""
    tracker = make_tracker(spool=spool.path)
    told = told_kinds(tracker, MomentKind.OPENING)
    spool.append(aside("ada", "1", properties={"a": [1, "é\u2028", None, 0.1]}, occurred_at=None))
    spool.append(aside("bob", "1", event="unheard_of"))
    spool.append(aside("", "3"))
    with shared_engine.begin() as host:
        tracker.track("cyd", "saw", id="1", bind=host)
    assert len(spool) == 3
    tracker.track("cyd", "saw", id="2")
    assert not spool.exists()
    assert sorted(moment.contact for moment in told) == ["ada", "cyd"]
    for entry in (aside("ada", "1"), aside("ada", "1", properties={"b": 2})):
        spool.append(entry)
    delivered = tracker.deliver()
    assert (delivered.recorded, delivered.duplicates, delivered.rejected) == (0, 0, 2)
    assert tracker.contact("ada").events == 1


def test_nothing_is_delivered_that_was_erased(spool: Spool, tracker: Tracker) -> None:
    """What a contact said is gone; what others said of it stays, without naming it."""
    spool.append(aside("ada@x.org", "1"))
    spool.append(aside("bob", "1", properties={"friend": 7, "keys": ["eva", "ada@x.org"]}))
    spool.append(aside("bob", "2", properties={"ada@x.org": 1, "seven": 7}))
    spool.append(aside("bob", "3", properties={"note": "adamant"}))
    spool.append(aside(7, "4"))
    with spool.path.open("ab") as file:
        file.write(b'{"contact":"ad')
    with spool.scrubbed(Scrubber({"ada@x.org": None, "7": None}), ["friend"]) as touched:
        assert touched == 4
    assert [(entry.contact, entry.id, entry.properties) for entry in spool.entries()] == [
        ("bob", "1", {"friend": None, "keys": ["eva", None]}),
        ("bob", "2", {"erased": 1, "seven": 7}),
        ("bob", "3", {"note": "adamant"}),
    ]
    files = [path.read_bytes() for path in spool.path.parent.iterdir()]
    assert not any(b"ada@x" in content for content in files)
    assert [*spool.path.parent.glob("*.new")] == []


def test_a_file_that_is_no_spool_is_left_alone(
    spool: Spool, make_tracker: Callable[..., Tracker]
) -> None:
    """Whatever a mistaken path leads to stays as it is, and the tracker says so."""
    tracker = make_tracker(spool=spool.path)
    spool.path.parent.mkdir(parents=True, exist_ok=True)
    for content in ("contact,event\nada,saw\n", '{"orders": [1, 2]}\n', "root:x:0:0\n"):
        spool.path.write_text(content)
        tracker.track("ada", "saw", id=content[:5])
        with pytest.raises(SpoolError):
            tracker.deliver()
        with pytest.raises(SpoolError):
            tracker.forget("ada")
        assert spool.path.read_text() == content


def test_lines_of_another_version(spool: Spool, make_tracker: Callable[..., Tracker]) -> None:
    """A line that says more is taken for what it says; one that says nothing is put beside."""
    tracker = make_tracker(spool=spool.path)
    spool.append(aside("ada", "1"), aside("bob", "2"))
    first, second = spool.path.read_text().splitlines()
    newer = json.dumps(json.loads(first) | {"mood": "new"})
    spool.path.write_text(f'{newer}\n{{"broken\n{second}\n')
    assert tracker.deliver().recorded == 2
    assert not spool.exists()
    assert spool.path.with_name(f"{spool.path.name}.unread").read_text() == '{"broken\n'


def append_many(path: Path, process: int, times: int) -> None:
    """Put events into a spool, as a process of its own."""
    spool = Spool(path, time.sleep)
    for n in range(times):
        spool.append(aside(f"contact {n % 5}", f"{process}-{n}", occurred_at=day(-n)))


def deliver_often(place: Place, path: Path, seconds: float) -> tuple[int, list[str]]:
    """Deliver until the time is up; how many were new here, and whose openings were told."""
    told: list[str] = []
    recorded, until = 0, time.monotonic() + seconds
    with Tracker(place.url, funnel=FUNNEL, tenant=place.tenant, spool=path) as tracker:
        tracker.on("opening", lambda moment: told.append(moment.contact))
        while True:
            recorded += tracker.deliver().recorded
            if time.monotonic() >= until:
                break
            time.sleep(0.01)
    return recorded, told


@pytest.mark.slow
def test_many_processes(shared_engine: Engine, tenant: str, spool: Spool) -> None:
    """Some put events in while others deliver: all are recorded, each by one of them."""
    place = Place(shared_engine.url.render_as_string(hide_password=False), tenant)
    answers = in_processes(
        *((append_many, spool.path, process, 40) for process in range(3)),
        *((deliver_often, place, spool.path, 3.0) for _ in range(2)),
    )
    last = deliver_often(place, spool.path, 0.01)
    recorded = [answers[3][0], answers[4][0], last[0]]
    assert sum(recorded) == 120
    assert row_counts(shared_engine, tenant)["motfunnel_events"] == 120
    assert not spool.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="forks are of POSIX")
def test_killed_while_it_delivers(shared_engine: Engine, tenant: str, spool: Spool) -> None:
    """However often a delivery is killed, the next one goes on: each event once, none lost."""
    place = Place(shared_engine.url.render_as_string(hide_password=False), tenant)
    with place.tracker() as tracker:
        tracker.create_tables()
    rounds, chance = 12, random.Random(7)
    for number in range(rounds):
        for n in range(20):
            spool.append(aside(f"contact {n}", f"{number}-{n}", occurred_at=day(number)))
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            deliver_often(place, spool.path, 1.0)
            os._exit(0)
        time.sleep(chance.random() * 0.12)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    deliver_often(place, spool.path, 0.01)
    assert row_counts(shared_engine, tenant)["motfunnel_events"] == 20 * rounds
    assert not spool.exists()
