"""A server that stands still in the middle, over a socket or an encrypted line."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from motfunnel import Tracker
from motfunnel.errors import StoreError
from tests.faults.servers import private_server
from tests.tracking.scene import FUNNEL, NOON
from tests.tracking.test_budget import BUDGET, MOST_TO_CONNECT, within_budget

SLEEP = {"postgresql": "SELECT pg_sleep({})", "mysql": "SELECT sleep({})"}


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["postgresql", "mariadb", "mariadb over TLS"])
def test_a_server_that_stands_still(backend: str, tmp_path: Path) -> None:
    """A call is back in time; what has no budget waits on such connections as long as it takes."""
    budget = timedelta(seconds=BUDGET)
    with (
        private_server(backend) as server,
        Tracker(
            server.url, FUNNEL, budget=budget, spool=tmp_path / "spool", on_error="log"
        ) as tracker,
    ):
        tracker.create_tables()
        tracker.track("ada", "saw", occurred_at=NOON)
        with tracker.database.connect() as connection:
            name = connection.dialect.name
            if backend == "mariadb over TLS":
                cipher = connection.exec_driver_sql("SHOW STATUS LIKE 'Ssl_cipher'").one()
                assert cipher[1]
        with server.frozen():
            with within_budget(BUDGET / 2):
                assert isinstance(tracker.track("ada", "saw").error, StoreError)
            with within_budget(BUDGET / 2, most=MOST_TO_CONNECT[name]):  # it needs a new connection
                assert isinstance(tracker.track("ada", "saw").error, StoreError)
        assert tracker.track("ada", "saw").error is None
        tracker.deliver()
        assert tracker.contact("ada").events == 4
        with tracker.database.connect() as connection:
            connection.exec_driver_sql(SLEEP[name].format(2 * BUDGET))
