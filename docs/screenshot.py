"""Take the demo's screenshot for the README: run it on a recording terminal, and save that as SVG.

    python docs/screenshot.py

The times that the demo prints are its own, of the machine that ran it.
"""

from __future__ import annotations

import io
import re
import tempfile
from contextlib import chdir
from pathlib import Path

from rich.console import Console

from motfunnel.demo import run

TARGET = Path(__file__).resolve().parent / "_static" / "demo.svg"
WIDTH = 108


def main() -> None:
    """Run and save."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), color_system="truecolor")
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        run(console)
    svg = console.export_svg(title="motfunnel demo", unique_id="demo")
    # The viewer's own monospaced font will do: a picture should ask no other server for one.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    TARGET.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n")


if __name__ == "__main__":
    main()
