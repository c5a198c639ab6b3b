"""Draw the picture of an answer for the README, and save it as SVG.

    python docs/page_picture.py

Of the demo's history: how many of those who left come back, by the stage that they left from.
Needs the extra ``cli``, which runs the demo.
"""

from __future__ import annotations

import io
import tempfile
from contextlib import chdir
from datetime import timedelta
from pathlib import Path

from rich.console import Console

from motfunnel import Tracker
from motfunnel.demo import run
from motfunnel.demo.tour import DATABASE

TARGET = Path(__file__).resolve().parent / "_static" / "recidivism.svg"


def main() -> None:
    """Run the demo, ask, and save what is drawn."""
    with tempfile.TemporaryDirectory() as name, chdir(name):
        run(Console(file=io.StringIO()))
        with Tracker(f"sqlite:///{DATABASE}") as tracker:
            answer = tracker.report().recidivism(within=timedelta(days=365), by="stage")
        TARGET.write_text(answer.svg("curve"), "utf-8")


if __name__ == "__main__":
    main()
