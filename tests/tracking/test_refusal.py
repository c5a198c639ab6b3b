"""One bad event of a batch is one bad event: whatever refuses it, and for whatever reason."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, make_url, select, text
from sqlalchemy.orm import Session

from motfunnel import AsyncTracker, MomentKind, Tracker
from motfunnel.errors import ConflictError, EventError, MergeError, RefusedError
from motfunnel.intake.importer import import_file
from motfunnel.intake.retry import retry_rejects
from motfunnel.store.schema.tables import tables
from tests.tracking.conftest import admit_poison
from tests.tracking.scene import FUNNEL, NOON, row_counts, told_kinds


def said(contact: str, id: str, event: str = "saw", **more: Any) -> dict[str, Any]:
    return {"contact": contact, "event": event, "id": id, "occurred_at": NOON} | more


@pytest.fixture
def batch(guarded: Engine) -> tuple[Engine, list[dict[str, Any]]]:
    """Good events among one of an erased contact, one that a trigger refuses, and a conflict."""
    with Tracker(guarded, funnel=FUNNEL, spool=False) as tracker:
        tracker.track("ada", "saw", id="taken", occurred_at=NOON)
        tracker.track("eve", "saw", id="1", occurred_at=NOON)
        token = tracker.forget("eve", keep_counts=True).token
    assert token is not None
    return guarded, [
        said("bob", "1"),
        said(token, "2"),
        said("cyd", "3", "poison"),
        said("ada", "taken", "bought"),
        said("", "4"),
        said("bob", "5"),
        said("dan", "6"),
    ]


ERRORS = [type(None), EventError, RefusedError, ConflictError, EventError, type(None), type(None)]


def rejects(engine: Engine) -> dict[str, str]:
    """The reasons of the rejects, by the beginning of each."""
    with engine.connect() as connection:
        rows = connection.execute(select(tables().rejects)).mappings().all()
    return {row["contact"]: row["reason"] for row in rows}


def check_batch(engine: Engine, answers: list[Any], told: list[Any], token: str) -> None:
    assert [type(answer.error) for answer in answers] == ERRORS
    assert sorted({moment.contact for moment in told}) == ["bob", "dan"]
    reasons = rejects(engine)
    assert set(reasons) == {token, "cyd", "ada", ""}
    assert "erasure" in reasons[token]
    assert "the database refuses it" in reasons["cyd"]
    assert "taken" in reasons["ada"]
    assert "blank" in reasons[""]


def test_the_good_ones_are_recorded(batch: Any, tmp_path: Path) -> None:
    """In a transaction of our own: each other one is kept apart, with its own reason."""
    engine, events = batch
    tracker = Tracker(engine, funnel=FUNNEL, on_error="log", spool=tmp_path / "spool")
    told = told_kinds(tracker)
    check_batch(engine, tracker.track_many(events), told, events[1]["contact"])
    assert not (tmp_path / "spool").exists()


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_so_they_are_in_a_hosts_transaction(batch: Any, tmp_path: Path, end: str) -> None:
    """Recorded, kept and told of if the host commits; its own rows are untouched by it all."""
    engine, events = batch
    tracker = Tracker(engine, funnel=FUNNEL, on_error="log", spool=tmp_path / "spool")
    told = told_kinds(tracker)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE host (n INTEGER)"))
    with Session(engine) as session:
        session.execute(text("INSERT INTO host VALUES (1)"))
        answers = tracker.track_many(events, bind=session)
        session.execute(text("INSERT INTO host VALUES (2)"))
        assert told == []
        getattr(session, end)()
    with engine.connect() as connection:
        count = connection.scalar(text("SELECT count(*) FROM host"))
    if end == "commit":
        assert count == 2
        check_batch(engine, answers, told, events[1]["contact"])
    else:
        assert (count, told, rejects(engine)) == (0, [], {})


def test_so_they_are_under_asyncio(batch: Any, tmp_path: Path) -> None:
    """The same core serves it."""
    engine, events = batch
    told: list[Any] = []

    async def track() -> list[Any]:
        url = engine.url.set(drivername=engine.url.get_backend_name())
        async with AsyncTracker(url, FUNNEL, on_error="log", spool=tmp_path / "spool") as tracker:
            for kind in MomentKind:
                tracker.on(kind, told.append)
            return await tracker.track_many(events)

    check_batch(engine, asyncio.run(track()), told, events[1]["contact"])


@pytest.mark.parametrize("joined", [False, True])
def test_a_strict_batch_names_the_culprit(batch: Any, joined: bool) -> None:
    """All or nothing; the error says whose event it was, which, and under what id."""
    engine, events = batch
    tracker = Tracker(engine, funnel=FUNNEL, spool=False)
    before = row_counts(engine, "default")
    for culprit, kind in (
        (events[1], EventError),
        (events[2], RefusedError),
        (said("bob", "7", properties={"n": float("nan")}), EventError),
    ):
        several = [events[0], culprit, events[5]]
        with Session(engine) as session, pytest.raises(kind) as caught:
            tracker.track_many(several, bind=session if joined else None)
            session.commit()
        error = caught.value
        named = (error.contact, error.event, error.id)
        assert named == tuple(culprit[part] for part in ("contact", "event", "id"))
    assert "no poison" not in str(error)
    assert row_counts(engine, "default") == before
    with pytest.raises(RefusedError):
        tracker.track("cyd", "poison")
    answers = tracker.track_many([events[0], events[5]])
    assert [answer.error for answer in answers] == [None, None]


def test_one_refused_row_of_a_file(guarded: Engine, tmp_path: Path) -> None:
    """It is rejected with its line; the rows about it are taken. Retried in vain, it stays."""
    tracker = Tracker(guarded, funnel=FUNNEL, spool=False)
    rows = [f"c{n},{'poison' if n in (3, 700) else 'saw'},2024-01-01,{n}" for n in range(1000)]
    (tmp_path / "file.csv").write_text("\n".join(["contact,event,at,id", *rows]))
    columns: dict[str, Any] = {"contact": "contact", "event": "event", "at": "at", "id": "id"}
    done = import_file(tracker, tmp_path / "file.csv", **columns)
    assert (done.rows, done.added, done.rejected) == (1000, 998, 2)
    assert [line for line, _ in done.reasons] == [5, 702]
    lenient = Tracker(guarded, funnel=FUNNEL, spool=False, on_error="log")
    lenient.track("cyd", "poison")
    again = retry_rejects(tracker)
    assert (again.rows, again.added, again.rejected) == (3, 0, 3)
    admit_poison(guarded, "motfunnel_events")
    assert retry_rejects(tracker).added == 3


@pytest.fixture(params=["utf8", "latin1"])
def latin(request: pytest.FixtureRequest, databases: Any, tmp_path: Path) -> Iterator[str]:
    """A PostgreSQL that has no emoji, with a client that finds that out itself or is told."""
    with databases.empty("postgresql", tmp_path) as url:
        admin = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        name = f"{url.database}_latin"
        with admin.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}"')
            connection.exec_driver_sql(
                f"CREATE DATABASE \"{name}\" ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' "
                "TEMPLATE template0"
            )
        yield str(
            url.set(database=name)
            .update_query_dict({"client_encoding": request.param})
            .render_as_string(hide_password=False)
        )
        with admin.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')
        admin.dispose()


EMOJI = "\N{GRINNING FACE}"


def test_what_a_database_has_no_characters_for(latin: str, tmp_path: Path) -> None:
    """As contact, event, property or trait: refused by name, or kept whole among the rejects."""
    events = [
        said("bob", "1"),
        said(f"ada{EMOJI}", "2"),
        said("ada", "3", f"saw{EMOJI}"),
        said("ada", "4", properties={"mood": EMOJI}),
        said("ada", f"5{EMOJI}"),
        said("cyd", "6"),
    ]
    with Tracker(latin, funnel=FUNNEL, spool=False) as strict:
        for event in events[1:5]:
            with pytest.raises(RefusedError) as caught:
                strict.track_many([events[0], event, events[5]])
            assert (caught.value.contact, caught.value.id) == (event["contact"], event["id"])
        with pytest.raises(RefusedError):
            strict.identify("ada", {"mood": EMOJI})
        assert strict.contact("bob").events == 0
    spool = tmp_path / "spool"
    with Tracker(latin, funnel=FUNNEL, on_error="log", spool=spool) as tracker:
        answers = tracker.track_many(events)
        refused = [type(answer.error) for answer in answers]
        assert refused == [type(None), *[RefusedError] * 4, type(None)]
        assert not spool.exists()
        assert tracker.contact("bob").events == tracker.contact("cyd").events == 1
        engine = create_engine(make_url(latin))
        assert len(rejects_of(engine)) == 4
        assert any("grinning" in one or "\\ud83d" in one for one in rejects_of(engine))
        engine.dispose()


def rejects_of(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(select(tables().rejects.c.payload)))


@pytest.mark.parametrize("keyed", [False, True])
def test_a_key_that_it_cannot_write_is_nobodys(latin: str, tmp_path: Path, keyed: bool) -> None:
    """Every question answers as of a stranger; an erasure finds what rejects and spool hold."""
    check_the_unwritable(latin, tmp_path, keyed=keyed, is_refused=True)


@pytest.mark.parametrize("url", ["sqlite", "postgresql", "mariadb"], indirect=True)
def test_a_key_that_others_could_not_write(url: str, tmp_path: Path) -> None:
    """Where there are characters for it, it is a key like any other; a client may have none."""
    is_mariadb = url.startswith("mysql")
    url = url.replace("charset=utf8mb4", "charset=latin1")
    check_the_unwritable(url, tmp_path, keyed=False, is_refused=is_mariadb)


def check_the_unwritable(url: str, folder: Path, *, keyed: bool, is_refused: bool) -> None:
    key, spool = f"ada{EMOJI}@example.com", folder / "spool"
    secret = b"a secret of the host's" if keyed else None
    options: dict[str, Any] = {"spool": spool, "on_error": "log", "tombstone_key": secret}
    with Tracker(url, funnel=FUNNEL, **options) as tracker:
        tracker.track("bob", "saw", properties={"of": "ada%F0%9F%98%80@example.com"})
        answer = tracker.track(key, "saw")
        assert (answer.error is not None) == is_refused
        stranger = tracker.contact(key)
        assert (stranger.events, stranger.contact) == (int(not is_refused), key)
        assert len(tracker.moments(key)) == int(not is_refused)
        assert tracker.identity(key).keys == (key,)
        assert tracker.unmerge(key).changed is False
        exported = tracker.export(key)
        assert (exported["keys"], len(exported["rejects"])) == ([key], int(is_refused))
        assert [one["event"] for one in exported["named_by_others"]] == ["saw"]
        if is_refused:
            for pair in ((key, "bob"), ("bob", key)):
                with pytest.raises(MergeError):
                    tracker.merge(pair[0], into=pair[1])
        engine = create_engine(make_url(url))
        with engine.connect() as connection, connection.begin():  # which goes on afterwards
            assert tracker.unmerge(key, bind=connection).changed is False
            assert connection.scalar(text("SELECT 1")) == 1
        forgotten = tracker.forget(key)
        done = (forgotten.events, forgotten.others, forgotten.rejects)
        assert done == (int(not is_refused), 1, int(is_refused))
        assert forgotten.tombstones == int(keyed)
        assert rejects_of(engine) == []
        assert tracker.contact("bob").events == 1
        engine.dispose()
