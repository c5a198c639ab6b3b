"""Take the picture of a report's page for the README, in a browser, and save it as PNG.

    python docs/page_picture.py

Of the demo's history: how many of those who left come back, by the stage that they left from.
Needs the extras ``cli`` and ``plot``, playwright, and a Chromium on the path.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from contextlib import chdir
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console

from motfunnel import Tracker
from motfunnel.demo import run
from motfunnel.demo.tour import DATABASE
from motfunnel.pages import Section, page, place_script

TARGET = Path(__file__).resolve().parent / "_static" / "recidivism.png"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
SIZE = {"width": 1000, "height": 885}


def main() -> None:
    """Write the page, open it, and save what is seen of it."""
    with tempfile.TemporaryDirectory() as name, chdir(name):
        folder = Path(name)
        run(Console(file=io.StringIO()))
        with Tracker(f"sqlite:///{DATABASE}") as tracker:
            answer = tracker.report().recidivism(within=timedelta(days=365), by="stage")
        file = folder / "page.html"
        file.write_text(page([Section("recidivism", answer)]), "utf-8")
        place_script(folder)
        _take(file)


def _take(file: Path) -> None:
    found = next(filter(None, map(shutil.which, CHROMIUM)))
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        tab = browser.new_page(viewport=SIZE)
        tab.goto(file.as_uri())
        tab.wait_for_function(
            "document.querySelectorAll('.js-plotly-plot').length"
            " === document.querySelectorAll('figure').length"
        )
        tab.screenshot(path=TARGET)
        browser.close()


if __name__ == "__main__":
    main()
