"""A question is added as the page says: a file of its own, and its place in the list."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from tests.docs.pages import ROOT, follow

PAGE = ROOT / "docs/how-to/add-a-question.md"
DIFF = re.compile(
    r"^```\{code-block\} diff\n:caption: (\S+)\n\n(.*?)^```$", re.DOTALL | re.MULTILINE
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source in which all was done that the page says."""
    place = tmp_path_factory.mktemp("checkout")
    copytree(ROOT / "src", place / "src", ignore=ignore_patterns("__pycache__"))
    for name, diff in DIFF.findall(PAGE.read_text("utf-8")):
        lines = re.findall(r"^([ +])(.*\n)", diff, re.MULTILINE)
        before = "".join(line for mark, line in lines if mark == " ")
        source = (place / name).read_text("utf-8")
        assert source.count(before) == 1
        after = "".join(line for _, line in lines)
        (place / name).write_text(source.replace(before, after), "utf-8")
    (place / "motfunnel").symlink_to(place / "src/motfunnel")  # found before what is installed
    follow(PAGE, place)
    return place


def run(place: Path, *arguments: str) -> str:
    """What Python prints, run on the copy."""
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False).stdout


def test_the_command_line_has_it(place: Path) -> None:
    """It is listed with its first line."""
    listed = run(place, "motfunnel", "report", "--help")
    assert "invitation                 How many of those who open refer somebody.\n" in listed


@pytest.mark.slow
def test_the_tests_of_all_questions_take_it_in(place: Path) -> None:
    """Whatever is true of every question is true of it."""
    tests = (str(ROOT / "tests/reports/test_catalogue.py"), "-c", str(ROOT / "pyproject.toml"))
    chosen = ("-k", "invitation and not page", "-n", "0", "-p", "no:cacheprovider")
    done = run(place, "pytest", "-q", *tests, *chosen)
    assert re.search(r"^[1-9]\d* passed", done, re.MULTILINE), done


@pytest.mark.slow
def test_a_type_checker_knows_its_signature(place: Path) -> None:
    """It passes the strict checks, and refuses a window that is a number, here and there."""
    (place / "right.py").write_text(
        "from motfunnel import AsyncTracker, Tracker\n"
        "def ask(tracker: Tracker) -> float | None:\n"
        "    return tracker.report().invitation(within='7d').rate\n"
        "async def wait(tracker: AsyncTracker) -> float | None:\n"
        "    return (await tracker.report().invitation(within='7d')).rate\n"
    )
    wrong = (place / "right.py").read_text("utf-8").replace("'7d'", "3")
    (place / "wrong.py").write_text(wrong)
    check = ("mypy", "--strict", "--config-file=", "--no-error-summary", "--follow-imports=silent")
    right = run(place, *check, "right.py", "motfunnel/reports/progress/invitation.py")
    assert right == ""
    refused = re.findall(r":(\d+): error: Argument \"within\"", run(place, *check, "wrong.py"))
    assert refused == ["3", "5"]
