"""The application and the tests that a page shows can be copied, and pass."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "testing.md"
CAPTIONED = re.compile(r"```\{code-block\} python\n:caption: (\S+)\.py\n\n(.*?)```", re.DOTALL)
FIXTURE = re.compile(r"^\| `(motfunnel_\w+)` \|", re.MULTILINE)


@pytest.fixture
def users(
    pytester: pytest.Pytester, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> pytest.Pytester:
    """A project with the files of the page, where motfunnel is installed."""
    monkeypatch.setenv("PYTHONPATH", str(installed))
    for name, text in CAPTIONED.findall(PAGE.read_text("utf-8")):
        pytester.makepyfile(**{name: text})
    return pytester


def test_the_tests_of_the_page(users: pytest.Pytester) -> None:
    """Every test that the page shows is run, and passes."""
    users.runpytest_subprocess("-W", "error").assert_outcomes(passed=3)


def test_the_fixtures_of_the_page(users: pytest.Pytester) -> None:
    """The page lists the fixtures that there are."""
    listed = users.runpytest_subprocess("--fixtures", "-q").stdout.str()
    found = re.findall(r"^(motfunnel_\w+) -- .*_motfunnel_pytest", listed, re.MULTILINE)
    assert sorted(FIXTURE.findall(PAGE.read_text("utf-8"))) == sorted({*found, "motfunnel_funnel"})
