"""The pages on structlog and Sentry can be followed to the letter."""

from pathlib import Path

import pytest

from tests.docs.pages import ROOT, follow


@pytest.mark.parametrize("page", ["structlog", pytest.param("sentry", marks=pytest.mark.slow)])
def test_the_page(tmp_path: Path, page: str) -> None:
    """A reader who does what it says sees what it says."""
    follow(ROOT / f"docs/how-to/{page}.md", tmp_path)
