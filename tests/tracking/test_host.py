"""A tracker whose host says, for every call, which transaction it is to be part of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from motfunnel import MomentKind, Tracker, configure, tracker
from motfunnel.errors import NotConfiguredError, TransactionError
from motfunnel.trackers import configured as configuration
from tests.tracking.host import event_ids
from tests.tracking.scene import FUNNEL


@pytest.fixture(params=[Session, scoped_session])
def session(request: pytest.FixtureRequest, shared_engine: Engine) -> Any:
    """The session that a host uses in the running request."""
    make = sessionmaker(shared_engine)
    opened: Any = make() if request.param is Session else scoped_session(make)
    yield opened
    opened.close()


@pytest.fixture
def joining(make_tracker: Callable[..., Tracker], session: Any) -> Tracker:
    """A tracker that joins that session in whatever it is asked to do."""
    return make_tracker(host=lambda: session)


def test_a_call_shares_the_fate_of_the_hosts_transaction(
    shared_engine: Engine, joining: Tracker, session: Any
) -> None:
    """What was tracked is there once the host commits, and was told of after that."""
    told: list[str] = []
    joining.on(MomentKind.OPENING, lambda moment: told.append(moment.contact))
    joining.track("ada", "saw", id="1")
    session.rollback()
    joining.track("bob", "saw", id="2")
    assert told == []
    session.commit()
    session.close()
    assert told == ["bob"]
    assert event_ids(shared_engine, joining.tenant) == ["2"]


def test_reads_see_what_the_host_has_just_written(joining: Tracker, session: Any) -> None:
    """In the transaction that an event is part of, its contact is known; after a rollback not."""
    joining.track("ada", "saw")
    assert joining.contact("ada").presence == "active"
    session.rollback()
    assert joining.contact("ada").presence == "unknown"


def test_a_read_begins_no_transaction_of_the_hosts(joining: Tracker, session: Any) -> None:
    """Where the host is in no transaction, a question is asked on a connection of our own."""
    joining.contact("ada")
    assert not (session() if isinstance(session, scoped_session) else session).in_transaction()


def test_a_merge_joins_too(joining: Tracker, session: Any) -> None:
    """Two keys that were made one in a transaction that failed are two again."""
    joining.track("anonymous", "saw")
    joining.track("ada", "saw")
    session.commit()
    joining.merge("anonymous", into="ada")
    assert joining.identity("anonymous").contact == "ada"
    session.rollback()
    assert joining.identity("anonymous").contact == "anonymous"


def test_what_a_handler_tracks_is_committed_by_itself(
    shared_engine: Engine, joining: Tracker, session: Any
) -> None:
    """The session that it waited for is closing, and a later commit may never come."""
    joining.on(MomentKind.OPENING, lambda moment: joining.track(moment.contact, "mailed", id="2"))
    joining.track("ada", "saw", id="1")
    session.commit()
    session.close()
    assert event_ids(shared_engine, joining.tenant) == ["1", "2"]


def test_an_erasure_commits_by_itself(
    shared_engine: Engine, joining: Tracker, session: Any
) -> None:
    """It is refused while the host's transaction holds contacts, and done once that has ended."""
    joining.track("ada", "saw", id="1")
    session.commit()
    joining.track("bob", "saw", id="2")
    with pytest.raises(TransactionError, match="commit or roll back first"):
        joining.forget("ada")
    session.rollback()
    assert joining.forget("ada").events == 1
    session.rollback()
    assert event_ids(shared_engine, joining.tenant) == []


def test_a_bind_goes_before_the_host(shared_engine: Engine, joining: Tracker, session: Any) -> None:
    """A call that names its transaction is part of that one."""
    with shared_engine.begin() as connection:
        joining.track("ada", "saw", id="1", bind=connection)
    session.rollback()
    assert event_ids(shared_engine, joining.tenant) == ["1"]


def test_a_framework_provides_the_tracker_of_its_running_application(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The tracker of the application that runs goes before the one that was configured."""
    monkeypatch.setattr(configuration, "_configured", [])
    monkeypatch.setattr(configuration, "_providers", {})
    with pytest.raises(NotConfiguredError):
        tracker()
    running: list[Tracker] = []
    configuration.provide(lambda: running[0] if running else None)
    configured = configure("sqlite://", funnel=FUNNEL)
    assert tracker() is configured
    running.append(Tracker("sqlite://", FUNNEL))
    assert tracker() is running[0]
