"""A host that has lost its transaction, and goes on: nothing of it is recorded, then or later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import IntegrityError, PendingRollbackError
from sqlalchemy.orm import DeclarativeBase, Session, scoped_session, sessionmaker

from motfunnel import Tracker
from motfunnel.tracking.recording.call import Call
from tests.tracking.host import HOSTS, ORDERS, Opener, order, orders
from tests.tracking.scene import NOON
from tests.tracking.test_lenient import rejects


class Model(DeclarativeBase):
    """What a session flushes."""


class Row(Model):
    """A row of the host's."""

    __table__ = ORDERS
    __mapper_args__ = {"primary_key": [ORDERS.c.tenant, ORDERS.c.number]}  # noqa: RUF012


Heard = list[tuple[Exception, Call]]
Make = Callable[..., Tracker]
SESSIONS = pytest.mark.parametrize("open", [HOSTS["Session"], HOSTS["scoped_session"]])
VERBS: dict[str, Callable[..., Any]] = {
    "track": lambda tracker, **bind: tracker.track("ada", "saw", id="1", **bind),
    "track a bad one": lambda tracker, **bind: tracker.track("", "saw", id="1", **bind),
    "track_many": lambda tracker, **bind: tracker.track_many(
        [{"contact": "ada", "event": "saw"}, {"contact": "", "event": "saw"}], **bind
    ),
    "identify": lambda tracker, **bind: tracker.identify("ada", {"plan": "a"}, **bind),
}


def lose(session: Any, tenant: str) -> None:
    """A flush fails, and the host swallows that."""
    order(session, tenant, 1)
    session.add(Row(tenant=tenant))
    with pytest.raises(IntegrityError):
        session.flush()
    with pytest.raises(PendingRollbackError):
        session.connection()


@SESSIONS
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("by", ["bind", "host"])
def test_it_is_kept_nowhere(
    shared_engine: Engine, make_tracker: Make, tmp_path: Path, open: Opener, verb: str, by: str
) -> None:
    """An event shares the fate of the host's work, which is gone; the host is told so."""
    heard: Heard = []
    inner: list[Any] = [None]
    tracker = make_tracker(
        on_error=lambda *told: heard.append(told),
        spool=tmp_path / "spool",
        host=lambda: inner[0],
    )
    ORDERS.create(shared_engine, checkfirst=True)
    with open(shared_engine) as session:
        lose(session, tracker.tenant)
        inner[0] = session if by == "host" else None
        VERBS[verb](tracker, **({"bind": session} if by == "bind" else {}))
        session.rollback()
        inner[0] = None
    assert {call.kept for _, call in heard} == {"nowhere"}
    assert tracker.spool is not None
    assert not tracker.spool.exists()
    assert rejects(shared_engine, tracker.tenant) == []
    assert tracker.deliver().recorded == 0
    assert tracker.contact("ada").presence == "unknown"
    assert orders(shared_engine, tracker.tenant) == []


@SESSIONS
def test_the_next_transaction_goes_on(
    shared_engine: Engine, make_tracker: Make, open: Opener
) -> None:
    """Once the host has rolled back, the same call is part of what comes then."""
    tracker = make_tracker(on_error="log", spool=False)
    ORDERS.create(shared_engine, checkfirst=True)
    with open(shared_engine) as session:
        lose(session, tracker.tenant)
        assert isinstance(tracker.track("ada", "saw", bind=session).error, PendingRollbackError)
        session.rollback()
        assert tracker.track("ada", "saw", occurred_at=NOON, bind=session).error is None
        session.commit()
    assert tracker.contact("ada").events == 1


def test_a_session_whose_database_is_away(make_tracker: Make, tmp_path: Path) -> None:
    """What else the session would have written is lost as well."""
    heard: Heard = []
    spool = tmp_path / "spool"
    tracker = make_tracker(on_error=lambda *told: heard.append(told), spool=spool)
    away = create_engine(f"sqlite:///{tmp_path / 'no such folder' / 'shop.db'}")
    with scoped_session(sessionmaker(away))() as session:
        tracker.track("ada", "saw", bind=session)
    assert [call.kept for _, call in heard] == ["nowhere"]
    assert not spool.exists()


def test_a_session_without_an_engine(
    shared_engine: Engine, make_tracker: Make, tmp_path: Path
) -> None:
    """It is a mistake in the host's program, and holds no work: the event is a reject."""
    heard: Heard = []
    tracker = make_tracker(on_error=lambda *told: heard.append(told), spool=tmp_path / "spool")
    with Session() as session:
        tracker.track("ada", "saw", bind=session)
    assert [call.kept for _, call in heard] == ["rejects"]
    assert len(rejects(shared_engine, tracker.tenant)) == 1
