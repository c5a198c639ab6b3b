"""Where errors are not raised, none reaches the host, and nothing is lost without a word."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

import motfunnel
from motfunnel import Funnel, Tracker
from motfunnel.domain.funnel import rule as rules
from motfunnel.errors import ConflictError, EventError, StoreError
from motfunnel.intake.retry import retry_rejects
from motfunnel.store.schema.tables import tables
from motfunnel.tracking.recording.call import Call
from tests.databases import BACKENDS
from tests.tracking.scene import FUNNEL, NOON, row_counts, told_kinds
from tests.tracking.test_hostile_input import BAD
from tests.tracking.trouble import Injector, passing_faults, raising

KEY = "ada@example.com"
SECRET = "a secret of Ada's"


class Hostile:
    """Raises at every touch that can be forbidden."""

    def _refuse(self, *_: object) -> Any:
        raise RuntimeError(f"do not touch {KEY}, {SECRET}")

    __str__ = __repr__ = __eq__ = __ne__ = __hash__ = __bool__ = __len__ = __iter__ = _refuse
    __getitem__ = __contains__ = __int__ = __format__ = __reduce__ = __dir__ = _refuse
    __class__ = property(_refuse)

    def __getattr__(self, _: str) -> Any:
        raise RuntimeError(SECRET)


class HostileText(str):
    """A text that is none in any way that it could choose."""

    __slots__ = ()

    def _refuse(self, *_: object, **__: object) -> Any:
        raise RuntimeError(SECRET)

    __str__ = __repr__ = __len__ = __iter__ = strip = encode = __eq__ = isoformat = _refuse
    __hash__ = str.__hash__


class HostileMapping(dict[str, Any]):
    """A mapping that gives nothing."""

    def _refuse(self, *_: object) -> Any:
        raise MemoryError(SECRET)

    __getitem__ = __iter__ = __len__ = get = keys = items = _refuse


def generator() -> Iterator[Any]:
    yield {"contact": "bob", "event": "saw"}
    raise LookupError(SECRET)


HOSTILE: dict[str, object] = {
    "hostile": Hostile(),
    "hostile class": Hostile,
    "hostile text": HostileText("text"),
    "hostile mapping": HostileMapping(a=1),
    "hostile in a mapping": {"a": [Hostile()]},
    "hostile key": {HostileText("a"): 1},
    "lambda": lambda: 1,
    "module": json,
    "exception": ValueError(SECRET),
}
VALUES: dict[str, object] = {label: value for label, (_, value) in BAD.items()} | HOSTILE
PARTS = ("contact", "event", "properties", "occurred_at", "id")


@pytest.fixture
def heard() -> list[tuple[Exception, Call]]:
    """What on_error was told."""
    return []


@pytest.fixture
def lenient(make_tracker: Callable[..., Tracker], heard: list[Any], tmp_path: Path) -> Tracker:
    """A tracker that raises nothing."""
    spool = tmp_path / "spool"
    tracker = make_tracker(on_error=lambda *told: heard.append(told), spool=spool)
    tracker.track(KEY, "saw", id="taken", occurred_at=NOON)
    return tracker


def say(tracker: Tracker, part: str, value: Any, **more: Any) -> Any:
    """Say something that is right but for one part."""
    said = {"contact": KEY, "event": "saw", "id": None} | {part: value}
    details = {name: said[name] for name in said if name not in ("contact", "event")}
    return tracker.track(said["contact"], said["event"], **details, **more)


def rejects(engine: Engine, tenant: str) -> list[Any]:
    table = tables().rejects
    with engine.connect() as connection:
        return list(connection.execute(select(table).where(table.c.tenant == tenant)))


@pytest.mark.parametrize(
    ("shared_engine", "label"),  # pytest would touch the values
    [
        (backend, label)
        for backend in BACKENDS
        for n, label in enumerate(VALUES)
        if backend == "sqlite" or n % 4 == 0  # most never come to a database
    ],
    indirect=["shared_engine"],
)
def test_any_value_for_any_part(
    shared_engine: Engine,
    lenient: Tracker,
    heard: list[tuple[Exception, Call]],
    label: str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever is passed for whatever part: recorded, or kept with its reason; none is raised."""
    failed, value = 0, VALUES[label]
    for part in PARTS:
        alone = say(lenient, part, value)
        with Session(shared_engine) as session:
            joined = say(lenient, part, value, bind=session)
            assert session.scalar(select(1)) == 1
            session.commit()
        many = lenient.track_many([{"contact": "bob", "event": "saw"}, {part: value}])
        assert many[0].error is None
        for answer in (alone, joined):
            failed += answer.error is not None
            assert type(alone.error) is type(answer.error)
    traits: Any = value
    failed += lenient.identify(KEY, traits).error is not None
    kept = {call.kept for _, call in heard}
    assert kept <= {"rejects"}
    assert len(heard) >= failed
    assert lenient.spool is not None
    assert not lenient.spool.exists()
    if failed:
        assert rejects(shared_engine, lenient.tenant)
    for secret in (KEY, SECRET):
        assert secret not in caplog.text
    assert capsys.readouterr().out == ""
    assert lenient.track(KEY, "saw", id="last", occurred_at=NOON).error is None


BINDS = HOSTILE | {"integer": 1, "class": Session, "engine": create_engine("sqlite://")}


@pytest.mark.parametrize("label", BINDS)
def test_any_value_for_bind(
    shared_engine: Engine, lenient: Tracker, heard: list[tuple[Exception, Call]], label: str
) -> None:
    """What cannot be joined is answered with an error; what was said goes to the rejects."""
    bind: Any = BINDS[label]
    before = row_counts(shared_engine, lenient.tenant)
    for answer in (
        lenient.track(KEY, "saw", bind=bind),
        *lenient.track_many([{"contact": KEY, "event": "saw"}], bind=bind),
        lenient.identify(KEY, {"a": 1}, bind=bind),
    ):
        assert answer.error is not None
    assert [call.kept for _, call in heard] == ["rejects"] * 3
    assert row_counts(shared_engine, lenient.tenant) == before


@pytest.mark.parametrize("label", [*HOSTILE, "integer", "generator"])
def test_anything_for_events(lenient: Tracker, heard: list[Any], label: str) -> None:
    """What gives no events, or fails on the way, is told of; those that came are recorded."""
    events: Any = generator() if label == "generator" else BINDS[label]
    answers = lenient.track_many(events)
    assert isinstance(answers, list)
    assert len(heard) == sum(answer.error is not None for answer in answers)


def test_the_others_of_a_batch_are_recorded(
    shared_engine: Engine, lenient: Tracker, heard: list[tuple[Exception, Call]]
) -> None:
    """Each bad event of a batch is kept apart: misshapen, or under an id that is taken."""
    answers = lenient.track_many(
        [
            {"contact": "bob", "event": "saw", "id": "1", "occurred_at": NOON},
            {"contact": KEY, "event": "bought", "id": "taken", "occurred_at": NOON},
            {"contact": "bob", "event": "saw", "id": "2", "shape": "round"},
            {"contact": "", "event": "saw", "id": "3"},
            {"contact": "cyd", "event": "saw", "id": "4", "occurred_at": NOON},
        ]
    )
    errors = [type(answer.error) for answer in answers]
    assert errors == [type(None), ConflictError, EventError, EventError, type(None)]
    assert {reject.reason.split("'")[0] for reject in rejects(shared_engine, lenient.tenant)} == {
        "the id ",
        "",
        "the contact is blank",
    }
    assert [call.id for _, call in heard] == ["taken", None, "3"] or len(heard) == 3
    assert row_counts(shared_engine, lenient.tenant)["motfunnel_events"] == 3


def test_a_contact_key_that_fails(
    shared_engine: Engine, make_tracker: Callable[..., Tracker], caplog: pytest.LogCaptureFixture
) -> None:
    """The host's own function may raise what it likes; our log holds nothing of it."""

    def fail(contact: object) -> object:
        raise KeyError(KEY, SECRET)

    tracker = make_tracker(contact_key=fail, on_error="log", spool=False)
    with caplog.at_level(logging.DEBUG):
        answer = tracker.track(KEY, "saw")
    assert isinstance(answer.error, KeyError)
    assert "not recorded: error='KeyError', verb='track', kept='rejects'" in caplog.text
    assert KEY not in caplog.text
    [reject] = rejects(shared_engine, tracker.tenant)
    assert (reject.contact, reject.event, reject.reason) == (KEY, "saw", "KeyError")


def test_an_on_error_that_fails(
    make_tracker: Callable[..., Tracker], caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and nobody else hears of it."""

    def fail(error: Exception, call: Call) -> None:
        raise RuntimeError(KEY)

    tracker = make_tracker(on_error=fail, spool=False)
    assert isinstance(tracker.track("", "saw").error, EventError)
    assert "on_error failed" in caplog.text
    assert KEY not in caplog.text


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_interrupts_pass(
    make_tracker: Callable[..., Tracker], interrupt: type[BaseException]
) -> None:
    """What is no Exception is not ours to keep from the host."""

    def stop(_: object) -> object:
        raise interrupt

    with pytest.raises(interrupt):
        make_tracker(contact_key=stop, on_error="log", spool=False).track("ada", "saw")


def test_motfunnel_track(tmp_path: Path) -> None:
    """The tracker of an application that wants just one has the same policy."""
    tracker = motfunnel.configure(
        f"sqlite:///{tmp_path}/crm.db", funnel=FUNNEL, on_error="log", spool=False
    )
    assert isinstance(motfunnel.track("", "saw").error, EventError)
    tracker.close()


@pytest.mark.parametrize("on_error", ["ignore", None, 1, b"log"])
def test_no_policy(on_error: Any) -> None:
    """A policy that there is not is refused at once."""
    with pytest.raises(ValueError, match="on_error"):
        Tracker("sqlite://", on_error=on_error)


def test_retried_when_the_funnel_is_mended(
    shared_engine: Engine, make_tracker: Callable[..., Tracker], tmp_path: Path
) -> None:
    """What was refused for the funnel's sake is taken once the funnel takes it; the rest stays."""
    strict = Funnel(stages=("visitor", "lead"), rules={"saw": rules.touch()}, unmapped="refuse")
    tracker = make_tracker(funnel=strict, on_error="log", spool=False, contact_key=str.lower)
    for _ in range(2):
        assert tracker.track("ADA", "bought", id="1", occurred_at=NOON).error is not None
    undated = tracker.track("ADA", "bought", properties={"a": [1, None, "é😀", 0.1]})
    assert tracker.track("ADA", "saw", properties={"a": {1}}).error is not None
    assert tracker.identify("ADA", {"plan": float("nan")}).error is not None
    assert len(rejects(shared_engine, tracker.tenant)) == 4
    mended = make_tracker(funnel=FUNNEL, on_error="log", spool=False, contact_key=str.lower)
    retried = retry_rejects(mended)
    assert (retried.rows, retried.added, retried.duplicates, retried.rejected) == (4, 2, 0, 2)
    again = retry_rejects(mended)
    assert (again.rows, again.rejected) == (2, 2)
    assert mended.contact("ada").purchases == 2
    assert mended.track(
        "Ada", "bought", id=undated.id, properties={"a": [1, None, "é😀", 0.1]}
    ).duplicate


class TestJoined:
    """In the host's transaction."""

    def test_a_reject_goes_with_the_host(self, shared_engine: Engine, lenient: Tracker) -> None:
        """It is rolled back or committed with the host's own work."""
        for end, count in ((Session.rollback, 0), (Session.commit, 1)):
            with Session(shared_engine) as session:
                assert lenient.track("", "saw", id="1", bind=session).error is not None
                assert lenient.track("bob", "saw", id="1", bind=session).error is None
                end(session)
            assert len(rejects(shared_engine, lenient.tenant)) == count
            assert lenient.contact("bob").events == count

    def test_the_databases_own_errors(self, url: str, tmp_path: Path) -> None:
        """In raising mode they pass unchanged; else the host goes on, and they are kept with it."""
        engine = create_engine(url)
        injector = Injector(engine)
        tracker = Tracker(engine, funnel=FUNNEL, spool=tmp_path / "spool")
        tracker.track("zoe", "saw", id="1", occurred_at=NOON)
        told = told_kinds(tracker)
        error = passing_faults(engine.dialect.name)["locked"]
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE host (n INTEGER)"))
        with engine.connect() as connection:
            connection.execute(text("INSERT INTO host VALUES (1)"))
            injector.bring(raising(error), 3)
            with pytest.raises(OperationalError) as caught:
                tracker.track("ada", "saw", id="1", occurred_at=NOON, bind=connection)
            assert caught.value.orig is error
            tracker.on_error = "log"
            injector.bring(raising(error), 3)
            answer = tracker.track("ada", "saw", id="1", occurred_at=NOON, bind=connection)
            assert isinstance(answer.error, OperationalError)
            injector.mend()
            connection.commit()
            assert connection.scalar(text("SELECT count(*) FROM host")) == 1
        assert rejects(engine, "default") == []
        assert tracker.deliver().recorded == 1
        assert [moment.contact for moment in told] == ["ada"]
        engine.dispose()

    def test_what_cannot_be_rejected_waits_for_the_commit(self, url: str, tmp_path: Path) -> None:
        """It is put in the spool if the host commits, and nowhere if it does not."""
        engine = create_engine(url)
        injector = Injector(engine)
        tracker = Tracker(engine, funnel=FUNNEL, spool=tmp_path / "spool", on_error="log")
        tracker.track("zoe", "saw", id="1", occurred_at=NOON)
        assert tracker.spool is not None
        error = passing_faults(engine.dialect.name)["locked"]
        for commits in (False, True):
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
                injector.bring(raising(error), 3, always=True)
                tracker.track("ada", "saw", id="1", occurred_at=NOON, bind=connection)
                injector.mend()
                assert not tracker.spool.exists()
                connection.commit() if commits else connection.rollback()
            assert tracker.spool.exists() is commits
        assert tracker.deliver().recorded == 1
        engine.dispose()

    @pytest.mark.parametrize("state", ["closed", "invalidated", "failed", "closed session"])
    def test_a_transaction_that_is_no_more(
        self, shared_engine: Engine, lenient: Tracker, state: str
    ) -> None:
        """A host's transaction that has ended badly already gets an answer, and no new harm."""
        with shared_engine.connect() as connection, Session(shared_engine) as session:
            bind: Any = connection
            connection.execute(text("SELECT 1"))
            if state == "closed":
                connection.close()
            elif state == "invalidated":
                connection.invalidate()
            elif state == "failed":
                with pytest.raises(DBAPIError):
                    connection.execute(text("SELECT nothing FROM nowhere"))
            else:
                session.execute(text("SELECT 1"))
                session.close()
                bind = session
            answer = lenient.track("bob", "saw", id="1", bind=bind)
            lenient.track("", "saw", id="1", bind=bind)
            lenient.identify("bob", {"a": 1}, bind=bind)
            recorded = state == "closed session" or (
                state == "failed" and shared_engine.dialect.name != "postgresql"
            )
            assert (answer.error is None) is recorded
        assert lenient.contact("bob").events == 0
        assert lenient.spool is not None
        assert not lenient.spool.exists()

    @pytest.mark.parametrize("url", ["mariadb"], indirect=True)
    def test_a_transaction_that_mariadb_undid(self, url: str, tmp_path: Path) -> None:
        """By whatever error: it is raised, and nobody is told of what went with it."""
        engine = create_engine(url)
        tracker = Tracker(engine, funnel=FUNNEL, spool=False, on_error="log")
        tracker.track("ada", "saw", id="1", occurred_at=NOON)
        told = told_kinds(tracker)
        with engine.connect() as host:
            host.execute(text("SET SESSION innodb_snapshot_isolation = ON"))
            host.commit()
            tracker.track("bob", "saw", id="1", bind=host)
            host.execute(text("SELECT * FROM motfunnel_contacts")).all()
            tracker.track("ada", "saw", id="2", occurred_at=NOON)
            with pytest.raises(OperationalError, match="1020"):
                tracker.track("ada", "saw", id="3", bind=host)
            host.commit()  # reports success, as MariaDB does
            host.execute(text("SET SESSION innodb_snapshot_isolation = DEFAULT"))
        assert told == []
        assert tracker.contact("bob").events == 0
        engine.dispose()

    @pytest.mark.parametrize("url", ["mariadb"], indirect=True)
    def test_a_deadlock_is_raised(self, url: str, tmp_path: Path) -> None:
        """MariaDB has undone the host's work by then; whatever the policy, the host must know."""
        engine = create_engine(url)
        injector = Injector(engine)
        for on_error in ("raise", "log", lambda *_: None):
            tracker = Tracker(engine, funnel=FUNNEL, spool=False, on_error=on_error)
            tracker.track("zoe", "saw", occurred_at=NOON)
            with Session(engine) as session:
                session.execute(text("SELECT 1"))
                injector.bring(raising(passing_faults("mysql")["deadlock"]), 3)
                with pytest.raises(OperationalError, match="1213"):
                    tracker.track("ada", "saw", bind=session)
                injector.mend()
        engine.dispose()


def test_an_engine_that_commits_by_itself(url: str) -> None:
    """It holds no transaction that an event could be part of, however it came to be so."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    plain = create_engine(url)
    tracker = Tracker(engine, funnel=FUNNEL, spool=False)
    tracker.create_tables()
    options = {"isolation_level": "AUTOCOMMIT"}
    for host in (engine, plain.execution_options(**options)):
        with host.connect() as connection, pytest.raises(TypeError, match="AUTOCOMMIT"):
            tracker.track("ada", "saw", bind=connection)
    with engine.connect().execution_options(isolation_level="SERIALIZABLE") as connection:
        tracker.track("ada", "saw", bind=connection)
        connection.commit()
    assert tracker.contact("ada").events == 1
    engine.dispose()
    plain.dispose()


def test_bind_decides_the_database(url: str, tmp_path: Path) -> None:
    """What is bound gets the funnel too, though the tracker's own database has it already."""
    other = create_engine(f"sqlite:///{tmp_path}/other.db")
    with Tracker(other, funnel=FUNNEL, spool=False) as there:
        there.create_tables()
    with Tracker(url, funnel=FUNNEL, spool=False) as tracker:
        tracker.track("ada", "saw")
        with Session(other) as session:
            tracker.track("bob", "saw", bind=session)
            session.commit()
    found = Tracker(other, spool=False)
    assert found.funnel == FUNNEL
    assert found.contact("bob").events == 1
    other.dispose()


def test_a_store_error_without_a_database(tmp_path: Path) -> None:
    """A tracker that has yet to read its funnel says so in our own words too."""
    url = f"sqlite:///{tmp_path}/none/crm.db"
    with Tracker(url, spool=False) as tracker, pytest.raises(StoreError):
        tracker.track("ada", "saw")
