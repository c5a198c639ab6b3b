"""What is handed to a stranger: a whole wheel, and files that speak of no machine."""

import re
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "motfunnel"

MACHINE = re.compile(r"(?<![\w.:/~-])/(?:home/\w+|root|work|Users/\w+)/")
INDEX = re.compile(r"(?i)(?:index-url|find-links)\s*[= ]\s*\S|https?://\S+/simple\b|file:///\w")


@pytest.fixture
def wheel(wheel_file: Path) -> set[str]:
    """The names in a wheel built from this checkout."""
    return set(ZipFile(wheel_file).namelist())


def committed_files() -> list[Path]:
    """The files that git holds or is about to hold; none where there is no git."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.check_output(listing, cwd=ROOT, stderr=subprocess.DEVNULL, text=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def test_the_wheel_is_whole(wheel: set[str]) -> None:
    """Every file of the package is in the wheel: code, data and the mark of its types."""
    files = {file for file in PACKAGE.rglob("*") if file.is_file()}
    ours = {
        file.relative_to(PACKAGE.parent).as_posix()
        for file in files
        if "__pycache__" not in file.parts
    }
    assert "motfunnel/py.typed" in ours
    assert ours <= wheel


def test_the_wheel_holds_nothing_else(wheel: set[str]) -> None:
    """Tests, documents and tools stay out of the wheel; the pytest plugin stands beside it."""
    tops = {name.split("/")[0].partition("-")[0] for name in wheel}
    assert tops == {"motfunnel", "_motfunnel_pytest.py"}


def test_files_name_no_index_and_no_machine() -> None:
    """No file holds the address of a package index, or a path of the machine it was written on."""
    files = committed_files()
    if not files:
        pytest.skip("this is not a git checkout")
    for file in files:
        found = [rule.search(file.read_text("utf-8", "ignore")) for rule in (MACHINE, INDEX)]
        assert not any(found), f"{file.relative_to(ROOT)}: {found}"
