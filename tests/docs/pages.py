"""Follows pages that build a project from nothing, to the letter.

Their captioned files are written (at the end of what is there, where the caption says so), and
their console commands are run, in the order of the page. What stands below a command is what it
prints, with an ellipsis for the folder.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(
    r"^```(?:\{code-block\} python\n:caption: (?P<name>[^,\n]+)(?P<more>, at the end)?\n\n"
    r"|console\n)(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
PROGRAMS = {"python": [sys.executable], "django-admin": [sys.executable, "-m", "django"]}


def follow(page: Path, place: Path) -> None:
    """Do what a page says, and see what it says."""
    for block in BLOCK.finditer(page.read_text("utf-8")):
        if block["name"]:
            _write(place / block["name"], block["text"], more=bool(block["more"]))
        else:
            for command in re.split(r"^\$ ", block["text"], flags=re.MULTILINE)[1:]:
                _run(place, *command.split("\n", 1))


def _write(file: Path, text: str, *, more: bool) -> None:
    """Put a text into a file, or at its end."""
    file.parent.mkdir(parents=True, exist_ok=True)
    before = f"{file.read_text('utf-8')}\n\n" if more else ""
    file.write_text(before + text, "utf-8")


def _run(place: Path, line: str, expected: str) -> None:
    """Run a command, and compare what it prints with what the reader sees."""
    program, *arguments = shlex.split(line)
    if program == "pip":
        return
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DJANGO_")}
    done = subprocess.run(
        [*PROGRAMS[program], *arguments],
        cwd=place,
        env=environment | {"PYTHONPATH": str(ROOT / "src"), "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        check=False,
    )
    printed = (done.stdout + done.stderr).replace(str(place), "…")
    assert done.returncode == 0, f"{line}\n{printed}"
    if expected.strip():
        assert expected.split() == printed.split(), f"{line}\n{printed}"
