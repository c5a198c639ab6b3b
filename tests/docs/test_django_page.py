"""The page on Django can be followed to the letter, from a fresh project on.

Its captioned files are written (at the end of what is there, where the caption says so), and its
console commands are run, in the order of the page. What stands below a command is what it prints.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/how-to/django.md"
BLOCK = re.compile(
    r"^```(?:\{code-block\} python\n:caption: (?P<name>[^,\n]+)(?P<more>, at the end)?\n\n"
    r"|console\n)(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
PROGRAMS = {"python": [sys.executable], "django-admin": [sys.executable, "-m", "django"]}


def test_the_page(tmp_path: Path) -> None:
    """A reader who does what it says sees what it says."""
    for block in BLOCK.finditer(PAGE.read_text("utf-8")):
        if block["name"]:
            write(tmp_path / block["name"], block["text"], more=bool(block["more"]))
        else:
            for command in re.split(r"^\$ ", block["text"], flags=re.MULTILINE)[1:]:
                run(tmp_path, *command.split("\n", 1))


def write(file: Path, text: str, *, more: bool) -> None:
    """Put a text into a file, or at its end."""
    file.parent.mkdir(parents=True, exist_ok=True)
    before = f"{file.read_text('utf-8')}\n\n" if more else ""
    file.write_text(before + text, "utf-8")


def run(place: Path, line: str, expected: str) -> None:
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
    printed = done.stdout + done.stderr
    assert done.returncode == 0, f"{line}\n{printed}"
    if expected.strip():
        assert expected.split() == printed.split(), f"{line}\n{printed}"


def test_every_key_of_the_setting() -> None:
    """Every key stands in the table of keys."""
    pytest.importorskip("django")
    from motfunnel.integrations.django.configuration import KEYS

    page = PAGE.read_text("utf-8")
    assert [key for key in KEYS if f"| `{key}` |" not in page] == []


def test_every_signal_and_property() -> None:
    """Every signal, and every property that a request gives, is named."""
    from motfunnel.integrations.django.surroundings import NAMES

    page = PAGE.read_text("utf-8")
    from motfunnel import MomentKind

    named = [*(kind.value for kind in MomentKind), *NAMES]
    assert [name for name in named if f"`{name}`" not in page] == []
