"""What the tests of the dashboard share: a short history, and asking its pages without a server."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from attrs import frozen

from motfunnel import Tracker
from motfunnel.dashboard import Dashboard, wsgi
from motfunnel.reports.report import Report
from tests.reports.drawn import AS_OF, make_tracker

Ask = Callable[..., "Seen"]


@frozen(kw_only=True)
class Seen:
    """What a browser was answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


def asking(application: Any, mounted: str = "") -> Ask:
    """Ask a WSGI application, which a server has mounted below a path."""

    mounted = mounted.encode().decode("latin-1")  # as WSGI writes bytes

    def ask(address: str, method: str = "GET", **environ: str) -> Seen:
        parts = urlsplit(f"http://host{address}" if address.startswith("/") else address)
        path = unquote_to_bytes(parts.path).decode("latin-1")
        assert path.startswith(mounted), f"{address} leads out of {mounted}"
        told: list[Any] = []
        body = application(
            {
                "REQUEST_METHOD": method,
                "SCRIPT_NAME": mounted,
                "PATH_INFO": path[len(mounted) :],
                "QUERY_STRING": parts.query,
                "wsgi.input": BytesIO(),
                **environ,
            },
            lambda status, headers: told.append((status, headers)),
        )
        [(status, headers)] = told
        assert len(dict(headers)) == len(headers)
        return Seen(status=int(status[:3]), headers=dict(headers), body=b"".join(body))

    return ask


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracker]:
    """A tracker with a short history, on the day of its questions."""
    folder = tmp_path_factory.mktemp("dashboard")
    with make_tracker(f"sqlite:///{folder / 'store.db'}") as tracker:
        tracker.clock = lambda: AS_OF
        yield tracker


@pytest.fixture(scope="session")
def report(history: Tracker) -> Report:
    """The report on it."""
    return history.report(as_of=AS_OF)


@pytest.fixture
def ask(history: Tracker) -> Ask:
    """Asks the pages of that history."""
    return asking(wsgi(Dashboard(history, authorize=lambda environ: True, patience=None)))


@pytest.fixture
def forked() -> Callable[[Callable[[], int]], int]:
    """Has a child process compute something small, and gives what it said as its exit code."""

    def run(compute: Callable[[], int]) -> int:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads
            child = os.fork()
        if not child:
            signal.alarm(20)
            os._exit(compute())
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    return run
