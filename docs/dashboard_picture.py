"""Take the pictures of the dashboard for the README and the documents, of the demo's history.

    python docs/dashboard_picture.py

The Overview on a screen, light and dark, and on a phone, each as a browser shows it. Needs the
extras ``cli`` and ``web``, playwright, and Chromium on this machine.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from contextlib import chdir
from pathlib import Path
from threading import Thread
from typing import Any, Final

from playwright.sync_api import Browser, sync_playwright
from rich.console import Console

from motfunnel import Tracker
from motfunnel.dashboard.web.local import LocalServer
from motfunnel.demo import run
from motfunnel.demo.tour import DATABASE

STATIC: Final = Path(__file__).resolve().parent / "_static"
SHOTS: Final[dict[str, dict[str, Any]]] = {
    "dashboard.png": {"viewport": {"width": 860, "height": 980}},
    "dashboard-dark.png": {"viewport": {"width": 860, "height": 980}, "color_scheme": "dark"},
    "dashboard-phone.png": {"viewport": {"width": 390, "height": 844}},
}
"""What is taken: the file, and the screen."""

MOST: Final = 100_000  # bytes of a picture
_PATIENCE: Final = 300_000  # milliseconds, on a busy machine


def main() -> None:
    """Run the demo, serve it, and look at it."""
    with tempfile.TemporaryDirectory() as name, chdir(name):
        run(Console(file=io.StringIO()))
        with Tracker(f"sqlite:///{DATABASE}") as tracker, sync_playwright() as playwright:
            found = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))))
            browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
            for file, screen in SHOTS.items():
                _take(browser, tracker, STATIC / file, screen)
            browser.close()


def _take(browser: Browser, tracker: Tracker, target: Path, screen: dict[str, Any]) -> None:
    """Open the address that ``motfunnel serve`` prints, and wait until every section is there."""
    server = LocalServer(tracker)
    thread = Thread(target=server.serve)
    thread.start()
    try:
        tab = browser.new_context(**screen).new_page()
        tab.goto(server.address)
        tab.wait_for_selector("[aria-busy=true]", state="detached", timeout=_PATIENCE)
        tab.screenshot(path=target)
        tab.context.close()
    finally:
        server.stop()
        thread.join()
    assert target.stat().st_size <= MOST, f"{target} has {target.stat().st_size:,} bytes"


if __name__ == "__main__":
    main()
