"""Engines with one connection for everybody: nothing of ours ends a transaction of the host's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import SingletonThreadPool, StaticPool

from motfunnel import Tracker
from motfunnel.errors import TransactionError
from motfunnel.store.hosts.transaction import is_shared
from tests.tracking.scene import FUNNEL

pytestmark = pytest.mark.every_database


@pytest.fixture(params=[StaticPool, SingletonThreadPool])
def shared(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An engine on a database in memory, with a row of the host's in it."""
    engine = create_engine("sqlite://", poolclass=request.param)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE orders (number INTEGER)"))
    yield engine
    engine.dispose()


def count(engine: Engine) -> int:
    with engine.connect() as connection:
        counted: int = connection.execute(text("SELECT count(*) FROM orders")).scalar_one()
        return counted


def test_the_hosts_work_is_neither_committed_nor_undone(shared: Engine) -> None:
    """A call without bind is refused while the host writes on the one connection."""
    tracker = Tracker(shared, FUNNEL)
    tracker.track("ada", "saw")
    with shared.connect() as connection:
        connection.execute(text("INSERT INTO orders VALUES (1)"))
        for call in (lambda: tracker.track("ada", "saw"), tracker.sweep):
            with pytest.raises(TransactionError, match="one connection for everybody"):
                call()
        tracker.track("bob", "saw", bind=connection)
        connection.rollback()
    assert count(shared) == 0
    assert tracker.contact("bob").presence == "unknown"


def test_moments_can_be_read_while_others_are_tracked(shared: Engine) -> None:
    """A loop over moments may track: reading holds nothing."""
    tracker = Tracker(shared, FUNNEL)
    for name in ("ada", "bob"):
        tracker.track(name, "saw")
    for moment in tracker.moments():
        tracker.track(moment.contact, "mailed", id="mail")
    assert [len(tracker.export(one)["events"]) for one in ("ada", "bob")] == [2, 2]


def test_a_file_has_connections_enough(tmp_path: object) -> None:
    """On an engine with a pool of connections nothing is shared."""
    engine = create_engine(f"sqlite:///{tmp_path}/store.db")
    assert not is_shared(engine)
    engine.dispose()
