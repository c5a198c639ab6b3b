"""A real browser, and a development server to point it at: what the tests of examples share."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 30.0  # seconds, on a busy machine


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium, without a window."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.skip(f"no browser: install Chromium ({', '.join(CHROMIUM)} are looked for)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield browser
        browser.close()


@contextmanager
def someone(browser: Browser, url: str) -> Iterator[Page]:
    """A page in a browser of somebody's own; at its end nothing on it may have failed."""
    context = browser.new_context(base_url=url)
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    failed: list[str] = []
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.on("response", lambda one: failed.append(one.url) if one.status >= 400 else None)
    yield page
    context.close()
    assert failed == []


def fits_a_phone(page: Page) -> None:
    """On a phone's screen nothing has to be moved sideways: rows stand as cards."""
    was = page.viewport_size
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    wide = "[...document.querySelectorAll('table')].every(t => t.scrollWidth <= t.clientWidth + 1)"
    assert page.evaluate(wide)
    page.set_viewport_size(was or {"width": 1280, "height": 720})


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def serving(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], url: str, log: Path
) -> Iterator[None]:
    """A development server, from its first answer on."""
    with log.open("w") as written:
        server = subprocess.Popen(
            command, cwd=folder, env=os.environ | environment, stdout=written, stderr=written
        )
    try:
        _wait_for(url, server, log)
        yield
    finally:
        server.terminate()
        server.wait(PATIENCE)


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = monotonic() + PATIENCE
    while server.poll() is None and monotonic() < until:
        try:
            urlopen(url).close()
        except HTTPError:
            break
        except URLError:
            sleep(0.1)
        else:
            return
    raise AssertionError(f"the server does not answer as it should:\n{log.read_text('utf-8')}")
