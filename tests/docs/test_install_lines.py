"""Every line that says how to install something: it works today, with nothing on an index."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

from motfunnel.errors import install

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]
LINE = re.compile(r"pip install (?:--editable )?'([^'\[]*)\[([a-z,]*)\]'")
NAME = "motfunnel"
WHEEL = f"./motfunnel-{version('motfunnel')}-py3-none-any.whl"
CHECKOUTS = (".", "../..")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROVIDED = {*PROJECT["project"]["optional-dependencies"]}

Said = list[tuple[str, str, list[str]]]


def said() -> Said:
    """Each line of the documents: where it stands, what it installs, with which extras."""
    return [
        (page.relative_to(ROOT).as_posix(), what, extras.split(","))
        for page in PAGES
        for what, extras in LINE.findall(page.read_text("utf-8"))
    ]


def in_sources() -> Said:
    """Each remedy of an error, as the source makes it."""
    made = re.compile(r"""\binstall\(((?:["'][a-z]+["'](?:, )?)+)\)""")
    return [
        (file.relative_to(ROOT).as_posix(), NAME, re.findall("[a-z]+", extras))
        for file in ROOT.glob("src/**/*.py")
        for extras in made.findall(file.read_text("utf-8"))
    ]


def test_extras_exist() -> None:
    """Documents and errors name no extra that there is not."""
    lines = said() + in_sources()
    assert len(said()) > 10
    assert len(in_sources()) > 10
    wrong = [(place, one) for place, _, extras in lines for one in extras if one not in PROVIDED]
    assert wrong == []


def test_what_is_installed_first_is_a_file() -> None:
    """A wheel of this version, or a checkout; a bare name only adds to what is installed."""
    assert {what for _, what, _ in said()} <= {NAME, WHEEL, *CHECKOUTS}
    console = re.compile(r"^\$ pip install '([^'\[]+)", re.MULTILINE)
    first = {
        page.name: [what for what in console.findall(page.read_text("utf-8")) if what != WHEEL]
        for page in PAGES
    }
    assert {name: lines for name, lines in first.items() if lines} == {"install.md": [NAME]}


def test_no_line_is_written_by_hand() -> None:
    """In the sources one function makes them."""
    by_hand = re.compile(r"pip install 'motfunnel\[(?!\{)")
    found = [
        file.relative_to(ROOT).as_posix()
        for file in ROOT.glob("src/**/*.py")
        if by_hand.search(file.read_text("utf-8"))
    ]
    assert found == []
    assert install("cli", "async") == "pip install 'motfunnel[cli,async]'"


@pytest.mark.parametrize("target", [NAME, WHEEL])
def test_pip_takes_it(wheel_file: Path, target: str) -> None:
    """The form works, asked of pip without an index: what is there already is enough."""
    assert wheel_file.name == WHEEL.removeprefix("./")
    asked = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", "--no-deps"]
    done = subprocess.run(
        [*asked, f"{target}[cli]"],
        cwd=wheel_file.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if "No module named pip" in done.stderr:
        pytest.skip("this environment has no pip")
    assert done.returncode == 0, done.stderr
    assert "does not provide the extra" not in done.stderr


def test_the_page_names_every_extra() -> None:
    """And each is one that there is."""
    written = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    page = (ROOT / "docs/how-to/install.md").read_text("utf-8")
    assert {
        one for one in written["project"]["optional-dependencies"] if f"`{one}`" not in page
    } == (set())
