"""The commands that the documents print can be run: each document is one story, told in order.

A `console` block's lines that begin with `$ export` or one of COMMANDS are run in an empty
directory of the document's own, after its captioned files were written there and its Python was
executed. What stands below a command is what it prints, but for its white space. `<!-- exit: 1 -->`
above a block says that its commands end with that code, and not with 0.

The documents that ask about the demo's history share one directory, in which the demo ran once.
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
from click.testing import CliRunner

from motfunnel.cli.group import group

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(
    r"(?:^<!-- exit: (?P<code>\d) -->\n)?^```(?P<kind>\S+)(?: \S+)?\n"
    r"(?::caption: (?P<name>\S+)\n\n)?(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
COMMANDS = ("motfunnel", "flask", "pytest")
DEMO = "$ motfunnel demo\n"
ON_THE_DEMO = (ROOT / "README.md", ROOT / "docs/how-to/look-at-a-real-history.md")
PAGES = [
    page
    for page in sorted((ROOT / "docs").rglob("*.md"))
    if any(f"$ {one}" in page.read_text("utf-8") for one in COMMANDS) and page not in ON_THE_DEMO
]


@pytest.fixture(autouse=True)
def an_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MOTFUNNEL_DB", raising=False)


SLOW = ROOT / "docs/how-to/flask.md"
"""Its commands are those of an application that is started anew for each."""


@pytest.mark.parametrize(
    "page",
    [pytest.param(one, marks=(pytest.mark.slow,) if one == SLOW else ()) for one in PAGES],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_commands(page: Path) -> None:
    """Every command of a document does what its reader is told to expect."""
    tell(page.read_text("utf-8"))


@pytest.mark.slow
def test_commands_on_the_demo() -> None:
    """What the documents ask of the demo's history, it answers in these words."""
    run(DEMO, 0, dict(os.environ, COLUMNS="80"))
    for page in ON_THE_DEMO:
        text = page.read_text("utf-8")
        assert "motfunnel-demo.db" in text
        tell(text.replace(DEMO, ""))


def tell(text: str) -> None:
    """Do what a document says, from its first block to its last."""
    told: dict[str, Any] = {}
    environment = dict(os.environ, COLUMNS="80")
    for block in BLOCK.finditer(text):
        if block["name"]:
            Path(block["name"]).write_text(block["text"], "utf-8")
            sys.modules.pop(Path(block["name"]).stem, None)  # another test's, of the same name
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
        elif words[0] in COMMANDS:
            ended, printed = call(words, environment)
            assert ended == code, f"{line}\n{printed}"
            if expected.strip():
                assert expected.split() == printed.split(), f"{line}\n{printed}"


def call(words: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Give the code with which a command ends, and what it prints.

    Ours is run in this process, which has long imported what it needs.
    """
    if words[0] == "motfunnel":
        told = CliRunner(env=environment).invoke(group, words[1:], prog_name="motfunnel")
        return told.exit_code, told.stdout + told.stderr
    done = subprocess.run(
        [Path(sys.executable).with_name(words[0]), *words[1:]],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
