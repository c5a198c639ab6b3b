"""Servers and disks that answer every question and take nothing: health says so, and why.

They are real ones: a standby that follows, users without rights, a server that was told to be
read-only, disks that are full.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url

from motfunnel import Health, Tracker
from motfunnel.errors import RefusedError, StoreError
from motfunnel.store.database.rehearsal import ROOM
from tests.faults.servers import PrivateServer, private_server, standby_of
from tests.tracking.scene import FUNNEL, NOON

NO_MOUNT = "no file system can be mounted here, so no disk can be full"
NO_USER = "only root can be another user for a while"
BACKENDS = ("postgresql", "mariadb")
pytestmark = pytest.mark.slow


def fill(url: str) -> None:
    """Make a store with a contact in it."""
    with Tracker(url, FUNNEL, spool=False) as tracker:
        tracker.track("ada", "saw", occurred_at=NOON)
        assert tracker.health().is_well


def ask(url: str) -> Health:
    """Ask for the health of a store in which no call succeeds."""
    with Tracker(url, FUNNEL, spool=False, budget=timedelta(seconds=10)) as tracker:
        health = tracker.health()
        for n in range(3):
            with pytest.raises((StoreError, RefusedError)):
                tracker.track(f"bob {n}", "saw", properties={"text": os.urandom(ROOM // 4).hex()})
    return health


def as_user(server: PrivateServer, name: str, *statements: str) -> str:
    """Run statements as the first user of all; give the URL of another."""
    engine = create_engine(server.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()
    return make_url(server.url).set(username=name).render_as_string(hide_password=False)


def grants(backend: str, *rights: str) -> list[str]:
    """The statements that make a user who may only do so much."""
    words = ", ".join(rights)
    if backend == "postgresql":
        return ["CREATE ROLE app LOGIN", f"GRANT {words} ON ALL TABLES IN SCHEMA public TO app"]
    return ["CREATE USER app@localhost", f"GRANT {words} ON mysql.* TO app@localhost"]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("rights", [("SELECT",), ("SELECT", "INSERT")], ids=" ".join)
def test_a_user_who_may_not_write(backend: str, rights: tuple[str, ...]) -> None:
    """Whatever right is missing that a call needs."""
    with private_server(backend) as server:
        fill(server.url)
        url = as_user(server, "app", *grants(backend, *rights))
        health = ask(url)
        assert health.is_writable is False
        assert "this user may not do it; grant it SELECT, INSERT, UPDATE" in str(health)
        assert health.rejects == 0


def test_a_mariadb_that_is_read_only() -> None:
    """One that was told so, as a replica is."""
    with private_server("mariadb") as server:
        fill(server.url)
        every = grants("mariadb", "SELECT", "INSERT", "UPDATE", "DELETE")
        url = as_user(server, "app", *every, "SET GLOBAL read_only = 1")
        health = ask(url)
        assert health.is_writable is False
        assert "it is read-only; end that, or have the URL name the server" in str(health)
        as_user(server, "app", "SET GLOBAL read_only = 0")
        with Tracker(url, FUNNEL) as tracker:
            assert tracker.health().is_well


def test_a_standby() -> None:
    """One that follows another server, until it is promoted."""
    with private_server("postgresql") as server:
        fill(server.url)
        with standby_of(server) as standby:
            health = ask(standby.url)
            assert health.is_writable is False
            assert "it is a standby, which only follows another server" in str(health)
            standby.promote()
            with Tracker(standby.url, FUNNEL) as tracker:
                assert tracker.health().is_well


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A disk of so many megabytes."""
    if os.geteuid() != 0:
        pytest.skip(NO_MOUNT)
    path = Path(tempfile.mkdtemp(prefix="motfunnel-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(path)]
    try:
        if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
            pytest.skip(NO_MOUNT)
        try:
            path.chmod(0o755)
            yield path
        finally:
            subprocess.run(["umount", "-l", str(path)], check=True)
    finally:
        shutil.rmtree(path, ignore_errors=True)


def use_up(disk: Path) -> Path:
    """Fill a disk to its last byte; give the file that does it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(b"\0" * 4096)
    return filler


def test_a_full_disk_under_sqlite() -> None:
    """It shows, though nothing is committed; and that there is room again, too."""
    with small_disk(4) as disk:
        url = f"sqlite:///{disk}/crm.db"
        with Tracker(url, FUNNEL, spool=False) as tracker:
            tracker.track("ada", "saw", occurred_at=NOON)
        filler = use_up(disk)
        health = ask(url)
        assert health.is_well is False
        assert "full" in str(health)
        filler.unlink()
        fill(url)


def test_a_full_disk_under_postgresql() -> None:
    """It shows, though rows would still go where there is room in the tables."""
    with small_disk(100) as disk, private_server("postgresql", disk) as server:
        fill(server.url)
        filler = use_up(disk)
        health = ask(server.url)
        filler.unlink()
        assert health.is_writable is False
        assert "its disk, or the space that it may use, is full" in str(health)
        fill(server.url)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_sqlite_file_without_the_right_to_write(what: str) -> None:
    """Of the file or of the folder, where SQLite keeps its log."""
    if os.geteuid() != 0:
        pytest.skip(NO_USER)
    folder = Path(tempfile.mkdtemp(prefix="motfunnel-"))
    try:
        url = f"sqlite:///{folder}/crm.db"
        fill(url)
        (folder / "crm.db").chmod(0o644 if what == "file" else 0o666)
        folder.chmod(0o777 if what == "file" else 0o755)
        with other_user():
            told = str(ask(url))
    finally:
        shutil.rmtree(folder)
    assert told.startswith("the store cannot be ")
    assert "it is read-only" in told or "its file cannot be opened" in told


@contextmanager
def other_user() -> Iterator[None]:
    """Be a user without rights for a while."""
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_disk_that_the_spool_has_filled(tmp_path: Path) -> None:
    """What it took it gives back, each call once, though there is no room to note how far."""
    kept: list[str] = []
    with small_disk(1) as disk:
        path = disk / "spool"
        with Tracker(
            "postgresql://nobody@127.0.0.1:1/crm",
            FUNNEL,
            spool=path,
            budget=timedelta(seconds=0.05),
            on_error=lambda _, call: kept.append(call.kept),
        ) as tracker:
            tracker.track("first", "saw")
            use_up(disk)
            while kept[-1] == "spool":  # as long as the last block has room
                tracker.track(f"c{len(kept)}", "saw", occurred_at=NOON)
            assert tracker.health().spooled == len(kept) - 1
        with Tracker(f"sqlite:///{tmp_path}/crm.db", FUNNEL, spool=path) as tracker:
            assert tracker.deliver().recorded == len(kept) - 1
            assert len(tracker.spool or ()) == 0
