"""What takes long, and what is not there: it is said in time, and the host goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from bs4 import BeautifulSoup

from motfunnel import Funnel, Tracker
from motfunnel.dashboard import Dashboard, wsgi
from tests.dashboard.conftest import Ask, Seen, asking

LONG = 30.0  # seconds, on a busy machine


def until(is_there: Callable[[Seen], bool], ask: Ask, address: str) -> Seen:
    """What is answered in the end, where a browser asks again."""
    end = time.monotonic() + LONG
    while not is_there(seen := ask(address)):
        assert time.monotonic() < end
        time.sleep(0.01)
    return seen


def test_what_takes_longer_than_a_page_waits(history: Tracker) -> None:
    """It says so, names the command, and asks for itself again, until it is there."""
    ask = asking(wsgi(Dashboard(history, authorize=lambda environ: True, patience="0s")))
    address = "/overview/returns?window=9d"
    waiting = ask(address)
    assert (waiting.status, waiting.headers["Retry-After"]) == (202, "3")
    assert "ETag" not in waiting.headers
    soup = BeautifulSoup(waiting.text, "html.parser")
    assert soup.section["hx-get"] == address  # type: ignore[index]
    assert soup.section["hx-trigger"] == "load delay:3s"  # type: ignore[index]
    assert "motfunnel report recidivism" in waiting.text
    assert ask(address.replace("?", ".csv?")).status in (200, 503)
    there = until(lambda seen: seen.status == 200, ask, address)
    assert "aria-busy" not in there.text
    assert ask(address.replace("?", ".csv?")).status == 200


def test_a_whole_page_in_time(history: Tracker) -> None:
    """Without script, too: what is not there yet says so, and the rest is shown."""
    ask = asking(wsgi(Dashboard(history, authorize=lambda environ: True, patience="0s")))
    first = ask("/?whole=1&window=8d")
    assert first.status in (200, 503)
    until(lambda seen: seen.status == 200 and "still being counted" not in seen.text,
          ask, "/?whole=1&window=8d")  # fmt: skip


def test_a_database_that_is_not_there() -> None:
    """The page says so; nothing of the address or its password is told."""
    url = "postgresql+psycopg://somebody:secret@127.0.0.1:1/nowhere"
    with Tracker(url, Funnel.ecommerce(), spool=False) as tracker:
        ask = asking(wsgi(Dashboard(tracker, authorize=lambda environ: True)))
        for address in ("/", "/overview/growth", "/search?q=a", "/person?contact=a"):
            seen = ask(address)
            assert seen.status == 503
            assert "There is no answer now" in seen.text
            assert "secret" not in seen.text


def test_a_store_without_tables(tmp_path: Path) -> None:
    """A section whose question fails says why, and is not kept."""
    url = f"sqlite:///{tmp_path / 'crm.db'}"
    with Tracker(url, Funnel.ecommerce(), spool=False) as tracker:
        tracker.track("ada", "Order Completed")
        ask = asking(wsgi(Dashboard(tracker, authorize=lambda environ: True, fresh="0s")))
        assert ask("/overview/growth").status == 200
        with tracker.database.write() as connection:
            connection.exec_driver_sql("ALTER TABLE motfunnel_contacts RENAME TO elsewhere")
        assert "database" in ask("/overview/growth").text
        with tracker.database.write() as connection:
            connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO motfunnel_contacts")
        assert "growth-heading" in ask("/overview/growth").text
