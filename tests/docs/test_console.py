"""The commands that the documents print can be run: each document is one story, told in order.

A `console` block's lines that begin with `$ motfunnel` or `$ export` are run in an empty directory
of the document's own, after its captioned files were written there and its Python was executed.
What stands below a command is what it prints, but for its white space. `<!-- exit: 1 -->` above a
block says that its commands end with that code, and not with 0.
"""

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(
    r"(?:^<!-- exit: (?P<code>\d) -->\n)?^```(?P<kind>\S+)(?: \S+)?\n"
    r"(?::caption: (?P<name>\S+)\n\n)?(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
PAGES = [page for page in sorted(DOCS.rglob("*.md")) if "$ motfunnel" in page.read_text("utf-8")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_commands(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command of a document does what its reader is told to expect."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MOTFUNNEL_DB", raising=False)
    told: dict[str, Any] = {}
    environment = dict(os.environ)
    for block in BLOCK.finditer(page.read_text("utf-8")):
        if block["name"]:
            Path(block["name"]).write_text(block["text"], "utf-8")
        elif block["kind"] == "python":
            execute(block["text"], told)
        elif block["kind"] == "console":
            run(block["text"], int(block["code"] or 0), environment)


def execute(text: str, told: dict[str, Any]) -> None:
    """Do what a block of Python does; whether it says what is printed, is tested elsewhere."""
    examples = doctest.DocTestParser().get_examples(text)
    with contextlib.redirect_stdout(io.StringIO()):
        for source in [example.source for example in examples] or [text]:
            with contextlib.suppress(Exception):
                exec(source, told)


def run(text: str, code: int, environment: dict[str, str]) -> None:
    """Run the commands of a block, and compare what they print with what the reader sees."""
    for command in re.split(r"^\$ ", text.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
        line, _, expected = command.partition("\n")
        words = shlex.split(line)
        if words[0] == "export":
            name, _, value = words[1].partition("=")
            environment[name] = value
        elif words[0] == "motfunnel":
            done = subprocess.run(
                [Path(sys.executable).with_name("motfunnel"), *words[1:]],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            printed = done.stdout + done.stderr
            assert done.returncode == code, f"{line}\n{printed}"
            if expected.strip():
                assert expected.split() == printed.split(), f"{line}\n{printed}"
