"""Code as users write it: what is right passes both type checkers, and what is wrong does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest

from tests.typing.checkers import Refused, mypy, pyright

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
MARK = "  # refused"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A user's project, with none of our settings in it."""
    for folder in ("good", "bad"):
        copytree(HERE / folder, tmp_path / folder, ignore=lambda *_: ["__pycache__"])
    return tmp_path


def marked(project: Path) -> set[tuple[str, int]]:
    return {
        (file.relative_to(project).as_posix(), number)
        for file in project.rglob("*.py")
        for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1)
        if line.endswith(MARK)
    }


@pytest.mark.parametrize("check", [mypy, pyright], ids=lambda check: str(check.__name__))
def test_user_code(check: Callable[[Path], Refused], project: Path) -> None:
    """A checker refuses every line that is marked, and no other."""
    refused, expected = check(project), marked(project)
    assert expected
    assert {at: text for at, text in refused.items() if at not in expected} == {}
    assert expected - set(refused) == set()
