"""Take the demo's picture for the README: its first table on a recording terminal, saved as SVG.

    python docs/screenshot.py

The times that the demo prints are its own, of the machine that ran it.
"""

from __future__ import annotations

import io
import re
import tempfile
from contextlib import chdir
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from motfunnel.demo import run

TARGET = Path(__file__).resolve().parent / "_static" / "demo.svg"
WIDTH = 80
SECOND = "Recidivism:"
"""How the heading of the second table begins."""


def main() -> None:
    """Run, and save what is printed before the second table."""
    printed = io.StringIO()
    colours: dict[str, Any] = {"color_system": "truecolor", "force_terminal": True}
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        run(Console(file=printed, width=WIDTH, force_interactive=False, **colours))
    first = Text.from_ansi(printed.getvalue())
    first.right_crop(len(first) - first.plain.index(SECOND))
    first.rstrip()
    console = Console(record=True, width=WIDTH, file=io.StringIO(), color_system="truecolor")
    console.print(first)
    svg = console.export_svg(title="motfunnel demo", unique_id="demo")
    # The viewer's own monospaced font will do: a picture should ask no other server for one.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    TARGET.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n")


if __name__ == "__main__":
    main()
