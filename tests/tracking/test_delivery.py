"""The spool stalls nobody: whatever lies in it, however long it is, and whoever made its files."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sql
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from motfunnel import Tracker
from motfunnel.domain.scrubber import Scrubber
from motfunnel.errors import SpoolError, SpoolFullError, StoreError
from motfunnel.store.database.database import Database
from motfunnel.store.schema.tables import tables
from motfunnel.tracking.recording.call import Call
from motfunnel.tracking.spool.segments import Line
from motfunnel.tracking.spool.spool import Spool
from tests.tracking.conftest import refuse_poison
from tests.tracking.scene import FUNNEL, NOON, day, row_counts
from tests.tracking.test_spool import aside


def make(engine: Engine, spool: Spool, **options: Any) -> Tracker:
    tracker = Tracker(engine, funnel=FUNNEL, spool=spool.path, **options)
    tracker.spool = spool
    return tracker


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """A spool that is not there yet."""
    return Spool(tmp_path / "state" / "spool", time.sleep)


def reasons(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(sql.select(tables().rejects.c.reason)))


def test_what_is_refused_keeps_nobody_waiting(guarded: Engine, spool: Spool) -> None:
    """The good ones behind and before it are recorded at once; it goes to the rejects."""
    for n in range(250):
        poison = n in (0, 7, 120)
        spool.append(aside(f"c{n}", str(n), event="poison" if poison else "saw"))
    tracker = make(guarded, spool)
    delivered = tracker.deliver()
    assert (delivered.recorded, delivered.rejected, delivered.left) == (247, 3, 0)
    assert len(reasons(guarded)) == 3
    assert all("the database refuses it" in reason for reason in reasons(guarded))
    assert not spool.exists()


def test_what_not_even_the_rejects_take(guarded: Engine, spool: Spool) -> None:
    """It waits on, behind all others, and is never lost."""
    refuse_poison(guarded, "motfunnel_rejects")
    for n in range(30):
        spool.append(aside(f"c{n}", str(n), event="poison" if n == 3 else "saw"))
    tracker = make(guarded, spool)
    delivered = tracker.deliver()
    assert (delivered.recorded, delivered.rejected, delivered.left) == (29, 0, 1)
    assert [entry.event for entry in spool.entries()] == ["poison"]
    assert tracker.health().spool is not None
    assert spool.status().attempts == 1


@contextmanager
def held(engine: Engine, contact: str) -> Iterator[None]:
    """Another transaction holds a contact's row."""
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT contact FROM motfunnel_contacts "
                "WHERE tenant = 'default' AND contact = :contact FOR UPDATE"
            ),
            {"contact": contact},
        )
        assert found.all()
        yield


@pytest.mark.parametrize("url", ["postgresql", "mariadb"], indirect=True)
def test_what_may_pass_is_stepped_over(engine: Engine, tmp_path: Path) -> None:
    """A contact that cannot be had: the others are recorded, and calls do not try it each time."""
    spool = Spool(tmp_path / "spool", time.sleep, pauses=(600.0, 600.0))
    tracker = make(engine, spool, budget=timedelta(seconds=0.8))
    tracker.track("slow", "saw", occurred_at=day(-9))
    for n in range(120):
        spool.append(aside("slow" if n % 10 == 0 else f"c{n}", str(n)))
    with held(engine, "slow"):
        delivered = tracker.deliver()
        assert (delivered.recorded, delivered.rejected, delivered.left) == (108, 0, 12)
        assert spool.status().attempts == 1
        for n in range(5):
            tracker.track("other", "saw", id=str(n), occurred_at=day(n))
        assert spool.status().attempts == 1
        tracker.spool = Spool(spool.path, time.sleep, pauses=(0.0, 600.0))  # the pause is over
        assert tracker.deliver().left == 12
        assert spool.status().attempts == 2
        assert tracker.deliver().left == 12
    tracker.spool = Spool(spool.path, time.sleep, pauses=(0.0, 0.0))
    delivered = tracker.deliver()
    assert (delivered.recorded, delivered.left) == (12, 0)
    assert tracker.contact("slow").events == 13


def put_off(spool: Spool, times: int, id: str) -> None:
    """Put a call in that was tried so often in vain, and is not due."""
    spool.append(aside(f"contact {id}", id))
    hasty = Spool(spool.path, time.sleep, pauses=(0.0,) * len(spool.pauses))
    for _ in range(times):
        batch = hasty.take()
        assert batch is not None
        spool.settle(batch, postponed=batch.lines)


def test_who_asks_for_it_waits_for_no_pause(engine: Engine, tmp_path: Path) -> None:
    """All that waits is recorded, however often it was tried; calls wait for the pauses."""
    spool = Spool(tmp_path / "spool", time.sleep, pauses=(600.0, 600.0, 600.0))
    for times in (3, 2, 1):
        put_off(spool, times, str(times))
    tracker = make(engine, spool)
    tracker.track("other", "saw", occurred_at=day(0))
    assert len(spool) == 3
    assert str(tracker.deliver()) == "3 events recorded, 0 there before, 0 rejected, 0 left"


def test_what_is_tried_early_is_tried_once(spool: Spool) -> None:
    """In vain, it waits as long as it would have waited, and no attempt is used up."""
    for id in ("1", "2"):
        put_off(spool, 4, id)
    batch = spool.take(mark="first")
    assert batch is not None
    assert batch.is_early
    spool.settle(batch, postponed=batch.lines)
    assert spool.take(mark="first") is None
    assert spool.take() is None
    assert spool.status().attempts == 4
    again = spool.take(mark="second")
    assert again is not None
    assert [dues(one) for one in again.lines] == [dues(one) for one in batch.lines]


def dues(line: Line) -> tuple[str, float]:
    said = json.loads(line.raw)
    return said["id"], said["due"]


@pytest.mark.parametrize("url", ["postgresql", "mariadb"], indirect=True)
def test_it_is_set_aside_after_its_attempts(engine: Engine, tmp_path: Path) -> None:
    """All that waits for such a contact, with the reason."""
    spool = Spool(tmp_path / "spool", time.sleep, pauses=(600.0,))
    tracker = make(engine, spool, budget=timedelta(seconds=0.5))
    tracker.track("slow", "saw", occurred_at=day(-9))
    for n in range(4):
        spool.append(aside("slow", str(n)))
    with held(engine, "slow"):
        for _ in range(3):  # the second and the third before it is due, and so they do not count
            delivered = tracker.deliver()
            assert (delivered.recorded, delivered.rejected, delivered.left) == (0, 0, 4)
        tracker.spool = Spool(spool.path, time.sleep, pauses=(0.0,))
        delivered = tracker.deliver()
    assert (delivered.recorded, delivered.rejected, delivered.left) == (0, 4, 0)
    assert len(reasons(engine)) == 4
    assert all(reason.startswith("the database ") for reason in reasons(engine))


SLOW = {
    "postgresql": """
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_sleep(0.01); RETURN NEW; END $$;
        CREATE TRIGGER slow BEFORE INSERT ON motfunnel_events
        FOR EACH ROW EXECUTE FUNCTION slow()
    """,
    "mysql": "CREATE TRIGGER slow BEFORE INSERT ON motfunnel_events FOR EACH ROW DO SLEEP(0.01)",
}


@pytest.mark.parametrize("url", ["postgresql", "mariadb"], indirect=True)
def test_a_slow_database_is_delivered_to_bit_by_bit(engine: Engine, tmp_path: Path) -> None:
    """A hundred lines take longer than a call has for them: each call gets some of them done."""
    Database(engine).create_tables()
    with engine.begin() as connection:
        connection.exec_driver_sql(SLOW[engine.dialect.name])
    spool = Spool(tmp_path / "spool", time.sleep)
    spool.append(*(aside(f"c{n}", str(n)) for n in range(60)))
    url = engine.url.render_as_string(hide_password=False)
    with Tracker(url, funnel=FUNNEL, spool=spool.path) as tracker:
        for n in range(60):
            tracker.track("other", "saw", id=str(n), occurred_at=day(-9))
            if not spool.exists():
                break
        assert not spool.exists()
        assert tracker.health().rejects == 0
        assert tracker.contact("c59").events == 1


def test_an_outage_uses_up_no_attempts(tmp_path: Path, spool: Spool) -> None:
    """Where there is no database at all, all stays as it was."""
    spool.append(*(aside(f"c{n}", str(n)) for n in range(10)))
    with Tracker(f"sqlite:///{tmp_path}/none/crm.db", funnel=FUNNEL, spool=spool.path) as tracker:
        for _ in range(3):
            with pytest.raises(StoreError):
                tracker.deliver()
    assert spool.status().attempts == 0
    assert len(spool) == 10


@contextmanager
def taking_nothing(engine: Engine) -> Iterator[Engine]:
    """An engine on the same database, by which everything can be read and nothing written."""
    said = {
        "sqlite": "PRAGMA query_only = 1",
        "postgresql": "SET default_transaction_read_only = on",
        "mysql": "SET SESSION TRANSACTION READ ONLY",
    }
    other = sql.create_engine(engine.url)

    @sql.event.listens_for(other, "connect")
    def forbid(connection: Any, _: Any) -> None:
        connection.cursor().execute(said[engine.dialect.name])
        if engine.dialect.name == "postgresql":
            connection.commit()

    yield other
    other.dispose()


def test_a_database_that_takes_nothing_uses_up_no_attempts(engine: Engine, spool: Spool) -> None:
    """Read-only or full: it is not an event's fault, and what was to be rejected waits, too."""
    Tracker(engine, FUNNEL, spool=False).track("ada", "saw", occurred_at=NOON)
    spool.append(*(aside(f"c{n}", str(n)) for n in range(10)))
    spool.append(aside("bob", "refused", event="$identify"))
    with taking_nothing(engine) as other:
        tracker = make(other, spool)
        for _ in range(8):
            with pytest.raises(StoreError):
                tracker.deliver()
    assert (len(spool), spool.status().attempts) == (11, 0)
    delivered = make(engine, spool).deliver()
    assert (delivered.recorded, delivered.rejected, delivered.left) == (10, 1, 0)


def test_nor_do_what_only_the_rejects_would_take(engine: Engine, spool: Spool) -> None:
    """Where all that waits is refused before a database is asked."""
    Tracker(engine, FUNNEL, spool=False).track("ada", "saw", occurred_at=NOON)
    spool.append(aside("bob", "refused", event="$identify"))
    with taking_nothing(engine) as other, pytest.raises(StoreError):
        make(other, spool).deliver()
    assert (len(spool), spool.status().attempts) == (1, 0)
    assert make(engine, spool).deliver().rejected == 1


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 60)),
        st.tuples(st.just("take"), st.integers(0, 3)),
        st.tuples(st.just("singly"), st.just(0)),
        st.tuples(st.just("lose the note"), st.just(0)),
        st.tuples(st.just("tear"), st.just(0)),
        st.tuples(st.just("scrub"), st.just(0)),
    ),
    max_size=30,
)


@given(steps=STEPS)
def test_a_plain_list_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    """Nothing is lost, whatever is done; what was taken comes again only if the note was lost."""
    path = tmp_path_factory.mktemp("spool") / "spool"
    spool = Spool(path, time.sleep, limit=1 << 18, pauses=(0.0, 0.0))
    waiting: list[str] = []
    taken: list[str] = []
    is_exact, count = True, 0
    for step, number in steps:
        if step == "append":
            ids = [str(count + n) for n in range(number)]
            count += number
            spool.append(*(aside(f"contact {id}", id) for id in ids))
            waiting += ids
        elif step in ("take", "singly") and (batch := spool.take()):
            if step == "singly":
                spool.try_singly(batch)
                continue
            told = [part for line in batch.lines if (part := _id(line.raw))]
            postponed = [line for line in batch.lines[:number] if _id(line.raw)]
            spool.settle(batch, postponed=postponed)
            done = [id for id in told if id not in {_id(line.raw) for line in postponed}]
            waiting = [id for id in waiting if id not in done]
            taken += done
        elif step == "lose the note":
            if path.with_name("spool.state").exists():
                os.truncate(path.with_name("spool.state"), 0)
            is_exact = False
        elif step == "tear" and path.exists():
            with path.open("ab") as file:
                file.write(b'{"torn')
            is_exact = False
        elif step == "scrub":
            with spool.scrubbed(Scrubber({"nobody": None})) as touched:
                assert touched == 0
        found = [str(entry.id) for entry in spool.entries()]
        assert set(waiting) <= set(found) <= {*waiting, *taken}
        if is_exact:
            assert sorted(found) == sorted(waiting)
            status = spool.status()
            assert status.lines == len(waiting)
            assert status.bytes <= sum(one.stat().st_size for one in path.parent.iterdir())


def _id(raw: bytes) -> str:
    try:
        return str(json.loads(raw)["id"])
    except ValueError:
        return ""


def test_old_spools_are_delivered(engine: Engine, spool: Spool) -> None:
    """A file that an earlier version left, with lines that do not say since when they wait."""
    spool.path.parent.mkdir(parents=True)
    lines = [aside(f"c{n}", str(n)).to_json() for n in range(150)]
    spool.path.write_text("\n".join(lines) + '\n{"verb": "tr')
    spool.path.chmod(0o644)
    assert spool.status().lines == 151
    assert spool.status().oldest is None
    assert stat.S_IMODE(spool.path.stat().st_mode) == 0o600
    assert make(engine, spool).deliver().recorded == 150
    assert not spool.exists()


def test_its_files_are_of_bounded_size(tmp_path: Path) -> None:
    """What was taken is deleted, a file at a time, and never written anew."""
    spool = Spool(tmp_path / "spool", time.sleep, limit=1 << 20)
    spool.append(*(aside(f"c{n}", str(n)) for n in range(10)))
    for n in range(30):
        spool.append(*(aside(f"c{n}", f"{n}-{m}") for m in range(90)))
    sizes = {path.name: path.stat() for path in tmp_path.glob("spool*")}
    segments = [name for name in sizes if name.removeprefix("spool.").isdecimal()]
    assert len(segments) > 3
    assert all(sizes[name].st_size <= 1 << 17 for name in segments)
    before = spool.status().lines
    while batch := spool.take():
        spool.settle(batch)
        left = {path.name: path.stat() for path in tmp_path.glob("spool*")}
        for name in segments:
            if name in left:
                assert (left[name].st_ino, left[name].st_mtime_ns) == (
                    sizes[name].st_ino,
                    sizes[name].st_mtime_ns,
                )
        assert spool.status().lines == before - len(batch.lines)
        before -= len(batch.lines)
    assert before == 0


class TestFull:
    """It may hold so much and no more."""

    def test_it_refuses(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """The host hears of it by its log, its callable and its health, and never by an error."""
        heard: list[Call] = []
        with Tracker(
            f"sqlite:///{tmp_path}/none/crm.db",
            funnel=FUNNEL,
            on_error=lambda _, call: heard.append(call),
            spool=tmp_path / "spool",
            spool_limit=1_000,
            budget=timedelta(seconds=1),
        ) as tracker:
            for n in range(6):
                assert tracker.track("ada@example.com", "saw", id=str(n)).error is not None
            kept = [call.kept for call in heard]
            assert kept == sorted(kept, reverse=True)
            assert set(kept) == {"spool", "nowhere"}
            health = tracker.health()
            assert health.spool is not None
            assert health.spool.dropped == kept.count("nowhere")
            assert health.spool.bytes <= 1_000
            assert f"{kept.count('nowhere')} dropped" in str(health)
        assert "SpoolFullError" in caplog.text
        assert "ada@example.com" not in caplog.text
        with pytest.raises(SpoolFullError):
            Spool(tmp_path / "spool", time.sleep, limit=10).append(aside())

    def test_it_drops_the_oldest(self, tmp_path: Path) -> None:
        """As many as are in the way of the new one; and it takes no more room than it may."""
        spool = Spool(tmp_path / "spool", time.sleep, limit=20_000, full="drop")
        for n in range(500):
            spool.append(aside("ada", str(n)))
            assert spool.status().bytes <= 20_000
        ids = [int(entry.id) for entry in spool.entries()]
        assert ids == list(range(500))[-len(ids) :]
        assert spool.status().dropped == 500 - len(ids)
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 30_000

    def test_it_drops_what_a_delivery_has_taken(self, tmp_path: Path) -> None:
        """What is put in amid a delivery is not taken for what that has recorded."""
        spool = Spool(tmp_path / "spool", time.sleep, limit=20_000, full="drop")
        spool.append(*(aside("ada", str(n)) for n in range(50)))
        batch = spool.take()
        assert batch is not None
        for n in range(50, 80):
            spool.append(aside("ada", str(n)))
        there = {entry.id for entry in spool.entries()}
        spool.settle(batch)
        left = [entry.id for entry in spool.entries()]
        assert {str(n) for n in range(50, 80)} <= set(left) <= there


@pytest.mark.skipif(sys.platform == "win32", reason="modes and links are of POSIX")
class TestPrivate:
    """Nobody else reads its files, and none of them leads elsewhere."""

    def test_whatever_made_them(self, engine: Engine, spool: Spool) -> None:
        """A umask that lets all in, and files that were open to all."""
        old = os.umask(0)
        try:
            spool.path.parent.mkdir(parents=True)
            for name in ("spool", "spool.lock", "spool.delivery", "spool.unread"):
                (spool.path.parent / name).touch(0o666)
            spool.append(aside("ada", "1"), aside("bob", "2"))
            with spool.path.open("ab") as file:
                file.write(b"{torn\n")
            batch = spool.take()
            assert batch is not None
            spool.settle(batch, postponed=batch.lines[:2], unread=batch.lines[2:])
            spool.append(aside("cyd", "3"))
            with spool.delivering() as is_ours:
                assert is_ours
        finally:
            os.umask(old)
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in spool.path.parent.iterdir()}
        assert len(modes) >= 5
        assert set(modes.values()) == {0o600}

    @pytest.mark.parametrize("kind", ["symbolic", "hard"])
    @pytest.mark.parametrize("name", ["spool", "spool.lock", "spool.state.new", "spool.later-1"])
    def test_a_planted_link_is_refused(
        self, spool: Spool, tmp_path: Path, kind: str, name: str
    ) -> None:
        """What it leads to is neither read nor changed, and a lenient host does not hear of it."""
        target = tmp_path / "target"
        target.write_text(aside("eve", "9").to_json() + "\n")
        target.chmod(0o644)
        before = (target.read_bytes(), target.stat().st_mode, target.stat().st_mtime_ns)
        spool.path.parent.mkdir(parents=True)
        link = spool.path.parent / name
        link.symlink_to(target) if kind == "symbolic" else link.hardlink_to(target)
        with pytest.raises(SpoolError):
            spool.append(aside())
        with Tracker(
            f"sqlite:///{tmp_path}/none/crm.db", funnel=FUNNEL, on_error="log", spool=spool.path
        ) as tracker:
            assert tracker.track("ada", "saw").error is not None
        assert (target.read_bytes(), target.stat().st_mode, target.stat().st_mtime_ns) == before

    @pytest.mark.parametrize("kind", ["symbolic", "hard"])
    @pytest.mark.parametrize("name", ["delivery", "dropped", "new", "unread", "state", "lock"])
    def test_so_it_is_beside_the_spool(
        self, engine: Engine, spool: Spool, tmp_path: Path, kind: str, name: str
    ) -> None:
        """Whatever is asked of the spool: it does its work, or says so by its own error."""
        spool = Spool(spool.path, time.sleep, limit=2000)
        spool.append(aside("ada", "1"), aside("bob", "2"))
        target = tmp_path / "target"
        target.write_text("7")
        link = spool.path.with_name(f"spool.{name}")
        link.unlink(missing_ok=True)
        link.symlink_to(target) if kind == "symbolic" else link.hardlink_to(target)
        tracker = make(engine, spool, on_error="log")

        def part() -> None:
            batch = spool.take()
            assert batch is not None
            spool.settle(batch, unread=batch.lines)

        acts: list[Any] = [
            spool.status,
            lambda: spool.append(aside("cyd", "3")),
            lambda: spool.append(*(aside("cyd", f"{n}") for n in range(50))),
            lambda: list(spool.entries()),
            lambda: tracker.export("ada"),
            tracker.health,
            lambda: tracker.track("eve", "saw"),
            lambda: tracker.forget("ada"),
            part,
            tracker.deliver,
        ]
        failed = 0
        for act in acts:
            try:
                act()
            except SpoolFullError:
                continue
            except SpoolError as error:
                assert name in str(error)
                failed += 1
            except (AssertionError, StoreError):
                assert act is part
        assert target.read_text() == "7"
        assert failed or name in ("new", "unread")

    def test_a_pipe_keeps_nobody_waiting(self, spool: Spool) -> None:
        """What is not a file is none of ours."""
        spool.path.parent.mkdir(parents=True)
        os.mkfifo(spool.path)
        with pytest.raises(OSError, match="spool"):
            spool.append(aside())


@pytest.mark.skipif(sys.platform == "win32", reason="forks are of POSIX")
def test_killed_while_it_puts_in(engine: Engine, tmp_path: Path) -> None:
    """Whatever was acknowledged is there, and what follows a torn line is too."""
    spool = Spool(tmp_path / "spool", time.sleep, limit=1 << 18)
    chance, acknowledged = random.Random(11), set()
    for number in range(8):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            for n in range(10_000):
                spool.append(aside("ada", f"{number}-{n}", occurred_at=day(-n % 99)))
                os.write(writer, f"{number}-{n}\n".encode())
        os.close(writer)
        select.select([reader], [], [], 30)
        time.sleep(chance.random() * 0.1)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(reader) as told:
            acknowledged |= set(told.read().split())
    assert acknowledged <= {entry.id for entry in spool.entries()}
    assert acknowledged
    count = len([*spool.entries()])
    assert make(engine, spool).deliver().recorded == count
    assert row_counts(engine, "default")["motfunnel_events"] == count


def test_health_says_what_waits(tmp_path: Path, spool: Spool) -> None:
    """How much, since when, how often it was tried, and what was dropped."""
    with Tracker(f"sqlite:///{tmp_path}/crm.db", funnel=FUNNEL, spool=spool.path) as tracker:
        tracker.track("ada", "saw", occurred_at=NOON)
        assert tracker.health().to_dict()["spool"] == {
            "bytes": 0,
            "oldest": None,
            "dropped": 0,
            "attempts": 0,
        }
        began = time.time()
        spool.append(aside("bob", "1"), aside("cyd", "2"))
        health = tracker.health()
        assert health.spooled == 2
        assert health.spool is not None
        assert health.spool.oldest is not None
        assert began - 1 <= health.spool.oldest.timestamp() <= time.time()
        assert health.spool.bytes == sum(
            len(line) for line in spool.path.read_bytes().splitlines(keepends=True)
        )
        assert "2 spooled since " in str(health)


@pytest.mark.skipif(sys.platform == "win32", reason="forks are of POSIX")
def test_killed_while_it_scrubs(tmp_path: Path) -> None:
    """However far it came: what others said is there, and the next one leaves nothing of her."""
    spool, chance = Spool(tmp_path / "spool", time.sleep, limit=1 << 18), random.Random(5)
    scrubber = Scrubber({"ada@example.com": "a token that is longer than what it stands for"})
    for _ in range(6):
        bobs = {str(uuid4()) for _ in range(60)}
        for id in bobs:
            friend = {"friend": "ada@example.com"}
            spool.append(aside("ada@example.com", f"a{id}"), aside("bob", id, properties=friend))
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            with spool.scrubbed(scrubber, ["friend"]):
                time.sleep(30)
        time.sleep(chance.random() * 0.2)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert bobs <= {entry.id for entry in spool.entries()}
        with spool.scrubbed(scrubber, ["friend"]):
            assert not any(b"ada@" in path.read_bytes() for path in tmp_path.iterdir())
        assert bobs <= {entry.id for entry in spool.entries()}
        assert spool.status().lines == len([*spool.entries()])
